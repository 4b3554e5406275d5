"""Functions that make arrays in a context: `device=`, or the default one (see default_context).

They make new arrays unless they say otherwise. `how` is dist=, grid_shape=, targets= or a Distribution in place of the
shape (see Context.empty); without it arrays are dealt out by the context's default rule: in blocks along the first
dimension, or as its `default_dist` says, over its targets, or as many of them as have something to hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_integer
from distarray._dtypes import NUMBER, supported
from distarray._index import broadcast
from distarray.error import InvalidTypeError, InvalidValueError, NumberRangeError
from distarray.globalapi import functions
from distarray.globalapi._handle import Handle
from distarray.globalapi.context import Context, default_context
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.manipulation import broadcast_to, stack

__all__ = [
    "arange",
    "array",
    "asarray",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "fromarray",
    "fromfunction",
    "full",
    "full_like",
    "identity",
    "indices",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def empty(shape: Any, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """A new, uninitialised array, dealt out as `how` says."""
    return (device or default_context()).empty(shape, dtype, **how)


def zeros(shape: Any, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """A new array of zeros, dealt out as `how` says."""
    return (device or default_context()).zeros(shape, dtype, **how)


def ones(shape: Any, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """A new array of ones, dealt out as `how` says."""
    return (device or default_context()).ones(shape, dtype, **how)


def full(
    shape: Any, fill_value: Any, dtype: npt.DTypeLike | None = None, *, device: Context | None = None, **how: Any
) -> DistArray:
    """A new array of one value, dealt out as `how` says; dtype None: the value's. A 0-d DistArray as the value is read
    first.
    """
    return (device or default_context()).full(shape, _number(fill_value), dtype, **how)


def arange(
    start: Any,
    stop: Any = None,
    step: Any = 1,
    dtype: npt.DTypeLike | None = None,
    *,
    device: Context | None = None,
    **how: Any,
) -> DistArray:
    """start, start + step, ... below stop (numpy.arange): a new array, dealt out as `how` says."""
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
    """num evenly spaced numbers from start to stop (numpy.linspace): a new array, dealt out as `how` says."""
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
    """N rows and M (N if None) columns, ones on the k-th diagonal: a new array, dealt out as `how` says."""
    return (device or default_context()).eye(N, M, k, dtype, **how)


def identity(n: int, dtype: npt.DTypeLike = float, *, device: Context | None = None, **how: Any) -> DistArray:
    """n rows and columns, ones on the diagonal: a new array, dealt out as `how` says."""
    return eye(n, dtype=dtype, device=device, **how)


def indices(
    dimensions: Sequence[int], dtype: npt.DTypeLike = int, *, device: Context | None = None, **how: Any
) -> tuple[DistArray, ...]:
    """For each dimension a new array of this shape with the elements' own indices along it (numpy.indices, not sparse),
    dealt out as `how` says.
    """
    context = device or default_context()
    first = context.empty(dimensions, dtype, **how)
    return tuple(context._indices_like(first, axis).astype(dtype, copy=False) for axis in range(first.ndim))


def fromarray(arr: npt.ArrayLike, *, device: Context | None = None, **how: Any) -> DistArray:
    """A new array with the elements of what numpy.asarray takes, uploaded, dealt out as `how` says."""
    return (device or default_context()).fromarray(arr, **how)


def asarray(
    obj: Any, dtype: npt.DTypeLike | None = None, *, device: Context | None = None, copy: bool | None = None
) -> DistArray:
    """An array of a DistArray, of what numpy.asarray takes, or of (nested) sequences of both.

    obj itself if it is a DistArray of that dtype and context, unless copy=True; else a new array: elements of this
    process are uploaded, dealt out by the default rule; those of another context come through this process. copy=False:
    a ValueError where elements would be copied.
    """
    if isinstance(obj, DistArray):
        return _again(obj, dtype, device, copy)
    context = device
    if isinstance(obj, (list, tuple)) and _holds_arrays(obj):
        if copy is False:
            raise InvalidValueError("a sequence of arrays is not one array without a copy")
        stacked = _stacked(obj)
        return _again(stacked, dtype, device, None)
    if copy is False:
        raise InvalidValueError("elements of this process come to the engines by a copy: copy=False cannot be had")
    return (context or default_context()).fromarray(_elements(obj, dtype))


def _elements(obj: Any, dtype: npt.DTypeLike | None) -> npt.NDArray[Any]:
    if dtype is None or hasattr(obj, "__array__"):
        return np.asarray(obj, None if dtype is None else supported(dtype))
    kind = supported(dtype)
    if kind.kind in "iu" and np.lib.NumpyVersion(np.__version__) < "2.0.0":  # which let integers overflow
        given = np.asarray(obj)
        limits = np.iinfo(kind)
        if given.dtype.kind in "iuO" and given.size and not (limits.min <= given.min() and given.max() <= limits.max):
            raise NumberRangeError(f"a Python integer is out of bounds for {kind}")
    return np.asarray(obj, kind)


def _again(array: DistArray, dtype: npt.DTypeLike | None, device: Context | None, copy: bool | None) -> DistArray:
    moves = device is not None and device is not array.context
    converts = dtype is not None and supported(dtype) != array.dtype
    if copy is False and (moves or converts):
        raise InvalidValueError("another dtype or context needs a copy: copy=False cannot be had")
    if moves:
        assert device is not None
        array = array.to_device(device)
    if dtype is not None and converts:
        return array.astype(dtype)
    return array.copy() if copy and not moves else array


def _holds_arrays(sequence: Sequence[Any]) -> bool:
    return any(isinstance(item, (list, tuple)) and _holds_arrays(item) or isinstance(item, Handle) for item in sequence)


def _stacked(sequence: Any) -> DistArray | Any:
    if not isinstance(sequence, (list, tuple)) or not _holds_arrays(sequence):
        return sequence
    return stack([_stacked(item) for item in sequence])


def array(
    obj: Any, dtype: npt.DTypeLike | None = None, *, copy: bool | None = True, device: Context | None = None
) -> DistArray:
    """asarray, but a new array unless copy says otherwise (numpy.array); dealt out as obj, or by the default rule."""
    return asarray(obj, dtype, device=device, copy=copy)


def copy(x: Any, /) -> DistArray:
    """A new array with the elements of x, dealt out as x is (what is no DistArray: by the default rule)."""
    return asarray(x, copy=True)


def from_dlpack(x: Any, /, *, device: Context | None = None, copy: bool | None = None) -> DistArray:
    """An array with the elements of anything that has __dlpack__ and lies in this process's memory.

    Of a DistArray a view (with copy=True, or in another context, a new array; nothing is fetched for that in its own).
    Else a new array: elements are uploaded, dealt out by the default rule. copy=False: a BufferError where elements
    would be copied.
    """
    if isinstance(x, DistArray):
        try:
            array = _again(x, None, device, copy)
        except InvalidValueError as error:
            raise BufferError(str(error)) from None
        return array[...] if array is x else array
    if not hasattr(x, "__dlpack__"):
        raise InvalidTypeError(f"from_dlpack takes an object with __dlpack__, {type(x).__name__} was given")
    if copy is False:
        raise BufferError("elements of this process come to the engines by a copy: copy=False cannot be had")
    return (device or default_context()).fromarray(np.from_dlpack(x))


def fromfunction(function: Any, shape: Any, *, device: Context | None = None, **how: Any) -> DistArray:
    """function of distributed index arrays: a new array, dealt out as these; `how` as in Context.fromfunction."""
    return (device or default_context()).fromfunction(function, shape, **how)


def empty_like(x: DistArray, /, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """A new, uninitialised array of x's shape, dealt out as x is (in another context: by that one's default rule)."""
    context, number = _like(x, dtype, device)
    return (
        context.empty(x.shape, dtype or x.dtype)
        if context is not x.context
        else context._empty_like([x], x.shape, number)
    )


def zeros_like(x: DistArray, /, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """A new array of zeros, of x's shape, dealt out as in empty_like."""
    return full_like(x, 0, dtype, device=device)


