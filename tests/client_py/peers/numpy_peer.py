"""An exporter and importer of the Distributed Array Protocol 0.10 that needs NumPy and nothing else.

    parts = deal(whole, [block(5, 2), cyclic(9, 2, 3)])    one Part a process, in rank order
    parts[rank].__distarray__()                            what that process exports
    read(anything).buffer                                  the exporter's own memory, as an array
    assemble([read(one) for one in exports])               the whole array again, from all processes' exports

It was written from the specification, apart from DistArray: neither can hide the other's misreading of it.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np


class PeerError(ValueError):
    """An export that cannot be read."""


# Exporting. A dimension is the list of its processes' dictionaries.


def _common(kind, size, processes, rank):
    return {"dist_type": kind, "size": size, "proc_grid_size": processes, "proc_grid_rank": rank}


def block(size, processes, widths=None, periodic=None):
    """Blocks as even as can be. widths: (left, right) padding of each process, as the protocol has it: the outermost
    two are of the domain (its size counts them), the others overlap with the neighbour.
    """
    bounds = [size * rank // processes for rank in range(processes + 1)]
    dimension = []
    for rank in range(processes):
        data = {**_common("b", size, processes, rank), "start": bounds[rank], "stop": bounds[rank + 1]}
        if widths is not None:
            left, right = widths[rank]
            data["padding"] = (left, right)
            data["start"] -= left if rank > 0 else 0
            data["stop"] += right if rank < processes - 1 else 0
        if periodic is not None:
            data["periodic"] = periodic
        dimension.append(data)
    return dimension


def irregular(*bounds):
    """Blocks between the given bounds."""
    processes = len(bounds) - 1
    return [
        {**_common("b", bounds[-1], processes, rank), "start": bounds[rank], "stop": bounds[rank + 1]}
        for rank in range(processes)
    ]


def cyclic(size, processes, block_size=None):
    """block_size None: 1, and not said."""
    said = {} if block_size is None else {"block_size": block_size}
    return [
        {**_common("c", size, processes, rank), "start": rank * (block_size or 1), **said} for rank in range(processes)
    ]


def unstructured(*lists, one_to_one=True, dtype=np.int64):
    """Process p holds lists[p]."""
    size = max(map(max, filter(None, lists))) + 1
    return [
        {**_common("u", size, len(lists), rank), "indices": np.array(held, dtype), "one_to_one": one_to_one}
        for rank, held in enumerate(lists)
    ]


def whole(size):
    """Not dealt out, said at length."""
    return block(size, 1)


ALIAS = [{}]  # not dealt out, said shortly


class Part:
    """What one process holds and exports."""

    def __init__(self, buffer, dim_data):
        self.buffer = buffer
        self.dim_data = tuple(dim_data)

    def __distarray__(self):
        return {"__version__": "0.10.0", "buffer": self.buffer, "dim_data": self.dim_data}


def deal(array, dimensions, order="C"):
    """The parts of all processes, in rank order; overlaps hold the neighbours' elements."""
    parts = []
    for dim_data in itertools.product(*dimensions):
        held = [_held(data, size) for data, size in zip(dim_data, array.shape, strict=True)]
        parts.append(Part(np.array(array[np.ix_(*held)] if held else array, order=order), dim_data))
    return parts


# Importing.


def _held(data, extent):
    """The global indices along a dimension's buffer, overlaps included."""
    if not data:
        return np.arange(extent)
    if data["dist_type"] == "b":
        return np.arange(data["start"], data["stop"])
    if data["dist_type"] == "c":
        blocks = np.arange(data["size"]) // data.get("block_size", 1)
        return np.flatnonzero(blocks % data["proc_grid_size"] == data["proc_grid_rank"])
    if data["dist_type"] == "u":
        return np.asarray(memoryview(data["indices"]))
    raise PeerError(f"dist_type {data['dist_type']!r}")


def _overlap(data):
    """How many elements at the two ends of a dimension's buffer are the neighbours'."""
    left, right = data.get("padding", (0, 0))
    rank, processes = data.get("proc_grid_rank", 0), data.get("proc_grid_size", 1)
    return (left if rank > 0 else 0), (right if rank < processes - 1 else 0)


@dataclass
class Import:
    """One process's export, read. buffer: the exporter's memory; indices: the global ones of each dimension's buffer,
    overlaps included; owned: slices of the buffer without overlaps; rank: by the places in the grid, in C order.
    """

    buffer: Any
    indices: list
    owned: tuple
    shape: tuple
    rank: int
    processes: int


def read(exporter):
    """An export: of an object, or the dictionary. PeerError."""
    said = exporter if isinstance(exporter, dict) else exporter.__distarray__()
    if set(said) != {"__version__", "buffer", "dim_data"}:
        raise PeerError(f"the keys are {sorted(said)}")
    major, minor, _ = said["__version__"].split(".")
    if (major, minor) != ("0", "10"):
        raise PeerError(f"version {said['__version__']}")
    buffer = np.asarray(memoryview(said["buffer"]))
    if len(said["dim_data"]) != buffer.ndim:
        raise PeerError(f"{len(said['dim_data'])} dictionaries for {buffer.ndim} dimensions")
    indices, owned, shape, rank, processes = [], [], [], 0, 1
    for data, extent in zip(said["dim_data"], buffer.shape, strict=True):
        held = _held(data, extent)
        if len(held) != extent:
            raise PeerError(f"{data} is for a buffer of {len(held)}, it has {extent}")
        left, right = _overlap(data)
        indices.append(held)
        owned.append(slice(left, extent - right))
        shape.append(data.get("size", extent))
        rank = rank * data.get("proc_grid_size", 1) + data.get("proc_grid_rank", 0)
        processes *= data.get("proc_grid_size", 1)
    return Import(buffer, indices, tuple(owned), tuple(shape), rank, processes)


def assemble(imports):
    """The whole array, of all processes' imports in rank order: every element owned once, overlaps as their owners
    have them. PeerError.
    """
    first = imports[0]
    if [one.rank for one in imports] != list(range(first.processes)):
        raise PeerError(f"ranks {[one.rank for one in imports]}, of {first.processes}")
    if any(one.shape != first.shape for one in imports):
        raise PeerError(f"global shapes {[one.shape for one in imports]}")
    result = np.empty(first.shape, first.buffer.dtype)
    owners = np.zeros(first.shape, int)
    for one in imports:
        place = np.ix_(*(held[part] for held, part in zip(one.indices, one.owned, strict=True)))
        result[place] = one.buffer[one.owned]
        owners[place] += 1
    if (owners != 1).any():
        raise PeerError(f"elements are owned by {np.unique(owners).tolist()} processes")
    for one in imports:
        if not np.array_equal(result[np.ix_(*one.indices)], one.buffer):
            raise PeerError(f"the overlaps of rank {one.rank} are not what their owners have")
    return result


def across(comm, exporter):
    """Collective: `assemble` of the exports of all processes of an mpi4py communicator. Buffers are sent as NumPy
    arrays, descriptions as they are.
    """
    said = exporter if isinstance(exporter, dict) else exporter.__distarray__()
    own = {**said, "buffer": np.array(memoryview(said["buffer"]))}
    return assemble([read(one) for one in comm.allgather(own)])
