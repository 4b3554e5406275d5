"""Checks of all processes' exports together: gathered by the caller, or over a communicator."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterable, Sequence
from typing import Any

from distarray.protocol._across_rules import find_across
from distarray.protocol._process import Description, Examined, examine
from distarray.protocol._violations import ProtocolError, Violation


def examine_all(exports: Iterable[Any]) -> tuple[list[Examined], list[Violation]]:
    """What was read of each export, and the violations of all."""
    processes = [
        Examined.from_description(one) if isinstance(one, Description) else examine(one, process, layouts=True)
        for process, one in enumerate(exports)
    ]
    return processes, _violations(processes)


def _violations(processes: Sequence[Examined]) -> list[Violation]:
    return [violation for one in processes for violation in one.violations] + find_across(processes)


def check_all(exports: Iterable[Any]) -> tuple[Description, ...]:
    """Check the exports of all processes, in rank order, each alone and all against one another.

    Each is what `check` takes or returns, or an export's dict in which a `BufferLayout` stands for the buffer.
    ProtocolError lists all violations; a rule is left out where what it builds on is violated itself.
    """
    processes, violations = examine_all(exports)
    if violations:
        raise ProtocolError(violations)
    return tuple(one.description() for one in processes)


def check_mpi(obj: Any, comm: Any = None) -> Description:
    """`check_all` where every process of an mpi4py communicator (default: COMM_WORLD) holds its own export.

    Collective. No buffer is sent, only descriptions. Every rank raises the same ProtocolError, or none does and each
    has the description of its own export. `comm` needs `Get_rank`, `gather` and `bcast`.
    """
    if comm is None:
        # mpi4py initialises MPI when imported: not before somebody asks for it.
        comm = importlib.import_module("mpi4py.MPI").COMM_WORLD
    rank: int = comm.Get_rank()
    own = examine(obj, rank)
    gathered = comm.gather(dataclasses.replace(own, buffer=None), root=0)
    failure: Exception | None = None
    if rank == 0:
        # Whatever goes wrong here must reach the ranks that wait for the verdict.
        try:
            violations = _violations(gathered)
            failure = ProtocolError(violations) if violations else None
        except Exception as error:
            failure = RuntimeError(f"the checker failed: {type(error).__name__}: {error}")
    failure = comm.bcast(failure, root=0)
    if failure is not None:
        raise failure
    return own.description()
