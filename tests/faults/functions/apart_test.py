"""Users of one daemon, and daemons of one host, are kept apart, whatever functions do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.functions.watching import (  # noqa: E402
    FULL,
    ROOT_USER,
    arrived,
    bystander,
    failure_of,
    meeting_place,
    works,
)
from tests.support.daemon import PATIENCE, Daemon, descendants  # noqa: E402


@pytest.fixture
def daemon(shared: Callable[..., Daemon]) -> Daemon:
    return shared()


# What a function says over its worker's connection to the engine, without the worker.


def forge(la, text, times=1):  # type: ignore[no-untyped-def]
    """Sends frames of this text, %d being the number of the call."""
    import os
    import socket
    import struct
    import sys

    caller = sys._getframe()
    while "frame" not in caller.f_locals:
        caller = caller.f_back
    text = (text.replace("%d", str(caller.f_locals["frame"].said["call"]))).encode()
    frame = struct.pack("<QI", 4 + len(text), len(text)) + text
    connection = socket.socket(fileno=os.dup(int(os.environ["DISTARRAY_WORKER_FD"])))
    for _ in range(times):
        connection.sendall(frame * 1000 if times > 1 else frame)


DEEP = 200_000
FORGED = {
    "deep value": '{"type":"result","call":%d,"status":"ok","value":' + "[" * DEEP + "]" * DEEP + "}",
    "deep error": '{"type":"result","call":%d,"status":"error","error":' + '{"a":' * DEEP + "1" + "}" * DEEP + "}",
    "deep plain": '{"type":"result","call":%d,"status":"ok","value":{"kind":"plain","plain":'
    + "[" * DEEP
    + "]" * DEEP
    + "}}",
    "deep dim_data": '{"type":"result","call":%d,"status":"ok","value":{"kind":"array"},"array":{"dtype":"float64",'
    '"local_shape":[1],"source":{"block":0},"dim_data":' + "[" * DEEP + "]" * DEEP + "}}",
    "shape out of range": '{"type":"result","call":%d,"status":"ok","value":{"kind":"array"},"array":{"dtype":'
    '"float64","local_shape":[4611686018427387904,4611686018427387904],"source":{"block":0},"dim_data":[]}}',
    "negative shape": '{"type":"result","call":%d,"status":"ok","value":{"kind":"array"},"array":{"dtype":"float64",'
    '"local_shape":[-1],"source":{"block":1},"dim_data":[{"dist_type":"b","size":-1,"proc_grid_size":1,'
    '"proc_grid_rank":0,"start":0,"stop":-1}]}}',
    "strange dim_data": '{"type":"result","call":%d,"status":"ok","value":{"kind":"array"},"array":{"dtype":"float64",'
    '"local_shape":[4],"source":{"block":0},"dim_data":[{"dist_type":"c","size":9223372036854775807,'
    '"proc_grid_size":2147483647,"proc_grid_rank":-5,"start":-1,"block_size":0}]}}',
    "no such block": '{"type":"result","call":%d,"status":"ok","value":{"kind":"pickled","pickled_block":77,'
    '"pickled_bytes":9223372036854775807}}',
    "no such argument": '{"type":"result","call":%d,"status":"ok","value":{"kind":"array"},"array":{"dtype":"float64",'
    '"local_shape":[4],"like":99,"source":{"argument":99},"dim_data":[]}}',
    "wrong types": '{"type":"result","call":%d,"status":[],"error":[1],"warnings":5,"output":{},"value":"x"}',
    "not JSON": "\\x00\\xff{{{",
    "too large a block": '{"type":"allocate","bytes":4611686018427387904}',
}


@pytest.mark.parametrize("name", FORGED)
def test_what_a_forged_answer_says_harms_nobody(daemon: Daemon, name: str) -> None:
    def run(la, forge, text):  # type: ignore[no-untyped-def]
        import time

        forge(la, text)
        time.sleep(0.1)
        return la

    with da.Context(daemon.address) as context, bystander(daemon):
        context.register(run, name="run")
        array = context.fromarray(np.arange(1000.0))
        for call in (
            lambda: context.apply(run, (array, forge, FORGED[name]), timeout=PATIENCE),
            lambda: context.run(array, forge, FORGED[name]),
        ):
            try:
                call()
            except distarray.error.ConnectionLostError:
                raise
            except Exception:  # an error of that call may be of any kind
                pass
    with da.Context(daemon.address) as context:
        works(context)
    assert daemon.epochs() == 1, daemon.text()


@pytest.mark.parametrize("text", ['{"type":"free","block":99999}', '{"type":"allocate","bytes":0}'])
def test_a_worker_that_talks_without_end_does_not_keep_its_engine(daemon: Daemon, text: str) -> None:
    times = 3000 if FULL else 600

    def flood(la, forge, text, times):  # type: ignore[no-untyped-def]
        forge(la, text, times)

    def engine_megabytes() -> int:
        ranks = [each.pid for each in daemon.ranks()]
        pages = [int(Path("/proc", str(pid), "statm").read_text().split()[1]) for pid in ranks]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") >> 20

    before = engine_megabytes()
    with da.Context(daemon.address) as context, bystander(daemon) as other:
        array = context.fromarray(np.arange(1000.0))
        # Who asks and does not read the answers is not heard any more: that call ends by its time.
        future = context.apply_async(flood, (array, forge, text, times), timeout=PATIENCE)
        slowest, largest = 0.0, 0
        while not future.done():
            import time

            begun = time.monotonic()
            other.get_on()
            slowest = max(slowest, time.monotonic() - begun)
            largest = max(largest, engine_megabytes())
        future.exception()
        works(context)
    assert slowest < PATIENCE and daemon.epochs() == 1
    assert largest < before + 200


def test_who_connects_and_says_nothing_keeps_nobody_out(daemon: Daemon) -> None:
    """To the sockets at which engines wait for workers."""

    def connect(folder, sockets):  # type: ignore[no-untyped-def]
        import os
        import socket
        import time

        held = []
        for name in sockets:
            for _ in range(80):
                held.append(socket.socket(socket.AF_UNIX))
                held[-1].setblocking(False)
                try:
                    held[-1].connect("\0" + name)
                except OSError:
                    break
        open(f"{folder}/connected", "w").close()
        while not os.path.exists(f"{folder}/enough"):
            time.sleep(0.01)

    # This daemon's own ones, of all that /proc/net/unix lists: those that its processes hold.
    inodes = set()
    for rank in daemon.ranks():
        for name in os.listdir(f"/proc/{rank.pid}/fd"):
            inodes.add(os.readlink(f"/proc/{rank.pid}/fd/{name}"))
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    held = [line[7] for line in lines if len(line) == 8 and f"socket:[{line[6]}]" in inodes]
    sockets = [name[1:] for name in held if name[0] == "@"]
    assert sockets
    with da.Context(daemon.address) as context, meeting_place() as folder:
        future = context.apply_async(connect, (folder, sockets), targets=[0], timeout=6 * PATIENCE)
        arrived(folder, "connected")
        # Another call needs a pool, and its workers a connection.
        with da.Context(daemon.address) as theirs:
            results = theirs.apply_async(lambda: "ran", timeout=PATIENCE)
            try:
                assert results.result(PATIENCE) == ["ran"] * 2
            finally:
                Path(folder, "enough").touch()
        future.result(6 * PATIENCE)


# What a session's functions see of another's.


def remember(la):  # type: ignore[no-untyped-def]
    """Keeps everything that is lent to this worker from now on."""
    import builtins

    from distarray.worker._memory import Memory

    builtins.seen = []
    view = Memory.view

    def spying(self, *arguments):  # type: ignore[no-untyped-def]
        result = view(self, *arguments)
        builtins.seen.append(result)
        return result

    Memory.view = spying


def recall(la):  # type: ignore[no-untyped-def]
    import builtins

    found = [each[:64].view("f8").tolist() for each in getattr(builtins, "seen", [])]
    for each in getattr(builtins, "seen", []):
        if each.flags.writeable:
            each.view("f8")[:] = 666.0
    return found


def test_a_session_does_not_see_what_was_lent_to_another(daemon: Daemon) -> None:
    with da.Context(daemon.address) as mine, da.Context(daemon.address) as theirs:
        own = mine.ones((4,))
        mine.apply(remember, (own,), timeout=6 * PATIENCE)
        secret = theirs.fromarray(np.full(16, 42.0))
        assert theirs.apply(lambda la: float(la.ndarray.sum()), (secret,), timeout=6 * PATIENCE) == [42.0 * 8] * 2
        seen = mine.apply(recall, (own,), timeout=6 * PATIENCE)
        assert "42.0" not in str(seen)
        assert np.array_equal((secret + 0).toarray(), np.full(16, 42.0))


# Arguments that may only be read.


def poke(la):  # type: ignore[no-untyped-def]
    import ctypes

    address = la.ndarray.__array_interface__["data"][0]
    ctypes.c_double.from_address(address).value = -5.0


def unprotect(la):  # type: ignore[no-untyped-def]
    import ctypes
    import mmap
    import os

    address = la.ndarray.__array_interface__["data"][0]
    library = ctypes.CDLL(None)
    library.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    refused = [library.mprotect(address & -mmap.PAGESIZE, mmap.PAGESIZE, 3) != 0]
    for attempt in (lambda: os.pwrite(os.open("/proc/self/mem", os.O_RDWR), bytes(8), address), lambda: remap(address)):
        try:
            attempt()
            refused.append(False)
        except OSError:
            refused.append(True)
    return refused


def remap(address):  # type: ignore[no-untyped-def]
    import os

    for line in open("/proc/self/maps"):
        first, _, end = line.split()[0].partition("-")
        if int(first, 16) <= address < int(end, 16):
            os.pwrite(os.open(f"/proc/self/map_files/{first}-{end}", os.O_RDWR), bytes(8), 0)


@pytest.mark.parametrize("size", [1000, 1 << 19])
def test_what_may_only_be_read_cannot_be_written(daemon: Daemon, size: int) -> None:
    elements = np.arange(float(size)) + 1

    def write(la):  # type: ignore[no-untyped-def]
        la.ndarray[0] = -1.0

    def allow(la):  # type: ignore[no-untyped-def]
        la.ndarray.flags.writeable = True

    with da.Context(daemon.address) as context:
        array = context.fromarray(elements)
        readonly = distarray.readonly(array) if hasattr(distarray, "readonly") else da.readonly(array)
        for function in (write, allow):
            assert isinstance(failure_of(lambda function=function: context.apply(function, (readonly,))), ValueError)
        assert context.apply(unprotect, (readonly,)) == [[True] * 3] * 2
        assert isinstance(failure_of(lambda: context.apply(poke, (readonly,))), distarray.error.WorkerLostError)
        assert np.array_equal((array + 0).toarray(), elements)


@pytest.mark.parametrize("size", [1000, 1 << 19])
def test_what_was_written_before_can_then_only_be_read(daemon: Daemon, size: int) -> None:
    elements = np.arange(float(size)) + 1
    with da.Context(daemon.address) as context:
        array = context.fromarray(elements)
        context.apply(lambda la: None, (array,), timeout=6 * PATIENCE)
        try:
            context.apply(poke, (da.readonly(array) if hasattr(da, "readonly") else distarray.readonly(array),))
        except distarray.error.FunctionError:
            pass
        assert np.array_equal((array + 0).toarray(), elements)


def test_neighbours_of_an_argument_cannot_be_written(daemon: Daemon) -> None:
    """Small arrays of a session lie side by side: those that were not lent are not the function's to write."""

    def overrun(la):  # type: ignore[no-untyped-def]
        import ctypes

        address = la.ndarray.__array_interface__["data"][0]
        for offset in range(-1024, 1024, 8):
            if (address + offset) >> 22 == address >> 22:
                element = ctypes.c_double.from_address(address + offset)
                element.value = -77.0 if element.value == 1.0 else element.value

    with da.Context(daemon.address) as context:
        kept = [context.ones((8,)) for _ in range(20)]
        lent = context.zeros((8,))
        context.wait()
        try:
            context.apply(overrun, (lent,), timeout=6 * PATIENCE)
        except distarray.error.FunctionError:
            pass
        assert all(np.array_equal((each + 0).toarray(), np.ones(8)) for each in kept)


