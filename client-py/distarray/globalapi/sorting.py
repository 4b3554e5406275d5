"""Sorting and searching in what is sorted.

NaNs count as greater than all numbers, 0.0 and -0.0 as equal; complex numbers are ordered by their real parts, then by
their imaginary ones, with NaN where NumPy has it. Results of sort and argsort are new arrays, dealt out as the array
is; what is in blocks is sorted by all its engines together wherever it is large, and to sort one dimension in blocks
takes the memory of the result and half as much again. Other distributions are brought into blocks and back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from distarray._dtypes import INT64
from distarray._index import axis_of
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi._computing import as_array, compute, context_of
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.manipulation import ravel

__all__ = ["argsort", "searchsorted", "sort"]

_KINDS = (None, "quicksort", "heapsort", "mergesort", "stable")
_SIDES = ("left", "right")


def sort(
    x: DistArray,
    /,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    descending: bool = False,
    stable: bool | None = True,
) -> DistArray:
    """The elements in ascending order along an axis: a new array, dealt out as x is (None: of all, in one dimension, in
    blocks). `descending`: from the greatest on, NaNs first. `kind` and `stable` make no difference.
    """
    x, axis = _prepared("sort", x, axis, kind, order)
    return compute("sort", [x], [(x._shape, x._type)], axis=axis, descending=bool(descending))[0]


def argsort(
    x: DistArray,
    /,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    descending: bool = False,
    stable: bool | None = True,
) -> DistArray:
    """Where along an axis the elements of sort are (None: in C order): a new array of int64, dealt out as sort's. Equal
    elements stay in their order, also with `descending`; `kind` and `stable` make no difference.
    """
    x, axis = _prepared("argsort", x, axis, kind, order)
    return compute("argsort", [x], [(x._shape, INT64)], axis=axis, descending=bool(descending))[0]


def _prepared(name: str, x: Any, axis: Any, kind: Any, order: Any) -> tuple[DistArray, int]:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(x).__name__} was given")
    if kind not in _KINDS:
        raise InvalidValueError(f"{name}: kind must be one of {_KINDS[1:]}, {kind!r} was given")
    if order is not None:
        raise InvalidValueError(f"{name}: order= names fields, which no DistArray has; {order!r} was given")
    return (ravel(x), 0) if axis is None else (x, axis_of(name, axis, x.ndim))


def searchsorted(x1: Any, x2: Any, /, side: str = "left", sorter: Any = None) -> DistArray:
    """Where each element of x2 belongs in x1, of one dimension in ascending order: before its equals (`side` "right":
    behind them), int64. `sorter`: x1[sorter] is in order. A new array, dealt out as x2 is. x1 is copied to each of x2's
    targets.
    """
    context = context_of("searchsorted", [x1, x2])
    x1 = as_array(context, x1)
    if type(x2) is int and x1.dtype.kind in "iu" and np.iinfo(x1.dtype).min <= x2 <= np.iinfo(x1.dtype).max:
        x2 = x1.dtype.type(x2)  # nothing need be promoted
    x2 = as_array(context, x2)
    if x1.ndim != 1:
        raise InvalidValueError(f"searchsorted looks in an array of one dimension, x1 has shape {x1.shape}")
    if side not in _SIDES:
        raise InvalidValueError(f"searchsorted: side must be 'left' or 'right', {side!r} was given")
    if sorter is not None:
        sorter = as_array(context, sorter)
        if sorter.dtype.kind not in "iu":
            raise InvalidTypeError(f"searchsorted: sorter must hold integers, not {sorter.dtype}")
        if sorter.shape != x1.shape:
            raise InvalidValueError(f"searchsorted: sorter has shape {sorter.shape}, x1 {x1.shape}")
        x1 = x1[sorter]
    return compute("searchsorted", [x1, x2], [(x2._shape, INT64)], right=side == "right")[0]
