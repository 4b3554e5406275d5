"""A function under way: what it prints and warns of, how it ends, and what it leaves behind."""

from __future__ import annotations

import ctypes
import io
import os
import shutil
import signal
import sys
import traceback
import types
import warnings
from typing import Any

from distarray._pickling import dumps

_OUTPUT_MAX = 1 << 20
_WARNINGS_MAX = 100
_EXCEPTION_MAX = 256 << 10
_TRACEBACK_MAX = 64 << 10

_flush_c = ctypes.CDLL(None).fflush


class Interrupts:
    """SIGINT is a KeyboardInterrupt while a function runs, and nothing else."""

    def __init__(self) -> None:
        self.running = False
        self.arm()

    def arm(self) -> None:
        """Between calls: functions may have set another handler."""
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: types.FrameType | None) -> None:
        if self.running:
            self.running = False
            raise KeyboardInterrupt


class Output:
    """What the process prints: its descriptors 1 and 2 are one file in memory, which the guard reads if it dies."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        self.forget()

    def take(self, said: dict[str, Any]) -> None:
        """Adds "output" and "output_truncated" to what is said, and forgets them."""
        try:
            if size := self._flushed():
                said["output"] = os.pread(self._descriptor, _OUTPUT_MAX, 0).decode("utf-8", "replace")
                said["output_truncated"] = size > _OUTPUT_MAX
                os.ftruncate(self._descriptor, 0)
        except OSError:  # the function has closed it
            said["output_truncated"] = True

    def forget(self) -> None:
        """Drops what was printed between calls."""
        self.take({})

    def _flushed(self) -> int:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
        _flush_c(None)
        return os.fstat(self._descriptor).st_size


class Warned:
    """Records warnings, each place's once, as Python shows them."""

    def __init__(self) -> None:
        self._catching = warnings.catch_warnings(record=True)

    def __enter__(self) -> Warned:
        self._recorded = self._catching.__enter__()
        warnings.simplefilter("default")
        return self

    def __exit__(self, *error: Any) -> None:
        self._catching.__exit__(*error)

    def told(self) -> list[dict[str, Any]]:
        return [
            {
                "category": each.category.__name__,
                "message": str(each.message),
                "filename": each.filename,
                "line": each.lineno,
            }
            for each in (self._recorded or [])[:_WARNINGS_MAX]
        ]


def describe(error: BaseException, internal_frames: int) -> tuple[dict[str, Any], bytes]:
    """The "error" of a result, and the exception pickled (empty: it cannot be). internal_frames: those of the traceback
    that are this package's.
    """
    trace = error.__traceback__
    for _ in range(internal_frames):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
        message = str(error)
    except Exception as failure:  # of its __str__
        text, message = f"{type(error).__name__} (its text cannot be had: {failure})", ""
    said = {
        "type": type(error).__name__,
        "message": message,
        "traceback": text if len(text) <= _TRACEBACK_MAX else f"...{text[-_TRACEBACK_MAX:]}",
        "reason": "CANCELLED" if isinstance(error, KeyboardInterrupt) else "FUNCTION_FAILED",
    }
    try:
        pickled = dumps(error.with_traceback(None))
    except Exception:
        pickled = b""
    return said, pickled if len(pickled) <= _EXCEPTION_MAX else b""


class Scratch:
    """The working directory. The next function finds it as this one did: empty."""

    def __init__(self) -> None:
        self._path = os.getcwd()
        self._changed = os.stat(self._path).st_mtime_ns

    def tidy_up(self) -> None:
        try:
            os.chdir(self._path)
            if os.stat(self._path).st_mtime_ns != self._changed:
                for entry in os.scandir(self._path):
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        os.unlink(entry.path)
                self._changed = os.stat(self._path).st_mtime_ns
        except OSError:
            pass  # the guard counts what lies there
