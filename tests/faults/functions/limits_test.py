"""Limits on functions, by flags: each is hit, and the call's error names it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.conftest import start_daemon  # noqa: E402
from tests.faults.functions import misdeeds  # noqa: E402
from tests.faults.functions.misdeeds import only_on  # noqa: E402
from tests.faults.functions.watching import (  # noqa: E402
    FULL,
    ROOT_USER,
    failure_of,
    no_strangers,
    works,
)
from tests.support.daemon import PATIENCE, Daemon  # noqa: E402

FLAGS = (
    "--worker-memory=256MiB",
    "--worker-processes=40",
    "--worker-scratch=8MiB",
    "--call-limit=4s",
    "--call-grace=1s",
)


@pytest.fixture
def daemon(shared: Callable[..., Daemon]) -> Iterator[Daemon]:
    made = shared(*FLAGS)
    yield made
    no_strangers(made)


@pytest.fixture
def lent(context: da.Context) -> object:
    return context.fromarray(np.arange(2000.0))


def misdeed(context: da.Context, lent: object, function: Callable, **options: object) -> tuple[BaseException, float]:
    """The error of a function that fails on target 1, and how long it took."""
    begun = time.monotonic()
    error = failure_of(lambda: context.apply(only_on(1, function), (lent,), **options))
    assert error.targets == [1] and error.results == ["fine", None]
    return error, time.monotonic() - begun


def test_memory(context: da.Context, lent: object) -> None:
    def allocate(la):  # type: ignore[no-untyped-def]
        import numpy as np

        np.ones(32 << 20)  # of 8 bytes: as much as the limit

    error, _ = misdeed(context, lent, allocate)
    assert isinstance(error, MemoryError) and "256. MiB" in str(error)
    works(context)


def test_memory_of_the_arrays_themselves_does_not_count(context: da.Context) -> None:
    array = context.ones((48 << 20,), dtype=np.float64)  # 192 MiB on each target

    def half(la):  # type: ignore[no-untyped-def]
        import numpy as np

        return float(la.ndarray.sum()), np.ones(12 << 20).size  # besides, 96 MiB

    assert context.apply(half, (array,)) == [(float(24 << 20), 12 << 20)] * 2


def test_a_function_cannot_raise_the_memory_limit(context: da.Context, lent: object) -> None:
    def lift(la):  # type: ignore[no-untyped-def]
        import resource

        import numpy as np

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        np.ones(64 << 20)

    error, _ = misdeed(context, lent, lift)
    assert isinstance(error, MemoryError | ValueError)
    works(context)


def test_threads(context: da.Context, lent: object) -> None:
    def start(la):  # type: ignore[no-untyped-def]
        import threading

        over = threading.Event()
        threads = []
        try:
            for _ in range(100):
                threads.append(threading.Thread(target=over.wait, daemon=True))
                threads[-1].start()
        finally:
            over.set()
            for thread in threads[:-1]:
                thread.join()

    error, _ = misdeed(context, lent, start)
    assert re.search(r"can't start new thread|\(--worker-processes\)", str(error))
    works(context)


def test_each_target_may_start_as_many_processes_as_the_flag_says(context: da.Context, lent: object) -> None:
    def fork(la):  # type: ignore[no-untyped-def]
        import os
        import signal
        import time

        children = []
        try:
            while len(children) < 38:
                child = os.fork()
                if child == 0:
                    time.sleep(1000)
                children.append(child)
        except OSError:
            pass
        la.comm.barrier()
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return len(children)

    assert context.apply(fork, (lent,)) == [38, 38]
    works(context)


def test_scratch(context: da.Context, lent: object) -> None:
    def fill(la):  # type: ignore[no-untyped-def]
        import time

        for number in range(10):
            with open(f"file-{number}", "wb") as file:
                file.write(bytes(2 << 20))
        time.sleep(1000)  # where the folder has no size of its own the guard looks now and then

    error, _ = misdeed(context, lent, fill)
    assert re.search(r"No space left on device|\(--worker-scratch\)", str(error))
    works(context)


def test_one_large_file(context: da.Context, lent: object) -> None:
    def write(la):  # type: ignore[no-untyped-def]
        with open("file", "wb") as file:
            file.write(bytes(9 << 20))

    error, _ = misdeed(context, lent, write)
    assert re.search(r"No space left|File too large|\(--worker-scratch\)", str(error))
    works(context)


def test_what_a_function_writes_beside_its_scratch_folder_is_limited_too(context: da.Context, lent: object) -> None:
    def fill_home(la):  # type: ignore[no-untyped-def]
        import os

        written = 0
        names = [f"{place}/fill-{number}" for place in (os.environ["HOME"], "..") for number in range(8)]
        try:
            for name in names:
                with open(name, "wb") as file:
                    written += file.write(bytes(4 << 20))
        finally:
            for name in names:
                if os.path.exists(name):
                    os.unlink(name)
        return written

    error, _ = misdeed(context, lent, fill_home)
    assert re.search(r"No space left|ermission denied|\(--worker-scratch\)", str(error))
    works(context)


@pytest.mark.parametrize("function", [misdeeds.loop, misdeeds.loop_deaf])
def test_processor_time(shared: Callable[..., Daemon], function: Callable) -> None:
    # Of a daemon of its own, whose calls may take long: on a busy machine a second of the processor's does.
    daemon = shared("--worker-cpu=2s", "--call-grace=60s")
    with da.Context(daemon.address) as context:
        error, _ = misdeed(context, context.fromarray(np.arange(2000.0)), function)
        assert isinstance(error, distarray.error.WorkerLostError)
        assert "(--worker-cpu)" in str(error), str(error)
        works(context)
    no_strangers(daemon)


def test_processor_time_of_a_workers_life_does_not_end_a_modest_call(shared: Callable[..., Daemon]) -> None:
    def spin(seconds):  # type: ignore[no-untyped-def]
        import time

        begun = time.process_time()
        while time.process_time() < begun + seconds:
            pass

    with da.Context(shared("--worker-cpu=2s", "--call-grace=60s").address) as context:
        for _ in range(5):
            assert context.apply(spin, (0.8,)) == [None, None]


def test_time(context: da.Context, lent: object) -> None:
    def sleep(la):  # type: ignore[no-untyped-def]
        import time

        time.sleep(1000)

    context.apply(lambda la: None, (lent,))  # so that no start of workers is counted
    # What the client asks for holds if it is less.
    for asked, allowed in ((0.5, 0.5), (1000, 4), (None, 4)) if FULL else ((0.5, 0.5), (1000, 4)):
        error, took = misdeed(context, lent, sleep, timeout=asked)
        assert isinstance(error, TimeoutError)
        assert f"did not return within {allowed} s" in str(error)
        assert allowed <= took < allowed + PATIENCE
    works(context)


@pytest.mark.skipif(not ROOT_USER, reason="only root can start a daemon of another user's")
def test_other_processes_of_the_same_user_do_not_keep_workers_from_starting() -> None:
    # Users have hundreds of processes and threads besides; those are not the function's.
    uid = 999_000 + os.getpid() % 1000
    become = {"user": uid, "group": uid, "extra_groups": []}
    others = [subprocess.Popen(["sleep", "600"], **become) for _ in range(80)]
    try:
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            os.chmod(folder, 0o755)
            daemon = start_daemon(Path(folder, "daemon"), **become)
            try:
                with da.Context(daemon.address) as context:
                    works(context)
            finally:
                daemon.stop()
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_many_targets_can_have_workers(start: Callable[..., Daemon]) -> None:
    # 64 by default. The processes and threads that workers have anyway are not among them.
    daemon = start(engines=16) if FULL else start("--worker-processes=8", engines=4)
    with da.Context(daemon.address) as context:
        works(context)
