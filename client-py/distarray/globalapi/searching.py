"""Where elements are. Results are new arrays of int64, dealt out as reductions are (see statistics)."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from distarray._dtypes import INT64
from distarray._index import normalize_axes
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi import functions as f
from distarray.globalapi._elementwise import assigned, reduce
from distarray.globalapi.distarray import DistArray

__all__ = ["argmax", "argmin", "count_nonzero", "nanargmax", "nanargmin"]


def argmax(x: DistArray, /, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> DistArray:
    """Index of the first greatest element, or of the first NaN, along an axis (None: in C order); ValueError of none: a
    new array, dealt out as reductions are. Reads x twice.
    """
    return assigned("argmax", _position("max", x, axis, keepdims), out)


def argmin(x: DistArray, /, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> DistArray:
    """Index of the first least element, or of the first NaN, along an axis (None: in C order); ValueError of none: a
    new array, dealt out as reductions are. Reads x twice.
    """
    return assigned("argmin", _position("min", x, axis, keepdims), out)


def _position(name: str, x: DistArray, axis: int | None, keepdims: bool) -> DistArray:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"arg{name} takes a DistArray, {type(x).__name__} was given")
    if isinstance(axis, tuple):
        raise InvalidTypeError(f"arg{name}: axis must be None or an int, {axis!r} was given")
    axes = normalize_axes(axis, x.ndim)
    if 0 in (x.shape if axes is None else [x.shape[axes[0]]]):
        raise InvalidValueError(f"arg{name} of no elements: the array has shape {x.shape}, axis is {axis}")
    best = reduce(name, x, axis, None, True)
    found = x == best
    if x.dtype.kind in "fc":
        found = found | f.isnan(x)  # of any NaN, the best is NaN, and nothing is equal to it
    if axes is None:
        index = _flat_index(x)
        beyond = x.size
    else:
        index = x._context._indices_like(x, axes[0])
        beyond = x.shape[axes[0]]
    return reduce("min", f.where(found, index, beyond), axis, None, operator.truth(keepdims))


def _flat_index(x: DistArray) -> DistArray:
    index: Any = 0
    for axis, size in enumerate(x.shape):
        index = index * size + x._context._indices_like(x, axis)
    return index if isinstance(index, DistArray) else x._context._full_like(x, 0, INT64)


def count_nonzero(x: DistArray, /, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> DistArray:
    """How many elements are not zero, along axes: a new array, dealt out as reductions are."""
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"count_nonzero takes a DistArray, {type(x).__name__} was given")
    return reduce("sum", x != 0, axis, np.int64, operator.truth(keepdims))


def nanargmax(x: DistArray, /, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> DistArray:
    """As argmax, without NaN: a new array, dealt out as reductions are. Awaits whether there is nothing else somewhere,
    which is a ValueError; reads x thrice.
    """
    return assigned("nanargmax", argmax(_numbers("nanargmax", x, -np.inf, axis), axis, keepdims=keepdims), out)


def nanargmin(x: DistArray, /, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> DistArray:
    """As argmin, without NaN: a new array, dealt out as reductions are. Awaits whether there is nothing else somewhere,
    which is a ValueError; reads x thrice.
    """
    return assigned("nanargmin", argmin(_numbers("nanargmin", x, np.inf, axis), axis, keepdims=keepdims), out)


def _numbers(name: str, x: DistArray, fill: float, axis: int | None) -> DistArray:
    if x.dtype.kind in "biu":
        return x
    missing = f.isnan(x)
    if bool(reduce("all", missing, axis).any()):
        raise InvalidValueError(f"{name}: all elements are NaN (somewhere along axis {axis})")
    return f.where(missing, fill, x)
