"""Recording elementwise functions and reductions: dtype and shape are worked out here, the rest is the server's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_float
from distarray._dtypes import NUMBER, UINT64, Plan, Weak, can_cast_same_kind, dtype_of, set_scalar, supported, weak
from distarray._index import Shape, broadcast, normalize_axes, reduced_shape
from distarray._proto import session_pb2
from distarray._transport.session import origin
from distarray.error import ContextError, InvalidTypeError, InvalidValueError
from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray

_NO_DTYPE = 0


def elementwise(
    name: str, operands: Sequence[Any], dtype: npt.DTypeLike | None = None, out: Handle | None = None
) -> DistArray:
    """name(*operands) as NumPy has it; with `out`, in place. At least one operand must be a DistArray.

    Numbers, and whatever np.asarray makes an array of, are operands too; arrays are uploaded.
    """
    context = _context_of(name, operands)
    session = context._session
    types: list[Any] = []
    shapes: list[Shape] = []
    sent: list[Any] = []  # a key's Handle, a Weak, or (value, dtype number)
    for operand in operands:
        if isinstance(operand, Handle):
            if operand._context is not context:
                raise ContextError(f"{name}: the operands belong to different contexts")
        else:
            number = weak(operand)
            if number is not None:
                types.append(number)
                sent.append(number)
                continue
            array = np.asarray(operand)
            if array.ndim == 0:
                typed = NUMBER[supported(array.dtype)]
                types.append(typed)
                sent.append((array.item(), typed))
                continue
            operand = context.fromarray(array)
        types.append(operand._type)
        shapes.append(operand._shape)
        sent.append(operand)
    if name in _TRUE_OF_NEGATIVE and UINT64 in types and any(one in _SIGNED for one in types) and dtype is None:
        return _compared(name, context, sent, types, out)
    plan: Plan = context._tables.plan(name, types, NUMBER[supported(dtype)] if dtype is not None else _NO_DTYPE)
    shape = shapes[0] if len(shapes) == 1 else broadcast(shapes)
    request = session_pb2.Request(origin=origin())
    ufunc = request.ufunc
    ufunc.name = plan.name
    if plan.dtype:
        ufunc.dtype = plan.dtype  # type: ignore[assignment]
    if plan.swapped:
        sent.reverse()
    for given, planned in zip(sent, plan.operands, strict=True):
        message = ufunc.operands.add()
        if isinstance(given, Handle):
            message.key = given._key
        elif isinstance(planned, Weak):
            set_scalar(message.scalar, planned.value)
        elif isinstance(planned, tuple):
            set_scalar(message.scalar, *planned)
        else:
            set_scalar(message.scalar, *given)
    if out is None:
        ufunc.result = key = context._new_key()
        session.submit(request)
        return context._array(key, shape, plan.result)
    if shape != out._shape and broadcast([shape, out._shape]) != out._shape:
        raise InvalidValueError(f"{name}: a result of shape {shape} does not fit the output's shape {out._shape}")
    if not can_cast_same_kind(plan.result, out._type):
        raise InvalidTypeError(
            f"{name}: cannot cast the result's {dtype_of(plan.result)} to the output's {dtype_of(out._type)} "
            "with casting rule 'same_kind'"
        )
    out._check_writable()
    ufunc.in_place = out._key
    session.submit(request)
    out._written()
    return out  # type: ignore[return-value]


# Comparisons of a negative number, as first or as second operand, with an unsigned one: whether they are true.
_TRUE_OF_NEGATIVE = {
    "equal": (False, False),
    "not_equal": (True, True),
    "less": (True, False),
    "less_equal": (True, False),
    "greater": (False, True),
    "greater_equal": (False, True),
}
_SIGNED = tuple(NUMBER[np.dtype(name)] for name in ("int8", "int16", "int32", "int64"))


def _compared(name: str, context: Context, sent: Sequence[Any], types: Sequence[int], out: Handle | None) -> DistArray:
    """uint64 compared with signed integers: exactly, which they are not in float64, to which they are promoted."""
    arrays = [
        one if isinstance(one, Handle) else context.fromarray(np.asarray(one[0], dtype_of(one[1]))) for one in sent
    ]
    place = 0 if types[0] in _SIGNED else 1
    negative = elementwise("less", (arrays[place], 0))
    arrays[place] = convert("astype", arrays[place], UINT64)
    compared = elementwise(name, arrays)
    if _TRUE_OF_NEGATIVE[name][place]:
        return elementwise("logical_or", (compared, negative), out=out)
    return elementwise("logical_and", (compared, elementwise("logical_not", (negative,))), out=out)


def elementwise_into(name: str, operands: Sequence[Any], dtype: npt.DTypeLike | None, out: Any) -> DistArray:
    """name(*operands), as an array of its own if `out` is None, else as the elements of `out` (NumPy's out=)."""
    if out is None:
        return elementwise(name, operands, dtype)
    if operands and operands[0] is out:
        return elementwise(name, operands, dtype, out)
    return assigned(name, elementwise(name, operands, dtype), out)


def assigned(name: str, result: DistArray, out: Any) -> DistArray:
    """`out` with the elements of a result that casts to its dtype; the result itself if `out` is None."""
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if out is None:
        return result
    if not isinstance(out, Handle):
        raise InvalidTypeError(f"{name}: out must be a DistArray, {type(out).__name__} was given")
    if result._shape != out._shape:
        raise InvalidValueError(f"{name}: the result's shape is {result._shape}, the output's {out._shape}")
    if not can_cast_same_kind(result._type, out._type):
        raise InvalidTypeError(f"{name}: cannot cast the result's {result.dtype} to the output's {out.dtype}")
    out[...] = result  # type: ignore[index]
    return out  # type: ignore[return-value]


def convert(name: str, operand: Handle, type_number: int) -> DistArray:
    """A new array by `copy` or `astype`, which have no row in the promotion tables."""
    context = operand._context
    request = session_pb2.Request(origin=origin())
    ufunc = request.ufunc
    ufunc.name = name
    ufunc.operands.add().key = operand._key
    if name == "astype":
        ufunc.dtype = type_number  # type: ignore[assignment]
    ufunc.result = key = context._new_key()
    context._session.submit(request)
    return context._array(key, operand._shape, type_number)


def positive(operand: Handle) -> DistArray:
    """+operand: a copy."""
    if dtype_of(operand._type).kind == "b":
        raise InvalidTypeError("positive is not defined for bool")
    return convert("copy", operand, operand._type)


def reduce(
    name: str,
    operand: Handle,
    axis: Any = None,
    dtype: npt.DTypeLike | None = None,
    keepdims: bool = False,
    ddof: float = 0,
) -> DistArray:
    """A reduction as NumPy has it."""
    context = operand._context
    number = NUMBER[supported(dtype)] if dtype is not None else _NO_DTYPE
    if not operand._shape and axis in (0, -1):  # as NumPy has it
        axis = None
    axes = normalize_axes(axis, len(operand._shape))
    shape = reduced_shape(operand._shape, axes, keepdims)
    if name in ("mean", "var", "std") and number and dtype_of(number).kind in "biu":
        if name == "mean":  # NumPy adds in the integer type, then divides and truncates
            return convert("astype", reduce(name, convert("astype", operand, number), axis, None, keepdims), number)
        raise InvalidTypeError(f"{name}: dtype must be floating or complex, {dtype_of(number)} was given")
    result = context._tables.reduction(name, operand._type, number)
    if name in ("min", "max"):
        reduced = operand._shape if axes is None else [operand._shape[position] for position in axes]
        if 0 in reduced:
            raise InvalidValueError(f"{name} of no elements: the array has shape {operand._shape}, axis is {axis}")
    request = session_pb2.Request(origin=origin())
    message = request.reduce
    message.name = name
    message.key = operand._key
    if axes is None:
        message.all_axes = True
    else:
        message.axes.extend(axes)
    message.keepdims = bool(keepdims)
    if number:
        message.dtype = number  # type: ignore[assignment]
    message.correction = as_float(ddof, "ddof")
    message.result = key = context._new_key()
    context._session.submit(request)
    return context._array(key, shape, result)


def _context_of(name: str, operands: Sequence[Any]) -> Context:
    for operand in operands:
        if isinstance(operand, Handle):
            return operand._context
    raise InvalidTypeError(f"{name} takes at least one DistArray; use numpy.{name} for other operands")
