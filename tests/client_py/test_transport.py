"""The session: pipelining, batching, errors, deletion, threads, forks and ends. On the stand-in, which can hold its
answers.
"""

import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import distarray
import distarray.globalapi as da
import numpy as np
import pytest
from distarray import error
from distarray._proto import session_pb2, types_pb2
from distarray._transport.feeder import Feeder
from fake_server import FakeServer

HERE = Path(__file__).parent
PATIENCE = 10.0  # seconds; what is waited for takes milliseconds


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


def test_operators_wait_for_nothing(fake, fake_context):
    d = fake_context.fromarray(np.arange(12.0).reshape(3, 4))
    fake.released.clear()
    e = (d + 1) * 2 - d[1:2] / 3
    e += 1
    e[0] = 5
    e[1:, ::2] = [[1.0, 2.0], [3.0, 4.0]]
    f = da.where(e > 3, e, 0).sum(axis=0).max().astype(np.float32)
    g = fake_context.zeros((2, 2), dist="bb").distribute_as((2, 2)).copy()
    random = da.random.Random(fake_context, 1).rand(5)
    assert f.shape == () and f.dtype == np.float32 and g.shape == (2, 2) and random.size == 5
    assert not any(request.awaited for request in fake.log if request.WhichOneof("request") != "open")
    del d, e
    eventually(lambda: fake.requests["delete"])
    fake.released.set()
    assert float(f) == np.float32(5 + (16 - 7 / 3 + 1) + (24 - 7 / 3 + 1))


def test_many_requests_go_in_few_messages(fake, fake_context):
    d = fake_context.zeros(4)
    float(d.sum())
    before = fake.batches
    x = d
    for _ in range(2000):
        x = x + 1
    assert float(x[0]) == 2000
    assert fake.requests["ufunc"] == 2000 and fake.batches - before < 1000


def test_a_batch_takes_all_that_waits():
    feeder = Feeder(lambda problem: None)
    for _ in range(2000):
        feeder.submit(session_pb2.Request(origin="a line"))
    assert [request.sequence for request in next(feeder).requests] == list(range(1, 2001))
    for _ in range(3):  # together more than a message may have
        request = session_pb2.Request()
        request.put.data = bytes(3 << 20)
        feeder.submit(request)
    assert [len(next(feeder).requests) for _ in range(3)] == [1, 1, 1]
    feeder.end()
    assert list(feeder) == []


def test_what_nobody_awaits_goes_out_by_itself(fake, fake_context):
    fake_context.zeros(4)
    eventually(lambda: fake.requests["create"])


def test_handles_delete_their_arrays(fake, fake_context):
    d = fake_context.zeros(4)
    view = d[1:]
    d.wait()
    key = d.key
    assert len(fake.sessions[0].arrays) == 2
    del d
    eventually(lambda: len(fake.sessions[0].arrays) == 1)
    np.testing.assert_array_equal(view.toarray(), np.zeros(3))
    del view
    eventually(lambda: not fake.sessions[0].arrays)
    x = fake_context.ones(3)
    for _ in range(500):
        x = x + 1
    assert float(x.sum()) == 3 * 501
    eventually(lambda: len(fake.sessions[0].arrays) <= 2)
    fake_context.delete_key(x.key)
    with pytest.raises(KeyError, match="no array has key"):
        eventually(lambda: not fake.sessions[0].arrays)
        x.toarray()
    with pytest.raises(TypeError):
        fake_context.delete_key(3)
    y = fake_context.zeros(2)
    fake_context.delete_key(y.key, targets=[0])
    with pytest.raises(KeyError):
        y.toarray()
    assert (
        pickle.loads(pickle.dumps(key)) == key
        and isinstance(key, distarray.Key)
        and len({key, key}) == 1
        and int(key) > 0
    )


def test_cycles_are_collected_in_any_thread(fake, fake_context):
    def make():
        for _ in range(200):
            cycle = [fake_context.zeros(2)]
            cycle.append(cycle)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    eventually(lambda: fake.requests["create"] == 800 and not fake.sessions[0].arrays)


