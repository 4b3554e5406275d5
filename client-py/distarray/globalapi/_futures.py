"""Future: a function that runs, and its results when it has ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from distarray._proto import session_pb2
from distarray._transport.session import Pending
from distarray.error import CancelledError, RemoteTimeoutError
from distarray.globalapi._results import collect, forget

if TYPE_CHECKING:
    from distarray.globalapi.context import Context

# The daemon ends a function that does not heed an interrupt: an answer that takes longer is not waited for.
_CANCEL_SECONDS = 0.9


class Future:
    """A call under way. Thread-safe."""

    def __init__(self, context: Context, operation: str, pending: Pending) -> None:
        self._context = context
        self._operation = operation
        self._pending = pending
        self._lock = threading.Lock()
        self._outcome: tuple[Any, BaseException | None] | None = None

    def __del__(self) -> None:
        if getattr(self, "_outcome", self) is None:
            context = self._context
            self._pending.abandon(lambda reply: forget(context, reply.apply))

    def done(self) -> bool:
        """Whether `result` would not wait for the function."""
        return self._pending.done()

    def cancel(self) -> bool:
        """Interrupts the function, and ends it if that does not help. False if it has ended already."""
        if self._pending.done():
            return False
        request = session_pb2.Request()
        request.cancel.operation = self._operation
        self._context._session.begin(request)
        return True

    def cancelled(self) -> bool:
        """Whether the call has ended by being cancelled."""
        return self.done() and isinstance(self.exception(), CancelledError)

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the results, so many seconds at most (then TimeoutError; the function goes on), or raises what the
        function raised.
        """
        if not self._pending.wait(timeout):
            raise RemoteTimeoutError(f"the function has not returned within {timeout} s; it goes on")
        with self._lock:
            if self._outcome is None:
                try:
                    self._outcome = collect(self._context, self._pending.result().apply), None
                except Exception as error:
                    self._outcome = None, error
        value, failure = self._outcome
        if failure is not None:
            raise failure
        return value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What `result` would raise, or None. Waits as `result` does."""
        try:
            self.result(timeout)
        except BaseException as error:
            if self._outcome is None:
                raise
            return error
        return None

    def _finish(self) -> Any:
        """The results; a KeyboardInterrupt cancels the call first."""
        try:
            return self.result()
        except KeyboardInterrupt:
            if self._outcome is None and self.cancel():
                self._pending.wait(_CANCEL_SECONDS)
            raise

    def __repr__(self) -> str:
        return f"<Future({self._operation}, {'done' if self.done() else 'running'})>"
