"""Calls that are given up: by Ctrl-C, by cancel(), with their session; and what clients know of arrays afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.functions import misdeeds  # noqa: E402
from tests.faults.functions.watching import (  # noqa: E402
    FULL,
    arrived,
    bystander,
    meeting_place,
    no_strangers,
    works,
)
from tests.support.daemon import PATIENCE, Daemon, wait_until  # noqa: E402


@pytest.fixture
def daemon(shared: Callable[..., Daemon]) -> Daemon:
    return shared()


@pytest.fixture
def folder() -> Iterator[str]:
    with meeting_place() as made:
        yield made


CLIENT = """
import signal, sys, time
import numpy as np
import distarray.globalapi as da

# Whoever runs the tests in the background may have had it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
address, folder = sys.argv[1:]
context = da.Context(address)
elements = np.arange(1000.0)
array = context.fromarray(elements)

def sleep(): time.sleep(60)
def loop():
    while True: pass
def deaf():
    import signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True: pass
def compute():
    import numpy as np
    x = np.ones((3000, 3000))
    while True: x @ x

def run(name, folder):
    import os
    open(f"{folder}/{name}-{os.getpid()}", "w").close()
    try:
        {"sleep": sleep, "loop": loop, "deaf": deaf, "compute": compute}[name]()
    finally:
        open(f"{folder}/ended-{os.getpid()}", "w").close()

for name in ("sleep", "loop", "deaf", "compute"):
    try:
        context.apply(run, (name, folder))
        print("returned", flush=True)
    except KeyboardInterrupt:
        print(name, "interrupted", flush=True)
    assert np.array_equal((array + 1).toarray(), elements + 1)
    assert context.apply(lambda la: float(la.ndarray.sum()), (array,)) == [124750.0, 374750.0]
    print(name, "usable", flush=True)
