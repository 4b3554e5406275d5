"""Reductions: numbers of many elements, along axes.

All results are new arrays. Without axis they are 0-d and lie on the first of x's targets; else they are dealt out as x
is along the dimensions that stay: this is what "as reductions are" means elsewhere. Each reads its operand once unless
it says otherwise.

Sums, and with them means and variances, are the same bits on any number of engines and for any distribution, in all but
contrived cases: rounding errors are carried along.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from distarray._index import Axes, normalize_axes
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi import functions as f
from distarray.globalapi._computing import as_array, context_of
from distarray.globalapi._elementwise import assigned, reduce
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.linear_algebra import diagonal, matmul
from distarray.globalapi.manipulation import atleast_2d, broadcast_to, concat, squeeze, transpose

if TYPE_CHECKING:
    from distarray.globalapi.context import Context

__all__ = [
    "amax",
    "amin",
    "average",
    "corrcoef",
    "cov",
    "max",
    "mean",
    "min",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "prod",
    "ptp",
    "std",
    "sum",
    "var",
]


def _reduced(
    name: str, x: Any, axis: Axes, dtype: npt.DTypeLike | None, out: Any, keepdims: bool, ddof: float = 0
) -> DistArray:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(x).__name__} was given")
    return assigned(name, reduce(name, x, axis, dtype, operator.truth(keepdims), ddof), out)


def sum(
    x: DistArray, /, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
) -> DistArray:
    """The sum; of integers and bool in 64 bits, of none 0: a new array, dealt out as reductions are."""
    return _reduced("sum", x, axis, dtype, out, keepdims)


def prod(
    x: DistArray, /, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
) -> DistArray:
    """The product; of integers and bool in 64 bits, of none 1: a new array, dealt out as reductions are.

    Products of complex numbers may differ in the last digits by distribution and number of engines. Where a part of the
    product overflows or underflows on the way, which also depends on them, it may be infinite, 0 or NaN.
    """
    return _reduced("prod", x, axis, dtype, out, keepdims)


def max(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """The greatest element, NaN if one is; ValueError of none: a new array, dealt out as reductions are."""
    return _reduced("max", x, axis, None, out, keepdims)


def min(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """The least element, NaN if one is; ValueError of none: a new array, dealt out as reductions are."""
    return _reduced("min", x, axis, None, out, keepdims)


def mean(
    x: DistArray, /, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
) -> DistArray:
    """The arithmetic mean; of integers in float64: a new array, dealt out as reductions are."""
    return _reduced("mean", x, axis, dtype, out, keepdims)


def var(
    x: DistArray,
    /,
    axis: Axes = None,
    dtype: npt.DTypeLike | None = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> DistArray:
    """The variance, divided by the number of elements less `correction`, which NumPy also calls ddof: a new array,
    dealt out as reductions are.
    """
    return _reduced("var", x, axis, dtype, out, keepdims, _correction("var", ddof, correction))


def std(
    x: DistArray,
    /,
    axis: Axes = None,
    dtype: npt.DTypeLike | None = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> DistArray:
    """The square root of var: a new array, dealt out as reductions are."""
    return _reduced("std", x, axis, dtype, out, keepdims, _correction("std", ddof, correction))


def _correction(name: str, ddof: float, correction: float | None) -> float:
    if correction is None:
        return ddof
    if ddof != 0:
        raise InvalidValueError(f"{name}: correction and ddof are one thing, both were given")
    return correction


def ptp(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """max - min: a new array, dealt out as reductions are; reads x twice."""
    return assigned("ptp", max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims), out)


class _Averaged(NamedTuple):
    average: DistArray
    sum_of_weights: DistArray


def average(
    a: DistArray, axis: Axes = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """The mean, of elements weighted so (weights: of a's shape, or one a position along axis); with returned=True also
    the sum of the weights: new arrays, dealt out as reductions are. Awaits that sum, which must not be 0
    (ZeroDivisionError); reads a once for each of the two.
    """
    if weights is None:
        result = mean(a, axis, keepdims=keepdims)
        count = a.size // int(np.prod(result.shape, dtype=object)) if result.size else 0
        total = result._context._full_like(result, count, result._type)
    else:
        weights = as_array(context_of("average", [a]), weights)
        if weights.shape != a.shape:
            axes = normalize_axes(axis, a.ndim)
            if axes is None:
                raise InvalidTypeError(f"weights of shape {weights.shape} for shape {a.shape} need an axis")
            if weights.shape != tuple(a.shape[place] for place in axes):
                raise InvalidValueError(f"weights of shape {weights.shape} do not fit axis {axis} of shape {a.shape}")
            weights = weights[tuple(slice(None) if place in axes else None for place in range(a.ndim))]
        scale = np.result_type(a.dtype, weights.dtype, np.float64 if a.dtype.kind in "biu" else a.dtype)
        total = sum(broadcast_to(weights, a.shape), axis, scale, None, keepdims)
        if not bool((total != 0).all()):
            raise ZeroDivisionError("the weights sum to zero and cannot be normalised")
        result = sum(f.multiply(a, weights, dtype=scale), axis, scale, None, keepdims) / total
    return _Averaged(result, total) if returned else result


# Of pairs of variables.


def cov(
    m: DistArray,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: npt.DTypeLike | None = None,
) -> DistArray:
    """The covariance matrix of variables (rows of m and y, columns if not rowvar), divided by the number of
    observations less ddof (1; with bias=True 0); fweights say how often each was made, aweights how much it counts.

    A new array, dealt out as products of matrices are; observations are read twice. As of those, the last digits may
    depend on distribution and number of engines.
    """
    context = context_of("cov", [m])
    variables = _variables(context, m, rowvar)
    if y is not None:
        variables = concat([variables, _variables(context, y, rowvar)])
    kind = np.dtype(dtype if dtype is not None else np.result_type(variables.dtype, np.float64))
    variables = variables.astype(kind, copy=False)
    less = (0 if bias else 1) if ddof is None else ddof
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        given = as_array(context, given).astype(float)
        if given.shape != variables.shape[1:]:
            raise InvalidValueError(f"cov: {name} has shape {given.shape}, expected {variables.shape[1:]}")
        weights = given if weights is None else weights * given
    deviations = variables - average(variables, 1, weights, keepdims=True)
    divisor: Any
    if weights is None:
        divisor = builtins.max(variables.shape[1] - less, 0)
    else:
        total = sum(weights)
        lost = less if aweights is None else less * sum(weights * as_array(context, aweights)) / total
        divisor = f.maximum(total - lost, 0.0)
    weighted = deviations if weights is None else deviations * weights
    return squeeze(f.divide(matmul(deviations, f.conj(transpose(weighted))), divisor).astype(kind, copy=False))


def _variables(context: Context, given: Any, rowvar: bool) -> DistArray:
    """As rows."""
    array = as_array(context, given)
    if array.ndim > 2:
        raise InvalidValueError(f"variables are at most 2-d, shape {array.shape} was given")
    return transpose(array) if array.ndim == 2 and not rowvar else cast("DistArray", atleast_2d(array))


def corrcoef(x: DistArray, y: Any = None, rowvar: bool = True, *, dtype: npt.DTypeLike | None = None) -> DistArray:
    """The correlation coefficients of variables, as in cov. A new array, dealt out as products of matrices are; as of
    those, the last digits may depend on distribution and number of engines.
    """
    covariances = cov(x, y, rowvar, dtype=dtype)
    if not covariances.ndim:
        return covariances / covariances
    deviation = f.sqrt(f.real(diagonal(covariances)))
    result = covariances / deviation[:, None] / deviation[None, :]
    if result.dtype.kind == "c":
        return f.clip(f.real(result), -1, 1) + 1j * f.clip(f.imag(result), -1, 1)
    return f.clip(result, -1, 1)


# Ignoring NaN.


def _without_nan(x: DistArray, value: Any) -> DistArray:
    return x if x.dtype.kind in "biu" else f.where(f.isnan(x), value, x)


def nansum(
    x: DistArray, /, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
) -> DistArray:
    """sum, as if NaN were 0: a new array, dealt out as reductions are."""
    return sum(_without_nan(x, 0), axis, dtype, out, keepdims)


def nanprod(
    x: DistArray, /, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
) -> DistArray:
    """prod, as if NaN were 1: a new array, dealt out as reductions are."""
    return prod(_without_nan(x, 1), axis, dtype, out, keepdims)


def _nan_extremum(
    reduction: Callable[..., DistArray], fill: float, x: DistArray, axis: Axes, out: Any, keepdims: bool
) -> DistArray:
    if x.dtype.kind in "biu":
        return reduction(x, axis, out, keepdims)
    missing = f.isnan(x)
    result = reduction(f.where(missing, fill, x), axis, keepdims=keepdims)
    nothing = reduce("all", missing, axis, None, operator.truth(keepdims))
    return assigned("nanmax" if fill < 0 else "nanmin", f.where(nothing, np.nan, result), out)


def nanmax(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """The greatest element that is not NaN; NaN if all are: a new array, dealt out as reductions are. Reads x twice."""
    return _nan_extremum(max, -np.inf, x, axis, out, keepdims)


def nanmin(x: DistArray, /, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
    """The least element that is not NaN; NaN if all are: a new array, dealt out as reductions are. Reads x twice."""
    return _nan_extremum(min, np.inf, x, axis, out, keepdims)


def _counts(x: DistArray, axis: Axes, keepdims: bool) -> DistArray:
    """How many elements are not NaN, as floating numbers of x's precision."""
    kind = np.float32 if x.dtype.name in ("float32", "complex64") else np.float64
    return sum(f.logical_not(f.isnan(x)), axis, keepdims=keepdims).astype(kind)


def nanmean(
    x: DistArray, /, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
) -> DistArray:
    """The mean of the elements that are not NaN; NaN if all are: a new array, dealt out as reductions are. Reads x
    twice.
    """
    if x.dtype.kind in "biu":
        return mean(x, axis, dtype, out, keepdims)
    _check_inexact("nanmean", dtype)
    result = nansum(x, axis, dtype, None, keepdims)
    return assigned("nanmean", (result / _counts(x, axis, keepdims)).astype(result.dtype, copy=False), out)


def nanvar(
    x: DistArray,
    /,
    axis: Axes = None,
    dtype: npt.DTypeLike | None = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> DistArray:
    """The variance of the elements that are not NaN; NaN where there are no more of them than ddof: a new array, dealt
    out as reductions are. Reads x thrice.
    """
    if x.dtype.kind in "biu":
        return var(x, axis, dtype, out, ddof, keepdims, correction=correction)
    _check_inexact("nanvar", dtype)
    less = _correction("nanvar", ddof, correction)
    x = x if dtype is None else x.astype(dtype, copy=False)
    deviations = x - nanmean(x, axis, keepdims=True)
    squares = f.real(deviations * f.conjugate(deviations)) if x.dtype.kind == "c" else f.square(deviations)
    left = _counts(x, axis, keepdims) - less
    result = f.where(f.isnan(x), 0, squares).sum(axis, keepdims=keepdims) / left  # infinite ones make it NaN
    return assigned("nanvar", f.where(left <= 0, np.nan, result), out)


def _check_inexact(name: str, dtype: npt.DTypeLike | None) -> None:
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise InvalidTypeError(f"{name}: dtype must be floating or complex as the array's is, {dtype} was given")


def nanstd(
    x: DistArray,
    /,
    axis: Axes = None,
    dtype: npt.DTypeLike | None = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> DistArray:
    """The square root of nanvar: a new array, dealt out as reductions are."""
    return assigned("nanstd", f.sqrt(nanvar(x, axis, dtype, None, ddof, keepdims, correction=correction)), out)


amax = max
amin = min
