"""New local arrays. In a worker their memory is the engine's, so that to return one copies nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.localapi._runtime import communicator, place
from distarray.localapi.localarray import LocalArray, as_local_array
from distarray.localapi.maps import Distribution

__all__ = [
    "empty",
    "empty_like",
    "fromfunction",
    "fromndarray_like",
    "full",
    "full_like",
    "ndenumerate",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

Where = Distribution | int | Sequence[int]


def _distribution(where: Where) -> Distribution:
    """A shape is dealt out in blocks of the first dimension over the call's targets."""
    return where if isinstance(where, Distribution) else Distribution.from_shape(where)


def empty(distribution: Where, dtype: npt.DTypeLike = float) -> LocalArray:
    """A local array whose elements are not set. distribution: a Distribution, or a global shape that is dealt out in
    blocks of the first dimension over the call's targets. MemoryError.
    """
    return LocalArray(_distribution(distribution), dtype)


def full(distribution: Where, fill_value: Any, dtype: npt.DTypeLike | None = None) -> LocalArray:
    """As `empty`, every element fill_value."""
    result = empty(distribution, np.asarray(fill_value).dtype if dtype is None else dtype)
    result.ndarray.fill(fill_value)
    return result


def zeros(distribution: Where, dtype: npt.DTypeLike = float) -> LocalArray:
    """As `empty`, every element 0."""
    return full(distribution, 0, dtype)


def ones(distribution: Where, dtype: npt.DTypeLike = float) -> LocalArray:
    """As `empty`, every element 1."""
    return full(distribution, 1, dtype)


def empty_like(arr: LocalArray, dtype: npt.DTypeLike | None = None) -> LocalArray:
    """As `empty`, dealt out as arr and of its dtype."""
    given = as_local_array(arr, "arr")
    return LocalArray(given.distribution, given.dtype if dtype is None else dtype)


def full_like(arr: LocalArray, fill_value: Any, dtype: npt.DTypeLike | None = None) -> LocalArray:
    """As `full`, dealt out as arr and of its dtype."""
    result = empty_like(arr, dtype)
    result.ndarray.fill(fill_value)
    return result


def zeros_like(arr: LocalArray, dtype: npt.DTypeLike | None = None) -> LocalArray:
    """As `zeros`, dealt out as arr and of its dtype."""
    return full_like(arr, 0, dtype)


def ones_like(arr: LocalArray, dtype: npt.DTypeLike | None = None) -> LocalArray:
    """As `ones`, dealt out as arr and of its dtype."""
    return full_like(arr, 1, dtype)


def fromndarray_like(ndarray: npt.NDArray[Any], like_arr: LocalArray) -> LocalArray:
    """A local array with the elements of ndarray, as they are, dealt out as like_arr. ValueError for another shape."""
    return LocalArray(as_local_array(like_arr, "like_arr").distribution, buf=ndarray)


def fromfunction(function: Callable[..., Any], distribution: Where, **kwargs: Any) -> LocalArray:
    """The array of function(i, j, ..., **kwargs): as numpy.fromfunction, with arrays of *global* indices, of the local
    shape. dtype: of the index arrays, int64 if not given.
    """
    held = _distribution(distribution)
    index_dtype = np.dtype(kwargs.pop("dtype", np.int64))
    indices = [held.global_indices(dimension).astype(index_dtype, copy=False) for dimension in range(held.ndim)]
    values = np.asarray(function(*np.meshgrid(*indices, indexing="ij"), **kwargs))
    result = LocalArray(held, values.dtype)
    result.ndarray[...] = values
    return result


def fromfunction_part(
    function: Callable[..., Any],
    dim_data_per_rank: Sequence[Sequence[dict[str, Any]]],
    dist: str,
    dtype: npt.DTypeLike,
    kwargs: dict[str, Any],
) -> LocalArray:
    """fromfunction, where every target of the call is told the parts of all."""
    dim_data = dim_data_per_rank[place().rank]
    return fromfunction(function, Distribution(communicator(), dim_data, dist=dist), dtype=dtype, **kwargs)


def ndenumerate(arr: LocalArray) -> Iterator[tuple[tuple[int, ...], Any]]:
    """(global index, element) of every local element, in local C order."""
    indices = [arr.global_indices(dimension).tolist() for dimension in range(arr.ndim)]
    for local, value in np.ndenumerate(arr.ndarray):
        yield tuple(held[i] for held, i in zip(indices, local, strict=True)), value
