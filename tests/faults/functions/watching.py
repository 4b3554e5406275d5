"""What a function may leave behind, and somebody else who works while it misbehaves."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import distarray
import distarray.globalapi as da
import numpy as np

from tests.support.daemon import PATIENCE, Daemon, Process, descendants, wait_until

FULL = bool(os.environ.get("DISTARRAY_FULL_TESTS"))
ROOT_USER = os.geteuid() == 0
TARGETS_UIDS = 16  # user ids of a daemon's workers


def uid_of(pid: int) -> int:
    """The user id of a process; -1 if it is gone."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return -1


def worker_uids(daemon: Daemon) -> range:
    (flag,) = [each for each in daemon.process.args if each.startswith("--worker-uid=")]
    first = int(flag.partition("=")[2])
    return range(first, first + TARGETS_UIDS) if ROOT_USER and first else range(0)


def started(pid: int) -> int:
    """When a process began, in ticks."""
    return int(Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()[19])


def workers(daemon: Daemon) -> list[Process]:
    """The worker processes themselves: each guard's oldest child. What they fork looks like them."""
    found = descendants(daemon.process.pid)
    guards = [each for each in found if "--role=worker" in each.command and each.command[0].endswith("distarrayd")]
    oldest = []
    for guard in guards:
        children = [each for each in found if each.parent == guard.pid and os.path.exists(f"/proc/{each.pid}")]
        oldest.extend(sorted(children, key=lambda each: started(each.pid))[:1])
    return oldest


def strangers(daemon: Daemon) -> list[str]:
    """Processes below the daemon, or of its workers' user ids, that are neither its own, nor guards, nor workers."""
    found = descendants(daemon.process.pid)
    known = {each.pid for each in workers(daemon)}
    known.update(each.pid for each in found if {"--role=rank", "--role=worker", "--port-file"} & set(each.command))
    left = {each.pid for each in found} - known
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in known and uid_of(int(name)) in worker_uids(daemon):
            left.add(int(name))
    described = []
    for pid in left:
        try:
            process = Process(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if process.state != "Z":  # what has ended, and nobody has asked about, does nothing
            described.append(f"{pid} (state {process.state}): {process.command}")
    return described


def no_strangers(daemon: Daemon) -> None:
    """Waits until there are none."""
    try:
        wait_until(lambda: not strangers(daemon), PATIENCE / 2, "gone")
    except AssertionError:
        left = strangers(daemon)
        raise AssertionError(f"{len(left)} processes are left, one of them {left[:1]}") from None


def files_left(daemon: Daemon) -> list[str]:
    """What belongs to the workers' user ids outside of the daemon's scratch folder."""
    uids = worker_uids(daemon)
    left = []
    for folder in ("/dev/shm", "/tmp", "/var/tmp", "/dev/mqueue"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if os.path.lexists(path) and os.lstat(path).st_uid in uids:
                left.append(path)
    for kind in ("shm", "sem", "msg"):
        table = Path("/proc/sysvipc", kind)
        header, *lines = table.read_text().splitlines() if table.exists() else [""]
        column = header.split().index("uid") if header else 0
        left.extend(f"{kind}: {line}" for line in lines if int(line.split()[column]) in uids)
    return left


class Bystander(threading.Thread):
    """Another user of the daemon: computes, and checks, without end. Its array must stay as it is."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.context = da.Context(address)
        self.elements = np.arange(3000.0)
        self.kept = self.context.fromarray(self.elements)
        self.stopping = threading.Event()
        self.rounds = 0
        self.wrong = ""

    def run(self) -> None:
        try:
            while not self.stopping.wait(0.005):
                self.check()
                self.rounds += 1
        except Exception as error:
            self.wrong = repr(error)

    def check(self) -> None:
        factor = float(self.rounds % 7 + 1)
        got = (self.kept * factor + 1.0).sum()
        assert float(got) == float((self.elements * factor + 1.0).sum())

    def get_on(self) -> None:
        """Waits until it has done some rounds from now on."""
        rounds = self.rounds
        wait_until(lambda: bool(self.wrong) or self.rounds > rounds + 1, PATIENCE, "another user gets on")
        assert not self.wrong

    def stop(self) -> None:
        self.stopping.set()
        self.join(PATIENCE)
        assert not self.is_alive() and not self.wrong, self.wrong
        assert np.array_equal(self.kept.toarray(), self.elements)
        self.context.close()


@contextmanager
def bystander(daemon: Daemon) -> Iterator[Bystander]:
    other = Bystander(daemon.address)
    other.start()
    other.get_on()
    yield other
    other.get_on()
    other.stop()


def failure_of(call: Callable[[], object]) -> distarray.error.DistArrayError:
    """The error of a call that must fail."""
    try:
        result = call()
    except distarray.error.DistArrayError as error:
        return error
    raise AssertionError(f"it returned {str(result)[:200]}")


def works(context: da.Context) -> None:
    """The next call: comm, prints, files, threads, and memory that was not lent before."""

    def sound(la):  # type: ignore[no-untyped-def]
        import os
        import threading

        print("heard")
        left = os.listdir(".")
        with open("note", "w") as file:
            file.write("x")
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        return la.comm.allreduce(float(la.ndarray.sum())), left

    elements = np.arange(300_000.0)  # a segment of its own
    array = context.fromarray(elements)
    count = len(context.targets)
    assert context.apply(sound, (array,), timeout=3 * PATIENCE) == [(elements.sum(), [])] * count


def end_pools(context: da.Context) -> None:
    """Ends the pool that is next in turn, whatever state its workers are in: what they hold must go with them."""
    failure_of(lambda: context.apply(lambda: __import__("os").kill(os.getpid(), 9), timeout=3 * PATIENCE))


@contextmanager
def meeting_place() -> Iterator[str]:
    """A folder that functions can write to, whoever runs them: where they can say that they have come so far."""
    with tempfile.TemporaryDirectory(prefix="functions-", dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        yield folder


def arrived(folder: str, name: str, count: int = 1) -> None:
    """Waits for so many files whose names begin so."""
    wait_until(
        lambda: sum(bool(re.match(re.escape(name), each)) for each in os.listdir(folder)) >= count,
        3 * PATIENCE,
        f"{count} of {name!r}",
    )
