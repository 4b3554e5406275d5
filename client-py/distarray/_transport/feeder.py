"""Gathers requests into batches for the stream.

gRPC's own thread draws batches from a Feeder. Requests are appended by any thread; a batch goes out 1 ms after its
first request, or at once when somebody awaits an answer. Nothing here may raise in gRPC's thread: an iterator that
raises hangs the call.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable

from distarray._proto import session_pb2
from distarray.error import MessageTooLargeError

_LINGER_SECONDS = 0.001
_TICKS = 20
_REQUESTS_MAX = 4096  # in one batch
_WAITING_REQUESTS_MAX = 4 * _REQUESTS_MAX  # then submitters wait
_WAITING_BYTES_MAX = 64 << 20
_SMALL_BYTES = 64 << 10
_REQUEST_BYTES = 32  # at most, of a request besides its fields: its tag and length in the batch, its sequence number


class Feeder:
    """An iterator of RequestBatch. Thread-safe; `forget` may also be called while garbage is collected."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self._on_error = on_error
        self._room = threading.Condition(threading.Lock())
        self._waiting: list[session_pb2.Request] = []
        self._sizes: list[int] = []  # in bytes, of those
        self._waiting_bytes = 0
        self._next_sequence = 1
        self._forgotten: deque[int] = deque()  # small ones, to be deleted before an urgent request, or some time
        self._dropped: deque[int] = deque()  # large ones, to be deleted before the next request
        self._urgent = False
        self._ended = False
        self._idle = False  # the drawing thread is, or is about to be, blocked in _wake.get()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # put() is reentrant, so it may run in a destructor
        self.message_bytes_max = 8 << 20

    def submit(
        self,
        request: session_pb2.Request,
        before: Callable[[int], None] | None = None,
        urgent: bool = False,
    ) -> None:
        """Appends a request and numbers it. `before` is called with the number before the request can go out.

        MessageTooLargeError: larger than a message may be.
        """
        size = request.ByteSize() + _REQUEST_BYTES
        if size > self.message_bytes_max:
            raise MessageTooLargeError(
                f"{request.WhichOneof('request')}: the request takes {size} bytes, "
                f"the daemon's messages have at most {self.message_bytes_max}"
            )
        with self._room:
            while (
                len(self._waiting) >= _WAITING_REQUESTS_MAX or self._waiting_bytes >= _WAITING_BYTES_MAX
            ) and not self._ended:
                self._room.wait()
            if self._dropped:
                self._append_delete(self._dropped)
            if urgent and self._forgotten:  # what leads to an awaited value need not be stored
                self._append_delete(self._forgotten)
            sequence = self._next_sequence
            if before is not None:
                before(sequence)
            self._append(request, size)
            if urgent:
                self._urgent = True
        if urgent or self._idle:
            self._idle = False
            self._wake.put(None)

    def forget(self, key: int, nbytes: int) -> None:
        """Lets the next batch delete an array of so many bytes.

        A large one goes before whatever is submitted next: what a chain of operations makes in between must neither be
        charged nor be worth storing when the daemon comes to the next one.
        """
        (self._dropped if nbytes > _SMALL_BYTES else self._forgotten).append(key)
        if self._idle:
            self._idle = False
            self._wake.put(None)

    def end(self) -> None:
        """No more batches after what is waiting."""
        with self._room:
            self._ended = True
            self._room.notify_all()
        self._wake.put(None)

    def __iter__(self) -> Feeder:
        return self

    def __next__(self) -> session_pb2.RequestBatch:
        try:
            batch = self._draw()
        except BaseException as error:
            self._on_error(error)
            batch = None
        if batch is None:
            raise StopIteration
        return batch

    def _draw(self) -> session_pb2.RequestBatch | None:
        ticks = 0
        while True:
            if self._urgent or self._ended or len(self._waiting) >= _REQUESTS_MAX:
                pass
            elif ticks < _TICKS:
                # Soon after a batch: looking once a millisecond spares the next request the cost of waking this thread.
                ticks += 1
                try:
                    self._wake.get(timeout=_LINGER_SECONDS)
                except queue.Empty:
                    pass
            else:
                self._idle = True
                # Again: something may have come before _idle was seen.
                if not (self._waiting or self._forgotten or self._dropped):
                    self._wake.get()
                self._idle = False
                ticks = _TICKS - 1  # linger once for what follows
                continue
            if self._waiting or self._forgotten or self._dropped:
                return session_pb2.RequestBatch(requests=self._take())
            if self._ended:
                return None

    # With _room held.

    def _append(self, request: session_pb2.Request, size: int) -> None:
        request.sequence = self._next_sequence
        self._next_sequence += 1
        self._waiting.append(request)
        self._sizes.append(size)
        self._waiting_bytes += size

    def _append_delete(self, keys: deque[int]) -> None:
        # After all that waits: a handle that is gone can be named only by requests that were submitted before.
        delete = session_pb2.Request()
        for _ in range(len(keys)):
            delete.delete.keys.append(keys.popleft())
        self._append(delete, delete.ByteSize() + _REQUEST_BYTES)

    def _take(self) -> list[session_pb2.Request]:
        with self._room:
            for keys in (self._dropped, self._forgotten):
                if keys:
                    self._append_delete(keys)
            taken = self._waiting
            batch_bytes_max = self.message_bytes_max // 2  # a larger request goes alone
            if len(taken) <= _REQUESTS_MAX and self._waiting_bytes <= batch_bytes_max:
                self._waiting, self._sizes, self._waiting_bytes = [], [], 0
            else:
                count = total = 0
                for size in self._sizes[:_REQUESTS_MAX]:
                    if count and total + size > batch_bytes_max:
                        break
                    count += 1
                    total += size
                self._waiting, self._sizes = taken[count:], self._sizes[count:]
                self._waiting_bytes -= total
                taken = taken[:count]
            if not self._waiting:
                self._urgent = False
            self._room.notify_all()
            return taken
