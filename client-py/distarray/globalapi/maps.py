"""How arrays are dealt out over targets: one map a dimension, over an N-d grid of processes.

    size 10, 3 processes      process 0      1           2
    'b' block                 0 1 2 3        4 5 6 7     8 9
    'c' cyclic                0 3 6 9        1 4 7       2 5 8
    'c' with block_size 2     0 1 6 7        2 3 8 9     4 5
    'u' unstructured          any lists that partition the indices
    'n' not distributed       (one process) 0 ... 9

Pure arithmetic: nothing here asks the server.
"""

from __future__ import annotations

import bisect
import itertools
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._index import Shape, as_shape
from distarray._proto import types_pb2
from distarray.error import DistributionError, IndexOutOfRangeError, InvalidTypeError

if TYPE_CHECKING:
    from distarray.globalapi.context import Context

__all__ = [
    "BlockMap",
    "CyclicMap",
    "DimensionMap",
    "Distribution",
    "NoDistMap",
    "UnstructuredMap",
    "asdistribution",
    "choose_grid",
]

DimData = dict[str, Any]


@dataclass(frozen=True)
class DimensionMap:
    """How one dimension of `size` indices is dealt out over `grid_size` processes."""

    size: int
    grid_size: int = 1
    dist = "n"

    def local_size(self, process: int) -> int:
        """Number of indices the process owns."""
        return len(self.indices(process))

    def owner(self, index: int) -> int:
        """The process that owns a global index of [0, size)."""
        raise NotImplementedError

    def indices(self, process: int) -> npt.NDArray[np.int64]:
        """The global indices a process owns, in its local order."""
        raise NotImplementedError

    def global_dim_data(self) -> DimData:
        """The compact form that Distribution.from_global_dim_data takes."""
        raise NotImplementedError

    def dim_data(self, process: int) -> DimData:
        """The dimension's dictionary of the Distributed Array Protocol 0.10, on a process."""
        raise NotImplementedError

    def _fill(self, message: types_pb2.DimensionMap) -> None:
        raise NotImplementedError

    def _common(self, process: int, dist: str) -> DimData:
        return {"dist_type": dist, "size": self.size, "proc_grid_size": self.grid_size, "proc_grid_rank": process}

    def equivalent(self, other: DimensionMap) -> bool:
        """Same indices on the same processes in the same local order."""
        if (self.size, self.grid_size) != (other.size, other.grid_size):
            return False
        if self == other:
            return True
        return all(np.array_equal(self.indices(p), other.indices(p)) for p in range(self.grid_size))


@dataclass(frozen=True)
class NoDistMap(DimensionMap):
    """Every index on the one process ('n')."""

    dist = "n"

    def owner(self, index: int) -> int:
        return 0

    def indices(self, process: int) -> npt.NDArray[np.int64]:
        return np.arange(self.size, dtype=np.int64)

    def global_dim_data(self) -> DimData:
        return {"dist_type": "n", "size": self.size}

    def dim_data(self, process: int) -> DimData:
        return {**self._common(process, "b"), "start": 0, "stop": self.size}

    def _fill(self, message: types_pb2.DimensionMap) -> None:
        message.whole.SetInParent()


