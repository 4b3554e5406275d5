"""Whether elements are true, and arrays alike. What gives a bool of Python's awaits it."""

from __future__ import annotations

import operator
from typing import Any

from distarray._index import Axes
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi import functions as f
from distarray.globalapi._computing import as_array, context_of
from distarray.globalapi._elementwise import assigned, reduce
from distarray.globalapi.distarray import DistArray

__all__ = ["all", "allclose", "any", "array_equal", "array_equiv", "isclose"]


def all(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """Whether all elements are true (not zero), along axes: a new array, dealt out as reductions are."""
    return _reduced("all", x, axis, out, keepdims)


def any(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """Whether some element is true (not zero), along axes: a new array, dealt out as reductions are."""
    return _reduced("any", x, axis, out, keepdims)


def _reduced(name: str, x: Any, axis: Axes, out: Any, keepdims: bool) -> DistArray:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(x).__name__} was given")
    return assigned(name, reduce(name, x, axis, None, operator.truth(keepdims)), out)


def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> DistArray:
    """Whether |a - b| <= atol + rtol * |b|, and for what is not finite whether a == b.

    Elementwise, broadcast: a new array, dealt out as the first operand of its shape is. See numpy.isclose.
    """
    context = context_of("isclose", [a, b])
    a, b = as_array(context, a), as_array(context, b)
    if b.dtype.kind in "biu":
        b = b.astype(float)
    if a.dtype.kind == "b":
        a = a.astype(float)
    close: DistArray = (f.isfinite(b) & (f.absolute(a - b) <= atol + rtol * f.absolute(b))) | (a == b)
    return close | (f.isnan(a) & f.isnan(b)) if equal_nan else close


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether isclose everywhere. Awaits the answer."""
    return bool(isclose(a, b, rtol, atol, equal_nan).all())


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether both have the same shape and elements. Awaits the answer, where shapes do not decide it."""
    context = context_of("array_equal", [a1, a2])
    one, other = as_array(context, a1), as_array(context, a2)
    if one.shape != other.shape:
        return False
    same = one == other
    return bool((same | (f.isnan(one) & f.isnan(other)) if equal_nan else same).all())


def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether both have the same elements once broadcast. Awaits the answer, where shapes do not decide it."""
    try:
        return bool(f.equal(*(as_array(context_of("array_equiv", [a1, a2]), one) for one in (a1, a2))).all())
    except InvalidValueError:
        return False
