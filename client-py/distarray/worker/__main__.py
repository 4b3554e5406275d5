"""`python -m distarray.worker`: started by the daemon's guard, not by hand."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from typing import Any

import numpy as np

from distarray.error import MessageTooLargeError
from distarray.localapi import _runtime
from distarray.worker._arguments import PYTHON, arguments_of, arrays_of, function_of
from distarray.worker._communicators import Communicators
from distarray.worker._link import Frame, Link
from distarray.worker._memory import Memory
from distarray.worker._restoring import Restorer
from distarray.worker._returning import Returning
from distarray.worker._running import Interrupts, Output, Warned, describe


class Worker:
    """Runs one call after the other."""

    def __init__(self, link: Link, target: int) -> None:
        self._link = link
        self._target = target
        self._process = os.getpid()
        self._communicators = Communicators()
        self._interrupts = Interrupts()
        self._memory = Memory(link, self._interrupts, int(os.environ.get("DISTARRAY_MEMORY_ALLOWANCE_BYTES", "0")))
        self._output = Output()
        faulthandler.enable()  # after MPI, which would show C's frames only: what crashes tells where
        _runtime.set_memory(self._memory.allocate)
        self._restorer = Restorer()

    def serve(self) -> None:
        """Returns never: the link ends the process."""
        self._link.send({"type": "ready", "python": PYTHON, "numpy": np.__version__, "pid": os.getpid()})
        while True:
            frame = self._link.receive()
            if frame.said["type"] == "call":
                self._call(frame)
            else:
                self._memory.take_order(frame)

    def _call(self, frame: Frame) -> None:
        said: dict[str, Any] = {"type": "result", "call": frame.said["call"]}
        self._memory.begin_call()
        with Warned() as warned:
            data = self._run(frame, said)
            said["warnings"] = warned.told()
        if os.getpid() != self._process:
            os._exit(0)  # a child that the function forked has come here too
        self._output.take(said)
        self._memory.end_call()
        self._interrupts.arm()
        said["communicators"] = self._communicators.state()
        said["unfit"] = "it ended MPI" if self._communicators.finalized() else self._restorer.restore()
        try:
            self._link.send(said, data)
        except MessageTooLargeError as error:
            account = {name: said[name] for name in ("type", "call", "communicators", "unfit")}
            self._link.send({**account, "status": "error", "error": describe(error, 0)[0]})

    def _run(self, frame: Frame, said: dict[str, Any]) -> bytes:
        try:
            self._interrupts.running = True
            returning = self._returned(frame)
        except BaseException as error:  # SystemExit too: it ends the function, not the worker
            self._interrupts.running = False
            said["status"] = "error"
            said["error"], data = describe(error, 2)
            return data
        said["status"] = "ok"
        said.update(returning.said)
        return returning.data

    def _returned(self, frame: Frame) -> Returning:
        job = frame.said["job"]
        targets = tuple(job["targets"])
        self._communicators.begin(job["communicators"])
        comm = self._communicators.of(targets, targets)
        _runtime.set_place(_runtime.Place(targets.index(self._target), len(targets), targets), comm)
        arrays = arrays_of(frame, self._memory, self._communicators, self._target)
        function = function_of(job, frame.data)
        args, kwargs = arguments_of(job, frame.data, arrays)
        value = function(*args, **kwargs)
        self._interrupts.running = False
        returning = Returning(self._memory, arrays)
        returning.take(value, job)
        return returning


def main() -> None:
    link = Link(int(os.environ["DISTARRAY_WORKER_FD"]))
    # Functions that read the main module's names read their own, not this one's.
    sys.modules["__main__"] = type(sys)("__main__")
    threading.current_thread().name = "function"
    Worker(link, int(os.environ["DISTARRAY_TARGET"])).serve()


if __name__ == "__main__":
    main()
