"""Values of languages without pickles, as JSON.

null, booleans, integers, finite floating-point numbers and text are themselves; {"float": "nan" | "inf" | "-inf"},
{"complex": [re, im]}, {"bytes": base64}, lists, {"map": {...}}, and among arguments {"array": position}.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from distarray.error import InvalidTypeError, InvalidValueError, NumberRangeError

_DEPTH_MAX = 30  # protobuf messages of 100 levels hold no more maps


def from_plain(value: Any, array: Callable[[int], Any]) -> Any:
    """The Python value. array: what stands at a position."""
    if isinstance(value, list):
        return [from_plain(one, array) for one in value]
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind == "map":
        return {key: from_plain(one, array) for key, one in held.items()}
    if kind == "array":
        return array(held)
    if kind == "bytes":
        return base64.b64decode(held)
    return complex(*(from_plain(part, array) for part in held)) if kind == "complex" else float(held)


def to_plain(value: Any, depth: int = 0) -> Any:
    """The JSON of a value. TypeError: it has none; OverflowError: an integer of more than 64 bits; ValueError: nested
    too deep.
    """
    if depth > _DEPTH_MAX:
        raise InvalidValueError(f"the function returned what is nested deeper than {_DEPTH_MAX} lists and dicts")
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise NumberRangeError(f"the function returned {value}, which does not fit 64 bits")
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, complex):
        return {"complex": [to_plain(value.real), to_plain(value.imag)]}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist(), depth)
    if isinstance(value, list | tuple):
        return [to_plain(one, depth + 1) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"map": {key: to_plain(one, depth + 1) for key, one in value.items()}}
    raise InvalidTypeError(
        f"the function returned a {type(value).__name__}; expected None, numbers, text, bytes, and lists, dicts with "
        "text as keys, or NumPy arrays of them"
    )
