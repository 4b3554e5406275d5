"""Session: a client's stream of requests and the answers to those that were awaited."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from distarray._proto import arrays_pb2, service_pb2, session_pb2, types_pb2
from distarray._transport.feeder import Feeder
from distarray.error import ConnectionLostError, ContextCreationError, ContextError, DistArrayError, from_info

if TYPE_CHECKING:
    import grpc

# gRPC's own handling of forks crashes the child of a parent with an open stream. A child makes connections of its own
# here, so that there is nothing for gRPC to handle. gRPC looks at the variable with its first channel or server.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

_SERVICE = service_pb2.DESCRIPTOR.services_by_name["DistArray"]
_SESSION_METHOD = f"/{_SERVICE.full_name}/{_SERVICE.methods_by_name['Session'].name}"
_CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.service_config_disable_resolution", 1),
]
_CLOSE_SECONDS = 1.0
_DETAILS = "grpc-status-details-bin"

Sink = Callable[[arrays_pb2.Chunk], None]

_sessions: weakref.WeakSet[Session] = weakref.WeakSet()


class Pending:
    """One awaited answer. `arrived` is a lock that is released when it is there."""

    __slots__ = ("arrived", "error", "reply", "session", "sink", "unwanted")

    def __init__(self, session: Session, sink: Sink | None) -> None:
        self.session = session
        self.arrived = threading.Lock()
        self.arrived.acquire()
        self.sink = sink
        self.reply: session_pb2.Reply | None = None
        self.unwanted: Callable[[session_pb2.Reply], None] | None = None
        self.error: BaseException | None = None

    def done(self) -> bool:
        """Whether `result` would not wait."""
        return not self.arrived.locked()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the answer, so many seconds at most; whether it is there."""
        if not self.arrived.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            return False
        self.arrived.release()  # for whoever else asks
        return True

    def abandon(self, clean_up: Callable[[session_pb2.Reply], None]) -> None:
        """Nobody will ask for the answer: it goes to clean_up, once it is there, or twice. Never waits."""
        self.unwanted = clean_up
        if self.done() and self.reply is not None:
            clean_up(self.reply)

    def result(self) -> session_pb2.Reply:
        """Waits for the answer and raises its error."""
        self.wait()
        if self.error is not None:
            raise self.error
        reply = self.reply
        if reply is None:
            failure = self.session._failure
            raise failure() if failure is not None else ConnectionLostError("the connection was closed")
        if reply.WhichOneof("reply") == "error":
            raise from_info(reply.error)
        return reply


