"""A function under way: what it prints and warns of, and how it ends."""

from __future__ import annotations

import _signal
import ctypes
import os
import signal
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

from distarray._pickling import dumps

_OUTPUT_MAX = 1 << 20
_WARNINGS_MAX = 100
_EXCEPTION_MAX = 256 << 10
_TEXT_MAX = 64 << 10

_T = TypeVar("_T")

_flush_c = ctypes.CDLL(None).fflush


class Interrupts:
    """SIGINT is a KeyboardInterrupt while a function runs, and nothing else."""

    def __init__(self) -> None:
        self.running = False
        self._held = False
        self._late = False
        self._handler = self._interrupt
        signal.signal(signal.SIGINT, self._handler)

    def arm(self) -> None:
        """Between calls: functions may have set another handler."""
        self._late = False
        if _signal.getsignal(signal.SIGINT) is not self._handler:
            signal.signal(signal.SIGINT, self._handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """What must not be left half done, as messages to the engine: an interrupt comes after it. Python raises
        interrupts in the main thread only.
        """
        if self._held or threading.current_thread() is not threading.main_thread():
            yield
            return
        self._held = True
        try:
            yield
        finally:
            self._held = False
            if self._late:
                self._late = False
                raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: types.FrameType | None) -> None:
        if self.running:
            self.running = False
            if self._held:
                self._late = True
            else:
                raise KeyboardInterrupt


class Output:
    """What the process prints: its descriptors 1 and 2 are one file in memory, which the guard reads if it dies."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        self._file = os.fstat(1).st_ino
        self._streams: tuple[TextIO, ...] = ()
        self.take({})

    def take(self, said: dict[str, Any]) -> None:
        """Adds "output" and "output_truncated" to what is said, and forgets them. Whatever the function has done to the
        process's output: the next one finds it whole.
        """
        try:
            self._restore_descriptors()
            self._flush()
            if size := os.fstat(self._descriptor).st_size:
                said["output"] = os.pread(self._descriptor, _OUTPUT_MAX, 0).decode("utf-8", "replace")
                said["output_truncated"] = size > _OUTPUT_MAX
                os.ftruncate(self._descriptor, 0)
        except OSError:  # the function has closed it
            said["output_truncated"] = True
        if not self._streams or any(stream.closed for stream in self._streams):
            self._streams = tuple(
                open(number, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False) for number in (1, 2)
            )
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def _restore_descriptors(self) -> None:
        for number in (1, 2):
            try:
                ours = os.fstat(number).st_ino == self._file
            except OSError:
                ours = False
            if not ours:
                os.dup2(self._descriptor, number)

    def _flush(self) -> None:
        for stream in (sys.stdout, sys.stderr, *self._streams):
            try:
                stream.flush()
            except BaseException:  # noqa: S110  # it may be the function's own
                pass
        _flush_c(None)


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
                "message": shortened(told(lambda each=each: str(each.message), "")),
                "filename": each.filename,
                "line": each.lineno,
            }
            for each in (self._recorded or [])[:_WARNINGS_MAX]
        ]


def told(tell: Callable[[], _T], otherwise: _T) -> _T:
    """What `tell` returns, or `otherwise`: it is the user's code, and may raise anything."""
    try:
        return tell()
    except BaseException:
        return otherwise


def shortened(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}..."


def describe(error: BaseException, internal_frames: int) -> tuple[dict[str, Any], bytes]:
    """The "error" of a result, and the exception pickled (empty: it cannot be). internal_frames: those of the traceback
    that are this package's.
    """
    trace = error.__traceback__
    for _ in range(internal_frames):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    name = type(error).__name__
    message = told(lambda: str(error), "")
    text = told(
        lambda: "".join(traceback.format_exception(type(error), error, trace)), f"{name} (its text cannot be had)"
    )
    said = {
        "type": name,
        "message": shortened(message),
        "traceback": text if len(text) <= _TEXT_MAX else f"...{text[-_TEXT_MAX:]}",
        "reason": "CANCELLED" if isinstance(error, KeyboardInterrupt) else "FUNCTION_FAILED",
    }
    pickled = b"" if len(message) > _EXCEPTION_MAX else told(lambda: dumps(error.with_traceback(None)), b"")
    return said, pickled if len(pickled) <= _EXCEPTION_MAX else b""
