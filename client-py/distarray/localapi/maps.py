"""Distribution: which part of an array one process holds.

    indices 0 ... 9, dealt out cyclically over 2 processes, on process 1
    global   1 3 5 7 9
    local    0 1 2 3 4

Nothing here communicates but what is done with `comm`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_integers
from distarray._dimension_maps import BlockMap, CyclicMap, DimensionMap, NoDistMap
from distarray._index import Shape, as_shape
from distarray._process_grid import grid_of, letters_of
from distarray.error import DistributionError, IndexOutOfRangeError
from distarray.localapi import _runtime
from distarray.localapi.error import InvalidDimensionError, NullCommError
from distarray.protocol import Dimension
from distarray.protocol._dimension_rules import read_dimension
from distarray.protocol._violations import Findings, ProtocolError

__all__ = ["Distribution"]

DimData = tuple[dict[str, Any], ...]


class Distribution:
    """The part of an array that one process holds: one dictionary a dimension, as in the Distributed Array Protocol.

    dim_data: the dictionaries ({} is a whole dimension, if buffer_shape says its size). comm: an mpi4py communicator of
    all processes that hold a part, ranked as the grid in C order; None: there is none. dist: a letter a dimension, to
    tell 'n' from 'b'. ValueError where a dictionary breaks a rule of the protocol.
    """

    def __init__(
        self,
        comm: Any,
        dim_data: Sequence[Mapping[str, Any]],
        *,
        dist: str | None = None,
        buffer_shape: Shape | None = None,
        targets: Sequence[int] = (),
    ) -> None:
        self._comm = comm
        self.dim_data: DimData = tuple(dict(one) for one in dim_data)
        self._dist = dist
        self._buffer_shape = buffer_shape
        self.targets = tuple(targets)

    @classmethod
    def from_shape(
        cls,
        shape: int | Sequence[int],
        dist: str | Sequence[str] | Mapping[int, str] | None = None,
        grid_shape: Sequence[int] | None = None,
        *,
        comm: Any = None,
    ) -> Distribution:
        """The part of this process, where an array of a global shape is dealt out over all processes of comm.

        dist: letters 'b', 'c', 'n', as for the client's arrays; blocks over the first dimension if None. comm: the one
        of the call's targets if None. To be called alike on every one of its processes.
        """
        sizes = as_shape(shape)
        rank, processes, targets = _runtime.place(comm)
        letters = letters_of(dist, len(sizes), dist is None) if dist is not None else "b".ljust(len(sizes), "n")
        letters = letters[: len(sizes)]
        grid = grid_of(sizes, letters, grid_shape, processes)
        if math.prod(grid) != processes:
            grid = _all_processes(sizes, letters, grid, grid_shape, processes)
        coordinates = np.unravel_index(rank, grid) if grid else ()
        maps: list[DimensionMap] = []
        for size, letter, count in zip(sizes, letters, grid, strict=True):
            if letter == "n":
                maps.append(NoDistMap(size))
            else:
                maps.append(CyclicMap(size, count) if letter == "c" else BlockMap.regular(size, count))
        dim_data = [one.dim_data(int(p)) for one, p in zip(maps, coordinates, strict=True)]
        return cls(_runtime.communicator() if comm is None else comm, dim_data, dist=letters, targets=targets)

    @property
    def comm(self) -> Any:
        """The mpi4py communicator of exactly the processes that hold a part. NullCommError if there is none."""
        if self._comm is None:
            raise NullCommError("a client's copy of a local array has no communicator")
        return _runtime.hand_out(self._comm)

    @functools.cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dictionaries, read strictly."""
        findings = Findings([])
        extents = self._buffer_shape or (None,) * len(self.dim_data)
        found = [
            read_dimension(one, extent, findings.at(dimension=number))
            for number, (one, extent) in enumerate(zip(self.dim_data, extents, strict=True))
        ]
        if findings.violations or any(one is None for one in found):
            raise ProtocolError(findings.violations)
        return tuple(one for one in found if one is not None)

    @property
    def ndim(self) -> int:
        return len(self.dim_data)

    @property
    def dist(self) -> tuple[str, ...]:
        """A letter a dimension: 'n', 'b', 'c' or 'u'."""
        return tuple(self._dist) if self._dist is not None else tuple(one.dist_type for one in self.dimensions)

    @functools.cached_property
    def global_shape(self) -> Shape:
        return tuple(one.size for one in self.dimensions)

    @property
    def global_size(self) -> int:
        return math.prod(self.global_shape)

    @functools.cached_property
    def local_shape(self) -> Shape:
        """Shape of the part, communication padding included."""
        return tuple(one.extent for one in self.dimensions)

    @functools.cached_property
    def grid_shape(self) -> Shape:
        """Processes a dimension."""
        return tuple(one.proc_grid_size for one in self.dimensions)

    @functools.cached_property
    def cart_coords(self) -> Shape:
        """This process's place in the grid."""
        return tuple(one.proc_grid_rank for one in self.dimensions)

    @property
    def comm_size(self) -> int:
        return math.prod(self.grid_shape)

    @property
    def comm_rank(self) -> int:
        """This process's rank in `comm`: its place in the grid, in C order."""
        return self.rank_from_coords(self.cart_coords)

    def coords_from_rank(self, rank: int) -> Shape:
        """The place in the grid of a rank."""
        if not 0 <= rank < self.comm_size:
            raise IndexOutOfRangeError(f"rank must be at least 0 and below {self.comm_size}, {rank} was given")
        return tuple(int(p) for p in np.unravel_index(rank, self.grid_shape)) if self.grid_shape else ()

    def rank_from_coords(self, coords: Sequence[int]) -> int:
        """The rank of a place in the grid."""
        given = tuple(as_integers(coords, "coords"))
        if len(given) != self.ndim or any(not 0 <= p < n for p, n in zip(given, self.grid_shape, strict=False)):
            raise IndexOutOfRangeError(f"coords must lie in a grid of {self.grid_shape}, {given} was given")
        return int(np.ravel_multi_index(given, self.grid_shape)) if given else 0

    def global_indices(self, dim: int) -> npt.NDArray[np.int64]:
        """The global index of every local one of a dimension."""
        return np.asarray(self._dimension(dim).global_indices(), np.int64)

    def global_limits(self, dim: int) -> tuple[int, int]:
        """The first and the last global index of a dimension that the process holds. IndexError if it holds none."""
        held = self.global_indices(dim)
        if held.size == 0:
            raise IndexOutOfRangeError(f"the process holds no index of dimension {dim}")
        return int(held.min()), int(held.max())

    def global_from_local(self, local_ind: Any) -> tuple[Any, ...]:
        """Global indices of local ones: one int, or one array of ints, a dimension. IndexError out of bounds."""
        return tuple(
            _global_index(one, number, index)
            for number, (one, index) in enumerate(zip(self.dimensions, self._indices(local_ind), strict=True))
        )

    def local_from_global(self, global_ind: Any) -> tuple[Any, ...]:
        """Local indices of global ones: one int, or one array of ints, a dimension. IndexError if the process does not
        hold one of them.
        """
        return tuple(
            _local_index(one, number, index)
            for number, (one, index) in enumerate(zip(self.dimensions, self._indices(global_ind), strict=True))
        )

    @property
    def global_slice(self) -> tuple[slice, ...]:
        """What the process holds, as slices of the global array. ValueError where lists are needed."""
        return tuple(_slice_of(one, number) for number, one in enumerate(self.dimensions))

    def _dimension(self, dim: int) -> Dimension:
        if not -self.ndim <= dim < self.ndim:
            raise InvalidDimensionError(f"dimension {dim} of an array of {self.ndim} dimensions")
        return self.dimensions[dim]

    def _indices(self, given: Any) -> tuple[Any, ...]:
        indices = given if isinstance(given, tuple | list) else (given,)
        if len(indices) != self.ndim:
            raise IndexOutOfRangeError(f"{len(indices)} indices were given for {self.ndim} dimensions")
        return tuple(indices)

    def is_compatible(self, other: Distribution) -> bool:
        """Same elements of the same global shape on every process."""
        if self is other:
            return True
        keys = ("dist_type", "size", "proc_grid_size", "proc_grid_rank", "start", "stop", "block_size")
        return self.ndim == other.ndim and all(
            all(getattr(a, key) == getattr(b, key) for key in keys) and _same_indices(a, b)
            for a, b in zip(self.dimensions, other.dimensions, strict=True)
        )

    def __len__(self) -> int:
        return self.ndim

    def __getitem__(self, dim: int) -> Dimension:
        return self._dimension(dim)

    def __eq__(self, other: object) -> bool:
        return self.is_compatible(other) if isinstance(other, Distribution) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.global_shape, self.grid_shape, self.cart_coords))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.dim_data, self._dist, self._buffer_shape, self.targets)

    def __repr__(self) -> str:
        return (
            f"<Distribution(global_shape={self.global_shape}, dist={''.join(self.dist)!r}, "
            f"grid_shape={self.grid_shape}, cart_coords={self.cart_coords})>"
        )


