"""Requests for computations: operations by name that are neither elementwise nor reductions (ServerInfo.computations).

Where the caller knows shape and dtype of the results nothing waits; where they depend on data, the answer is awaited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray._dtypes import NUMBER, set_scalar, supported, weak
from distarray._index import Shape
from distarray._proto import operations_pb2, session_pb2
from distarray._transport.session import origin
from distarray.error import ContextError, InvalidTypeError, InvalidValueError
from distarray.globalapi._handle import Handle, ReadOnlyStorage, Storage

if TYPE_CHECKING:
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray

Result = tuple[Shape, int]  # shape, and the dtype's number


def context_of(name: str, operands: Sequence[Any]) -> Context:
    """That of the distributed arrays among the operands. TypeError: there is none; ContextError: they differ."""
    found: Context | None = None
    for operand in operands:
        if isinstance(operand, Handle):
            if found is not None and operand._context is not found:
                raise ContextError(f"{name}: the operands belong to different contexts")
            found = operand._context
    if found is None:
        raise InvalidTypeError(f"{name} takes a DistArray, none was given")
    return found


def as_array(context: Context, value: Any) -> DistArray:
    """The value itself if it is a DistArray, else one with its elements."""
    return value if isinstance(value, Handle) else context.fromarray(np.asarray(value))  # type: ignore[return-value]


def as_arrays(name: str, values: Iterable[Any]) -> list[DistArray]:
    """as_array of each, in the context that context_of finds. ValueError: there are none; and its errors."""
    given = [*values]
    if not given:
        raise InvalidValueError(f"{name} takes at least one array, none was given")
    context = context_of(name, given)
    return [as_array(context, one) for one in given]


def compute(
    name: str,
    operands: Sequence[Any],
    results: Sequence[Result],
    *,
    shape: Sequence[int] = (),
    **parameters: Any,
) -> list[DistArray]:
    """name(*operands), whose results have these shapes and dtypes. Does not wait."""
    request, context = _request(name, operands, shape, parameters)
    keys = [context._new_key() for _ in results]
    request.compute.results.extend(keys)
    context._session.submit(request)
    return [context._array(key, *result) for key, result in zip(keys, results, strict=True)]


def compute_awaited(
    name: str, operands: Sequence[Any], count: int, *, shape: Sequence[int] = (), **parameters: Any
) -> list[DistArray]:
    """As `compute`, for `count` results whose shapes or dtypes only the daemon knows: waits for them."""
    request, context = _request(name, operands, shape, parameters)
    request.compute.results.extend(context._new_key() for _ in range(count))
    arrays = []
    for info in context._session.call(request).compute.arrays:
        array = context._array(info.key, tuple(info.shape), info.dtype)
        array._info = info
        arrays.append(array)
    return arrays


def compute_in_place(name: str, target: Handle, operands: Sequence[Any], **parameters: Any) -> None:
    """name(*operands) into elements of `target`. Does not wait."""
    target._check_writable()
    request, context = _request(name, [*operands, target], (), parameters)
    del request.compute.operands[-1]
    request.compute.in_place = target._key
    context._session.submit(request)
    target._written()


def _request(
    name: str, operands: Sequence[Any], shape: Sequence[int], parameters: Mapping[str, Any]
) -> tuple[session_pb2.Request, Context]:
    context = context_of(name, operands)
    request = session_pb2.Request(origin=origin())
    message: operations_pb2.ComputeRequest = request.compute
    message.name = name
    message.shape.extend(shape)
    for operand in operands:
        added = message.operands.add()
        if isinstance(operand, Handle):
            added.key = operand._key
        elif (number := weak(operand)) is not None:
            set_scalar(added.scalar, number.value)
        else:
            typed = np.asarray(operand)
            if typed.ndim:
                raise InvalidTypeError(f"{name}: an operand must be a DistArray or a number")
            set_scalar(added.scalar, typed.item(), NUMBER[supported(typed.dtype)])
    for parameter, value in parameters.items():
        if value is not None:
            set_scalar(message.parameters[parameter], value)
    return request, context


def view(array: DistArray, axes: Sequence[int] = (), broadcast_shape: Shape = (), shape: Shape = ()) -> DistArray:
    """A view of all elements with its axes permuted, or (read-only) broadcast; `shape` is what comes out. Does not
    wait.
    """
    context = array._context
    request = session_pb2.Request(origin=origin())
    message = request.slice
    message.key = array._key
    message.axes.extend(axes)
    message.broadcast_shape.extend(broadcast_shape)
    message.result = key = context._new_key()
    context._session.submit(request)
    storage: Storage = ReadOnlyStorage(array._share()) if broadcast_shape else array._share()
    return context._array(key, shape, array._type, storage)
