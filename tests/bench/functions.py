"""Functions beside the data, beside the same work in one process."""

from __future__ import annotations

import os
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
    """The sum of each block, by NumPy in the workers, beside NumPy's of as many resident elements in this process."""
    array = context.ones(elements)
    array.wait()
    resident = np.ones(elements)
    parts = len(array.targets)
    readonly = distarray.readonly(array)
    before = context.server_info().functions.copied_bytes
    assert sum(context.apply(lambda a: a.ndarray.sum(), (readonly,))) == elements
    ours = report.median_s(lambda: context.apply(lambda a: a.ndarray.sum(), (readonly,)))
    in_workers = report.median_s(lambda: context.apply(_timed_sum, (readonly,)))
    inner = max(context.apply(_timed_sum, (readonly,)))
    alone = report.median_s(lambda: resident[: elements // parts].sum())
    assert context.server_info().functions.copied_bytes == before
    report.add(
        f"apply a.ndarray.sum(), {elements / 1e6:.0f}M float64",
        ours * 1e3,
        "ms",
        target="1.2 x NumPy's + 1 ms",
        numpy_of_a_part_ms=alone * 1e3,
        numpy_of_all_ms=report.median_s(resident.sum) * 1e3,
        sum_in_the_worker_ms=inner * 1e3,
        around_it_ms=(in_workers - inner) * 1e3,
    )


def _timed_sum(a: Any) -> float:
    import time

    began = time.perf_counter()
    a.ndarray.sum()
    return time.perf_counter() - began
