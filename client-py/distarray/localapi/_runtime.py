"""What local arrays have of the process that they are in: memory, a communicator, a place among the targets.

A worker sets these; elsewhere memory is NumPy's, and there is one process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from distarray.localapi.error import NullCommError


class NoCommunicator:
    """Stands for a communicator that cannot be had."""

    def __init__(self, why: str) -> None:
        self.why = why


class Place(NamedTuple):
    """A process among those that run a function."""

    rank: int = 0
    processes: int = 1
    targets: tuple[int, ...] = ()


# Memory of so many bytes, zeros or not; in a worker it is the engine's.
_allocate: Callable[[int], npt.NDArray[np.uint8]] = lambda size: np.empty(size, np.uint8)  # noqa: E731
_place = Place()
_communicator: Any = NoCommunicator("functions have communicators; this process runs none")
_handed_out = False


def set_memory(allocate: Callable[[int], npt.NDArray[np.uint8]]) -> None:
    global _allocate
    _allocate = allocate


def set_place(place: Place, communicator: Any) -> None:
    global _place, _communicator
    _place, _communicator = place, communicator


def allocate(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A C-ordered array in memory that can become a distributed array's without a copy. MemoryError."""
    if dtype.hasobject:
        return np.empty(shape, dtype)
    count = 1
    for size in shape:
        count *= size
    if count == 0:
        return np.empty(shape, dtype)
    return _allocate(count * dtype.itemsize)[: count * dtype.itemsize].view(dtype).reshape(shape)


def hand_out(communicator: Any) -> Any:
    """A communicator that the function gets: from here on there may be messages on it. NullCommError if it is none."""
    global _handed_out
    if isinstance(communicator, NoCommunicator):
        raise NullCommError(communicator.why)
    _handed_out = True
    return communicator


def handed_out() -> bool:
    """Whether a function has got a communicator since the last keep_in()."""
    return _handed_out


def keep_in() -> None:
    global _handed_out
    _handed_out = False


def communicator() -> Any:
    """That of the call's targets, or a NoCommunicator."""
    return _communicator


def place(comm: Any = None) -> Place:
    """This process among those of a communicator, or of the call."""
    if comm is None:
        return _place
    if isinstance(comm, NoCommunicator):
        raise NullCommError(comm.why)
    return Place(comm.Get_rank(), comm.Get_size())
