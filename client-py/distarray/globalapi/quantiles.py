"""Order statistics, from a sorted copy of the array, in which each is a slice, or a weighted mean of two.

Axes that are reduced are brought behind the others and sorted as one; see distarray.sort. Results are new arrays. One
lies where the elements that it is made of do once they are sorted: without axis on one of the array's targets, else
dealt out as the array is along the dimensions that stay. Those that ignore NaN are dealt out as reductions are. Of
several shares, the results are stacked (see distarray.stack): in blocks along the first dimension.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from distarray._index import Axes, Shape, normalize_axes, reduced_shape
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi import functions as f
from distarray.globalapi._elementwise import assigned, reduce
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.manipulation import moveaxis, reshape, stack
from distarray.globalapi.sorting import sort

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]


def median(
    a: DistArray, /, axis: Axes = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> DistArray:
    """The element in the middle, or the mean of the two there, along axes (None: of all); NaN if an element is NaN, and
    if there are none: a new array, where the sorted elements lie (see the module).
    """
    ordered, shape = _ordered("median", a, axis, operator.truth(keepdims))
    return assigned("median", reshape(_middle(ordered), shape), out)


def _middle(ordered: DistArray) -> DistArray:
    count = ordered.shape[-1]
    kind = ordered.dtype if ordered.dtype.kind in "fc" else np.dtype(np.float64)
    if count == 0:
        return ordered._context.full(ordered.shape[:-1], np.nan, kind)
    low = ordered[..., (count - 1) // 2].astype(kind)
    high = ordered[..., count // 2].astype(kind)
    return _unless_nan(low if count % 2 else (low + high) / 2, ordered)


def quantile(
    a: DistArray,
    q: Any,
    /,
    axis: Axes = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> DistArray:
    """What a share q (or several, which come as the first dimensions) of the elements is not greater than, along axes
    (None: of all), by any of NumPy's methods; NaN if an element is: a new array, where the sorted elements lie (see the
    module).
    """
    return _quantile("quantile", a, q, 1, axis, out, method, keepdims)


def percentile(
    a: DistArray,
    q: Any,
    /,
    axis: Axes = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> DistArray:
    """quantile, with q in hundredths: a new array, dealt out as quantile's."""
    return _quantile("percentile", a, q, 100, axis, out, method, keepdims)


