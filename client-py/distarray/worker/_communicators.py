"""MPI communicators of the targets of a call, kept from call to call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from distarray.localapi import _runtime
from distarray.localapi._runtime import NoCommunicator


class Communicators:
    """Makes communicators of some of the pool's processes, ranked in a given order.

    All processes of one make it in the same call, before the function runs, so that a function on one of them that
    does not use it makes no other one wait. After a call that went wrong messages of it may be under way: `generation`
    tells such calls apart, and nothing is kept from one generation to the next. Only where a function has got a
    communicator there can be any: see `state`.
    """

    def __init__(self) -> None:
        self._world, self._why = _world()
        self._is_finalized = _is_finalized()
        self._generation = 0
        self._known: dict[tuple[tuple[int, ...], tuple[int, ...]], Any] = {}

    def begin(self, generation: int) -> None:
        if generation != self._generation:
            self._generation = generation
            # Not freed: messages that are still under way must not find a new communicator in the place of theirs.
            self._known.clear()
            _runtime.keep_in()

    def state(self) -> str:
        """ "": no function has got one since the last generation. "used": one has. "lost": one has and freed it."""
        if not _runtime.handed_out():
            return ""
        return "used" if all(self._known.values()) else "lost"

    def finalized(self) -> bool:
        """Whether a function has ended MPI."""
        return self._is_finalized()

    def of(self, targets: tuple[int, ...], taking_part: tuple[int, ...], grid: tuple[int, ...] = ()) -> Any:
        """That of `targets`, all of which must take part in the call; with a grid, its Cartcomm. Collective."""
        if self._world is None:
            return NoCommunicator(self._why)
        if not set(targets) <= set(taking_part):
            missing = sorted(set(targets) - set(taking_part))
            return NoCommunicator(f"targets {missing} hold parts of the array, and the function does not run there")
        known = self._known.get((targets, grid))
        if known is None:
            if grid:
                known = self.of(targets, taking_part).Create_cart(grid, reorder=False)
            else:
                group = self._world.Get_group().Incl(list(targets))
                known = self._world.Create_group(group, tag=targets[0])
            self._known[targets, grid] = known
        return known


def _is_finalized() -> Callable[[], bool]:
    mpi = sys.modules.get("mpi4py.MPI")
    return (lambda: False) if mpi is None else mpi.Is_finalized  # type: ignore[no-any-return]


def _world() -> tuple[Any, str]:
    """COMM_WORLD, in which a target's number is its rank; or why there is none."""
    try:
        import mpi4py

        # One-sided communication of Open MPI 4, where processes cannot copy from each other, has no more than this.
        mpi4py.rc.thread_level = "serialized"
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        return None, f"the workers' Python has no mpi4py that works: {error}"
    target, targets = int(os.environ["DISTARRAY_TARGET"]), int(os.environ["DISTARRAY_TARGETS"])
    world = MPI.COMM_WORLD
    if (world.Get_rank(), world.Get_size()) != (target, targets):
        return None, (
            f"mpi4py in the workers was built for another MPI than the daemon's ({MPI.Get_library_version().strip()}): "
            f"it finds {world.Get_size()} processes, not {targets}"
        )
    return world, ""
