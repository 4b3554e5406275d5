"""How one dimension is dealt out: a class for each kind, what a slice makes of it, and what it is made from."""

from __future__ import annotations

import bisect
import itertools
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_integer, as_integers
from distarray._index import as_shape
from distarray.error import DistributionError, NotSupportedError

if TYPE_CHECKING:  # workers import this module and have no protobuf
    from distarray._proto import types_pb2

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
        given = tuple(as_integers(bounds, "block bounds"))
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


def sliced(source: DimensionMap, taken: range) -> tuple[DimensionMap, list[int]]:
    """The map of a dimension's indices that a slice takes (at least one), and the grid coordinates they are on."""
    if isinstance(source, NoDistMap):
        return NoDistMap(len(taken)), [0]
    everyone = list(range(source.grid_size))
    if taken == range(source.size) and all(source.local_size(p) for p in everyone):
        return source, everyone
    if not isinstance(source, BlockMap):
        raise NotSupportedError(
            f"the slice of a dimension of kind {source.dist!r} is not worked out in the client; "
            "array[index].distribution has it"
        )
    ascending = taken if taken.step > 0 else taken[::-1]
    below = [bisect.bisect_left(ascending, bound) for bound in source.bounds]
    counts = {p: below[p + 1] - below[p] for p in everyone[:: 1 if taken.step > 0 else -1] if below[p] < below[p + 1]}
    return BlockMap.from_bounds(itertools.accumulate(counts.values(), initial=0)), list(counts)


def indices_of(data: DimData) -> npt.NDArray[np.int64]:
    """The global indices of one dimension's dictionary."""
    if data["dist_type"] == "u":
        return np.asarray(data["indices"], dtype=np.int64)
    if data["dist_type"] == "c":
        return CyclicMap(data["size"], data["proc_grid_size"], data.get("block_size", 1)).indices(
            data["proc_grid_rank"]
        )
    return np.arange(data.get("start", 0), data.get("stop", data["size"]), dtype=np.int64)


def map_from_global(data: Mapping[str, Any]) -> DimensionMap:
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
            processes = as_integer(data["proc_grid_size"], "proc_grid_size")
            if processes < 1:
                raise DistributionError(f"proc_grid_size must be at least 1, {processes} was given")
            block_size = as_integer(data.get("block_size", 1), "block_size")
            return CyclicMap(as_shape(data["size"])[0], processes, block_size)
        if kind == "u":
            return UnstructuredMap.from_lists(data["indices"])
    except KeyError as missing:
        raise DistributionError(f"a dimension of dist_type {kind!r} needs the entry {missing}") from None
    raise DistributionError(f"dist_type must be 'n', 'b', 'c' or 'u', {kind!r} was given")


def map_from_ranks(dictionaries: Sequence[DimData]) -> DimensionMap:
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
    return map_from_global({**first, "proc_grid_size": len(ordered)})


def map_from_proto(message: types_pb2.DimensionMap) -> DimensionMap:
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
