"""Running sums and products along an axis, and differences of neighbours.

Running sums of floating numbers carry their rounding errors along and are rounded once for each element, in an order
fixed by global index: they are the same bit for bit on any number of engines and for any distribution, and nearer to
the exact sums than NumPy's. Running products are NumPy's, multiplied one after the other. A line is scanned by all
engines at the same time, but for products of floating numbers, where one engine waits for the next; of an array with
more dimensions the axis is first made whole on each engine, if it is not.

The result is a new array, dealt out as the operand is; with include_initial, where the axis was not whole on each
engine, in blocks: of the line, or of another axis.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy.typing as npt

from distarray._dtypes import BOOL, NUMBER, dtype_of, supported
from distarray._index import axis_of
from distarray.error import InvalidValueError
from distarray.globalapi._computing import as_array, compute, context_of
from distarray.globalapi._elementwise import assigned, elementwise
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.manipulation import broadcast_to, concat, ravel

__all__ = ["cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "diff", "nancumprod", "nancumsum"]


def cumulative_sum(
    x: DistArray,
    /,
    *,
    axis: int | None = None,
    dtype: npt.DTypeLike | None = None,
    out: Any = None,
    include_initial: bool = False,
) -> DistArray:
    """The sums of all elements up to each along an axis; None: of the only dimension. A new array, dealt out as x is.

    dtype: of the sums, to which the elements are converted first; None: as of sum. include_initial: the result begins
    with 0, and is longer by that (see the module on its distribution).
    """
    return _cumulative("cumulative_sum", False, x, axis, dtype, out, include_initial)


def cumulative_prod(
    x: DistArray,
    /,
    *,
    axis: int | None = None,
    dtype: npt.DTypeLike | None = None,
    out: Any = None,
    include_initial: bool = False,
) -> DistArray:
    """The products of all elements up to each along an axis: a new array, dealt out as x is; arguments as of
    cumulative_sum. include_initial: 1.
    """
    return _cumulative("cumulative_prod", True, x, axis, dtype, out, include_initial)


def cumsum(x: DistArray, /, axis: int | None = None, dtype: npt.DTypeLike | None = None, out: Any = None) -> DistArray:
    """cumulative_sum by NumPy's name: a new array, dealt out as x is; axis None: of all elements in C order, in one
    dimension, in blocks.
    """
    return _flat_unless("cumsum", False, x, axis, dtype, out)


def cumprod(x: DistArray, /, axis: int | None = None, dtype: npt.DTypeLike | None = None, out: Any = None) -> DistArray:
    """cumulative_prod by NumPy's name: a new array, dealt out as x is; axis None: of all elements in C order, in one
    dimension, in blocks.
    """
    return _flat_unless("cumprod", True, x, axis, dtype, out)


def nancumsum(
    x: DistArray, /, axis: int | None = None, dtype: npt.DTypeLike | None = None, out: Any = None
) -> DistArray:
    """cumsum with NaN taken for 0: a new array, dealt out as cumsum's."""
    return _flat_unless("nancumsum", False, _without_nan("nancumsum", x, 0), axis, dtype, out)


def nancumprod(
    x: DistArray, /, axis: int | None = None, dtype: npt.DTypeLike | None = None, out: Any = None
) -> DistArray:
    """cumprod with NaN taken for 1: a new array, dealt out as cumprod's."""
    return _flat_unless("nancumprod", True, _without_nan("nancumprod", x, 1), axis, dtype, out)


def diff(x: DistArray, /, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> DistArray:
    """The differences of neighbours along an axis, n times over; of bools, whether they differ.

    prepend, append: elements (or a number) to put before and behind first, as by concat. Only the rows at the edges of
    blocks are sent. A new array, dealt out as the slice x[1:] of that axis (with prepend or append, of what concat
    gives); with n = 0 x itself.
    """
    array = as_array(context_of("diff", [x]), x)
    times = operator.index(n)
    if times < 0:
        raise InvalidValueError(f"diff: n must not be negative, {n} was given")
    if array.ndim == 0:
        raise InvalidValueError("diff: x is 0-d; expected at least one dimension")
    place = axis_of("diff", axis, array.ndim)
    if times == 0:
        return array
    parts = [_beside(array, place, prepend), [array], _beside(array, place, append)]
    joined = [one for part in parts for one in part]
    if len(joined) > 1:
        array = concat(joined, axis=place)
    for _ in range(times):
        before = (slice(None),) * place
        later, earlier = array[(*before, slice(1, None))], array[(*before, slice(None, -1))]
        array = elementwise("not_equal" if array._type == BOOL else "subtract", (later, earlier))
    return array


def _beside(array: DistArray, axis: int, value: Any) -> list[DistArray]:
    if value is None:
        return []
    one = as_array(array._context, value)
    if one.ndim == 0:
        one = broadcast_to(one, (*array._shape[:axis], 1, *array._shape[axis + 1 :]))
    return [one]


def _without_nan(name: str, x: Any, value: int) -> DistArray:
    array = as_array(context_of(name, [x]), x)
    if dtype_of(array._type).kind not in "fc":
        return array
    return elementwise("where", (elementwise("isnan", (array,)), value, array))


def _flat_unless(name: str, product: bool, x: Any, axis: int | None, dtype: Any, out: Any) -> DistArray:
    array = as_array(context_of(name, [x]), x)
    if axis is None:
        array, axis = ravel(array), 0
    return _cumulative(name, product, array, axis, dtype, out, False)


def _cumulative(
    name: str, product: bool, x: Any, axis: int | None, dtype: Any, out: Any, include_initial: bool
) -> DistArray:
    array = as_array(context_of(name, [x]), x)
    if array.ndim == 0:
        array = ravel(array)
    if axis is None:
        if array.ndim > 1:
            raise InvalidValueError(f"{name}: axis must be given for an array of shape {array._shape}")
        axis = 0
    place = axis_of(name, axis, array.ndim)
    asked = NUMBER[supported(dtype)] if dtype is not None else 0
    number = asked or array._context._tables.reduction("prod" if product else "sum", array._type)
    shape = list(array._shape)
    shape[place] += bool(include_initial)
    (result,) = compute(
        "scan",
        [array],
        [(tuple(shape), number)],
        axis=place,
        product=product,
        initial=bool(include_initial),
        dtype=number,
    )
    return assigned(name, result, out)
