"""What can go wrong. Every class is a DistArrayError and, where one fits, the builtin a Python user would catch.

DistArrayError
+-- InvalidValueError        ValueError
|   +-- NumberRangeError     OverflowError
|   +-- AxisError            IndexError
|   +-- KeyExistsError, UnknownOperationError, MessageTooLargeError, DatasetExistsError
|   +-- DistributionError
+-- InvalidTypeError         TypeError
+-- IndexOutOfRangeError     IndexError
+-- UnknownKeyError          KeyError
+-- DatasetNotFoundError     KeyError
+-- MemoryLimitError         MemoryError
+-- FileFormatError          OSError
+-- InputOutputError         OSError
+-- RemoteFileNotFoundError  FileNotFoundError
+-- FileAccessError          PermissionError
+-- RemoteFileExistsError    FileExistsError
+-- NotSupportedError        NotImplementedError
+-- RemoteTimeoutError       TimeoutError
+-- DeniedError              PermissionError
+-- ContextError             RuntimeError: a context that cannot be used (closed, forked, another's)
|   +-- ContextCreationError: no daemon
+-- ConnectionLostError      ConnectionError
|   +-- SessionUnknownError, ShuttingDownError
+-- ArrayLostError, CancelledError, InternalError, QueueFullError  (RuntimeError)
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence

from distarray._proto import types_pb2

__all__ = [
    "ArrayLostError",
    "AxisError",
    "CancelledError",
    "ConnectionLostError",
    "ContextCreationError",
    "ContextError",
    "DatasetExistsError",
    "DatasetNotFoundError",
    "DeniedError",
    "DistArrayError",
    "DistributionError",
    "FileAccessError",
    "FileFormatError",
    "IndexOutOfRangeError",
    "InputOutputError",
    "InternalError",
    "InvalidTypeError",
    "InvalidValueError",
    "KeyExistsError",
    "LargeTransferWarning",
    "MemoryLimitError",
    "MessageTooLargeError",
    "NotSupportedError",
    "NumberRangeError",
    "QueueFullError",
    "RemoteFileExistsError",
    "RemoteFileNotFoundError",
    "RemoteTimeoutError",
    "SessionUnknownError",
    "ShuttingDownError",
    "UnknownKeyError",
    "UnknownOperationError",
]


class LargeTransferWarning(UserWarning):
    """A large array was fetched by an implicit conversion."""


class DistArrayError(Exception):
    """Base of all errors of this package.

    message: what was given and what was expected. reason: the ErrorReason's name without its prefix, for programs
    (empty when the client found the error itself). origin: the "file:line" that made the failed value, or empty.
    targets: the targets it failed on. metadata: the dynamic parts of the message.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reason: str = "",
        origin: str = "",
        targets: Sequence[int] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.origin = origin
        self.targets = list(targets)
        self.metadata = dict(metadata or {})

    def __str__(self) -> str:
        if not self.origin:
            return self.message
        path, _, line = self.origin.rpartition(":")
        code = linecache.getline(path, int(line)).strip() if line.isdigit() else ""
        return f"{self.message} (from {self.origin}{': ' + code if code else ''})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.reason, self.origin, self.targets, self.metadata)


def _rebuild(
    kind: type[DistArrayError], message: str, reason: str, origin: str, targets: list[int], metadata: dict[str, str]
) -> DistArrayError:
    return kind(message, reason=reason, origin=origin, targets=targets, metadata=metadata)


class InvalidValueError(DistArrayError, ValueError):
    """An argument of the right type with a wrong value."""


class NumberRangeError(InvalidValueError, OverflowError):
    """A Python number that does not fit the array's dtype."""


class AxisError(InvalidValueError, IndexError):
    """An axis that the array does not have."""


class DistributionError(InvalidValueError):
    """A distribution that cannot be, or does not cover its array."""


class KeyExistsError(InvalidValueError):
    """A key that is in use."""


class UnknownOperationError(InvalidValueError):
    """A function the server does not have."""


class MessageTooLargeError(InvalidValueError):
    """A request larger than the server takes."""


class DatasetExistsError(InvalidValueError):
    """The file already has a dataset of that name."""


class InvalidTypeError(DistArrayError, TypeError):
    """An argument or dtype of the wrong kind."""


class IndexOutOfRangeError(DistArrayError, IndexError):
    """An index outside its dimension, or too many of them."""


class UnknownKeyError(DistArrayError, KeyError):
    """A key that names nothing (any more)."""


class DatasetNotFoundError(DistArrayError, KeyError):
    """The file has no such dataset."""