@pytest.mark.skipif(not ROOT_USER, reason="other user ids than the daemon's own are root's to give")
def test_two_daemons_with_the_same_flags_do_not_end_each_others_workers(start: Callable[..., Daemon]) -> None:
    uid = f"--worker-uid={1_900_000_000 + os.getpid() * 16}"
    one, other = start(uid), start(uid)

    def wait(folder):  # type: ignore[no-untyped-def]
        import os
        import time

        open(f"{folder}/begun-{os.getpid()}", "w").close()
        while not os.path.exists(f"{folder}/go-on"):
            time.sleep(0.01)
        return "ran"

    with da.Context(one.address) as theirs, da.Context(other.address) as mine, meeting_place() as folder:
        future = theirs.apply_async(wait, (folder,), timeout=6 * PATIENCE)
        arrived(folder, "begun", 2)
        failure_of(lambda: mine.apply(lambda: os._exit(3), timeout=6 * PATIENCE))
        Path(folder, "go-on").touch()
        assert future.result(6 * PATIENCE) == ["ran"] * 2


def test_calls_that_fail_can_be_as_many_as_one_likes(daemon: Daemon) -> None:
    def fail(la):  # type: ignore[no-untyped-def]
        raise ValueError("again")

    def megabytes() -> int:
        pids = [each.pid for each in descendants(daemon.process.pid) if "distarray.worker" in each.command]
        pages = [int(Path("/proc", str(pid), "statm").read_text().split()[1]) for pid in pids]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") >> 20

    with da.Context(daemon.address) as context:
        array = context.ones((4,))
        works(context)
        before = megabytes()
        # A communicator a call, and 65536 of them are all that Open MPI has.
        for _ in range(40_000 if FULL else 1000):
            assert isinstance(failure_of(lambda: context.apply(fail, (array,))), ValueError)
        works(context)
        assert megabytes() < before + (50 if FULL else 5)
