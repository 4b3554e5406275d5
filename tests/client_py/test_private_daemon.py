"""Daemons that belong to one process: found, shared, and ended with it, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
import time

import distarray.globalapi as da
import pytest
from distarray import _launch
from distarray.error import ContextCreationError

PATIENCE = 50.0  # seconds: ten times what is promised


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def descendants(pid):
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, frontier = set(), {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def gone(pids):
    deadline = time.monotonic() + PATIENCE
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if alive(pid)]}"
        time.sleep(0.02)


@pytest.mark.daemon
def test_engines_starts_one_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with da.Context(engines=3) as context:
        pid = context._daemon.pid
        everything = {pid, *descendants(pid)}
        assert context.nengines == 3 and float(context.ones(7).sum()) == 7 and len(everything) > 3
        assert len(os.listdir(tmp_path)) == 1  # the port file
    gone(everything)
    assert os.listdir(tmp_path) == []


@pytest.mark.daemon
def test_contexts_without_an_address_share_one(monkeypatch):
    monkeypatch.delenv("DISTARRAY_ADDRESS", raising=False)
    monkeypatch.setenv("DISTARRAYD_ENGINES", "2")
    with da.Context() as one, da.Context() as other:
        assert one.address == other.address and one.nengines == 2
        daemon = _launch.shared_daemon()
        assert daemon.address == one.address
    with da.Context() as again:
        assert again.address == daemon.address
    daemon.stop()
    with da.Context() as fresh:  # a new one takes its place
        assert _launch.shared_daemon() is not daemon and float(fresh.ones(3).sum()) == 3
    _launch.shared_daemon().stop()


@pytest.mark.daemon
@pytest.mark.parametrize(
    "ending", ["", "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit(1)", "fork"]
)
def test_it_ends_with_its_process(ending, tmp_path):
    fork = "child = os.fork()\nif child == 0:\n    time.sleep(100)\n    os._exit(0)\nprint(child, flush=True)\n"
    code = (
        "import os, signal, time\nimport distarray.globalapi as da\n"
        "context = da.Context(engines=2)\nx = context.ones(10)\nassert float(x.sum()) == 10\n"
        f"print(context._daemon.pid, flush=True)\ninput()\n{fork if ending == 'fork' else ''}"
        f"{'os.kill(os.getpid(), signal.SIGKILL)' if ending == 'fork' else ending}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    pid = int(process.stdout.readline())
    everything = {pid, *descendants(pid)}
    process.stdin.write("\n")
    process.stdin.flush()
    child = int(process.stdout.readline()) if ending == "fork" else None
    process.wait(PATIENCE)
    try:
        gone(everything)
        assert os.listdir(tmp_path) == []
    finally:
        if child is not None:
            os.kill(child, signal.SIGKILL)
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()


@pytest.mark.daemon
def test_a_daemon_that_dies_raises_and_does_not_hang():
    context = da.Context(engines=2)
    d = context.ones(5)
    d.wait()
    os.kill(context._daemon.pid, signal.SIGKILL)
    with pytest.raises(ConnectionError):
        while True:
            (d + 1).wait()
    context.close()


@pytest.mark.daemon
def test_relative_paths_are_the_callers(tmp_path, monkeypatch):
    with da.Context(engines=1) as context:
        monkeypatch.chdir(tmp_path)
        context.save_hdf5("here.hdf5", context.ones(3), mode="w")
        assert (tmp_path / "here.hdf5").exists()


def test_where_it_is_looked_for(tmp_path, monkeypatch):
    program = tmp_path / "distarrayd"
    monkeypatch.setenv("DISTARRAYD", str(program))
    with pytest.raises(ContextCreationError, match="DISTARRAYD names"):
        _launch.find_daemon()
    program.write_text("#!/bin/sh\necho no engines here >&2\nexit 7\n")
    program.chmod(0o755)
    assert _launch.find_daemon() == str(program)
    monkeypatch.delenv("DISTARRAYD")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _launch.find_daemon() == str(program)
    with pytest.raises(ContextCreationError, match="status 7: no engines here"):
        da.Context(engines=1)
    built = tmp_path / "checkout" / "build" / "bin" / "distarrayd"
    built.parent.mkdir(parents=True)
    built.write_text("#!/bin/sh\n")
    built.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path / "checkout")
    monkeypatch.setattr(_launch, "__file__", str(tmp_path / "site-packages" / "distarray" / "_launch.py"))
    assert _launch.find_daemon() == str(built)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ContextCreationError, match="deploy/quickstart"):
        _launch.find_daemon()