def test_threads_share_a_context(fake_context):
    failures = []

    def work(seed):
        try:
            x = np.random.default_rng(seed).standard_normal((20, 5))
            d = fake_context.fromarray(x)
            for _ in range(30):
                d = d + seed
                x = x + seed
                assert np.isclose(float(d.sum()), x.sum())
            np.testing.assert_array_equal(d.toarray(), x)
        except BaseException as problem:
            failures.append(problem)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_small_arrays_are_read_once_until_written(fake, fake_context):
    d = fake_context.fromarray(np.arange(6.0).reshape(2, 3))
    view = d[0]
    for _ in range(3):
        assert d.toarray()[1, 2] == 5 and view.toarray()[0] == 0
    assert fake.requests["get"] == 0  # what was uploaded is known
    view[0] = 9
    assert d.toarray()[0, 0] == 9 and view.toarray()[0] == 9 and fake.requests["get"] == 2
    d += 1
    assert view.toarray()[0] == 10 and fake.requests["get"] == 3
    d.toarray()[0, 0] = -1
    assert d.toarray()[0, 0] == 10 and fake.requests["get"] == 4
    assert d[0].toarray()[0] == 10 and float(d[1, 2]) == 6 and fake.requests["get"] == 4
    big = fake_context.zeros(1000)
    big.toarray(), big.toarray()
    assert fake.requests["get"] == 6


def test_elements_of_a_small_array_are_read_with_it(fake, fake_context):
    d = fake_context.zeros((2, 3))
    elements = [d[0, k] for k in range(3)]
    d[0, 1] = 5
    later = d[0, 1]
    elements[2][()] = 7
    assert [float(one) for one in (elements[0], elements[1], later)] == [0, 0, 5]
    assert float(elements[2]) == 7 and float(d[0, 2]) == 0 and float(d[1, 1]) == 0
    assert fake.requests["get"] == 4  # the two elements of before, the one written to, and the array


def test_a_repr_fetches_no_data(fake, fake_context):
    d = fake_context.zeros((4, 5))
    assert repr(d) == str(d) == "<DistArray(shape=(4, 5), targets=[0, 1, 2, 3])>"
    d._repr_html_(), d.localshapes(), d.targets, d.dist
    assert fake.requests["get"] == 0 and fake.requests["describe"] == 1


def test_errors_come_at_the_first_read_and_name_the_line(fake_context):
    d = fake_context.arange(3)
    bad = d ** fake_context.fromarray([1, -1, 2])  # this line
    total = (bad + 1).sum()
    with pytest.raises(ValueError, match="negative") as caught:
        float(total)
    assert isinstance(caught.value, error.DistArrayError)
    assert "test_transport.py" in str(caught.value) and "# this line" in str(caught.value)
    assert caught.value.reason == "INVALID_VALUE"
    with pytest.raises(ValueError):
        bad.wait()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_large_creation_awaits_admission(fake, fake_context):
    with pytest.raises(MemoryError, match="more memory"):
        fake_context.zeros(1 << 32)
    fake_context.zeros(1 << 10)

    def awaited():
        return [request.awaited for request in fake.log if request.WhichOneof("request") == "create"]

    eventually(lambda: len(awaited()) == 2)
    assert awaited() == [True, False]


def test_every_reason_has_an_error_of_the_right_kind():
    builtins = {
        "INVALID_VALUE": ValueError,
        "INVALID_TYPE": TypeError,
        "INDEX_OUT_OF_RANGE": IndexError,
        "AXIS_OUT_OF_RANGE": (ValueError, IndexError),
        "UNKNOWN_KEY": KeyError,
        "MEMORY_LIMIT": MemoryError,
        "FILE_NOT_FOUND": FileNotFoundError,
        "FILE_ACCESS": PermissionError,
        "FILE_FORMAT": OSError,
        "DATASET_NOT_FOUND": KeyError,
        "FILE_EXISTS": FileExistsError,
        "DATASET_EXISTS": ValueError,
        "NOT_IMPLEMENTED": NotImplementedError,
        "TIMEOUT": TimeoutError,
        "PERMISSION_DENIED": PermissionError,
    }
    for name, number in types_pb2.ErrorReason.items():
        if number:
            made = error.from_info(types_pb2.ErrorInfo(reason=number, message="a sentence", targets=[2]))
            short = name.removeprefix("ERROR_REASON_")
            assert made.reason == short and str(made) == "a sentence" and made.targets == [2]
            assert type(made) is not error.DistArrayError
            expected = builtins.get(short, error.DistArrayError)
            assert all(isinstance(made, kind) for kind in (expected if isinstance(expected, tuple) else (expected,)))


