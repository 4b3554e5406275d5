"""What functions returned, as the daemon tells of it, made into Python's values and exceptions."""

from __future__ import annotations

import builtins
import json
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._dtypes import DTYPES
from distarray._proto import arrays_pb2, operations_pb2, session_pb2, types_pb2
from distarray.error import DistArrayError, FunctionError, function_error
from distarray.localapi import LocalArray

if TYPE_CHECKING:
    from distarray.globalapi.context import Context

_TargetResult = operations_pb2.ApplyReply.TargetResult


def collect(context: Context, reply: operations_pb2.ApplyReply) -> Any:
    """A DistArray, None, or the list of the targets' values; raises if some target failed. Then nothing of the results
    is left on the daemon but the array.
    """
    try:
        return _collect(context, reply)
    finally:
        _forget_parts(context, reply)
        # Last: a warning may be an exception.
        for result in reply.results:
            _tell(result)


def forget(context: Context, reply: operations_pb2.ApplyReply) -> None:
    """Frees results that nobody will collect. Never waits."""
    _forget_parts(context, reply)
    if reply.HasField("array"):
        context._session.forget(reply.array.key, reply.array.nbytes)


def _forget_parts(context: Context, reply: operations_pb2.ApplyReply) -> None:
    for result in reply.results:
        for part in (result.pickled_part, result.local_array.part, *result.buffers):
            if part.key:
                context._session.forget(part.key, part.bytes)


def _collect(context: Context, reply: operations_pb2.ApplyReply) -> Any:
    failed = [result for result in reply.results if result.HasField("error")]
    if reply.HasField("array"):
        array = context._array(reply.array.key, tuple(reply.array.shape), reply.array.dtype)
        array._info = reply.array
        return array
    if reply.nothing:
        return None
    values = [None if result.HasField("error") else _value(context, result) for result in reply.results]
    if failed:
        raise _failure(reply, values)
    return values


def _tell(result: _TargetResult) -> None:
    """Prints what was printed, and warns of what was warned of."""
    if result.output:
        lines = result.output.splitlines()
        if result.output_truncated:
            lines.append("... (it printed more)")
        print(*(f"[target {result.target}] {line}" for line in lines), sep="\n", file=sys.stdout)
    for each in result.warnings:
        category = getattr(builtins, each.category, UserWarning)
        if not (isinstance(category, type) and issubclass(category, Warning)):
            category = UserWarning
        warnings.warn_explicit(f"on target {result.target}: {each.message}", category, each.filename, each.line)


def _fetch(context: Context, part: operations_pb2.ApplyReply.Part) -> npt.NDArray[np.uint8]:
    """Reads a part."""
    data = np.empty(part.bytes, np.uint8)

    def store(chunk: arrays_pb2.Chunk) -> None:
        piece = np.frombuffer(chunk.data, np.uint8)
        data[chunk.offset_bytes : chunk.offset_bytes + piece.size] = piece

    request = session_pb2.Request()
    request.get.key = part.key
    context._session.call(request, store)
    return data


def _value(context: Context, result: _TargetResult) -> Any:
    from distarray._pickling import loads  # not at import: cloudpickle takes a while

    if result.HasField("local_array"):
        return _local_array(context, result)
    if result.HasField("pickled_part"):
        pickled: Any = _fetch(context, result.pickled_part)
    elif result.pickled:
        pickled = result.pickled
    else:
        return None
    return loads(pickled, buffers=[_fetch(context, part) for part in result.buffers])


def _local_array(context: Context, result: _TargetResult) -> LocalArray:
    told = result.local_array
    elements = _fetch(context, told.part).view(DTYPES[told.dtype - 1]).reshape(tuple(told.shape))
    dim_data = json.loads(told.dim_data)
    for dimension in dim_data:
        if "indices" in dimension:
            dimension["indices"] = np.asarray(dimension["indices"], np.int64)
        if "padding" in dimension:
            dimension["padding"] = tuple(dimension["padding"])
    return LocalArray.from_distarray(
        {"__version__": "0.10.0", "buffer": elements, "dim_data": tuple(dim_data)}, target=result.target
    )


def _exception(result: _TargetResult) -> BaseException:
    """The remote exception itself where it could be sent, else one that tells of it."""
    from distarray._pickling import loads

    if result.exception.pickled:
        try:
            error = loads(result.exception.pickled)
        except Exception:
            error = None
        if isinstance(error, BaseException):
            return error
    return FunctionError(result.error.message, targets=[result.target])


def _failure(reply: operations_pb2.ApplyReply, values: list[Any]) -> FunctionError:
    """The first cause leads: an exception of the function before what it brought about on other targets."""
    failed = [result for result in reply.results if result.HasField("error")]
    order = [types_pb2.ERROR_REASON_FUNCTION_FAILED, types_pb2.ERROR_REASON_MEMORY_LIMIT]
    first = min(failed, key=lambda result: (result.error.reason not in order, _secondary(result)))
    errors = {result.target: _exception(result) for result in failed}
    failure = function_error(
        _builtin(errors[first.target]) or first.exception.type,
        first.error.message,
        reason=types_pb2.ErrorReason.Name(first.error.reason).removeprefix("ERROR_REASON_"),
        targets=[result.target for result in failed],
        remote_traceback=first.exception.traceback,
        results=values,
        errors=errors,
    )
    failure.__cause__ = errors[first.target]
    return failure


def _builtin(error: BaseException) -> str:
    """The nearest builtin class of an exception of the user's, so that it is caught as that."""
    if isinstance(error, FunctionError):
        return ""
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"), "")


def _secondary(result: _TargetResult) -> bool:
    """Whether the target was given up because another had failed."""
    return "secondary" in result.error.metadata
