"""The distinct elements of an array, in ascending order.

-0.0 and 0.0 are one, of which the first is taken; each NaN is distinct, unless `unique` is asked otherwise. Results are
new arrays in blocks over the context's targets, whatever those of the array; each function waits for the number of
distinct elements.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from distarray.error import InvalidTypeError, NotSupportedError
from distarray.globalapi import functions as f
from distarray.globalapi.cumulative import cumulative_sum
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.indexing import flatnonzero, take
from distarray.globalapi.manipulation import ravel, reshape
from distarray.globalapi.sorting import argsort, sort

__all__ = ["unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAllResult(NamedTuple):
    values: DistArray
    indices: DistArray
    inverse_indices: DistArray
    counts: DistArray


class UniqueCountsResult(NamedTuple):
    values: DistArray
    counts: DistArray


class UniqueInverseResult(NamedTuple):
    values: DistArray
    inverse_indices: DistArray


def unique_all(x: DistArray, /) -> UniqueAllResult:
    """The distinct elements, where each is first (in C order), for each element of x which of them it is (in x's
    shape), and how often each occurs: new arrays, in blocks.
    """
    runs = _Runs("unique_all", x, False, ordered=True)
    return UniqueAllResult(runs.values(), runs.indices(), runs.inverse(), runs.counts())


def unique_counts(x: DistArray, /) -> UniqueCountsResult:
    """The distinct elements, and how often each occurs: new arrays, in blocks."""
    runs = _Runs("unique_counts", x, False)
    return UniqueCountsResult(runs.values(), runs.counts())


def unique_inverse(x: DistArray, /) -> UniqueInverseResult:
    """The distinct elements, and for each element of x which of them it is, in x's shape: new arrays, in blocks."""
    runs = _Runs("unique_inverse", x, False, ordered=True)
    return UniqueInverseResult(runs.values(), runs.inverse())


def unique_values(x: DistArray, /) -> DistArray:
    """The distinct elements: a new array, in blocks."""
    return _Runs("unique_values", x, False).values()


def unique(
    ar: DistArray,
    /,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The distinct elements: a new array, in blocks; with what else is asked for, a tuple of such: where each is first
    (in C order), for each element of ar which of them it is (in ar's shape), how often each occurs. Of distinct rows
    (`axis`) there is nothing yet.
    """
    if axis is not None:
        raise NotSupportedError(f"unique: axis={axis!r} was given; only distinct elements (axis=None) are supported")
    runs = _Runs("unique", ar, equal_nan, ordered=return_index or return_inverse)
    results = [runs.values()]
    if return_index:
        results.append(runs.indices())
    if return_inverse:
        results.append(runs.inverse())
    if return_counts:
        results.append(runs.counts())
    return results[0] if len(results) == 1 else tuple(results)


class _Runs:
    """The elements in order, and where others begin. `ordered`: with where they were."""

    def __init__(self, name: str, x: Any, equal_nan: bool, ordered: bool = False) -> None:
        if not isinstance(x, DistArray):
            raise InvalidTypeError(f"{name} takes a DistArray, {type(x).__name__} was given")
        self._shape = x.shape
        flat = ravel(x)
        self._order = argsort(flat) if ordered else None
        # A stable order puts the first of equal elements first; sorted by themselves, zeros of either sign are mixed.
        self._sorted = sort(flat) if self._order is None else take(flat, self._order)
        begins = x._context.ones(flat.shape, np.bool_)
        if flat.size > 1:
            here, before = self._sorted[1:], self._sorted[:-1]
            differ = here != before
            if equal_nan and x.dtype.kind in "fc":
                differ = differ & ~(f.isnan(here) & f.isnan(before))
            begins[1:] = differ
        self._marks = begins
        self._begins = flatnonzero(begins)

    def values(self) -> DistArray:
        return take(self._sorted, self._begins)

    def indices(self) -> DistArray:
        assert self._order is not None
        return take(self._order, self._begins)

    def counts(self) -> DistArray:
        count = self._begins.size
        ends = self._begins._context.full((count,), self._sorted.size, np.int64)
        if count > 1:
            ends[:-1] = self._begins[1:]
        return ends - self._begins

    def inverse(self) -> DistArray:
        assert self._order is not None
        inverse = self._order._context.zeros(self._order.shape, np.int64)
        if inverse.size:
            inverse[self._order] = cumulative_sum(self._marks, dtype=np.int64) - 1
        return reshape(inverse, self._shape)
