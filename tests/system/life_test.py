"""The daemon's processes: ready, idle, asked to end, killed, hung."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")

from tests.support.daemon import (  # noqa: E402
    BINARY,
    PATIENCE,
    ROOT,
    SLOWNESS,
    Daemon,
    descendants,
    environment,
    mpi_files,
    wait_until,
)

Start = Callable[..., Daemon]

# What users are promised: it is ready, and it ends, within this many seconds. Tests allow ten times as much.
READY_SECONDS = 2
END_SECONDS = 5

CLIENT = """
import sys
from distarray.globalapi import Context
context = Context(sys.argv[1])
x = context.ones((1000,))
x.wait()
print("connected", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def connected() -> object:
    """connected(address): a client in a process of its own, with an array in the daemon."""
    clients: list[subprocess.Popen[bytes]] = []

    def connect(address: str) -> subprocess.Popen[bytes]:
        client = subprocess.Popen(
            [sys.executable, "-c", CLIENT, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        clients.append(client)
        assert client.stdout is not None
        assert client.stdout.readline() == b"connected\n"
        return client

    yield connect
    for client in clients:
        client.kill()
        client.communicate()


def test_the_port_file_appears_whole(start: Start) -> None:
    daemon = start(ready=False)
    contents: list[str] = []

    def appeared() -> bool:
        assert daemon.process.poll() is None, daemon.text()
        try:
            contents.append(daemon.port_file.read_text())
        except FileNotFoundError:
            return False
        return True

    wait_until(appeared, 2 * PATIENCE, "the port file")
    host, port = contents[0].removesuffix("\n").rsplit(":", 1)
    assert contents[0].endswith("\n") and host == "127.0.0.1" and 0 < int(port) < 65536
    assert [each.name for each in daemon.port_file.parent.iterdir() if each.name != "log"] == ["address"]


def test_ready_in_time_with_four_engines(start: Start) -> None:
    daemon = start(engines=4)
    assert len(daemon.ranks()) == 5
    with da.Context(daemon.address) as context:
        assert context.nengines == 4 and float(context.ones(8).sum()) == 8
    assert daemon.ready_seconds < 10 * READY_SECONDS * SLOWNESS


def test_sigterm_ends_everything(start: Start, connected: Callable[[str], object]) -> None:
    daemon = start()
    connected(daemon.address)
    assert daemon.leftovers()  # or the comparison below would prove nothing
    took = daemon.terminate()
    assert daemon.process.returncode == 0, daemon.text()
    assert took < 10 * END_SECONDS * SLOWNESS
    assert not daemon.leftovers()
    assert not daemon.port_file.exists()


def test_interrupt_ends_everything(start: Start) -> None:
    # A shell starts background jobs with the signal ignored; it is taken all the same.
    daemon = start(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    daemon.process.send_signal(signal.SIGINT)
    wait_until(daemon.ended, 5 * PATIENCE, "ended")
    assert daemon.process.returncode == 0
    assert not daemon.leftovers()


def test_sigterm_while_an_engine_hangs(start: Start) -> None:
    daemon = start("--heartbeat-timeout", "60s")
    os.kill(daemon.ranks()[1].pid, signal.SIGSTOP)
    took = daemon.terminate()
    assert daemon.process.returncode == 0, daemon.text()
    assert took < 10 * END_SECONDS * SLOWNESS
    assert not daemon.leftovers()


def test_asked_to_end_while_starting(start: Start) -> None:
    daemon = start(ready=False)
    time.sleep(0.1)
    daemon.note_processes()
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(daemon.ended, 5 * PATIENCE, "ended")
    assert not daemon.leftovers()


def test_a_killed_supervisor_leaves_nothing(start: Start, connected: Callable[[str], object]) -> None:
    daemon = start()
    connected(daemon.address)
    os.kill(daemon.ranks()[2].pid, signal.SIGSTOP)  # an engine that cannot notice by itself
    daemon.process.kill()
    wait_until(daemon.ended, 2 * PATIENCE, "everything ended")
    wait_until(lambda: not daemon.leftovers(), 2 * PATIENCE, "nothing left")
    wait_until(lambda: not daemon.port_file.exists(), PATIENCE, "the port file removed")


@pytest.mark.parametrize("role", ["front", "engine", "mpirun"])
def test_a_killed_process_starts_the_job_again_at_the_same_address(start: Start, role: str) -> None:
    daemon = start()
    address = daemon.address
    old = {each.pid for each in daemon.ranks()}
    victim = {"front": lambda: daemon.ranks()[0], "engine": lambda: daemon.ranks()[-1], "mpirun": daemon.mpirun}[role]()
    os.kill(victim.pid, signal.SIGKILL)
    daemon.wait_for_epoch(2)
    assert daemon.address == address
    assert "epoch 2" in daemon.text()
    new = {each.pid for each in daemon.ranks()}
    assert len(new) == 3 and not new & old
    assert not any(os.path.exists(f"/proc/{pid}") for pid in old)
    daemon.terminate()
    assert not daemon.leftovers()


def test_clients_are_told_that_their_arrays_are_gone(start: Start) -> None:
    daemon = start()
    context = da.Context(daemon.address)
    read, unread = context.arange(5), context.ones(1000)
    read.wait()
    os.kill(daemon.ranks()[-1].pid, signal.SIGKILL)
    daemon.wait_for_epoch(2)
    for use in (read.toarray, unread.toarray, lambda: float((read + 1).sum()), lambda: context.ones(3).wait()):
        with pytest.raises(ConnectionError) as caught:
            use()
        assert isinstance(caught.value, distarray.DistArrayError)
        assert "arrays" in str(caught.value) and "make a new Context" in str(caught.value)
        assert daemon.address in str(caught.value)
    assert context.closed
    context.close()
    with da.Context(daemon.address) as again:
        assert again.server_info().epoch == 2
        assert again.arange(5).toarray().tolist() == [0, 1, 2, 3, 4] and float(again.ones(1000).sum()) == 1000


def test_the_log_names_who_ended(start: Start) -> None:
    daemon = start()
    engine = daemon.ranks()[2]
    os.kill(engine.pid, signal.SIGKILL)
    daemon.wait_for_epoch(2)
    assert f"the engine 1 (process {engine.pid}) has ended" in daemon.text()


def test_a_hung_engine_is_noticed(start: Start) -> None:
    daemon = start("--heartbeat-timeout", "2s")
    engine = daemon.ranks()[1]
    os.kill(engine.pid, signal.SIGSTOP)
    took = daemon.wait_for_epoch(2)
    assert took > 1  # not for having been slow for a moment
    assert not os.path.exists(f"/proc/{engine.pid}")
    assert "has not been heard of" in daemon.text()


def test_a_killed_janitor_is_replaced(start: Start) -> None:
    daemon = start()
    old = daemon.janitor().pid
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{old}") and daemon.janitor().pid != old, PATIENCE, "another janitor")
    daemon.process.kill()
    wait_until(daemon.ended, 2 * PATIENCE, "everything ended")
    wait_until(lambda: not daemon.leftovers(), 2 * PATIENCE, "nothing left")


def test_it_gives_up_when_it_fails_again_and_again(start: Start) -> None:
    daemon = start()
    kills = 0
    while daemon.process.poll() is None:
        assert kills < 6, daemon.text()
        os.kill(daemon.ranks()[1].pid, signal.SIGKILL)
        kills += 1
        # A job that finds the port taken (by chance, for a moment) is a failure without a kill of ours.
        wait_until(lambda: daemon.epochs() > kills or daemon.process.poll() is not None, 3 * PATIENCE, "a new job")
    assert kills > 3
    wait_until(daemon.ended, 2 * PATIENCE, "ended")
    assert daemon.process.returncode == 1
    assert "giving up" in daemon.text()
    assert not daemon.leftovers()


def test_two_daemons_at_once(start: Start) -> None:
    one, other = start(), start()
    assert one.address != other.address
    one.terminate()
    time.sleep(0.5)
    assert other.process.poll() is None and other.epochs() == 1
    assert len(other.ranks()) == 3
    other.terminate()
    assert not one.leftovers() and not other.leftovers()


def test_it_ends_with_the_program_that_started_it(start: Start) -> None:
    daemon = start("--die-with-parent", stdin=subprocess.PIPE)
    time.sleep(0.3)
    assert daemon.process.poll() is None
    daemon.note_processes()
    daemon.process.stdin.close()
    wait_until(daemon.ended, 5 * PATIENCE, "ended")
    assert daemon.process.returncode == 0
    assert not daemon.leftovers()


@pytest.mark.skipif(SLOWNESS > 1, reason="sanitizers cost processor time of their own")
def test_idle_it_costs_next_to_nothing(start: Start) -> None:
    daemon = start(engines=4)
    time.sleep(1)

    def seconds() -> float:
        return sum(each.ticks for each in daemon.note_processes()) / os.sysconf("SC_CLK_TCK")

    before, start_time = seconds(), time.monotonic()
    time.sleep(5)
    share = (seconds() - before) / (time.monotonic() - start_time)
    assert share < 0.01 * 10


def test_started_by_mpirun_by_hand(tmp_path: Path) -> None:
    port_file = tmp_path / "address"
    command = [
        str(ROOT / "tests" / "support" / "mpiexec"),
        "3",
        BINARY,
        "--listen",
        "127.0.0.1:0",
        "--port-file",
        str(port_file),
    ]
    files_before = mpi_files()
    with open(tmp_path / "log", "wb") as log:
        job = subprocess.Popen(command, env=environment(), start_new_session=True, stdout=log, stderr=log)

    def said() -> str:
        return (tmp_path / "log").read_text(errors="replace")

    def is_ready() -> bool:
        assert job.poll() is None, said()
        return port_file.exists()

    try:
        wait_until(is_ready, 2 * PATIENCE, "ready")
        started = [job.pid, *(each.pid for each in descendants(job.pid))]
        address = port_file.read_text().strip()
        with da.Context(address) as context:
            assert context.nengines == 2
            array = context.arange(1000)
            assert array.targets == [0, 1] and int(array.sum()) == 499500
        ranks = [each for each in descendants(job.pid) if each.command[0].endswith("distarrayd")]
        assert len(ranks) == 3
        # As a scheduler, or Ctrl-C in the terminal, does it: the whole job is told.
        os.killpg(job.pid, signal.SIGTERM)
        job.wait(END_SECONDS * 10 * SLOWNESS)
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in started), 2 * PATIENCE, f"gone\n{said()}")
    assert not port_file.exists(), said()
    assert not mpi_files() - files_before
    assert job.returncode in (0, 143, -signal.SIGTERM), said()
