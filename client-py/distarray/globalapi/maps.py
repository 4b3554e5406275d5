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
from distarray._dimension_maps import (
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
from distarray._index import Indexed, Shape, as_shape, normalize_axes
from distarray._process_grid import choose_grid, grid_of, letters_of
from distarray._proto import types_pb2
from distarray.error import DistributionError, IndexOutOfRangeError

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
        letters = letters_of(dist if dist is not None else context.default_dist, len(sizes), dist is None)
        available = _targets(context, targets)
        grid = grid_of(sizes, letters, grid_shape, len(available))
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


def _targets(context: Context, targets: Iterable[int] | None) -> list[int]:
    if targets is None:
        return list(context.targets)
    given = as_integers(targets, "targets")
    unknown = sorted(set(given) - set(context.all_targets))
    if not given or unknown or len(set(given)) != len(given):
        raise DistributionError(f"targets must be distinct numbers of {context.all_targets}, {given} was given")
    return given


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