"""


def test_ctrl_c_ends_the_call_and_leaves_all_usable(daemon: Daemon, folder: str) -> None:
    client = subprocess.Popen([sys.executable, "-c", CLIENT, daemon.address, folder], stdout=subprocess.PIPE, text=True)
    try:
        with bystander(daemon):
            for name in ("sleep", "loop", "deaf", "compute"):
                arrived(folder, name, 2)
                begun = time.monotonic()
                client.send_signal(signal.SIGINT)
                assert client.stdout.readline() == f"{name} interrupted\n"
                took = time.monotonic() - begun
                assert took < PATIENCE, f"{name}: {took:.2f} s"  # promised is one
                assert client.stdout.readline() == f"{name} usable\n"
        assert client.wait(PATIENCE) == 0
    finally:
        client.kill()
        client.wait()
        client.stdout.close()
    no_strangers(daemon)


@pytest.mark.parametrize("how", ["killed", "closed"])
def test_a_client_that_is_gone_leaves_no_call_behind(shared: Callable[..., Daemon], folder: str, how: str) -> None:
    daemon = shared("--session-grace=1s")
    if how == "killed":
        client = subprocess.Popen([sys.executable, "-c", CLIENT, daemon.address, folder], stdout=subprocess.DEVNULL)
        arrived(folder, "sleep", 2)
        client.kill()
        client.wait()
    else:
        context = da.Context(daemon.address)
        context.apply_async(_sleep, (folder,))
        arrived(folder, "sleep", 2)
        context.close()
    pids = [int(name.rpartition("-")[2]) for name in os.listdir(folder) if name.startswith("sleep")]

    def ended() -> bool:
        return all(Path(folder, f"ended-{pid}").exists() or not os.path.exists(f"/proc/{pid}") for pid in pids)

    wait_until(ended, 2 * PATIENCE, "its function has ended")
    with da.Context(daemon.address) as context:
        works(context)


def _sleep(folder):  # type: ignore[no-untyped-def]
    import os
    import time

    open(f"{folder}/sleep-{os.getpid()}", "w").close()
    try:
        time.sleep(1000)
    finally:
        open(f"{folder}/ended-{os.getpid()}", "w").close()


@pytest.mark.parametrize("function", [misdeeds.loop, misdeeds.loop_deaf])
def test_cancel(daemon: Daemon, context: da.Context, folder: str, function: Callable) -> None:
    def run(la, folder, function):  # type: ignore[no-untyped-def]
        open(f"{folder}/begun-{la.target}", "w").close()
        function(la)

    array = context.fromarray(np.arange(1000.0))
    future = context.apply_async(run, (array, folder, function))
    arrived(folder, "begun", 2)
    assert not future.done()
    begun = time.monotonic()
    assert future.cancel()
    with pytest.raises(distarray.error.CancelledError):
        future.result(3 * PATIENCE)
    assert time.monotonic() - begun < PATIENCE
    assert future.cancelled() and not future.cancel()
    assert np.array_equal((array + 1).toarray(), np.arange(1000.0) + 1)
    works(context)
    no_strangers(daemon)


def test_a_call_that_waits_for_a_pool_can_be_cancelled(start: Callable[..., Daemon], folder: str) -> None:
    daemon = start("--worker-pools=1")

    def wait(folder):  # type: ignore[no-untyped-def]
        import os
        import time

        open(f"{folder}/begun-{os.getpid()}", "w").close()
        while not os.path.exists(f"{folder}/go-on"):
            time.sleep(0.01)

    with da.Context(daemon.address) as context, da.Context(daemon.address) as theirs:
        first = context.apply_async(wait, (folder,), timeout=6 * PATIENCE)
        arrived(folder, "begun", 2)
        second = theirs.apply_async(lambda: "ran")
        assert second.cancel()
        with pytest.raises(distarray.error.CancelledError):
            second.result(PATIENCE)
        assert not first.done()
        Path(folder, "go-on").touch()
        assert first.result(PATIENCE) == [None, None]
        assert theirs.apply(lambda: "ran") == ["ran", "ran"]


def test_a_call_that_waits_for_anothers_array_can_be_cancelled(context: da.Context, folder: str) -> None:
    def wait(la, folder):  # type: ignore[no-untyped-def]
        import os
        import time

        open(f"{folder}/begun-{os.getpid()}", "w").close()
        time.sleep(1000)

    elements = np.arange(1000.0)
    array = context.fromarray(elements)
    first = context.apply_async(wait, (array, folder), timeout=6 * PATIENCE)
    arrived(folder, "begun", 2)
    second = context.apply_async(lambda la: la.ndarray.fill(0), (array,), timeout=6 * PATIENCE)
    for future in (second, first):
        assert future.cancel()
        with pytest.raises(distarray.error.CancelledError):
            future.result(PATIENCE)
    later = context.apply_async(lambda la: float(la.ndarray.sum()), (array,), timeout=PATIENCE)
    assert sum(later.result(3 * PATIENCE)) == elements.sum()


def test_cancelled_while_it_makes_local_arrays(context: da.Context) -> None:
    def allocate():  # type: ignore[no-untyped-def]
        from distarray import localapi

        while True:
            localapi.empty((1000,))

    for attempt in range(200 if FULL else 30):
        future = context.apply_async(allocate, timeout=6 * PATIENCE)
        time.sleep(0.002 * (attempt % 7))
        future.cancel()
        with pytest.raises(distarray.error.CancelledError):
            future.result(PATIENCE)
        assert context.apply(lambda: 1, timeout=3 * PATIENCE) == [1, 1]


def test_a_timeout_counts_the_time_that_a_call_waits(start: Callable[..., Daemon], folder: str) -> None:
    daemon = start("--worker-pools=1")
    with da.Context(daemon.address) as context, da.Context(daemon.address) as theirs:
        array = theirs.ones((10,))
        endless = context.apply_async(_sleep, (folder,), timeout=6 * PATIENCE)
        arrived(folder, "sleep", 2)  # else the call that is to wait might be the first
        with pytest.raises(TimeoutError, match=r"did not return within 0\.5 s: all that time it waited"):
            theirs.apply(lambda la: la.ndarray.fill(0), (array,), timeout=0.5)
        assert float(array.sum()) == 10
        assert endless.cancel()


def test_a_cancel_that_comes_late_hits_no_other_call(daemon: Daemon, context: da.Context) -> None:
    """Cancelled about when they return, so that interrupts are under way when the next call, on the same workers,
    begins.
    """
    hit = missed = 0
    delay = 0.01
    for _ in range(2000 if FULL else 250):
        future = context.apply_async(lambda: __import__("time").sleep(0.01))
        time.sleep(delay)  # not to wait for anything: about as long as the call takes here and now
        future.cancel()
        late = future.exception(3 * PATIENCE) is None
        hit, missed = hit + (not late), missed + late
        delay *= 0.97 if late else 1.03
        assert context.apply(lambda: __import__("time").sleep(0.01), timeout=PATIENCE) == [None, None]
    assert hit and missed


def test_what_a_function_wrote_is_read_again(context: da.Context, folder: str) -> None:
    """Clients keep elements of small arrays that they have read; functions change those behind their back."""

    def fill(la, value, folder=None):  # type: ignore[no-untyped-def]
        import os
        import time

        while folder is not None and not os.path.exists(f"{folder}/go-on"):
            time.sleep(0.01)
        la.ndarray[...] = value

    array = context.zeros((10,))
    for value in range(1, 6):
        context.apply(fill, (array, value))
        assert [float(array[index]) for index in (0, 9, -3)] == [value] * 3
        assert np.array_equal(np.asarray(array), np.full(10, float(value)))
    context.register(fill, name="fill")
    context.fill(array, 7.0)
    assert float(array[4]) == 7.0
    context.apply(fill, ([{"deep": array}][0]["deep"], 8.0))
    assert float(array[4]) == 8.0
    part = array[2:5]
    assert float(part[0]) == 8.0
    context.apply(fill, (array.key if hasattr(array, "key") else array, 9.0))
    assert float(array[4]) == 9.0 and float(part[0]) == 9.0
    # Read while it runs: what is read waits for it.
    future = context.apply_async(fill, (array, 10.0, folder))
    assert not future.done()
    Path(folder, "go-on").touch()
    assert float(array[4]) == 10.0 and float(part[0]) == 10.0
    future.result(PATIENCE)


def test_what_a_function_wrote_before_it_failed_is_read_again(context: da.Context) -> None:
    def fail(la, value, end):  # type: ignore[no-untyped-def]
        import os

        la.ndarray[...] = value
        if end:
            os._exit(3)
        raise ValueError

    array = context.zeros((10,))
    for end in (False, True):
        assert float(array[4]) != 20.0 + end
        with pytest.raises(distarray.error.FunctionError):
            context.apply(fail, (array, 20.0 + end, end))
        assert float(array[4]) == float(array.toarray()[4]) == float((array + 0.0).toarray()[4]) == 20.0 + end