def ones_like(x: DistArray, /, dtype: npt.DTypeLike | None = None, *, device: Context | None = None) -> DistArray:
    """A new array of ones, of x's shape, dealt out as in empty_like."""
    return full_like(x, 1, dtype, device=device)


def full_like(
    x: DistArray, /, fill_value: Any, dtype: npt.DTypeLike | None = None, *, device: Context | None = None
) -> DistArray:
    """A new array of one value, in x's shape, dealt out as in empty_like. A 0-d DistArray as value is read first."""
    context, number = _like(x, dtype, device)
    value = _number(fill_value)
    if context is not x.context:
        return context.full(x.shape, value, x.dtype if dtype is None else dtype)
    return context._full_like(x, value, number)


def _like(x: Any, dtype: npt.DTypeLike | None, device: Context | None) -> tuple[Context, int]:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"an array is made like a DistArray, {type(x).__name__} was given")
    return device or x.context, x._type if dtype is None else NUMBER[supported(dtype)]


def _number(value: Any) -> Any:
    return value._read()[()] if isinstance(value, Handle) and value.ndim == 0 else value


def meshgrid(*arrays: DistArray, indexing: str = "xy", sparse: bool = False, copy: bool = False) -> list[DistArray]:
    """The coordinates of a grid with these coordinates along each dimension ("xy": the first two exchanged).

    Views of the arrays, in which repeated elements cannot be written, and which lie where the arrays do; with copy=True
    new arrays.
    """
    if indexing not in ("xy", "ij"):
        raise InvalidValueError(f"indexing must be 'xy' or 'ij', {indexing!r} was given")
    for one in arrays:
        if not isinstance(one, DistArray) or one.ndim > 1:
            raise InvalidTypeError("meshgrid takes 1-d DistArrays")
    count = len(arrays)
    places = [*range(count)]
    if indexing == "xy" and count > 1:
        places[:2] = 1, 0
    results = []
    for one, place in zip(arrays, places, strict=True):
        spread = tuple(slice(None) if k == place and one.ndim else None for k in range(count))
        results.append(one[(*spread, ...)])
    if not sparse and results:
        shape = broadcast([one.shape for one in results])
        results = [broadcast_to(one, shape) for one in results]
    return [one.copy() for one in results] if copy else results


def tril(x: DistArray, /, k: int = 0) -> DistArray:
    """x below and on the k-th diagonal of the last two dimensions, zero above: a new array, dealt out as x is."""
    return _triangle("tril", x, k, functions.less_equal)


def triu(x: DistArray, /, k: int = 0) -> DistArray:
    """x above and on the k-th diagonal of the last two dimensions, zero below: a new array, dealt out as x is."""
    return _triangle("triu", x, k, functions.greater_equal)


def _triangle(name: str, x: Any, k: int, kept: functions.Binary) -> DistArray:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(x).__name__} was given")
    if x.ndim < 2:
        raise InvalidValueError(f"{name} takes an array of at least 2 dimensions, shape {x.shape} was given")
    make = x.context._indices_like
    diagonal = make(x, x.ndim - 1) - make(x, x.ndim - 2)
    offset = min(max(as_integer(k, "k"), -(1 << 62)), 1 << 62)
    return functions.where(kept(diagonal, offset), x, x.dtype.type(0))
