"""Arguments of functions as plain values, for a daemon that reads no pickles (--apply=source)."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from distarray._dtypes import set_scalar
from distarray._proto import operations_pb2
from distarray.error import InvalidTypeError, InvalidValueError, NumberRangeError

_DEPTH_MAX = 30

Position = Callable[[Any], int | None]


def put_arguments(
    apply: operations_pb2.ApplyRequest, args: tuple[Any, ...], kwargs: Mapping[str, Any], position: Position
) -> None:
    """Adds them to the request. position: that of an array in it, None for what is none. TypeError, ValueError."""
    for name, value in [*(("", value) for value in args), *kwargs.items()]:
        argument = apply.arguments.add(name=name)
        _put(argument.value, value, position, 0)


def _number(value: Any) -> bool | int | float | complex:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        if not -(1 << 63) <= value < 1 << 64:
            raise NumberRangeError(f"the argument {value} does not fit 64 bits")
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else complex(value)


def _put(plain: operations_pb2.PlainValue, value: Any, position: Position, depth: int) -> None:
    if depth > _DEPTH_MAX:
        raise InvalidValueError(f"an argument is nested deeper than {_DEPTH_MAX} lists and dicts")
    array = position(value)
    if array is not None:
        plain.array = array
    elif value is None:
        plain.nothing.SetInParent()
    elif isinstance(value, numbers.Complex | np.bool_):
        set_scalar(plain.scalar, _number(value))
    elif isinstance(value, str):
        plain.text = value
    elif isinstance(value, bytes):
        plain.data = value
    elif isinstance(value, list | tuple):
        plain.list.SetInParent()
        for one in value:
            _put(plain.list.items.add(), one, position, depth + 1)
    elif isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        plain.map.SetInParent()
        for name, one in value.items():
            _put(plain.map.entries[name], one, position, depth + 1)
    else:
        raise InvalidTypeError(
            f"a {type(value).__name__} is among the arguments; this daemon takes no pickles (--apply=source), only "
            "distributed arrays, None, numbers, text, bytes, and lists and dicts of them"
        )
