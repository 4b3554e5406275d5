"""MPI communicators of the targets of a call, kept from call to call."""

from __future__ import annotations

import os
from typing import Any

from distarray.localapi._runtime import NoCommunicator


class Communicators:
    """Makes communicators of some of the pool's processes, ranked in a given order.

    All processes of one make it in the same call, before the function runs, so that a function on one of them that
    does not use it makes no other one wait. After a call that went wrong messages of it may be under way: `generation`
    tells such calls apart, and nothing is kept from one generation to the next.
    """

    def __init__(self) -> None:
        self._world, self._why = _world()
        self._generation = 0
        self._known: dict[tuple[tuple[int, ...], tuple[int, ...]], Any] = {}

    def begin(self, generation: int) -> None:
        if generation != self._generation:
            self._generation = generation
            self._known.clear()  # not freed: that would be collective

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
