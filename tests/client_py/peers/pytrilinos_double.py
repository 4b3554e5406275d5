"""A test double of PyTrilinos as a consumer of the Distributed Array Protocol.

PyTrilinos is in no package repository (not Debian's, not PyPI), so that no test can run the real one. This stands in
for it. It was written for these tests, from the protocol's specification and from what PyTrilinos is known to do with
an export: the calls below and no others. Nothing of its code is here, and nothing of its linear algebra.

What it asks of an exporter, in this order:

    hasattr(obj, "__distarray__"); obj.__distarray__()       a dict, else ValueError
    "__version__" (a str), "buffer", "dim_data" (a sequence) of it, else KeyError
    of each dimension: "dist_type", "size", "proc_grid_size", "proc_grid_rank", and of blocks "start" and "stop", else
    KeyError; they are ints. Of what may be left out: "padding" (0, 0), "periodic" False, "block_size" 1, "one_to_one"
    False, "indices" none. An empty dictionary is a KeyError: it does not know the protocol's short form.

and what it does with it:

    a communicator map    proc_grid_size and periodic of each dimension, over a communicator of so many processes
    a map                 blocks only: a cyclic or unstructured dimension is a ValueError. The bounds start:stop of all
                          processes, less their communication padding, must follow one another. What lies beyond the
                          first and the last process's is boundary padding. C order if the buffer is C-contiguous, else
                          Fortran's
    a vector              of the buffer's own memory, through NumPy's C interface: an ndarray it has to be

Where the double is stricter, for a test's sake: it checks the version's major and minor number, which PyTrilinos keeps
and does not look at. It also avoids, and lists in KEYS_IT_MISREADS, two keys that the last release reads wrongly: an
exporter does well to leave them out where they say nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

KEYS_IT_MISREADS = {"padding": "through a pointer that was never set", "block_size": "from 'stop'"}


@dataclass
class Dimension:
    """A dimension's dictionary."""

    dist_type: str
    size: int
    proc_grid_size: int
    proc_grid_rank: int
    start: int
    stop: int
    padding: tuple
    periodic: bool

    @classmethod
    def parse(cls, data):
        if not isinstance(data, dict):
            raise TypeError(f"a dimension is a {type(data).__name__}, not a dict")
        kind = data["dist_type"]
        if kind not in ("b", "c", "u"):
            raise ValueError(f"'dist_type' must be 'b', 'c' or 'u', not {kind!r}")
        needed = ["size", "proc_grid_size", "proc_grid_rank"]
        needed += {"b": ["start", "stop"], "c": ["start"], "u": []}[kind]
        numbers = {key: data[key] for key in needed}
        for key, value in numbers.items():
            if type(value) is not int:
                raise TypeError(f"{key!r} must be an int, not a {type(value).__name__}")
        padding = data.get("padding", (0, 0))
        if len(padding) != 2 or not all(type(width) is int and width >= 0 for width in padding):
            raise ValueError("'padding' must be two ints of at least 0")
        if not isinstance(data.get("periodic", False), bool):
            raise TypeError("'periodic' must be a bool")
        if kind == "u":
            np.asarray(data["indices"], np.intc)  # it has room for C ints only
        return cls(
            kind,
            **{"start": -1, "stop": -1, **numbers},
            padding=tuple(padding),
            periodic=data.get("periodic", False),
        )


@dataclass
class Map:
    """Where a vector's elements belong. bounds: of all processes of each dimension, without any padding;
    communication: this process's (lower, upper) padding of each dimension that copies neighbours' elements; boundary:
    that which is the domain's.
    """

    comm_dims: tuple
    periodic: tuple
    bounds: list
    communication: list
    boundary: list
    layout: str

    def owned(self):
        """Slices of the buffer without communication padding."""
        return tuple(slice(lower, -upper or None) for lower, upper in self.communication)


@dataclass
class MDVector:
    """A vector on the exporter's memory."""

    map: Map
    data: Any

    def scale(self, factor):
        """Multiplies what this process owns, in place."""
        self.data[self.map.owned()] *= factor

    def norm2(self, comm):
        """Of the whole vector. Collective."""
        own = self.data[self.map.owned()]
        return math.sqrt(comm.allreduce(float((own * own).sum())))


def from_DistArray(comm, exporter):  # noqa: N802 (PyTrilinos's name)
    """The vector of this process's export. Collective over comm, which must be of the exporter's processes only."""
    if not hasattr(exporter, "__distarray__"):
        raise ValueError(f"a {type(exporter).__name__} has no __distarray__()")
    said = exporter.__distarray__()
    if not isinstance(said, dict):
        raise ValueError(f"__distarray__() gave a {type(said).__name__}, not a dict")
    version, buffer, dim_data = said["__version__"], said["buffer"], said["dim_data"]
    if [int(part) for part in version.split(".")][:2] != [0, 10]:
        raise ValueError(f"version {version} is not 0.10")
    dimensions = [Dimension.parse(data) for data in dim_data]
    if math.prod(one.proc_grid_size for one in dimensions) != comm.Get_size():
        raise ValueError(f"{comm.Get_size()} processes for a grid of {[one.proc_grid_size for one in dimensions]}")
    for axis, one in enumerate(dimensions):
        if one.dist_type != "b":
            raise ValueError(f"axis {axis} is of dist_type {one.dist_type!r}: only blocks make a map")
    if not isinstance(buffer, np.ndarray):
        raise TypeError("PyTrilinos takes the buffer for an ndarray unasked")
    made = _make_map(comm, dimensions, "C" if buffer.flags.c_contiguous else "F")
    return MDVector(made, np.asarray(memoryview(buffer)))


def _make_map(comm, dimensions, layout):
    everyone = comm.allgather([(one.proc_grid_rank, one.start, one.stop, one.padding) for one in dimensions])
    all_bounds, communication, boundary = [], [], []
    for axis, one in enumerate(dimensions):
        last = one.proc_grid_size - 1
        bounds = {}
        for rank, start, stop, (lower, upper) in (told[axis] for told in everyone):
            found = (start + lower, stop - upper)
            if bounds.setdefault(rank, found) != found:
                raise ValueError(f"the bounds of axis {axis} at {rank} are {bounds[rank]}, and {found} elsewhere")
        ordered = [bounds[rank] for rank in range(last + 1)]
        if any(before[1] != after[0] for before, after in zip(ordered, ordered[1:], strict=False)):
            raise RuntimeError(f"the bounds of axis {axis} are not contiguous: {ordered}")
        all_bounds.append(ordered)
        first_here, last_here = one.proc_grid_rank == 0, one.proc_grid_rank == last
        lower, upper = one.padding
        communication.append((0 if first_here else lower, 0 if last_here else upper))
        boundary.append((lower if first_here else 0, upper if last_here else 0))
    return Map(
        tuple(one.proc_grid_size for one in dimensions),
        tuple(one.periodic for one in dimensions),
        all_bounds,
        communication,
        boundary,
        layout,
    )
