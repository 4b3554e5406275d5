"""What functions leave behind: nothing that the next call, or anybody else, could notice."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.functions.watching import (  # noqa: E402
    ROOT_USER,
    end_pools,
    files_left,
    meeting_place,
    no_strangers,
    strangers,
    works,
)
from tests.support.daemon import PATIENCE, Daemon, wait_until  # noqa: E402


@pytest.fixture
def daemon(shared: Callable[..., Daemon]) -> Daemon:
    return shared("--worker-scratch=32MiB")


# Each leaves something in its worker and returns.


def leave_descriptors(la):  # type: ignore[no-untyped-def]
    import builtins
    import os

    builtins.kept = []
    try:
        while True:
            builtins.kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass


def leave_stdout_closed(la):  # type: ignore[no-untyped-def]
    import sys

    sys.stdout.close()


def leave_descriptor_1_closed(la):  # type: ignore[no-untyped-def]
    import os

    os.close(1)


def leave_mpi_finalized(la):  # type: ignore[no-untyped-def]
    from mpi4py import MPI

    MPI.Finalize()


def leave_communicator_freed(la):  # type: ignore[no-untyped-def]
    la.comm.Free()


def leave_another_directory(la):  # type: ignore[no-untyped-def]
    import os

    os.chdir("/")


def leave_files(la):  # type: ignore[no-untyped-def]
    import os

    os.makedirs("a/b")
    for name in ("x", "a/b/y", ".hidden"):
        with open(name, "wb") as file:
            file.write(bytes(1 << 20))
    os.chmod("a/b", 0)
    os.symlink("/", "root")


def leave_files_secretly(la):  # type: ignore[no-untyped-def]
    import os

    before = os.stat(".").st_mtime_ns
    with open("x", "w") as file:
        file.write("x")
    os.utime(".", ns=(before, before))


def leave_low_limits(la):  # type: ignore[no-untyped-def]
    import resource

    for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        resource.setrlimit(kind, (0, 0))


def leave_an_alarm(la):  # type: ignore[no-untyped-def]
    import signal

    signal.setitimer(signal.ITIMER_REAL, 0.2)


def leave_numpy_changed(la):  # type: ignore[no-untyped-def]
    import numpy as np

    np.seterr(all="raise")
    np.random.seed(0)
    np.sum = None


def leave_modules_changed(la):  # type: ignore[no-untyped-def]
    import os
    import sys
    import threading

    threading.Thread = None
    os.environ.clear()
    sys.path.clear()


LEFT = [
    leave_descriptors,
    leave_stdout_closed,
    leave_descriptor_1_closed,
    leave_mpi_finalized,
    leave_communicator_freed,
    leave_another_directory,
    leave_files,
    leave_files_secretly,
    leave_low_limits,
    leave_an_alarm,
]


@pytest.mark.parametrize("leave", LEFT)
def test_the_next_call_does_not_notice(
    daemon: Daemon, context: da.Context, leave: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    array = context.fromarray(np.arange(1000.0))
    try:
        context.apply(leave, (array,), timeout=6 * PATIENCE)
    except distarray.error.FunctionError:
        pass  # that the call which did it fails is well too
    capsys.readouterr()
    works(context)
    assert capsys.readouterr().out.splitlines() == ["[target 0] heard", "[target 1] heard"]
    with meeting_place() as folder:

        def meet(la, folder):  # type: ignore[no-untyped-def]
            import time

            time.sleep(0.5)  # longer than the alarm that one of them leaves
            return la.comm.allreduce(1)

        assert context.apply(meet, (array, folder), timeout=6 * PATIENCE) == [2, 2]


@pytest.mark.parametrize("leave", [leave_numpy_changed, leave_modules_changed])
def test_another_user_does_not_notice(daemon: Daemon, context: da.Context, leave: Callable) -> None:
    context.apply(leave, (context.ones((4,)),), timeout=6 * PATIENCE)

    def use(la):  # type: ignore[no-untyped-def]
        import os
        import sys
        import threading

        import numpy as np

        return float(np.sum(la.ndarray)), np.geterr()["over"], callable(threading.Thread), bool(os.environ and sys.path)

    with da.Context(daemon.address) as theirs:
        assert theirs.apply(use, (theirs.ones((4,)),), timeout=6 * PATIENCE) == [(2.0, "warn", True, True)] * 2


def write_on(la):  # type: ignore[no-untyped-def]
    """A thread that goes on writing when the function has returned."""
    import threading
    import time

    elements = la.ndarray

    def write():  # type: ignore[no-untyped-def]
        while True:
            elements[0] = -7.0
            time.sleep(0.001)

    threading.Thread(target=write, daemon=True).start()


def test_a_thread_that_writes_on_reaches_no_other_array(daemon: Daemon, context: da.Context) -> None:
    lent = context.ones((1 << 18,))
    context.apply(write_on, (lent,), timeout=6 * PATIENCE)
    del lent
    context.wait()
    # The memory that it had goes to the session's next array.
    for _ in range(5):
        elements = np.ones(1 << 18)
        array = context.fromarray(elements)
        for _ in range(5):
            assert np.array_equal((array * 1.0).toarray(), elements)
        del array


def test_a_thread_that_goes_on_making_local_arrays_takes_nothing_from_the_next_call(context: da.Context) -> None:
    def leave_a_thread():  # type: ignore[no-untyped-def]
        import threading

        from distarray import localapi

        def allocate():  # type: ignore[no-untyped-def]
            while True:
                try:
                    localapi.empty((1000,))
                except MemoryError:
                    pass

        threading.Thread(target=allocate, daemon=True).start()

    for _ in range(5):
        context.apply(leave_a_thread, timeout=3 * PATIENCE)
        assert context.apply(lambda: 1, timeout=3 * PATIENCE) == [1] * len(context.targets)


def test_a_child_that_writes_on_reaches_no_other_array(daemon: Daemon, context: da.Context) -> None:
    def fork(la):  # type: ignore[no-untyped-def]
        import os
        import time

        if os.fork() == 0:
            while True:
                la.ndarray[0] = -7.0
                time.sleep(0.001)

    lent = context.ones((1 << 18,))
    context.apply(fork, (lent,), timeout=6 * PATIENCE)
    del lent
    context.wait()
    for _ in range(5):
        elements = np.ones(1 << 18)
        array = context.fromarray(elements)
        for _ in range(5):
            assert np.array_equal((array * 1.0).toarray(), elements)
        del array
    no_strangers(daemon)


def test_a_child_that_returns_too_is_not_heard(daemon: Daemon, context: da.Context) -> None:
    def fork(la, how):  # type: ignore[no-untyped-def]
        import os

        from distarray import localapi

        child = os.fork()
        if child == 0 and how == "raise":
            raise ValueError("in the child")
        if child == 0 and how == "array":
            return localapi.empty_like(la)
        return how, child > 0

    array = context.fromarray(np.arange(1000.0))
    for how in ("return", "raise", "array"):
        assert context.apply(fork, (array, how), timeout=6 * PATIENCE) == [(how, True)] * 2
        works(context)
    no_strangers(daemon)


def leave_children(la):  # type: ignore[no-untyped-def]
    import os
    import time

    for _ in range(5):
        if os.fork() == 0:
            time.sleep(1000)
            os._exit(0)


def leave_a_daemon(la):  # type: ignore[no-untyped-def]
    """It leaves the session and the process group, has no parent, and hears no signal."""
    import os
    import signal
    import time

    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
            os.closerange(0, 1 << 16)
            while True:
                time.sleep(1)
        os._exit(0)
    os.wait()


@pytest.mark.parametrize("leave", [leave_children, leave_a_daemon])
def test_processes_left_end_with_their_call(daemon: Daemon, context: da.Context, leave: Callable) -> None:
    context.apply(leave, (context.ones((4,)),), timeout=6 * PATIENCE)
    works(context)
    no_strangers(daemon)


@pytest.mark.parametrize("own_user", [True, False])
@pytest.mark.parametrize("leave", [leave_children, leave_a_daemon])
def test_processes_left_end_with_their_pool_at_the_latest(
    shared: Callable[..., Daemon], leave: Callable, own_user: bool
) -> None:
    flags = ["--worker-scratch=32MiB"] if own_user else ["--worker-uid=0"]
    daemon = shared(*flags)
    with da.Context(daemon.address) as context:
        context.apply(leave, (context.ones((4,)),), timeout=6 * PATIENCE)
        end_pools(context)
        works(context)
        no_strangers(daemon)


@pytest.mark.skipif(not ROOT_USER, reason="whose files they are can be told by user ids of their own only")
def test_nothing_is_left_in_shared_memory_and_temporary_folders(daemon: Daemon, context: da.Context) -> None:
    def litter(la):  # type: ignore[no-untyped-def]
        import ctypes
        import os

        for folder in ("/dev/shm", "/tmp", "/var/tmp"):
            try:
                with open(f"{folder}/left-by-{os.getpid()}", "w") as file:
                    file.write("x")
            except OSError:
                pass
        library = ctypes.CDLL(None)
        library.shmget(0, 1 << 20, 0o1600)
        library.semget(0, 1, 0o1600)

    context.apply(litter, (context.ones((4,)),), timeout=6 * PATIENCE)
    end_pools(context)
    works(context)
    left = files_left(daemon)
    for path in left:
        if path.startswith("/"):
            os.unlink(path)
    assert not left


def test_nothing_is_left_when_the_daemon_ends(start: Callable[..., Daemon]) -> None:
    daemon = start()
    context = da.Context(daemon.address)
    array = context.ones((1 << 20,))
    with meeting_place() as folder:

        def busy(la, folder):  # type: ignore[no-untyped-def]
            import os
            import time

            for number in range(3):
                if os.fork() == 0:
                    os.setsid()
                    while True:
                        time.sleep(1)
            open(f"{folder}/begun-{la.target}", "w").close()
            open("x", "wb").write(bytes(1 << 20))
            while True:
                la.ndarray[0] += 1

        future = context.apply_async(busy, (array, folder))
        wait_until(lambda: len(os.listdir(folder)) == 2, 6 * PATIENCE, "begun")
        daemon.note_processes()
        took = daemon.terminate()
        assert took < 5 * PATIENCE
        assert not daemon.leftovers() and not strangers(daemon)
        with pytest.raises(distarray.error.DistArrayError):
            future.result(PATIENCE)
    context.close()


def test_an_engine_that_dies_takes_the_functions_along(start: Callable[..., Daemon]) -> None:
    daemon = start()
    context = da.Context(daemon.address)
    with meeting_place() as folder:

        def wait(la, folder):  # type: ignore[no-untyped-def]
            import time

            open(f"{folder}/begun-{la.target}", "w").close()
            while True:
                time.sleep(1)

        future = context.apply_async(wait, (context.ones((4,)), folder))
        wait_until(lambda: len(os.listdir(folder)) == 2, 6 * PATIENCE, "begun")
        os.kill(daemon.ranks()[-1].pid, 9)
        with pytest.raises(distarray.error.DistArrayError):
            future.result(3 * PATIENCE)
    context.close()
    daemon.wait_for_epoch(2)
    no_strangers(daemon)
    with da.Context(daemon.address) as again:
        works(again)
