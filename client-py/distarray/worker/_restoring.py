"""What a function may have changed of its process: put right, so that the next one does not notice.

Runs after every call and is most of what a call costs, so that it opens no files: what is looked at is open already.
"""

from __future__ import annotations

import _signal  # `signal` makes enums of all that it returns
import os
import resource
import time

_LIMITS = (
    resource.RLIMIT_CPU,
    resource.RLIMIT_DATA,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
)
_TIMERS = (_signal.ITIMER_REAL, _signal.ITIMER_VIRTUAL, _signal.ITIMER_PROF)
# Two changes of a folder that are no further apart may have the same time.
_TICK_NS = 50_000_000


class Restorer:
    """Of this process, which is as the first function is to find it. What cannot be put right makes it unfit for
    another function: it has to be replaced.
    """

    def __init__(self) -> None:
        self._path = os.getcwd()
        self._place = _place(os.stat("."))
        self._emptied = 0  # when the scratch folder last changed, if it was empty some time after that
        self._limits = {kind: resource.getrlimit(kind) for kind in _LIMITS}
        self._mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
        self._descriptors = self._limits[resource.RLIMIT_NOFILE][0] // 2
        self._cpu_seconds = self._limits[resource.RLIMIT_CPU][0]
        self._alone = f"{os.getpid()} ".encode()
        guard = os.getppid()
        try:
            self._orphans = os.open(f"/proc/{guard}/task/{guard}/children", os.O_RDONLY)
        except OSError:
            self._orphans = -1  # not all kernels tell

    def restore(self) -> str:
        """Why the process is unfit, or nothing."""
        for timer in _TIMERS:
            _signal.setitimer(timer, 0)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, self._mask)
        try:
            self._restore_limits()
            self._empty_scratch()
            company = self._has_company()
        except (OSError, ValueError) as error:
            return f"it left what cannot be put right: {error}"
        if company:
            return "it left processes"
        if self._spent_descriptors():
            return "it left open files"
        if 0 <= self._cpu_seconds <= 2 * time.process_time():
            return "it has little processor time left (--worker-cpu)"
        return ""

    def _restore_limits(self) -> None:
        for kind, limits in self._limits.items():
            if resource.getrlimit(kind) != limits:
                resource.setrlimit(kind, limits)

    def _empty_scratch(self) -> None:
        folder = os.stat(".")
        if _place(folder) != self._place:
            os.chdir(self._path)
            folder = os.stat(".")
        if folder.st_ctime_ns == self._emptied:
            return
        looked = time.time_ns()
        with os.scandir(".") as entries:
            found = list(entries)
        for entry in found:
            _remove(entry)
        self._emptied = folder.st_ctime_ns if not found and looked - folder.st_ctime_ns > _TICK_NS else 0

    def _has_company(self) -> bool:
        """Whether anything that was started is left: children of this process, or of one that has ended."""
        try:
            while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG) is not None:
                pass
            return True
        except ChildProcessError:
            pass
        pids = self._alone if self._orphans < 0 else os.pread(self._orphans, 1 << 16, 0)
        return pids != self._alone and any(_runs(int(pid)) for pid in pids.split() if int(pid) != os.getpid())

    def _spent_descriptors(self) -> bool:
        try:
            free = os.dup(0)
        except OSError:
            return True
        os.close(free)
        return free >= self._descriptors


def _place(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


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


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False
