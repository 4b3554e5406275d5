"""Functions beside the data, beside the same work in one process."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import numpy as np

import distarray
from distarray.globalapi import Context


def _quantiles_ms(work: Any, count: int) -> tuple[float, float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    times.sort()
    return times[count // 2] * 1e3, times[count * 99 // 100] * 1e3


def small_calls(report: Any, address: str) -> None:
    """A daemon of four engines whose workers have not been started yet."""
    with Context(address) as context:
        began = time.perf_counter()
        assert context.apply(os.getppid) != []
        report.add("first call of a function, 4 workers", time.perf_counter() - began, "s", target="< 3")
        context.register(lambda: None, name="nothing")
        context.register(lambda la: None, name="reads")
        array = distarray.readonly(context.ones(64))
        for name, call in {
            "empty function, 4 workers, applied": lambda: context.apply(id, (0,)),
            "empty function, 4 workers, registered": context.nothing,
            "function given a small array, 4 workers": lambda: context.reads(array),
        }.items():
            _quantiles_ms(call, 100)
            p50, p99 = _quantiles_ms(call, 1000)
            report.add(
                f"{name}, p50",
                p50,
                "ms",
                target="< 1" if "empty" in name else "",
                p99_ms=p99,
                empty_calls=p50 / 1e3 / report.empty_call_s,
            )


def sums(report: Any, context: Context, elements: int) -> None:
    """The sum of each block by NumPy in the workers, beside NumPy's of as many resident elements of a process's own: in
    two processes at once, as the memory is what bounds both, and on pages as the engines' memory has.
    """
    array = context.ones(elements)
    array.wait()
    parts = len(array.targets)
    readonly = distarray.readonly(array)
    before = context.server_info().functions.copied_bytes
    assert sum(context.apply(lambda a: a.ndarray.sum(), (readonly,))) == elements
    context.apply(_keep, (elements // parts,))

    def slowest_s(function: Any, *args: Any) -> float:
        return float(max(context.apply(function, args)))

    times: dict[str, list[float]] = {"ours": [], "inner": [], "same pages": [], "own pages": []}
    for _ in range(3 * report.repeat):  # in turn, as others use the machine too
        began = time.perf_counter()
        context.apply(lambda a: a.ndarray.sum(), (readonly,))
        times["ours"].append(time.perf_counter() - began)
        times["inner"].append(slowest_s(_timed_sum, readonly))
        times["same pages"].append(slowest_s(_timed_kept, 0))
        times["own pages"].append(slowest_s(_timed_kept, 1))
    assert context.server_info().functions.copied_bytes == before
    ours, inner, same, own = (statistics.median(each) * 1e3 for each in times.values())
    resident = np.ones(elements)
    report.add(
        f"apply a.ndarray.sum(), {elements / 1e6:.0f}M float64",
        ours,
        "ms",
        target="1.2 x NumPy's + 1 ms",
        of_target=ours / (1.2 * same + 1),
        sum_in_the_worker_ms=inner,
        numpy_in_parts_ms=same,
        numpy_in_parts_on_its_own_pages_ms=own,
        numpy_of_all_in_one_process_ms=report.median_s(resident.sum) * 1e3,
    )


def _timed_sum(a: Any) -> float:
    import time

    began = time.perf_counter()
    a.ndarray.sum()
    return time.perf_counter() - began


def _keep(elements: int) -> None:
    """Memory of the worker's own: on pages of a memfd, and as NumPy makes it."""
    import builtins
    import mmap
    import os

    import numpy as np

    descriptor = os.memfd_create("kept")
    os.truncate(descriptor, 8 * elements)
    shared = np.frombuffer(mmap.mmap(descriptor, 8 * elements))
    shared[:] = 1
    builtins.kept = shared, np.ones(elements)  # type: ignore[attr-defined]


def _timed_kept(which: int) -> float:
    import builtins
    import time

    began = time.perf_counter()
    builtins.kept[which].sum()  # type: ignore[attr-defined]
    return time.perf_counter() - began