def _rebuild(dim_data: DimData, dist: str | None, buffer_shape: Shape | None, targets: Sequence[int]) -> Distribution:
    return Distribution(None, dim_data, dist=dist, buffer_shape=buffer_shape, targets=targets)


def _all_processes(sizes: Shape, letters: str, grid: Shape, given: Sequence[int] | None, processes: int) -> Shape:
    """A grid of all processes, where some will hold nothing."""
    dealt = [number for number, letter in enumerate(letters) if letter != "n"]
    if given is not None or (not dealt and processes > 1):
        raise DistributionError(
            f"an array of shape {sizes}, dist {letters!r} over a grid of {grid} leaves some of {processes} processes "
            "without a part: say a grid_shape of all of them"
        )
    longest = max(dealt, key=lambda number: sizes[number])
    return tuple(processes if number == longest else 1 for number in range(len(sizes)))


def _same_indices(a: Dimension, b: Dimension) -> bool:
    return a.dist_type != "u" or np.array_equal(a.global_indices(), b.global_indices())


def _checked(index: Any, number: int, size: int, what: str) -> Any:
    """An int, or an int64 array, within [0, size)."""
    given = np.asarray(index)
    if given.dtype.kind not in "iu" and given.size:
        raise IndexOutOfRangeError(f"indices of dimension {number} must be ints, {index!r} was given")
    values = given.astype(np.int64)
    values = np.where(values < 0, values + size, values)
    if ((values < 0) | (values >= size)).any():
        raise IndexOutOfRangeError(f"{what} index {index} is out of bounds for dimension {number} of size {size}")
    return values