@dataclass(frozen=True)
class BlockMap(DimensionMap):
    """Process p holds [bounds[p], bounds[p + 1]) ('b')."""

    bounds: tuple[int, ...] = ()
    comm_padding: int = 0
    boundary_padding: int = 0
    periodic: bool = False
    dist = "b"

    @classmethod
    def regular(cls, size: int, grid_size: int) -> BlockMap:
        """Blocks of ceil(size / grid_size); the last ones may be short or empty."""
        length = -(-size // grid_size)
        return cls(size, grid_size, tuple(min(p * length, size) for p in range(grid_size + 1)))

    @classmethod
    def from_bounds(cls, bounds: Iterable[int], **paddings: Any) -> BlockMap:
        given = tuple(operator.index(bound) for bound in bounds)
        if len(given) < 2 or given[0] != 0 or any(a > b for a, b in itertools.pairwise(given)):
            raise DistributionError(f"block bounds must ascend from 0, {given} was given")
        return cls(given[-1], len(given) - 1, given, **paddings)

    def local_size(self, process: int) -> int:
        return self.bounds[process + 1] - self.bounds[process]

    def owner(self, index: int) -> int:
        return bisect.bisect_right(self.bounds, index) - 1

    def indices(self, process: int) -> npt.NDArray[np.int64]:
        return np.arange(self.bounds[process], self.bounds[process + 1], dtype=np.int64)

    def global_dim_data(self) -> DimData:
        return {
            "dist_type": "b",
            "bounds": list(self.bounds),
            "comm_padding": self.comm_padding,
            "boundary_padding": self.boundary_padding,
        }

    def dim_data(self, process: int) -> DimData:
        # Padding is carried, not allocated: buffers have none, so it is not exported.
        data = {**self._common(process, "b"), "start": self.bounds[process], "stop": self.bounds[process + 1]}
        return {**data, "periodic": True} if self.periodic else data

    def _fill(self, message: types_pb2.DimensionMap) -> None:
        message.block.bounds.extend(self.bounds)
        message.block.communication_padding = self.comm_padding
        message.block.boundary_padding = self.boundary_padding
        message.block.periodic = self.periodic


@dataclass(frozen=True)
class CyclicMap(DimensionMap):
    """Blocks of block_size consecutive indices are dealt to the processes in turn ('c')."""

    block_size: int = 1
    dist = "c"

    def __post_init__(self) -> None:
        if self.block_size < 1:
            raise DistributionError(f"block_size must be at least 1, {self.block_size} was given")

    def owner(self, index: int) -> int:
        return index // self.block_size % self.grid_size

    def indices(self, process: int) -> npt.NDArray[np.int64]:
        starts = np.arange(process * self.block_size, self.size, self.grid_size * self.block_size, dtype=np.int64)
        every = (starts[:, None] + np.arange(self.block_size, dtype=np.int64)).reshape(-1)
        return every[every < self.size]

    def local_size(self, process: int) -> int:
        blocks, rest = divmod(self.size, self.block_size)
        rounds, extra = divmod(blocks, self.grid_size)
        return rounds * self.block_size + (self.block_size if process < extra else rest if process == extra else 0)

    def global_dim_data(self) -> DimData:
        return {"dist_type": "c", "size": self.size, "proc_grid_size": self.grid_size, "block_size": self.block_size}

    def dim_data(self, process: int) -> DimData:
        return {**self._common(process, "c"), "start": process * self.block_size, "block_size": self.block_size}

    def _fill(self, message: types_pb2.DimensionMap) -> None:
        message.cyclic.block_size = self.block_size


@dataclass(frozen=True)
class UnstructuredMap(DimensionMap):
    """Process p holds lists[p], in that order ('u')."""

    lists: tuple[tuple[int, ...], ...] = field(default=(), repr=False)
    dist = "u"

    @classmethod
    def from_lists(cls, lists: Iterable[Iterable[int]]) -> UnstructuredMap:
        """ValueError unless the lists partition [0, size)."""
        given = tuple(tuple(map(operator.index, np.asarray(one, dtype=np.int64).tolist())) for one in lists)
        size = sum(map(len, given))
        if not given or not np.array_equal(
            np.sort(np.fromiter(itertools.chain(*given), np.int64, size)), np.arange(size)
        ):
            raise DistributionError(f"the index lists of an unstructured dimension must partition 0 ... {size - 1}")
        return cls(size, len(given), given)

    def owner(self, index: int) -> int:
        return next(p for p, one in enumerate(self.lists) if index in one)

    def indices(self, process: int) -> npt.NDArray[np.int64]:
        return np.array(self.lists[process], dtype=np.int64)

    def global_dim_data(self) -> DimData:
        return {"dist_type": "u", "indices": [np.array(one, dtype=np.int64) for one in self.lists]}

    def dim_data(self, process: int) -> DimData:
        return {**self._common(process, "u"), "indices": self.indices(process), "one_to_one": True}

    def _fill(self, message: types_pb2.DimensionMap) -> None:
        for one in self.lists:
            message.unstructured.processes.add().indices.extend(one)


def _factorizations(number: int, parts: int, least: int = 1) -> Iterable[tuple[int, ...]]:
    """Non-decreasing tuples of `parts` factors, each at least `least`."""
    if parts == 1:
        if number >= least:
            yield (number,)
        return
    for factor in range(least, math.isqrt(number) + 1 if parts == 2 else number + 1):
        if number % factor == 0:
            for rest in _factorizations(number // factor, parts - 1, factor):
                yield (factor, *rest)


def choose_grid(sizes: Sequence[int], processes: int) -> tuple[int, ...]:
    """The process grid for distributed dimensions of these sizes (all at least 1).

    Of the factorizations of the process count whose factors rank as the sizes do, and that fit, the one whose
    pairwise ratios are nearest to the sizes'. Where no grid uses all processes, the largest smaller number that fits.
    """
    if len(sizes) == 1:
        return (min(processes, sizes[0]),)
    order = sorted(range(len(sizes)), key=lambda d: (sizes[d], d))
    pairs = list(itertools.combinations(range(len(sizes)), 2))
    wanted = [sizes[i] / sizes[j] for i, j in pairs]
    for count in range(processes, 0, -1):
        best: tuple[float, tuple[int, ...]] | None = None
        for factors in _factorizations(count, len(sizes)):
            grid = [0] * len(sizes)
            for dimension, factor in zip(order, factors, strict=True):
                grid[dimension] = factor
            if any(g > size for g, size in zip(grid, sizes, strict=True)):
                continue
            distance = math.dist([grid[i] / grid[j] for i, j in pairs], wanted)
            if best is None or distance < best[0]:
                best = distance, tuple(grid)
        if best is not None:
            return best[1]
    raise DistributionError(f"no process grid for sizes {tuple(sizes)}")


class Distribution:
    """Which target holds which elements of an array. Immutable."""

    def __init__(
        self,
        context: Context,
        shape: int | Sequence[int],
        dist: str | Sequence[str] | Mapping[int, str] | None = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
    ) -> None:
        """dist: a letter a dimension ('n', 'b', 'c'), shorter ones padded with 'n'; or a mapping {dimension: letter}.
        grid_shape: processes a dimension, padded with 1; chosen if None. targets: in this order; the context's if None.

        Without explicit targets, targets that would own nothing are dropped.
        """
        sizes = as_shape(shape)
        letters = _letters(dist if dist is not None else context.default_dist, len(sizes), dist is None)
        available = _targets(context, targets)
        grid = _grid(sizes, letters, grid_shape, len(available))
        maps: list[DimensionMap] = []
        for size, letter, processes in zip(sizes, letters, grid, strict=True):
            if letter == "n":
                maps.append(NoDistMap(size))
            elif letter == "c":
                maps.append(CyclicMap(size, processes))
            else:
                maps.append(BlockMap.regular(size, processes))
        chosen = available[: math.prod(grid)]
        if targets is None:
            maps, chosen = _without_empty_blocks(maps, chosen)
        self._set(context, maps, chosen)

    def _set(self, context: Context, maps: Sequence[DimensionMap], targets: Sequence[int]) -> None:
        self.context = context
        self.maps = tuple(maps)
        self.targets = list(targets)
        self.shape: Shape = tuple(one.size for one in maps)
        self.grid_shape: Shape = tuple(one.grid_size for one in maps)
        if math.prod(self.grid_shape) != len(self.targets):
            raise DistributionError(
                f"a process grid of {self.grid_shape} needs {math.prod(self.grid_shape)} targets, "
                f"{len(self.targets)} were given"
            )

    @classmethod
    def from_maps(
        cls, context: Context, maps: Sequence[DimensionMap], targets: Iterable[int] | None = None
    ) -> Distribution:
        """A distribution of these maps; targets None: the context's first."""
        self = cls.__new__(cls)
        available = _targets(context, targets)
        needed = math.prod(one.grid_size for one in maps)
        if targets is None:
            available = available[:needed]
        self._set(context, maps, available)
        return self

    @classmethod
    def from_global_dim_data(
        cls, context: Context, global_dim_data: Sequence[Mapping[str, Any]], targets: Iterable[int] | None = None
    ) -> Distribution:
        """One dictionary a dimension: {'dist_type': 'b', 'bounds': [...]},
        {'dist_type': 'c', 'size', 'proc_grid_size', 'block_size'},
        {'dist_type': 'u', 'indices': [a list a process]} or {'dist_type': 'n', 'size'}.
        """
        return cls.from_maps(context, [_map_from_global(data) for data in global_dim_data], targets)

    @classmethod
    def from_dim_data_per_rank(
        cls, context: Context, dim_data_per_rank: Sequence[Sequence[DimData]], targets: Iterable[int] | None = None
    ) -> Distribution:
        """From the dim_data (Distributed Array Protocol) of every process, in order of rank."""
        if not dim_data_per_rank:
            raise DistributionError("dim_data_per_rank must have an entry a process, it is empty")
        maps = [
            _map_from_ranks([data[dimension] for data in dim_data_per_rank])
            for dimension in range(len(dim_data_per_rank[0]))
        ]
        return cls.from_maps(context, maps, targets)

    @classmethod
    def _from_proto(cls, context: Context, message: types_pb2.Distribution) -> Distribution:
        self = cls.__new__(cls)
        self._set(context, [_map_from_proto(dimension) for dimension in message.dimensions], list(message.targets))
        return self

    def _fill(self, message: types_pb2.Distribution) -> None:
        for one in self.maps:
            dimension = message.dimensions.add(size=one.size, grid_size=one.grid_size)
            one._fill(dimension)
        message.targets.extend(self.targets)

    @property
    def ndim(self) -> int:
        return len(self.maps)

    @property
    def dist(self) -> tuple[str, ...]:
        """A letter a dimension: 'n', 'b', 'c' or 'u'."""
        return tuple(one.dist for one in self.maps)

    @property
    def rank_from_coords(self) -> npt.NDArray[np.int64]:
        """Ranks 0 ... P-1, in the shape of the grid."""
        return np.arange(len(self.targets)).reshape(self.grid_shape)

    @property
    def has_precise_index(self) -> bool:
        """Whether owners can be told without looking through lists."""
        return "u" not in self.dist

    def _coordinates(self) -> Iterable[tuple[int, ...]]:
        return itertools.product(*(range(size) for size in self.grid_shape))

    def localshapes(self) -> list[Shape]:
        """Shape of the block on each target."""
        sizes = [[one.local_size(p) for p in range(one.grid_size)] for one in self.maps]
        return list(itertools.product(*sizes))

    def local_indices(self, rank: int) -> list[npt.NDArray[np.int64]]:
        """The global indices of each dimension that the block at a position of `targets` holds, in local order."""
        coordinates = np.unravel_index(rank, self.grid_shape) if self.maps else ()
        return [one.indices(int(p)) for one, p in zip(self.maps, coordinates, strict=True)]

    def get_dim_data_per_rank(self) -> list[tuple[DimData, ...]]:
        """dim_data of the Distributed Array Protocol 0.10 of every process, in order of rank."""
        return [
            tuple(one.dim_data(p) for one, p in zip(self.maps, coordinates, strict=True))
            for coordinates in self._coordinates()
        ]

    def owning_ranks(self, idxs: Sequence[int]) -> list[int]:
        """Position in `targets` of the owner of an element, as a list of one. IndexError."""
        given = tuple(map(operator.index, idxs))
        if len(given) != self.ndim:
            raise IndexOutOfRangeError(f"{len(given)} indices were given for {self.ndim} dimensions")
        rank = 0
        for dimension, (one, index) in enumerate(zip(self.maps, given, strict=True)):
            if not -one.size <= index < one.size:
                raise IndexOutOfRangeError(
                    f"index {index} is out of bounds for dimension {dimension} of size {one.size}"
                )
            rank = rank * one.grid_size + one.owner(index % one.size)
        return [rank]

    def owning_targets(self, idxs: Sequence[int]) -> list[int]:
        """The target that owns an element, as a list of one. IndexError."""
        return [self.targets[rank] for rank in self.owning_ranks(idxs)]

    def is_compatible(self, other: Distribution) -> bool:
        """Same elements on the same targets of the same context, in the same local order."""
        return (
            self.context is other.context
            and self.targets == other.targets
            and self.shape == other.shape
            and all(a.equivalent(b) for a, b in zip(self.maps, other.maps, strict=True))
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Distribution):
            return NotImplemented
        return self.context is other.context and self.maps == other.maps and self.targets == other.targets

    def __hash__(self) -> int:
        return hash((self.maps, tuple(self.targets)))

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, dimension: int) -> DimensionMap:
        return self.maps[dimension]

    def __repr__(self) -> str:
        return (
            f"<Distribution(shape={self.shape}, dist={''.join(self.dist)!r}, "
            f"grid_shape={self.grid_shape}, targets={self.targets})>"
        )


def asdistribution(
    context: Context,
    shape_or_distribution: int | Sequence[int] | Distribution,
    dist: str | Sequence[str] | Mapping[int, str] | None = None,
    grid_shape: Sequence[int] | None = None,
    targets: Iterable[int] | None = None,
) -> Distribution:
    """A Distribution as it is; a shape by the rules of Distribution(...)."""
    if isinstance(shape_or_distribution, Distribution):
        return shape_or_distribution
    return Distribution(context, shape_or_distribution, dist, grid_shape, targets)


def _letters(dist: str | Sequence[str] | Mapping[int, str] | None, ndim: int, default: bool) -> str:
    if dist is None:
        letters = "b"
    elif isinstance(dist, str):
        letters = dist
    elif isinstance(dist, Mapping):
        letters = "".join(dist.get(dimension, "n") for dimension in range(ndim))
    else:
        try:
            letters = "".join(dist)
        except TypeError:
            raise InvalidTypeError(f"dist must be letters or a mapping, {dist!r} was given") from None
    if default:
        letters = letters[:ndim]
    if len(letters) > ndim:
        raise DistributionError(f"dist {letters!r} has {len(letters)} letters for {ndim} dimensions")
    unknown = set(letters) - set("nbc")
    if unknown:
        raise DistributionError(f"dist must be made of 'n', 'b' and 'c', {letters!r} was given")
    return letters.ljust(ndim, "n")


def _targets(context: Context, targets: Iterable[int] | None) -> list[int]:
    if targets is None:
        return list(context.targets)
    given = list(map(operator.index, targets))
    unknown = sorted(set(given) - set(context.all_targets))
    if not given or unknown or len(set(given)) != len(given):
        raise DistributionError(f"targets must be distinct numbers of {context.all_targets}, {given} was given")
    return given


def _grid(sizes: Shape, letters: str, grid_shape: Sequence[int] | None, processes: int) -> tuple[int, ...]:
    """Processes a dimension."""
    if grid_shape is not None:
        given = tuple(map(operator.index, grid_shape))
        if len(given) > len(sizes) or any(g < 1 for g in given):
            raise DistributionError(f"grid_shape must have at most {len(sizes)} positive sizes, {given} was given")
        given += (1,) * (len(sizes) - len(given))
        if math.prod(given) > processes:
            raise DistributionError(f"grid_shape {given} needs {math.prod(given)} targets, there are {processes}")
        for dimension, (g, letter) in enumerate(zip(given, letters, strict=True)):
            if g > 1 and letter == "n":
                raise DistributionError(f"grid_shape {given} deals out dimension {dimension}, which dist says is not")
        return given
    distributed = [dimension for dimension, letter in enumerate(letters) if letter != "n"]
    grid = [1] * len(sizes)
    if distributed and math.prod(sizes) > 0:
        chosen = choose_grid([sizes[dimension] for dimension in distributed], processes)
        for dimension, g in zip(distributed, chosen, strict=True):
            grid[dimension] = g
    return tuple(grid)


def _without_empty_blocks(maps: Sequence[DimensionMap], targets: Sequence[int]) -> tuple[list[DimensionMap], list[int]]:
    """Drops processes whose blocks are empty; an empty dimension keeps the first."""
    kept = [[p for p in range(one.grid_size) if one.local_size(p) > 0] or [0] for one in maps]
    ranks = np.arange(len(targets)).reshape([one.grid_size for one in maps])
    remaining = [targets[rank] for rank in ranks[np.ix_(*kept)].reshape(-1).tolist()] if maps else list(targets)
    trimmed = [
        BlockMap.from_bounds([0, *np.cumsum([one.local_size(p) for p in keep]).tolist()])
        if isinstance(one, BlockMap)
        else CyclicMap(one.size, len(keep), one.block_size)
        if isinstance(one, CyclicMap)
        else one
        for one, keep in zip(maps, kept, strict=True)
    ]
    return trimmed, remaining


def _map_from_global(data: Mapping[str, Any]) -> DimensionMap:
    kind = data.get("dist_type")
    try:
        if kind == "n":
            return NoDistMap(as_shape(data["size"])[0])
        if kind == "b":
            return BlockMap.from_bounds(
                data["bounds"],
                comm_padding=int(data.get("comm_padding", 0)),
                boundary_padding=int(data.get("boundary_padding", 0)),
                periodic=bool(data.get("periodic", False)),
            )
        if kind == "c":
            processes = operator.index(data["proc_grid_size"])
            if processes < 1:
                raise DistributionError(f"proc_grid_size must be at least 1, {processes} was given")
            return CyclicMap(as_shape(data["size"])[0], processes, operator.index(data.get("block_size", 1)))
        if kind == "u":
            return UnstructuredMap.from_lists(data["indices"])
    except KeyError as missing:
        raise DistributionError(f"a dimension of dist_type {kind!r} needs the entry {missing}") from None
    raise DistributionError(f"dist_type must be 'n', 'b', 'c' or 'u', {kind!r} was given")


def _map_from_ranks(dictionaries: Sequence[DimData]) -> DimensionMap:
    by_process: dict[int, DimData] = {}
    for data in dictionaries:
        by_process.setdefault(data.get("proc_grid_rank", 0), data)
    first = by_process.get(0)
    if first is None or sorted(by_process) != list(range(first.get("proc_grid_size", 1))):
        raise DistributionError("dim_data must have every proc_grid_rank of 0 ... proc_grid_size - 1")
    kind = first.get("dist_type")
    ordered = [by_process[p] for p in range(len(by_process))]
    if kind == "b":
        if any(a["stop"] != b["start"] for a, b in itertools.pairwise(ordered)):
            raise DistributionError("blocks must follow one another without gaps or overlaps")
        return BlockMap.from_bounds([ordered[0]["start"], *(data["stop"] for data in ordered)])
    if kind == "u":
        return UnstructuredMap.from_lists([data["indices"] for data in ordered])
    return _map_from_global({**first, "proc_grid_size": len(ordered)})


def _map_from_proto(message: types_pb2.DimensionMap) -> DimensionMap:
    kind = message.WhichOneof("kind")
    if kind == "block":
        block = message.block
        return BlockMap(
            message.size,
            message.grid_size,
            tuple(block.bounds),
            block.communication_padding,
            block.boundary_padding,
            block.periodic,
        )
    if kind == "cyclic":
        return CyclicMap(message.size, message.grid_size, message.cyclic.block_size)
    if kind == "unstructured":
        lists = tuple(tuple(one.indices) for one in message.unstructured.processes)
        return UnstructuredMap(message.size, message.grid_size, lists)
    return NoDistMap(message.size, message.grid_size)