class Session:
    """An open session. Requests may be submitted from any thread; they are carried out in the order of submission."""

    def __init__(self, address: str, opening: session_pb2.OpenRequest) -> None:
        """Connects and opens. ContextCreationError if there is no daemon; the daemon's error if it refuses."""
        import grpc

        self.address = address
        self._failure: Callable[[], DistArrayError] | None = None
        self._lock = threading.Lock()
        self._waiters: dict[int, Pending] = {}
        self._feeder = Feeder(self._fail_with)
        self.forget = self._feeder.forget
        self._channel: grpc.Channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        stream = self._channel.stream_stream(
            _SESSION_METHOD,
            request_serializer=session_pb2.RequestBatch.SerializeToString,
            response_deserializer=session_pb2.ReplyBatch.FromString,
        )
        self._opened = False
        self._call: Any = stream(self._feeder)
        self._reader = threading.Thread(target=self._read, name="distarray-reader", daemon=True)
        self._reader.start()
        _sessions.add(self)
        request = session_pb2.Request()
        request.open.CopyFrom(opening)
        try:
            reply = self.call(request)
        except BaseException:
            self._shut()
            raise
        self._opened = True
        self.name: str = reply.open.session
        self.info: session_pb2.ServerInfo = reply.open.info
        if self.info.message_bytes_max:
            self._feeder.message_bytes_max = self.info.message_bytes_max

    def submit(self, request: session_pb2.Request) -> None:
        """Sends a request whose answer nobody awaits. Does not wait for the network, except when much is queued.

        MessageTooLargeError if the daemon would not take it.
        """
        if self._failure is not None:
            raise self._failure()
        self._feeder.submit(request)

    def call(self, request: session_pb2.Request, sink: Sink | None = None) -> session_pb2.Reply:
        """Sends a request, awaits its answer and raises its error; chunks go to `sink`, in the reader's thread.

        MessageTooLargeError if the daemon would not take it.
        """
        return self.begin(request, sink).result()

    def begin(self, request: session_pb2.Request, sink: Sink | None = None) -> Pending:
        """Sends a request whose answer will be awaited. As `call`, in two steps."""
        if self._failure is not None:
            raise self._failure()
        request.awaited = True
        waiter = Pending(self, sink)

        def expect(sequence: int) -> None:
            with self._lock:
                self._waiters[sequence] = waiter

        self._feeder.submit(request, before=expect, urgent=True)
        if self._failure is not None:
            self._release_all()
        return waiter

    @property
    def usable(self) -> bool:
        return self._failure is None

    def close(self) -> None:
        """Ends the session; waits a second at most."""
        if self._failure is not None:
            return self._shut()
        waiter = Pending(self, None)
        request = session_pb2.Request(awaited=True)
        request.close.SetInParent()

        def expect(sequence: int) -> None:
            with self._lock:
                self._waiters[sequence] = waiter

        self._feeder.submit(request, before=expect, urgent=True)
        waiter.wait(_CLOSE_SECONDS)
        self._fail(lambda: ContextError("the context is closed"))
        self._shut()

    def _shut(self) -> None:
        self._feeder.end()
        self._call.cancel()
        self._channel.close()

    def _read(self) -> None:
        import grpc

        failure: Callable[[], DistArrayError] = lambda: ConnectionLostError(  # noqa: E731
            f"the daemon at {self.address} ended the session"
        )
        try:
            for batch in self._call:
                for reply in batch.replies:
                    self._dispatch(reply)
        except grpc.RpcError as error:
            failure = self._explained(error)
        except BaseException as error:
            failure = _raising(error)
        self._fail(failure)

    def _dispatch(self, reply: session_pb2.Reply) -> None:
        kind = reply.WhichOneof("reply")
        final = kind != "chunk" or reply.chunk.last
        with self._lock:
            waiter = self._waiters.pop(reply.sequence, None) if final else self._waiters.get(reply.sequence)
        if waiter is None:
            return
        if kind == "chunk" and waiter.sink is not None and waiter.error is None:
            try:
                waiter.sink(reply.chunk)
            except BaseException as error:
                waiter.error = error
        if final:
            waiter.reply = reply
            waiter.arrived.release()
            if waiter.unwanted is not None:
                waiter.unwanted(reply)

    def _explained(self, error: Any) -> Callable[[], DistArrayError]:
        """What to raise for a broken stream."""
        import grpc

        code, details = error.code(), error.details()
        for key, value in error.trailing_metadata() or ():
            if key == _DETAILS:
                info = types_pb2.ErrorInfo()
                try:
                    info.ParseFromString(value)
                except Exception:
                    break
                if info.reason:
                    return lambda: from_info(info)
        # Of a connection cut in the middle gRPC may also say UNKNOWN ("Stream removed") or INTERNAL ("RST_STREAM").
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL):
            if not self._opened:
                return lambda: ContextCreationError(f"no daemon answers at {self.address}: {details}")
            return lambda: ConnectionLostError(
                f"the connection to the daemon at {self.address} was lost ({details}), and with it this context's "
                "arrays. If an engine died, the daemon is starting again by itself: make a new Context"
            )
        return lambda: ConnectionLostError(f"the session with {self.address} broke: {code.name}: {details}")

    def _fail_with(self, error: BaseException) -> None:
        self._fail(_raising(error))

    def _fail(self, failure: Callable[[], DistArrayError]) -> None:
        if self._failure is None:
            self._failure = failure
        self._feeder.end()
        self._release_all()

    def _release_all(self) -> None:
        with self._lock:
            waiters = list(self._waiters.values())
            self._waiters.clear()
        for waiter in waiters:
            waiter.arrived.release()

    def _abandon(self) -> None:
        """In a forked child: the connection is the parent's, and none of its threads exist here."""
        self._lock = threading.Lock()
        self._waiters = {}
        self._failure = lambda: ContextError(
            "this context was made before the process forked; make another Context in the child"
        )
        for held in (
            self._channel,
            self._call,
            self._feeder,
        ):  # destroying them would wait for threads that are not there
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))


def _raising(error: BaseException) -> Callable[[], DistArrayError]:
    if isinstance(error, DistArrayError):
        return lambda: error
    return lambda: ConnectionLostError(f"the client's stream broke: {type(error).__name__}: {error}")


def _after_fork() -> None:
    for session in list(_sessions):
        session._abandon()


os.register_at_fork(after_in_child=_after_fork)

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_origins: dict[tuple[Any, int], str] = {}


def origin() -> str:
    """ "file:line" of the innermost frame outside this package: the user's line."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return ""
    place = (frame.f_code, frame.f_lasti)
    known = _origins.get(place)
    if known is None:
        if len(_origins) > 4096:
            _origins.clear()
        known = _origins[place] = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    return known
