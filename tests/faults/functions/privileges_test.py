"""What functions may ask of the kernel: little from a daemon of root's, less with --sandbox=strict."""

from __future__ import annotations

import os
import pty
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.conftest import worker_environment, worker_uid_flag  # noqa: E402
from tests.faults.functions.watching import (  # noqa: E402
    ROOT_USER,
    end_pools,
    meeting_place,
    no_strangers,
    worker_uids,
    works,
)
from tests.support.daemon import BINARY, PATIENCE, Daemon, descendants, wait_until  # noqa: E402

KERNEL = tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
of_root = pytest.mark.skipif(not ROOT_USER, reason="workers of a daemon that is not root's have its user id")
scopes_signals = pytest.mark.skipif(KERNEL < (6, 12), reason="before Linux 6.12 signals cannot be kept in")


@pytest.fixture(params=["default", "strict"])
def daemon(request: pytest.FixtureRequest, shared: Callable[..., Daemon]) -> Iterator[Daemon]:
    made = shared(f"--sandbox={request.param}")
    yield made
    no_strangers(made)


@pytest.fixture
def strict(shared: Callable[..., Daemon]) -> Daemon:
    return shared("--sandbox=strict")


def attempts(context: da.Context, *codes: str) -> list[Any]:
    """What each expression gives on target 0, or the error as "OSError: 13"."""

    def attempt(codes):  # type: ignore[no-untyped-def]
        import ctypes
        import os
        import signal
        import socket
        import subprocess

        def system(name, *arguments):  # type: ignore[no-untyped-def]
            library = ctypes.CDLL(None, use_errno=True)
            result = getattr(library, name)(*arguments)
            return result if result >= 0 else f"OSError: {ctypes.get_errno()}"

        names = {"os": os, "signal": signal, "socket": socket, "subprocess": subprocess, "system": system}
        outcomes = []
        for code in codes:
            try:
                outcomes.append(eval(code, names))
            except OSError as error:
                outcomes.append(f"OSError: {error.errno}")
        return outcomes

    return context.apply(attempt, (codes,), targets=[0], timeout=6 * PATIENCE)[0]


DENIED = {"OSError: 1", "OSError: 13"}


@of_root
def test_workers_have_another_user_and_no_capabilities(daemon: Daemon, context: da.Context) -> None:
    (text,) = attempts(context, "open('/proc/self/status').read()")
    status = dict(line.split(":", 1) for line in text.splitlines())
    uids = {int(each) for name in ("Uid", "Gid") for each in status[name].split()}
    assert len(uids) == 1 and uids.pop() in worker_uids(daemon)
    assert not status["Groups"].split()
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert int(status["NoNewPrivs"]) == 1
    assert status["Seccomp"].strip() == "2" or "strict" not in str(daemon.process.args)


@of_root
def test_pools_that_run_at_the_same_time_have_different_users(shared: Callable[..., Daemon]) -> None:
    def uid(folder, name):  # type: ignore[no-untyped-def]
        import os
        import time

        open(f"{folder}/{name}", "w").close()
        while len(os.listdir(folder)) < 2:  # the other call is there too
            time.sleep(0.01)
        return os.getuid()

    with meeting_place() as folder, da.Context(shared("--sandbox=default").address) as context:
        futures = [context.apply_async(uid, (folder, name), timeout=6 * PATIENCE) for name in ("one", "other")]
        one, other = (future.result() for future in futures)
        assert one[0] == one[1] != other[0] == other[1]


def test_no_capabilities_can_be_had_in_a_user_namespace(context: da.Context) -> None:
    def become_root(la):  # type: ignore[no-untyped-def]
        import ctypes
        import os

        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # a process with threads is refused in any case
            ctypes.CDLL(None).unshare(0x10000000)
            status = dict(line.split(":", 1) for line in open("/proc/self/status"))
            os.write(writing, status["CapEff"].encode())
            os._exit(0)
        os.waitpid(child, 0)
        return int(os.read(reading, 100), 16)

    assert context.apply(become_root, (context.ones((4,)),)) == [0, 0]


@of_root
def test_the_daemons_processes_are_out_of_reach(daemon: Daemon, context: da.Context) -> None:
    found = descendants(daemon.process.pid)
    others = [daemon.process.pid, *(each.pid for each in found if "--role=rank" in each.command)]
    for pid in others:
        codes = [f"open('/proc/{pid}/{name}', 'rb').read(1)" for name in ("environ", "mem", "maps")]
        codes += [f"os.listdir('/proc/{pid}/fd')", f"os.kill({pid}, 0)", f"system('ptrace', 16, {pid}, 0, 0)"]
        assert set(attempts(context, *codes)) <= DENIED


@scopes_signals
def test_guards_and_other_workers_are_out_of_reach(daemon: Daemon, context: da.Context) -> None:
    def others(la):  # type: ignore[no-untyped-def]
        import os

        pids = [os.getppid(), *la.comm.allgather(os.getpid())]
        return [pid for pid in pids if pid != os.getpid()]

    for pid in context.apply(others, (context.ones((4,)),))[0]:
        codes = [f"open('/proc/{pid}/{name}', 'rb').read(1)" for name in ("environ", "mem")]
        codes += [f"os.kill({pid}, 0)", f"system('ptrace', 16, {pid}, 0, 0)"]
        assert set(attempts(context, *codes)) <= DENIED, pid