def test_no_daemon():
    with pytest.raises(error.ContextCreationError, match="no daemon answers at 127.0.0.1:1"):
        da.Context("127.0.0.1:1")


def test_the_address_comes_from_the_environment(fake, monkeypatch):
    monkeypatch.setenv("DISTARRAY_ADDRESS", fake.address)
    with da.Context() as context:
        assert context.address == fake.address
    with pytest.raises(ValueError, match="one of them"):
        da.Context(fake.address, engines=2)
    with pytest.raises(ValueError, match="at least 1"):
        da.Context(engines=0)


def test_a_broken_connection_raises_everywhere(fake):
    context = da.Context(fake.address)
    d = context.zeros(3)
    d.wait()
    fake.stop()
    with pytest.raises(ConnectionError):
        d.toarray()
    with pytest.raises(ConnectionError):
        for _ in range(3):
            float((d + 1).sum())
    assert context.closed
    context.close()


def test_a_reader_that_waits_is_woken_by_a_broken_connection(fake):
    context = da.Context(fake.address)
    d = context.zeros(3)
    fake.released.clear()
    caught = []

    def read():
        try:
            d.toarray()
        except ConnectionError as problem:
            caught.append(problem)

    thread = threading.Thread(target=read)
    thread.start()
    eventually(lambda: fake.requests["get"])
    fake._server.stop(0)
    thread.join(PATIENCE)
    assert caught
    fake.released.set()


def test_a_closed_context_says_so(fake):
    with da.Context(fake.address) as context:
        d = context.zeros(3)
    with pytest.raises(error.ContextError, match="closed"):
        d + 1
    with pytest.raises(error.ContextError, match="closed"):
        d.toarray()
    context.close()
    assert context.closed and "closed" in repr(context)


def test_contexts_do_not_mix(fake):
    with da.Context(fake.address) as one, da.Context(fake.address) as other:
        a, b = one.zeros(3), other.zeros(3)
        for mix in (
            lambda: a + b,
            lambda: a.__setitem__(..., b),
            lambda: one.zeros(b.distribution),
            lambda: other.save_hdf5("x", a),
        ):
            with pytest.raises(error.ContextError):
                mix()
        with pytest.raises(TypeError):
            pickle.dumps(a)
        with pytest.raises(TypeError):
            pickle.dumps(one)


@pytest.mark.daemon
def test_forks_while_there_is_garbage(daemons):
    """Contexts that only a collection finds, collected in the hooks that run at a fork."""
    code = textwrap.dedent(
        """
        import gc, os, sys
        import distarray.globalapi as da

        crashed = 0
        for _ in range(20):
            context = da.Context(sys.argv[1])
            ring = [context, context.arange(4)]
            ring.append(ring)
            gc.disable()
            del context, ring
            gc.set_threshold(1, 1, 1)
            gc.enable()
            pid = os.fork()
            if pid == 0:
                try:
                    gc.collect()
                finally:
                    os._exit(0)
            gc.set_threshold(700, 10, 10)
            crashed += os.waitpid(pid, 0)[1] != 0
        sys.exit(crashed)
        """
    )
    child = subprocess.run([sys.executable, "-c", code, daemons(2)], capture_output=True, text=True, timeout=200)
    assert child.returncode == 0, child.stderr


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_after_a_fork_the_child_is_told(fake, fake_context):
    d = fake_context.arange(4)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            try:
                d + 1
            except error.ContextError as problem:
                status = 0 if "fork" in str(problem) else 2
            del d
            gc.collect()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert d.toarray().tolist() == [0, 1, 2, 3]


