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

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_integers
from distarray._index import Indexed, Shape, as_shape, normalize_axes
from distarray._proto import types_pb2
from distarray.error import DistributionError, IndexOutOfRangeError, InvalidTypeError
from distarray.globalapi._dimension_maps import (
    BlockMap,
    CyclicMap,
    DimData,
    DimensionMap,
    NoDistMap,
    UnstructuredMap,
    indices_of,
    map_from_global,
    map_from_proto,
    map_from_ranks,
    sliced,
)

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
    "global_flat_indices",
]


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
        return cls.from_maps(context, [map_from_global(data) for data in global_dim_data], targets)

    @classmethod
    def from_dim_data_per_rank(
        cls, context: Context, dim_data_per_rank: Sequence[Sequence[DimData]], targets: Iterable[int] | None = None
    ) -> Distribution:
        """From the dim_data (Distributed Array Protocol) of every process, in order of rank."""
        if not dim_data_per_rank:
            raise DistributionError("dim_data_per_rank must have an entry a process, it is empty")
        maps = [
            map_from_ranks([data[dimension] for data in dim_data_per_rank])
            for dimension in range(len(dim_data_per_rank[0]))
        ]
        return cls.from_maps(context, maps, targets)

    @classmethod
    def _from_proto(cls, context: Context, message: types_pb2.Distribution) -> Distribution:
        self = cls.__new__(cls)
        self._set(context, [map_from_proto(dimension) for dimension in message.dimensions], list(message.targets))
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
        given = as_integers(idxs, "idxs")
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

    # What other distributions come of it.

    def slice(self, index: Any) -> Distribution:
        """The distribution of array[index] (ints, slices, ..., None): nothing moves, targets that own nothing go.

        NotImplementedError if a slice takes a part of a cyclic or unstructured dimension: array[index].distribution
        asks the daemon.
        """
        indexed = Indexed(self.shape, index)
        if indexed.whole:
            return self
        maps: list[DimensionMap] = []
        if 0 in indexed.shape:
            maps = [NoDistMap(size) for size in indexed.shape]
            return Distribution.from_maps(self.context, maps, self.targets[:1])
        ranks = np.arange(len(self.targets)).reshape(self.grid_shape)
        kept: list[list[int]] = []  # grid coordinates, a dimension
        sources = iter(zip(self.maps, self.shape, strict=True))
        for entry in indexed.entries:
            if entry is None:
                maps.append(NoDistMap(1))
                continue
            source, size = next(sources)
            if isinstance(entry, int):
                kept.append([source.owner(entry % size)])
            else:
                part, coordinates = sliced(source, range(size)[slice(*entry)])
                maps.append(part)
                kept.append(coordinates)
        chosen = ranks[np.ix_(*kept)].reshape(-1).tolist()
        return Distribution.from_maps(self.context, maps, [self.targets[rank] for rank in chosen])

    def reduce(self, axes: Any) -> Distribution:
        """The distribution of a reduction over axes (None: all; an int; a tuple): the other dimensions as they are, on
        the targets at coordinate 0 of the axes.
        """
        gone = normalize_axes(axes, self.ndim)
        gone = tuple(range(self.ndim)) if gone is None else gone
        ranks = np.arange(len(self.targets)).reshape(self.grid_shape)
        first = ranks[tuple(0 if axis in gone else slice(None) for axis in range(self.ndim))].reshape(-1).tolist()
        maps = [one for axis, one in enumerate(self.maps) if axis not in gone]
        return Distribution.from_maps(self.context, maps, [self.targets[rank] for rank in first])

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


def global_flat_indices(dim_data: Sequence[DimData]) -> list[tuple[int, int]]:
    """A process's elements, by its dim_data, as intervals (start, stop) of the array laid out flat in C order."""
    flat = np.zeros((), dtype=np.int64)
    for data in dim_data:
        flat = flat[..., None] * data["size"] + indices_of(data)
    runs = np.split(flat.reshape(-1), np.flatnonzero(np.diff(flat.reshape(-1)) != 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs if run.size]


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
    given = as_integers(targets, "targets")
    unknown = sorted(set(given) - set(context.all_targets))
    if not given or unknown or len(set(given)) != len(given):
        raise DistributionError(f"targets must be distinct numbers of {context.all_targets}, {given} was given")
    return given


def _grid(sizes: Shape, letters: str, grid_shape: Sequence[int] | None, processes: int) -> tuple[int, ...]:
    """Processes a dimension."""
    if grid_shape is not None:
        given = tuple(as_integers(grid_shape, "grid_shape"))
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