def test_a_function_learns_nothing_of_the_daemons_environment(shared: Callable[..., Daemon]) -> None:
    secret = "this-is-nobodys-business"
    daemon = shared(env=worker_environment(A_TOKEN=secret))
    with da.Context(daemon.address) as context:
        text = context.apply(lambda: dict(__import__("os").environ))
        assert secret not in str(text)
        cookies = [name for each in text for name in each if "COOKIE" in name or "SUPERVISOR" in name]
        assert not cookies


def test_strict_workers_open_only_what_they_need(strict: Daemon, tmp_path: Path) -> None:
    home = os.path.expanduser("~")
    with da.Context(strict.address) as context:
        refused = attempts(
            context,
            "open('/tmp/strict', 'w')",
            "open('/dev/shm/strict', 'w')",
            "open('/var/tmp/strict', 'w')",
            "os.listdir('/')",
            "os.listdir('/tmp')",
            "os.listdir('/var')",
            f"os.listdir({home!r})",
            f"os.listdir({str(tmp_path)!r})",
            "os.open('/dev/tty', os.O_RDWR)",
            "open('/proc/1/environ').read()",
            "open('/etc/shadow').read()" if ROOT_USER else "os.listdir('/')",
            "open('/usr/strict', 'w')",
        )
        assert set(refused) <= DENIED, refused
        assert attempts(
            context,
            "open('strict', 'w').write('x')",
            "open('/etc/hostname').read() and 1",
            "subprocess.check_output(['/bin/echo', 'hi'])",
            "__import__('numpy.fft').fft.fft([1.0])[0].real",
            "__import__('tempfile').TemporaryFile().write(b'xyz')",
        ) == [1, 1, b"hi\n", 1.0, 3]
        works(context)  # comm among it


def test_strict_workers_do_without_some_calls(strict: Daemon) -> None:
    with da.Context(strict.address) as context:
        pid = os.getpid()
        refused = attempts(
            context,
            "system('unshare', 0x10000000)",
            "system('ptrace', 0, 0, 0, 0)",
            "system('chroot', b'/tmp')",
            "system('mount', b'none', b'/tmp', b'tmpfs', 0, 0)",
            "system('syscall', 298, 0, 0, -1, -1, 0)",  # perf_event_open
            "system('syscall', 425, 1, 0)",  # io_uring_setup
            f"system('process_vm_readv', {pid}, 0, 0, 0, 0, 0)",
            "system('personality', 0x0040000)",
        )
        assert set(refused) == {"OSError: 1"}, refused


def test_multiprocessing_works_where_workers_are_not_strict(shared: Callable[..., Daemon]) -> None:
    def squares(la):  # type: ignore[no-untyped-def]
        import multiprocessing

        with multiprocessing.get_context("fork").Pool(2) as pool:
            return pool.map(abs, [-1, -2, la.target])

    with da.Context(shared("--sandbox=default").address) as context:
        assert context.apply(squares, (context.ones((4,)),), timeout=6 * PATIENCE) == [[1, 2, 0], [1, 2, 1]]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A daemon that was started at a terminal: its address, and the terminal's other end."""
    port_file = tmp_path / "address"
    command = [BINARY, "--engines=2", "--listen=127.0.0.1:0", f"--port-file={port_file}", worker_uid_flag()]
    variables = worker_environment()
    pid, end = pty.fork()
    if pid == 0:
        os.execve(BINARY, command, variables)
    try:
        wait_until(port_file.exists, 2 * PATIENCE, "ready")
        yield port_file.read_text().strip(), end
    finally:
        os.kill(pid, signal.SIGTERM)
        os.set_blocking(end, False)

        def ended() -> bool:
            try:
                os.read(end, 1 << 16)
            except OSError:
                pass
            return os.waitpid(pid, os.WNOHANG)[0] == pid

        wait_until(ended, 5 * PATIENCE, "ended")
        os.close(end)


def test_functions_have_no_terminal(terminal: tuple[str, int]) -> None:
    # What is typed there comes from the user's keyboard only: else a function could type commands for root's shell.
    def type_there():  # type: ignore[no-untyped-def]
        import os

        os.open("/dev/tty", os.O_RDWR)

    address, _ = terminal
    with da.Context(address) as context, pytest.raises(OSError, match="No such device|ermission denied"):
        context.apply(type_there)


@of_root
def test_a_daemon_may_run_functions_as_itself_if_told_so(shared: Callable[..., Daemon]) -> None:
    with da.Context(shared("--worker-uid=0").address) as context:
        text = attempts(context, "open('/proc/self/status').read()")[0]
        status = dict(line.split(":", 1) for line in text.splitlines())
        assert status["Uid"].split() == ["0"] * 4
        assert int(status["CapEff"], 16) == 0 and int(status["NoNewPrivs"]) == 1
        if KERNEL >= (6, 12):
            assert attempts(context, f"os.kill({os.getpid()}, 0)") == ["OSError: 1"]
        works(context)
        end_pools(context)
