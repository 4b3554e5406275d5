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
        self._forgotten: deque[int] = deque()
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
            request.sequence = sequence = self._next_sequence
            self._next_sequence = sequence + 1
            if before is not None:
                before(sequence)
            self._waiting.append(request)
            self._sizes.append(size)
            self._waiting_bytes += size
            if urgent:
                self._urgent = True
        if urgent or self._idle:
            self._idle = False
            self._wake.put(None)

    def forget(self, key: int) -> None:
        """Lets the next batch delete an array."""
        self._forgotten.append(key)
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
                if not self._waiting and not self._forgotten:  # again: something may have come before _idle was seen
                    self._wake.get()
                self._idle = False
                ticks = _TICKS - 1  # linger once for what follows
                continue
            if self._waiting or self._forgotten:
                return session_pb2.RequestBatch(requests=self._take())
            if self._ended:
                return None

    def _take(self) -> list[session_pb2.Request]:
        with self._room:
            if self._forgotten:
                # After all that waits: a forgotten handle can be named only by requests that were submitted before.
                delete = session_pb2.Request(sequence=self._next_sequence)
                self._next_sequence += 1
                for _ in range(len(self._forgotten)):
                    delete.delete.keys.append(self._forgotten.popleft())
                self._waiting.append(delete)
                self._sizes.append(delete.ByteSize() + _REQUEST_BYTES)
                self._waiting_bytes += self._sizes[-1]
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