class MemoryLimitError(DistArrayError, MemoryError):
    """More memory than the daemon has left."""


class FileFormatError(DistArrayError, OSError):
    """A file that is not what it should be."""


class InputOutputError(DistArrayError, OSError):
    """Reading or writing failed."""


class RemoteFileNotFoundError(DistArrayError, FileNotFoundError):
    """No such file or folder on the daemon's host."""


class FileAccessError(DistArrayError, PermissionError):
    """A path the daemon does not open for its users."""


class RemoteFileExistsError(DistArrayError, FileExistsError):
    """The file exists (mode "w-")."""


class NotSupportedError(DistArrayError, NotImplementedError):
    """Not implemented yet."""


class RemoteTimeoutError(DistArrayError, TimeoutError):
    """A time limit has passed."""


class DeniedError(DistArrayError, PermissionError):
    """Not allowed to this user."""


class ContextError(DistArrayError, RuntimeError):
    """A context that is closed, was forked, or is not the other operand's."""


class ContextCreationError(ContextError):
    """No daemon could be reached or started."""


class ConnectionLostError(DistArrayError, ConnectionError):
    """The daemon is gone, or the connection to it broke."""


class SessionUnknownError(ConnectionLostError):
    """The daemon does not know this session: it ended, or the daemon was restarted."""


class ShuttingDownError(ConnectionLostError):
    """The daemon is ending."""


class ArrayLostError(DistArrayError, RuntimeError):
    """The engines were restarted and the array's blocks are gone."""


class CancelledError(DistArrayError, RuntimeError):
    """The operation was cancelled."""


class InternalError(DistArrayError, RuntimeError):
    """A defect of the daemon."""


class QueueFullError(DistArrayError, RuntimeError):
    """Too many requests outstanding."""


_BY_REASON: dict[int, type[DistArrayError]] = {
    types_pb2.ERROR_REASON_INVALID_VALUE: InvalidValueError,
    types_pb2.ERROR_REASON_INVALID_TYPE: InvalidTypeError,
    types_pb2.ERROR_REASON_INDEX_OUT_OF_RANGE: IndexOutOfRangeError,
    types_pb2.ERROR_REASON_AXIS_OUT_OF_RANGE: AxisError,
    types_pb2.ERROR_REASON_UNKNOWN_KEY: UnknownKeyError,
    types_pb2.ERROR_REASON_KEY_EXISTS: KeyExistsError,
    types_pb2.ERROR_REASON_UNKNOWN_OPERATION: UnknownOperationError,
    types_pb2.ERROR_REASON_MEMORY_LIMIT: MemoryLimitError,
    types_pb2.ERROR_REASON_MESSAGE_TOO_LARGE: MessageTooLargeError,
    types_pb2.ERROR_REASON_FILE_NOT_FOUND: RemoteFileNotFoundError,
    types_pb2.ERROR_REASON_FILE_ACCESS: FileAccessError,
    types_pb2.ERROR_REASON_FILE_FORMAT: FileFormatError,
    types_pb2.ERROR_REASON_DATASET_NOT_FOUND: DatasetNotFoundError,
    types_pb2.ERROR_REASON_FILE_EXISTS: RemoteFileExistsError,
    types_pb2.ERROR_REASON_DATASET_EXISTS: DatasetExistsError,
    types_pb2.ERROR_REASON_IO_FAILED: InputOutputError,
    types_pb2.ERROR_REASON_ARRAY_LOST: ArrayLostError,
    types_pb2.ERROR_REASON_SESSION_UNKNOWN: SessionUnknownError,
    types_pb2.ERROR_REASON_NOT_IMPLEMENTED: NotSupportedError,
    types_pb2.ERROR_REASON_TIMEOUT: RemoteTimeoutError,
    types_pb2.ERROR_REASON_CANCELLED: CancelledError,
    types_pb2.ERROR_REASON_PERMISSION_DENIED: DeniedError,
    types_pb2.ERROR_REASON_SHUTTING_DOWN: ShuttingDownError,
    types_pb2.ERROR_REASON_INTERNAL: InternalError,
    types_pb2.ERROR_REASON_QUEUE_FULL: QueueFullError,
}


def from_info(info: types_pb2.ErrorInfo) -> DistArrayError:
    """The exception for what the server said."""
    kind = _BY_REASON.get(info.reason, DistArrayError)
    try:
        reason = types_pb2.ErrorReason.Name(info.reason).removeprefix("ERROR_REASON_")
    except ValueError:  # a reason newer than this client
        reason = str(info.reason)
    return kind(info.message, reason=reason, origin=info.origin, targets=info.targets, metadata=info.metadata)
