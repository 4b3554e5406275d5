"""What a function may have changed of its process: put right, so that the next one does not notice."""

from __future__ import annotations

import os
import resource
import signal
import time

_LIMITS = tuple(
    getattr(resource, name)
    for name in dir(resource)
    # The one of memory that is ours to move, and the one that functions may well move.
    if name.startswith("RLIMIT_") and name not in ("RLIMIT_AS", "RLIMIT_STACK", "RLIMIT_OFILE")
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class Restorer:
    """Of this process, which is as the first function is to find it. What cannot be put right makes it unfit for
    another function: it has to be replaced.
    """

    def __init__(self) -> None:
        self._folder = os.getcwd()
        self._limits = {kind: resource.getrlimit(kind) for kind in _LIMITS}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._descriptors = self._limits[resource.RLIMIT_NOFILE][0] // 2
        self._cpu_seconds = self._limits[resource.RLIMIT_CPU][0]
        guard = os.getppid()
        self._orphans = f"/proc/{guard}/task/{guard}/children"
        self._alone = f"{os.getpid()} "

    def restore(self) -> str:
        """Why the process is unfit, or nothing."""
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        try:
            self._restore_limits()
            self._empty_scratch()
        except (OSError, ValueError) as error:
            return f"it left what cannot be put right: {error}"
        if self._has_company():
            return "it left processes"
        if self._spent_descriptors():
            return "it left open files"
        if 0 <= self._cpu_seconds <= 2 * time.process_time():
            return "it has little processor time left (--worker-cpu)"
        return ""

    def _restore_limits(self) -> None:
        for kind, (soft, hard) in self._limits.items():
            if resource.getrlimit(kind) != (soft, hard):
                resource.setrlimit(kind, (soft, hard))

    def _empty_scratch(self) -> None:
        os.chdir(self._folder)
        with os.scandir(self._folder) as entries:
            for entry in entries:
                _remove(entry)

    def _has_company(self) -> bool:
        """Whether anything that was started is left: children of this process, or of one that has ended."""
        try:
            while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG) is not None:
                pass
            return True
        except ChildProcessError:
            pass
        try:
            with open(self._orphans, encoding="ascii") as file:
                pids = file.read()
        except OSError:
            return False  # not all kernels tell
        return pids != self._alone and any(_runs(pid) for pid in pids.split() if int(pid) != os.getpid())

    def _spent_descriptors(self) -> bool:
        try:
            free = os.dup(0)
        except OSError:
            return True
        os.close(free)
        return free >= self._descriptors


def _remove(entry: os.DirEntry[str]) -> None:
    """A file, or a folder with all that is in it, whatever its mode."""
    if not entry.is_dir(follow_symlinks=False):
        os.unlink(entry.path)
        return
    folders = [entry.path]
    for folder in folders:
        os.chmod(folder, 0o700)
        with os.scandir(folder) as inner:
            for each in inner:
                if each.is_dir(follow_symlinks=False):
                    folders.append(each.path)
                else:
                    os.unlink(each.path)
    for folder in reversed(folders):
        os.rmdir(folder)


def _runs(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False
