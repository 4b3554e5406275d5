"""Arguments that must be numbers: converted, or a TypeError that names them."""

from __future__ import annotations

import operator
from typing import Any

from distarray.error import InvalidTypeError


def as_integer(value: Any, name: str) -> int:
    """A Python int of what is one, NumPy's too. TypeError."""
    try:
        return operator.index(value)
    except TypeError:
        raise InvalidTypeError(f"{name} must be an int, {value!r} was given") from None


def as_integers(values: Any, name: str) -> list[int]:
    """Python ints of an iterable of what are some. TypeError."""
    try:
        return [operator.index(value) for value in values]
    except TypeError:
        raise InvalidTypeError(f"{name} must be a sequence of ints, {values!r} was given") from None


def as_float(value: Any, name: str) -> float:
    """A Python float. TypeError."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidTypeError(f"{name} must be a real number, {value!r} was given") from None
