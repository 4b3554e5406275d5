"""Functions that make arrays in a context: `device=`, or the default one (see default_context)."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from distarray.globalapi.context import Context, default_context
from distarray.globalapi.distarray import DistArray

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "fromarray",
    "fromfunction",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def empty(shape: Any, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """An uninitialised array; `how` as in Context.empty."""
    return (device or default_context()).empty(shape, dtype, **how)


def zeros(shape: Any, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """An array of zeros; `how` as in Context.zeros."""
    return (device or default_context()).zeros(shape, dtype, **how)


def ones(shape: Any, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """An array of ones; `how` as in Context.ones."""
    return (device or default_context()).ones(shape, dtype, **how)


def full(
    shape: Any, fill_value: Any, dtype: npt.DTypeLike | None = None, *, device: Context | None = None, **how: Any
) -> DistArray:
    """An array of one value; `how` as in Context.full."""
    return (device or default_context()).full(shape, fill_value, dtype, **how)


def arange(
    start: Any,
    stop: Any = None,
    step: Any = 1,
    dtype: npt.DTypeLike | None = None,
    *,
    device: Context | None = None,
    **how: Any,
) -> DistArray:
    """start, start + step, ... below stop; `how` as in Context.arange."""
    return (device or default_context()).arange(start, stop, step, dtype, **how)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: npt.DTypeLike | None = None,
    *,
    device: Context | None = None,
    **how: Any,
) -> DistArray:
    """num evenly spaced numbers; `how` as in Context.linspace."""
    return (device or default_context()).linspace(start, stop, num, endpoint, dtype, **how)


def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: npt.DTypeLike = float,
    *,
    device: Context | None = None,
    **how: Any,
) -> DistArray:
    """Ones on the k-th diagonal; `how` as in Context.eye."""
    return (device or default_context()).eye(N, M, k, dtype, **how)


def fromarray(arr: npt.ArrayLike, *, device: Context | None = None, **how: Any) -> DistArray:
    """An array with the elements of what numpy.asarray takes; `how` as in Context.fromarray."""
    return (device or default_context()).fromarray(arr, **how)


def asarray(x: Any, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """x itself if it is a DistArray (converted to dtype, if given), else fromarray(x)."""
    array = x if isinstance(x, DistArray) else fromarray(x, device=device)
    return array if dtype is None else array.astype(dtype, copy=False)


def fromfunction(function: Any, shape: Any, *, device: Context | None = None, **how: Any) -> DistArray:
    """function of distributed index arrays; `how` as in Context.fromfunction."""
    return (device or default_context()).fromfunction(function, shape, **how)


def empty_like(x: DistArray, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """An uninitialised array of x's shape and distribution (in another context: that one's default distribution)."""
    return _made_like("empty", x, dtype, device)


def zeros_like(x: DistArray, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """Zeros of x's shape and distribution, as empty_like."""
    return _made_like("zeros", x, dtype, device)


def ones_like(x: DistArray, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """Ones of x's shape and distribution, as empty_like."""
    return _made_like("ones", x, dtype, device)


def full_like(
    x: DistArray, fill_value: Any, dtype: npt.DTypeLike | None = None, *, device: Context | None = None
) -> DistArray:
    """One value, in x's shape and distribution, as empty_like."""
    return _made_like("full", x, dtype, device, fill_value)


def _made_like(name: str, x: DistArray, dtype: npt.DTypeLike | None, device: Context | None, *value: Any) -> DistArray:
    context = device or x.context
    like = x.distribution if context is x.context else x.shape
    made: DistArray = getattr(context, name)(like, *value, dtype=x.dtype if dtype is None else dtype)
    return made