def nanmedian(
    a: DistArray, /, axis: Axes = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> DistArray:
    """median of the elements that are not NaN; NaN if all are: a new array, dealt out as reductions are. Reads the
    sorted elements twice.
    """
    if a.dtype.kind == "c":
        raise InvalidTypeError("nanmedian takes real numbers; of complex ones there is the median")
    if a.dtype.kind == "b":
        return median(a, axis, out, keepdims=keepdims)
    return _quantile("nanmedian", a, 0.5, 1, axis, out, "linear", keepdims)


def nanquantile(
    a: DistArray,
    q: Any,
    /,
    axis: Axes = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> DistArray:
    """quantile of the elements that are not NaN; NaN if all are: a new array, dealt out as reductions are. Reads the
    sorted elements twice for each q.
    """
    return _quantile("nanquantile", a, q, 1, axis, out, method, keepdims)


def nanpercentile(
    a: DistArray,
    q: Any,
    /,
    axis: Axes = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> DistArray:
    """nanquantile, with q in hundredths: a new array, dealt out as reductions are."""
    return _quantile("nanpercentile", a, q, 100, axis, out, method, keepdims)


def _quantile(
    name: str, a: DistArray, q: Any, unit: int, axis: Axes, out: Any, method: str, keepdims: bool
) -> DistArray:
    shares, kind = _shares(name, a, q, unit)
    if method not in _PLACES:
        raise InvalidValueError(f"{name}: method must be one of {sorted(_PLACES)}, {method!r} was given")
    if method == "linear" and unit == 1 and np.asarray(q).dtype.kind in "iu":
        method = "lower"  # integers name the ends: nothing lies between elements, and as in NumPy the dtype stays
    ordered, shape = _ordered(name, a, axis, operator.truth(keepdims))
    ignoring = name.startswith("nan") and a.dtype.kind == "f"
    if ordered.shape[-1] == 0 and not ignoring:
        raise InvalidValueError(f"{name} of no elements: the array has shape {a.shape}, axis is {axis}")
    pick = _pick_numbers if ignoring else _pick
    results = [reshape(pick(ordered, float(share), method, kind), shape) for share in shares.flat]
    if not shares.ndim:
        return assigned(name, results[0], out)
    if not results:
        dtype = a.dtype if method in _AT_ONE else kind
        return assigned(name, a._context.zeros((*shares.shape, *shape), dtype), out)
    return assigned(name, reshape(stack(results), (*shares.shape, *shape)), out)


def _shares(name: str, a: Any, q: Any, unit: int) -> tuple[np.ndarray[Any, Any], np.dtype[Any]]:
    """The shares of 1, and the dtype of results that are means."""
    if not isinstance(a, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(a).__name__} was given")
    if isinstance(q, DistArray):
        raise InvalidTypeError(f"{name}: q must be numbers of this process, not a DistArray; q.toarray() fetches them")
    if a.dtype.kind in "bc":
        raise InvalidTypeError(f"{name} takes integers or real numbers, the array has dtype {a.dtype}")
    shares = np.asarray(q)
    if shares.dtype.kind not in "biuf":
        raise InvalidTypeError(f"{name}: q must be real numbers, {q!r} was given")
    weak = isinstance(q, (int, float)) and not isinstance(q, np.generic)
    own = np.dtype(np.float64) if a.dtype.kind in "iu" else a.dtype
    kind = own if weak else np.result_type(own, shares.dtype, np.float32)
    shares = shares.astype(np.float64) / unit
    if not bool(np.all((shares >= 0) & (shares <= 1))):
        raise InvalidValueError(f"{name}: q must be within 0 and {unit}, {q!r} was given")
    return shares, kind


def _ordered(name: str, a: Any, axis: Axes, keepdims: bool) -> tuple[DistArray, Shape]:
    """The array sorted along axes that have become one, the last; and the shape of results."""
    if not isinstance(a, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(a).__name__} was given")
    axes = normalize_axes(axis, a.ndim)
    shape = reduced_shape(a.shape, axes, keepdims)
    if axes is None or len(axes) == a.ndim:
        return sort(a, axis=None), shape
    last = moveaxis(a, axes, tuple(range(a.ndim - len(axes), a.ndim)))
    kept = last.shape[: a.ndim - len(axes)]
    return sort(reshape(last, (*kept, math.prod(last.shape[len(kept) :])))), shape


def _unless_nan(result: DistArray, ordered: DistArray) -> DistArray:
    """NaN where there is one among the elements: it is the last of them."""
    if ordered.dtype.kind not in "fc":
        return result
    last = ordered[..., -1]
    return f.where(f.isnan(last), last, result).astype(result.dtype, copy=False)


# Where the quantile lies, for n elements: between two of them, or at one.

Place = Callable[[Any, float], Any]


def _between(alpha: float, beta: float) -> Place:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _linear(n: Any, q: float) -> Any:
    return (n - 1) * q


_PLACES: dict[str, Place] = {
    "averaged_inverted_cdf": lambda n, q: n * q - 1,
    "closest_observation": lambda n, q: n * q - 1.5,
    "hazen": _between(0.5, 0.5),
    "higher": _linear,
    "interpolated_inverted_cdf": _between(0, 1),
    "inverted_cdf": lambda n, q: n * q - 1,
    "linear": _linear,
    "lower": _linear,
    "median_unbiased": _between(1 / 3, 1 / 3),
    "midpoint": _linear,
    "nearest": _linear,
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "weibull": _between(0, 0),
}
"""The place of a share q of n elements, before it is rounded or what lies between is."""

_AT_ONE = ("closest_observation", "higher", "inverted_cdf", "lower", "nearest")


def _low_and_weight(n: Any, q: float, method: str, xp: Any) -> tuple[Any, Any]:
    """The lower of two neighbours, and the weight of the upper one; of methods that take one, the weight is 0. `xp`:
    functions for what n is.
    """
    place = _PLACES[method](n, q)
    low = xp.floor(place)
    rest = place - low
    if method == "lower":
        return low, 0 * rest
    if method == "higher":
        return xp.ceil(place), 0 * rest
    if method == "nearest":
        return xp.rint(place), 0 * rest
    if method == "inverted_cdf":
        return xp.where(rest == 0, low, low + 1), 0 * rest
    if method == "closest_observation":
        return xp.where((rest == 0) & (low % 2 == 1), low, low + 1), 0 * rest
    if method == "averaged_inverted_cdf":
        return low, xp.where(rest == 0, 0.5, 1.0)
    if method == "midpoint":
        return low, xp.where(rest == 0, 0.0, 0.5)
    return low, rest


def _pick(ordered: DistArray, q: float, method: str, kind: np.dtype[Any]) -> DistArray:
    count = ordered.shape[-1]
    low, weight = _low_and_weight(count, np.float64(q), method, np)
    first = ordered[..., _within(int(low), count)]
    if method in _AT_ONE:
        return _unless_nan(first, ordered)
    first = first.astype(kind)
    second = ordered[..., _within(int(low) + 1, count)].astype(kind)
    weight = kind.type(weight)
    if weight == 0 or not 0 <= low < count - 1:  # outside, the ends count
        return _unless_nan(first, ordered)
    difference = second - first
    lies = second - difference * (1 - weight) if weight >= 0.5 else first + difference * weight
    return _unless_nan(lies, ordered)


def _within(place: int, count: int) -> int:
    return min(max(place, 0), count - 1)


def _pick_numbers(ordered: DistArray, q: float, method: str, kind: np.dtype[Any]) -> DistArray:
    """As _pick, among the elements that are not NaN: how many there are is only known beside them."""
    count = reduce("sum", f.logical_not(f.isnan(ordered)), -1, np.int64).astype(np.float64)
    low, weight = _low_and_weight(count, q, method, f)
    last = f.maximum(count - 1, 0)
    first = _at(ordered, f.minimum(f.maximum(low, 0), last))
    if method not in _AT_ONE:
        first = first.astype(kind)
        second = _at(ordered, f.minimum(f.maximum(low + 1, 0), last)).astype(kind)
        difference = second - first
        weight = weight.astype(kind)
        upper = second - difference * (1 - weight)
        lies = f.where(weight >= 0.5, upper, first + difference * weight)
        first = f.where((first == second) | (weight == 0), first, lies)
    return f.where(count == 0, np.nan, first).astype(first.dtype, copy=False)


def _at(ordered: DistArray, places: DistArray) -> DistArray:
    """The elements at these places of the last dimension."""
    index = ordered._context._indices_like(ordered, ordered.ndim - 1)
    return reduce("sum", f.where(index == places[..., None], ordered, 0), -1, ordered.dtype)
