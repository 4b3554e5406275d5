"""Sorting and selecting: elements by value, by a mask and by their indices, beside NumPy (one thread, on its own huge
pages and with its vectorized sort) and Dask array.

NumPy's speed a core: what two engines do in half of NumPy's time. Runs of ours and of NumPy's alternate, so that what
else the machine does slows both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import distarray.globalapi as da
from distarray.globalapi import Context

Work = Callable[[], object]
A_CORE = ">= 2x NumPy: its speed a core"
AS_FAST = ">= NumPy's speed"
CHOSEN = 1_000_000


class Rows:
    """Rows of the report."""

    def __init__(self, report: Any) -> None:
        self.report = report
        self.ours_s: dict[str, float] = {}

    def beside_numpy(self, name: str, ours: Work, numpy: Work, target: str = "") -> None:
        ours()
        numpy()
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(self.report.repeat):
            for work, of_work in zip((ours, numpy), times, strict=True):
                began = time.perf_counter()
                work()
                of_work.append(time.perf_counter() - began)
        ours_s, numpy_s = (statistics.median(of_work) for of_work in times)
        self.ours_s[name] = ours_s
        self.report.add(
            name, ours_s * 1e3, "ms", target=target, numpy_ms=numpy_s * 1e3, times_numpy=numpy_s / ours_s
        )

    def contend(self, contender: str, name: str, work: Work) -> None:
        """How much faster we were than a contender that does the same."""
        theirs = self.report.median_s(work, 3)
        self.report.add(f"  {name}: {contender}", theirs * 1e3, "ms", ours_is_times_faster=theirs / self.ours_s[name])


def keys(count: int) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(1)
    normal = random.standard_normal(count)
    return {
        "float64": normal,
        "int64": random.integers(-(2**63), 2**63 - 1, count),
        "float64, sorted": np.sort(normal),
        "float64, all equal": np.ones(count),
        "int64, ten keys": random.integers(0, 10, count),
    }


def sorting(rows: Rows, context: Context, count: int) -> None:
    millions = f"{count / 1e6:.3g}M"
    for name, mirror in keys(count).items():
        array = context.fromarray(mirror).wait()
        np.testing.assert_array_equal(da.sort(array)[:1000].toarray(), np.sort(mirror)[:1000])
        rows.beside_numpy(f"sort {millions} {name}", lambda: da.sort(array).wait(), lambda: np.sort(mirror), A_CORE)
        rows.beside_numpy(
            f"argsort {millions} {name}", lambda: da.argsort(array).wait(), lambda: np.argsort(mirror), A_CORE
        )
        if name == "float64":  # of integers NumPy's, by hashing, takes half a minute
            rows.beside_numpy(
                f"unique {millions} {name}", lambda: da.unique_values(array).wait(), lambda: np.unique(mirror)
            )


MASK = "a[a > 0]"
TAKE = f"a[{CHOSEN:,} random indices]"


def selecting(rows: Rows, context: Context, mirror: np.ndarray[Any, Any]) -> None:
    random = np.random.default_rng(2)
    array = context.fromarray(mirror).wait()
    rows.beside_numpy(MASK, lambda: array[array > 0].wait(), lambda: mirror[mirror > 0], AS_FAST)
    mask, mask_mirror = (array > 0).wait(), mirror > 0
    written, written_mirror = array.copy().wait(), mirror.copy()

    def put(index: Any, value: Any) -> Work:
        def work() -> None:
            written[index] = value
            written.wait()

        return work

    def put_mirror(index: Any, value: Any) -> Work:
        def work() -> None:
            written_mirror[index] = value

        return work

    rows.beside_numpy("a[mask] = 0", put(mask, 0), put_mirror(mask_mirror, 0), AS_FAST)
    index_mirror = random.integers(0, mirror.size, CHOSEN)
    values_mirror = random.standard_normal(CHOSEN)
    index, values = context.fromarray(index_mirror).wait(), context.fromarray(values_mirror).wait()
    np.testing.assert_array_equal(array[index][:1000].toarray(), mirror[index_mirror[:1000]])
    rows.beside_numpy(TAKE, lambda: array[index].wait(), lambda: mirror[index_mirror], AS_FAST)
    rows.beside_numpy("a[index] = values", put(index, values), put_mirror(index_mirror, values_mirror), AS_FAST)
    rows.beside_numpy("a[index] = 1.5", put(index, 1.5), put_mirror(index_mirror, 1.5), AS_FAST)


def counting(rows: Rows, context: Context, mirror: np.ndarray[Any, Any]) -> None:
    """What has no target."""
    random = np.random.default_rng(3)
    array = context.fromarray(mirror).wait()
    rows.beside_numpy("cumulative_sum(a)", lambda: da.cumulative_sum(array).wait(), lambda: np.cumsum(mirror))
    limits = (-6, 6)
    rows.beside_numpy(
        "histogram(a), 100 bins",
        lambda: da.histogram(array, 100, limits)[0].wait(),
        lambda: np.histogram(mirror, 100, limits),
    )
    part = mirror[: mirror.size // 4]
    sought = context.fromarray(part).wait()
    sorted_mirror = np.sort(random.standard_normal(CHOSEN))
    sorted_array = context.fromarray(sorted_mirror).wait()
    rows.beside_numpy(
        f"searchsorted of {part.size / 1e6:.3g}M in {CHOSEN:,}",
        lambda: da.searchsorted(sorted_array, sought).wait(),
        lambda: np.searchsorted(sorted_mirror, part),
    )
    numbers_mirror = random.integers(0, 1000, mirror.size)
    numbers = context.fromarray(numbers_mirror).wait()
    rows.beside_numpy(
        "bincount(numbers below 1000)", lambda: da.bincount(numbers).wait(), lambda: np.bincount(numbers_mirror)
    )


def contenders(rows: Rows, mirror: np.ndarray[Any, Any]) -> None:
    """Dask's threads; it has no sort of whole arrays."""
    import dask.array

    options: dict[str, Any] = {"scheduler": "threads", "num_workers": 2}
    array = dask.array.from_array(mirror, chunks=mirror.size // 16).persist(**options)
    index = np.random.default_rng(2).integers(0, mirror.size, CHOSEN)
    rows.contend("Dask threads", MASK, lambda: array[array > 0].persist(**options))
    rows.contend("Dask threads", TAKE, lambda: array[index].persist(**options))


def selection(report: Any, context: Context, elements: int) -> None:
    rows = Rows(report)
    sorting(rows, context, elements // 4)
    mirror = np.random.default_rng(1).standard_normal(elements)
    selecting(rows, context, mirror)
    counting(rows, context, mirror)
    contenders(rows, mirror)
