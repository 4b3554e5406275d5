"""Private daemons: found, started, and ended with this process.

A private daemon's standard input is a pipe that this process holds open; the daemon ends when it closes, so it also
ends when this process is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from distarray.error import ContextCreationError

_READY_SECONDS = 60.0
_END_SECONDS = 10.0

_lock = threading.Lock()
_shared: PrivateDaemon | None = None
_running: set[PrivateDaemon] = set()


def find_daemon() -> str:
    """Path of distarrayd: $DISTARRAYD, then PATH, then build/bin of the checkout this file is in."""
    named = os.environ.get("DISTARRAYD")
    if named:
        found = shutil.which(named)
        if found is None:
            raise ContextCreationError(f"$DISTARRAYD names {named!r}, which is not an executable file")
        return found
    found = shutil.which("distarrayd")
    if found is not None:
        return found
    for folder in (*Path(__file__).resolve().parents, *Path.cwd().parents, Path.cwd()):
        candidate = folder / "build" / "bin" / "distarrayd"
        if os.access(candidate, os.X_OK):
            return str(candidate)
    raise ContextCreationError(
        "there is no distarrayd in $DISTARRAYD, on PATH or in a checkout's build/bin. Build it (deploy/quickstart in a "
        "checkout of DistArray), or connect to a running daemon: Context('host:port') or $DISTARRAY_ADDRESS"
    )


class PrivateDaemon:
    """A daemon that only this process uses."""

    def __init__(self, engines: int | None = None) -> None:
        program = find_daemon()
        # Nothing here outlives the daemon, even if this process is killed: the daemon makes and removes the file, of
        # which there is only a name that nobody else uses, and the log has no name.
        port_file = os.path.join(tempfile.gettempdir(), f"distarray-{secrets.token_hex(16)}.address")
        command = [program, "--listen", "127.0.0.1:0", "--port-file", port_file, "--die-with-parent"]
        if engines is not None:
            command += ["--engines", str(engines)]
        with tempfile.TemporaryFile() as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for the client
                )
            except OSError as error:
                raise ContextCreationError(f"cannot start {program}: {error}") from error
            _running.add(self)
            try:
                self.address = self._await_address(port_file, log)
            except BaseException:
                self.stop()
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(port_file)
                raise

    def _await_address(self, port_file: str, log: IO[bytes]) -> str:
        deadline = time.monotonic() + _READY_SECONDS
        pause = 0.002
        while True:
            ended = self._process.poll()
            with contextlib.suppress(FileNotFoundError):
                with open(port_file, encoding="utf-8") as file:
                    address = file.read().strip()
                if address:
                    return address
            if ended is not None or time.monotonic() > deadline:
                log.seek(0)
                last = b"".join(log.readlines()[-20:]).decode(errors="replace").strip()
                what = (
                    f"ended with status {ended}" if ended is not None else f"was not ready after {_READY_SECONDS:.0f} s"
                )
                raise ContextCreationError(f"the private daemon {what}: {last or 'it said nothing'}")
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """Ends the daemon and waits for it."""
        _running.discard(self)
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def abandon(self) -> None:
        """In a forked child: the daemon is the parent's, and the child's copy of the pipe must not keep it alive."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.returncode = 0  # not ours to wait for


def shared_daemon() -> PrivateDaemon:
    """The process's own daemon, started at first use and again if it has died."""
    global _shared
    with _lock:
        if _shared is not None and not _shared.alive:
            _shared.stop()
            _shared = None
        if _shared is None:
            _shared = PrivateDaemon()
        return _shared


def _stop_all() -> None:
    for daemon in list(_running):
        daemon.stop()


def _after_fork() -> None:
    global _lock, _shared
    _lock = threading.Lock()
    _shared = None
    for daemon in list(_running):
        daemon.abandon()
    _running.clear()


atexit.register(_stop_all)
os.register_at_fork(after_in_child=_after_fork)