SCRIPT = """
import os, signal, sys, threading, time
sys.path.insert(0, {here!r})
import distarray.globalapi as da
from fake_server import FakeServer
context = da.Context({address!r})
d = context.arange(5)
x = (d + 1).sum()
assert int(x) == 15
"""


def run(fake, body, **options):
    code = SCRIPT.format(here=str(HERE), address=fake.address) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "context.close()",
        "sys.exit(0)",
        "y = [d * i for i in range(1000)]",
        "threading.Thread(target=lambda: [d + 1 for _ in range(100)], daemon=True).start()",
        "pid = os.fork()\nif pid:\n    assert os.waitpid(pid, 0)[1] == 0\n",
    ],
)
def test_the_interpreter_ends(fake, body):
    done = run(fake, body)
    remarks = ("skipping fork() handlers", "use of fork() may lead", "os.fork()")  # gRPC's, and Python 3.12's
    said = [line for line in done.stderr.splitlines() if not any(remark in line for remark in remarks)]
    assert (done.returncode, said) == (0, [])


def test_the_interpreter_ends_beside_a_daemon_that_does_not_answer(fake):
    fake_process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
            "from fake_server import FakeServer\nprint(FakeServer().address, flush=True)\nsys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        other = type("Other", (), {"address": fake_process.stdout.readline().strip()})
        done = run(other, f"os.kill({fake_process.pid}, signal.SIGSTOP)\nd + 1\n")
        assert (done.returncode, done.stderr) == (0, "")
        os.kill(fake_process.pid, signal.SIGCONT)
        done = run(other, f"os.kill({fake_process.pid}, signal.SIGKILL)\ntime.sleep(0.2)\n")
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        fake_process.kill()
        fake_process.wait()


def test_an_interrupt_leaves_the_session_usable(fake, fake_context):
    d = fake_context.arange(5)
    fake.released.clear()
    timer = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        d.toarray()
    timer.join()
    fake.released.set()
    assert d.toarray().tolist() == [0, 1, 2, 3, 4]


def test_the_feeder_never_raises_in_grpcs_thread():
    seen = []
    feeder = Feeder(seen.append)
    feeder._waiting = [object()]
    assert list(feeder) == [] and isinstance(seen[0], Exception)


def test_what_the_server_says_of_a_broken_stream(fake):
    context = da.Context(fake.address)
    context._session._feeder._next_sequence += 5
    with pytest.raises(error.DistArrayError, match="INVALID_ARGUMENT: sequence"):
        context.zeros(3).wait()


def test_server_info_and_lists(fake_context):
    info = fake_context.server_info()
    assert info.engine_count == 4 and info.version == "fake"
    d = fake_context.zeros((2, 3), np.int8)
    (listed,) = fake_context.list_arrays()
    assert listed.key == int(d.key) and list(listed.shape) == [2, 3]
    fake_context.wait()


def test_cleanup_deletes_what_the_context_made(fake, fake_context):
    with da.Context(fake.address) as other:
        kept = other.ones(3)
        arrays = [fake_context.zeros(3), fake_context.arange(4)]
        arrays.append(arrays[0] + 1)
        fake_context.cleanup()
        for array in arrays:
            with pytest.raises(KeyError, match="no array has key"):
                array.toarray()
        assert not fake_context.list_arrays() and float(kept.sum()) == 3
        assert float(fake_context.ones(2).sum()) == 2


def test_two_servers_at_once():
    servers = [FakeServer(2), FakeServer(3)]
    try:
        with da.Context(servers[0].address) as one, da.Context(servers[1].address) as other:
            assert (one.nengines, other.nengines) == (2, 3)
            assert float(one.ones(3).sum()) + float(other.ones(4).sum()) == 7
    finally:
        for server in servers:
            server.stop()
