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
+-- FunctionError            RuntimeError: a function of the user's failed; also the class of what it raised
|   +-- WorkerLostError: the process that ran it ended
+-- ArrayLostError, CancelledError, InternalError, QueueFullError  (RuntimeError)
"""

from __future__ import annotations

import builtins
import linecache
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # workers import this module and have no protobuf
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
    "FunctionError",
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
    "WorkerLostError",
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


class FunctionError(DistArrayError, RuntimeError):
    """A function of the user's failed on `targets`.

    remote_traceback: the worker's, of the first of them. results: what the function returned, in the order of the
    targets it ran on, None where it failed. errors: by target, the exception that it raised, or one that tells of it.
    """

    _made_of: tuple[str, str] = ("", "FUNCTION_FAILED")
    remote_traceback: str = ""
    results: list[Any]
    errors: dict[int, Any]

    def __init__(self, message: str = "", **given: Any) -> None:
        super().__init__(message, **given)
        self.results = []
        self.errors = {}

    def __str__(self) -> str:
        trace = f"\n\n{self.remote_traceback.rstrip()}" if self.remote_traceback else ""
        return f"{super().__str__()}{trace}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_function_error, (
            (self._made_of[0], self.reason or self._made_of[1]),
            self.message,
            self.reason,
            self.targets,
            self.remote_traceback,
            self.results,
            self.errors,
        )


class WorkerLostError(FunctionError):
    """The process that ran a function of the user's ended before the function returned."""


_BY_REASON: dict[str, type[DistArrayError]] = {
    "INVALID_VALUE": InvalidValueError,
    "INVALID_TYPE": InvalidTypeError,
    "INDEX_OUT_OF_RANGE": IndexOutOfRangeError,
    "AXIS_OUT_OF_RANGE": AxisError,
    "UNKNOWN_KEY": UnknownKeyError,
    "KEY_EXISTS": KeyExistsError,
    "UNKNOWN_OPERATION": UnknownOperationError,
    "MEMORY_LIMIT": MemoryLimitError,
    "MESSAGE_TOO_LARGE": MessageTooLargeError,
    "FILE_NOT_FOUND": RemoteFileNotFoundError,
    "FILE_ACCESS": FileAccessError,
    "FILE_FORMAT": FileFormatError,
    "DATASET_NOT_FOUND": DatasetNotFoundError,
    "FILE_EXISTS": RemoteFileExistsError,
    "DATASET_EXISTS": DatasetExistsError,
    "IO_FAILED": InputOutputError,
    "ARRAY_LOST": ArrayLostError,
    "SESSION_UNKNOWN": SessionUnknownError,
    "NOT_IMPLEMENTED": NotSupportedError,
    "TIMEOUT": RemoteTimeoutError,
    "CANCELLED": CancelledError,
    "PERMISSION_DENIED": DeniedError,
    "SHUTTING_DOWN": ShuttingDownError,
    "INTERNAL": InternalError,
    "QUEUE_FULL": QueueFullError,
    "FUNCTION_FAILED": FunctionError,
    "WORKER_LOST": WorkerLostError,
}


def from_info(info: types_pb2.ErrorInfo) -> DistArrayError:
    """The exception for what the server said."""
    from distarray._proto import types_pb2

    try:
        reason = types_pb2.ErrorReason.Name(info.reason).removeprefix("ERROR_REASON_")
    except ValueError:  # a reason newer than this client
        reason = str(info.reason)
    kind = _BY_REASON.get(reason, DistArrayError)
    return kind(info.message, reason=reason, origin=info.origin, targets=info.targets, metadata=info.metadata)


def function_error(
    type_name: str,
    message: str,
    *,
    reason: str,
    targets: Sequence[int],
    remote_traceback: str = "",
    results: Sequence[Any] = (),
    errors: Mapping[int, Any] | None = None,
) -> FunctionError:
    """The exception for a function that failed: also of the builtin class `type_name`, if there is one, so that it is
    caught as what the function raised.
    """
    kind = _function_error_class(type_name, reason)
    error = kind(message, reason=reason, targets=targets)
    error.remote_traceback = remote_traceback
    error.results = list(results)
    error.errors = dict(errors or {})
    return error


_FUNCTION_ERRORS: dict[tuple[str, str], type[FunctionError]] = {}


def _function_error_class(type_name: str, reason: str) -> type[FunctionError]:
    known = _FUNCTION_ERRORS.get((type_name, reason))
    if known is not None:
        return known
    own = _BY_REASON.get(reason, FunctionError)
    bases: tuple[type, ...] = (own,) if issubclass(own, FunctionError) else (FunctionError, own)
    raised = getattr(builtins, type_name, None)
    kind: type[FunctionError] = bases[0]
    # An exception group is made of exceptions, not of a text.
    groups: tuple[type, ...] = tuple(filter(None, [getattr(builtins, "BaseExceptionGroup", None)]))
    fits = isinstance(raised, type) and issubclass(raised, Exception) and not issubclass(raised, groups)
    if fits and not issubclass(kind, raised):
        bases = (*bases, raised)
    if len(bases) > 1:
        try:
            kind = type("FunctionError", bases, {"__module__": __name__, "_made_of": (type_name, reason)})
        except TypeError:  # their layouts conflict, as those of OSError and UnicodeError do
            kind = bases[0]
    _FUNCTION_ERRORS[type_name, reason] = kind
    return kind


def _rebuild_function_error(
    made_of: tuple[str, str], message: str, reason: str, targets: list[int], traceback: str, results: Any, errors: Any
) -> FunctionError:
    return function_error(
        made_of[0],
        message,
        reason=reason,
        targets=targets,
        remote_traceback=traceback,
        results=results,
        errors=errors,
    )
