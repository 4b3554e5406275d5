"""Functions that misbehave on one target: an error that says what happened and where, and nobody else is harmed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.functions import misdeeds  # noqa: E402
from tests.faults.functions.misdeeds import only_on  # noqa: E402
from tests.faults.functions.watching import (  # noqa: E402
    FULL,
    arrived,
    bystander,
    failure_of,
    files_left,
    meeting_place,
    no_strangers,
    works,
)
from tests.support.daemon import PATIENCE, Daemon  # noqa: E402

FunctionError, WorkerLostError = distarray.error.FunctionError, distarray.error.WorkerLostError
FLAGS = ("--worker-memory=512MiB", "--worker-scratch=32MiB", "--call-grace=1s")


class Case(NamedTuple):
    """kind: class of the error; says: what its text tells; limit: seconds after which it must have come; promised is
    one more, and a busy machine is allowed ten times that.
    """

    function: Callable
    kind: type[BaseException]
    says: str
    limit: float = 0
    timeout: float | None = None
    full: bool = False


CASES = [
    Case(misdeeds.segfault, WorkerLostError, r"signal 11 \(Segmentation fault\)"),
    Case(misdeeds.exit_at_once, WorkerLostError, r"exit code 3"),
    Case(misdeeds.exit_well, WorkerLostError, r"exit code 0", full=True),
    Case(misdeeds.system_exit, FunctionError, r"SystemExit: bye"),
    Case(misdeeds.loop, TimeoutError, r"did not return within 1 s", limit=1, timeout=1),
    Case(misdeeds.loop_deaf, TimeoutError, r"did not return within 1 s", limit=1, timeout=1, full=True),
    Case(misdeeds.recurse, RecursionError, r"maximum recursion depth"),
    Case(misdeeds.recurse_in_c, WorkerLostError, r"signal 11 \(Segmentation fault\)"),
    Case(misdeeds.deep_repr, WorkerLostError, r"signal 11 \(Segmentation fault\)", limit=3, full=True),
    Case(misdeeds.allocate, MemoryError, r"Unable to allocate", limit=2),
    # Refused by the kernel where the user id is the workers' own, ended by the guard elsewhere.
    Case(misdeeds.fork_a_thousand, FunctionError, r"temporarily unavailable|\(--worker-processes\)", limit=1),
    Case(misdeeds.fill_scratch, FunctionError, r"No space left on device|\(--worker-scratch\)", limit=1),
    # Refused from Linux 6.12 on.
    Case(misdeeds.kill_parent, FunctionError, r"Operation not permitted|its guard \(its parent process\) has ended"),
    Case(misdeeds.close_everything, WorkerLostError, r"closed its connection to the engine"),
    Case(misdeeds.close_everything_with_a_child, WorkerLostError, r"closed its connection to the engine"),
    Case(misdeeds.stop_itself, WorkerLostError, r"stopped by signal 19"),
    Case(misdeeds.abort_mpi, WorkerLostError, r"exit code 7"),
    # Ended by the guard, unless the kernel's limit of what lies in a file comes first.
    Case(misdeeds.print_much, FunctionError, r"had printed \d+ bytes|File too large", limit=3, full=True),
    Case(misdeeds.raise_unreadable, FunctionError, r"Unreadable"),
    Case(misdeeds.raise_unreadable_exit, FunctionError, r"UnreadableExit"),
    Case(misdeeds.return_unpicklable, ValueError, r"cannot be pickled"),
    Case(misdeeds.raise_unpicklable_exit, FunctionError, r"UnpicklableExit: told"),
    Case(misdeeds.return_deep, FunctionError, r"recursion"),
    Case(misdeeds.raise_long, ValueError, r"ValueError: long long", limit=3),
    Case(misdeeds.warn_long, ValueError, r"after the warning", limit=2),
    Case(misdeeds.replace_stdout, ValueError, r"after stdout"),
    Case(misdeeds.import_what_is_not_there, ImportError, r"petsc4py_of_another_machine", full=True),
    Case(misdeeds.raise_keyboard_interrupt, FunctionError, r"KeyboardInterrupt", full=True),
]


def name_of(case: Case) -> str:
    return case.function.__name__


@pytest.fixture(params=[2, 4] if FULL else [2])
def daemon(request: pytest.FixtureRequest, shared: Callable[..., Daemon]) -> Daemon:
    return shared(*FLAGS, engines=request.param)


@pytest.mark.filterwarnings("ignore:on target")
@pytest.mark.parametrize("case", [case for case in CASES if FULL or not case.full], ids=name_of)
def test_a_misdeed_on_one_target_is_an_error_of_its_call_and_harms_nobody(
    daemon: Daemon, context: da.Context, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    elements = np.arange(2000.0)
    written = context.fromarray(elements)
    lent = context.fromarray(elements)
    context.apply(lambda la: None, (lent,))  # so that no start of workers is counted
    with bystander(daemon) as other:
        begun = time.monotonic()
        error = failure_of(
            lambda: context.apply(only_on(1, case.function), (lent,), timeout=case.timeout or 6 * PATIENCE)
        )
        took = time.monotonic() - begun
        other.get_on()
        assert isinstance(error, case.kind), repr(error)
        assert isinstance(error, FunctionError)
        assert re.search(case.says, str(error)), str(error)[:2000]
        assert "target 1" in str(error)
        assert len(str(error)) < 1 << 20
        assert error.targets == [1] and list(error.errors) == [1]
        assert error.results == ["fine", None, *["fine"] * (len(context.targets) - 2)]
        works(context)
        assert np.array_equal((written + 1).toarray(), elements + 1)
        assert np.array_equal(lent.toarray(), elements)
    assert took < 10 * (case.limit + 1), f"it took {took:.2f} s"
    capsys.readouterr()
    no_strangers(daemon)
    assert not files_left(daemon)


def test_a_collective_that_one_target_has_left_ends_and_the_first_cause_leads(
    daemon: Daemon, context: da.Context
) -> None:
    array = context.fromarray(np.arange(2000.0))
    context.apply(lambda la: None, (array,))
    begun = time.monotonic()
    error = failure_of(lambda: context.apply(misdeeds.leave_a_collective, (array,), timeout=6 * PATIENCE))
    took = time.monotonic() - begun
    assert isinstance(error, ValueError) and isinstance(error, FunctionError)
    assert "on purpose" in str(error) and "target 1" in str(error).splitlines()[0]
    assert error.targets == context.targets
    assert isinstance(error.errors[1], ValueError)
    assert "did not return within 1 s after it had failed elsewhere" in str(error.errors[0])
    assert error.results == [None] * len(context.targets)
    assert took < PATIENCE + 1
    works(context)
    no_strangers(daemon)


def test_all_targets_that_end_are_named(context: da.Context) -> None:
    array = context.fromarray(np.arange(2000.0))
    error = failure_of(lambda: context.apply(misdeeds.exit_at_once, (array,), timeout=6 * PATIENCE))
    assert isinstance(error, WorkerLostError)
    assert error.targets == context.targets and sorted(error.errors) == context.targets
    assert all("exit code 3" in str(each) for each in error.errors.values())
    works(context)


def test_a_large_result_comes_whole(shared: Callable[..., Daemon]) -> None:
    size = 300 if FULL else 30  # MiB; there is a copy or two of it on its way

    def large(la):  # type: ignore[no-untyped-def]
        import numpy as np

        return np.full(size << 17, float(la.target)), bytes(size << 20)

    with da.Context(shared().address) as context:
        array = context.fromarray(np.arange(10.0))
        results = context.apply(large, (array,), timeout=6 * PATIENCE)
        for target, (elements, data) in enumerate(results):
            assert elements.shape == (size << 17,) and (elements == target).all()
            assert data == bytes(size << 20)
        works(context)


def test_more_arguments_than_descriptors_fit_a_message(context: da.Context) -> None:
    # Each has a segment of its own, and with it a descriptor.
    arrays = [context.full((1 << 18,), number) for number in range(80)]
    sums = context.apply(lambda *given: [float(la.ndarray[0]) for la in given], arrays, timeout=2 * PATIENCE)
    assert sums == [[float(number) for number in range(80)]] * len(context.targets)


def test_another_users_call_goes_on_while_workers_die(daemon: Daemon, context: da.Context) -> None:
    def late_sum(la, folder):  # type: ignore[no-untyped-def]
        import os
        import time

        open(f"{folder}/begun-{la.target}", "w").close()
        while not os.path.exists(f"{folder}/go-on"):
            time.sleep(0.01)
        return la.comm.allreduce(float(la.ndarray.sum()))

    with da.Context(daemon.address) as theirs, meeting_place() as folder:
        elements = np.arange(2000.0)
        array = theirs.fromarray(elements)
        future = theirs.apply_async(late_sum, (array, folder), timeout=6 * PATIENCE)
        arrived(folder, "begun", len(theirs.targets))
        for function in (misdeeds.exit_at_once, misdeeds.segfault):
            failure_of(lambda function=function: context.apply(lambda: function(None), timeout=6 * PATIENCE))
        Path(folder, "go-on").touch()
        assert future.result(6 * PATIENCE) == [elements.sum()] * len(theirs.targets)
