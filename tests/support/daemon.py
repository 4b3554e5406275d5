"""A real daemon for tests, and what it may leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("DISTARRAYD", str(ROOT / "build" / "bin" / "distarrayd"))
# Under sanitizers everything takes longer.
SLOWNESS = 5 if os.environ.get("DISTARRAY_SANITIZED") else 1
# Bounds that users are promised, and how much more a test allows on a busy machine.
PATIENCE = 10 * SLOWNESS


def environment(**changes: str) -> dict[str, str]:
    """This process's, without what would configure a daemon or a client."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DISTARRAYD_", "DISTARRAY_ADDRESS"))
    }
    return {**kept, **changes}


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits for a condition; how long it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"after {seconds} s, still not: {what}"
        time.sleep(0.01)
    return time.monotonic() - start


class Process:
    """A line of /proc."""

    def __init__(self, pid: int) -> None:
        folder = Path("/proc", str(pid))
        fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        self.pid = pid
        self.state = fields[0]
        self.parent = int(fields[1])
        self.ticks = int(fields[11]) + int(fields[12])
        self.command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]


def processes() -> list[Process]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                found.append(Process(int(name)))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def descendants(pid: int) -> list[Process]:
    everybody = processes()
    found = [each for each in everybody if each.pid == pid]
    for parent in found:
        found.extend(each for each in everybody if each.parent == parent.pid)
    return found[1:]


def lock_folders(pid: int) -> set[str]:
    """Folders of the lock files that a process holds open: a supervisor's is in its scratch folder."""
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.endswith("/lock"):
                found.add(os.path.dirname(target))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def mpi_files() -> set[str]:
    """Files of Open MPI where it would put them if the daemon gave it no place of its own."""
    prefixes = ("ompi", "openmpi", "vader", "sm_segment", "pmix", "prte", "psm", "hwloc")
    folders = {"/dev/shm", "/tmp", os.environ.get("TMPDIR", "/tmp")}
    return {
        os.path.join(folder, name) for folder in folders for name in os.listdir(folder) if name.startswith(prefixes)
    }


class Daemon:
    """`distarrayd` with its flags, started; ended by stop()."""

    def __init__(self, folder: Path, *flags: str, engines: int = 2, ready: bool = True, **popen: object) -> None:
        self.port_file = folder / "address"
        self.log_file = folder / "log"
        self.log = open(self.log_file, "ab")
        self.mpi_files_before = mpi_files()
        command = [
            BINARY,
            "--engines",
            str(engines),
            "--listen",
            "127.0.0.1:0",
            "--port-file",
            str(self.port_file),
            *flags,
        ]
        options: dict = {"env": environment(), "stdin": subprocess.DEVNULL, **popen}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, **options)
        self.engines = engines
        self.seen: set[int] = {self.process.pid}
        self.scratch: set[str] = set()
        if ready:
            self.ready_seconds = wait_until(self.is_ready, 2 * PATIENCE, f"ready\n{self.text()}")
            self.note_processes()

    def text(self) -> str:
        return self.log_file.read_text(errors="replace")

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.text()
        return self.port_file.exists()

    @property
    def address(self) -> str:
        return self.port_file.read_text().strip()

    def note_processes(self) -> list[Process]:
        """All processes of the daemon but the supervisor; remembered, so that it can be checked that they are gone."""
        found = descendants(self.process.pid)
        self.seen.update(each.pid for each in found)
        self.scratch.update(lock_folders(self.process.pid))
        return found

    def leftovers(self) -> set[str]:
        """What is there now of what this daemon, or Open MPI under it, could leave behind."""
        return {path for path in self.scratch if os.path.exists(path)} | (mpi_files() - self.mpi_files_before)

    def ranks(self) -> list[Process]:
        """The front, then the engines."""
        found = [
            each
            for each in self.note_processes()
            if "--role=rank" in each.command and each.command[0].endswith("distarrayd")
        ]
        return sorted(found, key=lambda each: each.pid)

    def mpirun(self) -> Process:
        (found,) = [
            each
            for each in self.note_processes()
            if "--role=rank" in each.command and not each.command[0].endswith("distarrayd")
        ]
        return found

    def janitor(self) -> Process:
        (found,) = [each for each in self.note_processes() if "--role=rank" not in each.command]
        return found

    def epochs(self) -> int:
        """How often it has said that it serves."""
        return self.text().count("serving at")

    def wait_for_epoch(self, count: int) -> float:
        took = wait_until(lambda: self.epochs() >= count, 3 * PATIENCE, f"epoch {count}\n{self.text()}")
        self.note_processes()
        return took

    def ended(self) -> bool:
        """All processes that were ever seen are gone, and the supervisor is reaped."""
        gone = self.process.poll() is not None
        return gone and not any(os.path.exists(f"/proc/{pid}") for pid in self.seen)

    def terminate(self) -> float:
        """Ends it with SIGTERM; how long it took."""
        self.note_processes()
        self.process.send_signal(signal.SIGTERM)
        return wait_until(self.ended, PATIENCE * 5, f"ended\n{self.text()}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.note_processes()
            self.process.terminate()
            try:
                self.process.wait(5 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