def _result(values: npt.NDArray[np.int64]) -> Any:
    return int(values) if values.ndim == 0 else values


def _global_index(one: Dimension, number: int, index: Any) -> Any:
    local = _checked(index, number, one.extent, "local")
    if one.dist_type == "b":
        return _result(local + one.start)
    if one.dist_type == "c":
        rounds, offset = np.divmod(local, one.block_size)
        return _result((rounds * one.proc_grid_size + one.proc_grid_rank) * one.block_size + offset)
    return _result(np.asarray(one.global_indices(), np.int64)[local])


def _local_index(one: Dimension, number: int, index: Any) -> Any:
    wanted = _checked(index, number, one.size, "global")
    if one.dist_type == "b":
        local = wanted - one.start
        held = (local >= 0) & (wanted < one.stop)
    elif one.dist_type == "c":
        block, offset = np.divmod(wanted, one.block_size)
        rounds, owner = np.divmod(block, one.proc_grid_size)
        local, held = rounds * one.block_size + offset, owner == one.proc_grid_rank
    else:
        indices = np.asarray(one.global_indices(), np.int64)
        order = np.argsort(indices, kind="stable")
        found = np.searchsorted(indices, wanted, sorter=order)
        local = order[np.minimum(found, len(order) - 1)] if len(order) else np.full_like(wanted, -1)
        held = (found < len(order)) & ((indices[local] if len(order) else local) == wanted)
    if not np.all(held):
        raise IndexOutOfRangeError(f"this process does not hold global index {index} of dimension {number}")
    return _result(np.asarray(local))


def _slice_of(one: Dimension, number: int) -> slice:
    if one.dist_type == "b":
        return slice(one.start, one.stop)
    if one.dist_type == "c" and one.block_size == 1:
        return slice(one.proc_grid_rank, one.size, one.proc_grid_size)
    raise DistributionError(f"what the process holds of dimension {number} is no slice: see global_indices")
