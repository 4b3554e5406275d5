"""The array language at the machine's limit: expressions, reductions, functions, stencils and redistribution, beside
one hand-written loop for the same work (bench_loops, run in turn with ours) and beside NumPy, numexpr and Dask array.

Ratios to loops are medians of the ratios of neighbouring runs. Contenders are measured one after the other, and have
their arrays only while they are.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import distarray.globalapi as da
from distarray.globalapi import Context, Distribution
from distarray.globalapi.random import Random

Work = Callable[[], object]
FUNCTIONS = {  # arguments drawn from
    "exp": (-10, 10),
    "log": (0.01, 100),
    "sin": (-10, 10),
    "cos": (-10, 10),
    "tanh": (-5, 5),
    "power": (0.01, 10),
    "sqrt": (0, 100),
}


class Loops:
    """The hand-written loops, in a process of their own."""

    def __init__(self, program: pathlib.Path, elements: int) -> None:
        self.process = subprocess.Popen(
            [program, str(elements)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def seconds(self, name: str) -> float:
        assert self.process.stdin and self.process.stdout
        print(name, file=self.process.stdin)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


def seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Rows:
    """Rows of the report, for arrays of `elements` float64."""

    def __init__(self, report: Any, loops: Loops, elements: int) -> None:
        self.report = report
        self.loops = loops
        self.elements = elements
        self.ours_s: dict[str, float] = {}

    def beside_loop(self, name: str, work: Work, loop: str, target: str, share: float = 1.0) -> None:
        """`share`: of the loop's elements that our work has."""
        work()
        self.loops.seconds(loop)
        times, ratios = [], []
        for _ in range(self.report.repeat):
            ours = seconds(work)
            ratios.append(ours / (self.loops.seconds(loop) * share))
            times.append(ours)
        self.ours_s[name] = statistics.median(times)
        ratio = statistics.median(ratios)
        self.report.add(name, self.ours_s[name] * 1e3, "ms", target=target, limit=f"{loop} by hand", times_loop=ratio)

    def contend(self, contender: str, name: str, work: Work) -> None:
        """How much faster we were than a contender that does the same."""
        self.told(contender, name, self.report.median_s(work, 3))

    def told(self, contender: str, name: str, theirs: float) -> None:
        """As contend, of so many seconds."""
        self.report.add(f"  {name}: {contender}", theirs * 1e3, "ms", ours_is_times_faster=theirs / self.ours_s[name])


FUSED = "a*b + c*sin(d) + 1, new array"
ADD = "a + b, new array"
SUM = "sum(a)"


def expressions(rows: Rows, context: Context, arrays: list[Any]) -> None:
    a, b, c, d = arrays
    rows.beside_loop(
        FUSED, lambda: (a * b + c * da.sin(d) + 1).wait(), "fused", "<= 1.5 loops, 5x NumPy, 4x Dask threads"
    )
    rows.beside_loop(ADD, lambda: (a + b).wait(), "add", "<= 1.2 loops")
    total = a.copy().wait()

    def in_place() -> None:
        nonlocal total
        total += b
        total.wait()

    rows.beside_loop("a += b", in_place, "add_in_place", "<= 1.2 loops")
    for name, work in {
        SUM: lambda: float(a.sum()),
        "mean(a)": lambda: float(a.mean()),
        "max(a)": lambda: float(a.max()),
        "var(a)": lambda: float(a.var()),
    }.items():
        rows.beside_loop(name, work, "read", "<= 1.2 loops")
    rows.beside_loop("sum(a*b)", lambda: float((a * b).sum()), "read_two", "<= 1.2 loops")


def axes(rows: Rows, context: Context) -> None:
    for shape in ((8000, 8000), (400, 400, 400)):
        table = Random(context).rand(shape).wait()
        for axis in range(len(shape)):
            rows.beside_loop(
                f"sum of {shape} over axis {axis}",
                lambda axis=axis, table=table: table.sum(axis=axis).wait(),
                "read",
                "<= 1.5 loops",
                table.size / rows.elements,
            )


def redistribution(rows: Rows, context: Context, a: Any) -> None:
    cyclic = Distribution(context, a.shape, "c")
    rows.beside_loop("block -> cyclic", lambda: a.distribute_as(cyclic).wait(), "copy", "<= 2 loops")
    side = int(rows.elements**0.5)
    table = Random(context).rand((side, side)).wait()
    other = Distribution(context, table.shape, "nb")
    rows.beside_loop(
        "block -> block on the other axis",
        lambda: table.distribute_as(other).wait(),
        "copy",
        "<= 2 loops",
        table.size / rows.elements,
    )


def stencil(x: Any) -> Any:
    return x[1:-1, 1:-1] + x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]


def stencils(report: Any, context: Context) -> None:
    table = Random(context).rand((8000, 8000)).wait()
    mirror = table.toarray()
    np.testing.assert_array_equal(stencil(table)[:10].toarray(), stencil(mirror)[:10])
    stencil(table).explain()
    report.compare(
        "5-point stencil, 8000 x 8000", lambda: stencil(table).wait(), lambda: stencil(mirror), target=">= 3x NumPy"
    )


def products(report: Any, context: Context) -> None:
    """Beside NumPy's OpenBLAS, which has a thread a core."""
    side = 4096
    random = Random(context)
    left, right = (random.rand((side, side)).wait() for _ in range(2))
    mirrors = left.toarray(), right.toarray()
    np.testing.assert_allclose((left @ right)[:3].toarray(), mirrors[0][:3] @ mirrors[1], rtol=1e-12)
    columns, cyclic = (right.distribute_as(Distribution(context, right.shape, dist)).wait() for dist in ("nb", "c"))
    for dealt, factor in {"rows": right, "columns": columns, "cyclic": cyclic}.items():
        report.compare(
            f"matmul {side} x {side} float64, by {dealt}",
            lambda factor=factor: (left @ factor).wait(),
            lambda: mirrors[0] @ mirrors[1],
            target=">= 0.8 of NumPy's OpenBLAS, 2 threads",
        )


def functions(report: Any) -> None:
    """A core against a core: one engine makes a new array, NumPy writes to one that it has."""
    count = 8_000_000
    with Context(engines=1) as context:
        for name, (low, high) in FUNCTIONS.items():
            for dtype in (np.float64, np.float32):
                values = np.random.default_rng(1).uniform(low, high, count).astype(dtype)
                x, out = context.fromarray(values).wait(), np.empty(count, dtype)
                operands = 2 if name == "power" else 1
                ours, theirs = getattr(da, name), getattr(np, name)
                report.compare(
                    f"{name} of 8M {np.dtype(dtype)}, one engine",
                    lambda ours=ours, x=x, operands=operands: ours(*[x] * operands).wait(),
                    lambda theirs=theirs, values=values, out=out, operands=operands: theirs(
                        *[values] * operands, out=out
                    ),
                    target=">= NumPy's speed",
                )


@contextmanager
def cluster() -> Iterator[Any]:
    """Dask's local cluster: two processes of one thread."""
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local,
        Client(local) as client,
    ):
        yield client


def contenders(rows: Rows, arrays: list[Any]) -> None:
    a, b, c, d = (x.toarray() for x in arrays)
    rows.contend("NumPy", FUSED, lambda: a * b + c * np.sin(d) + 1)
    rows.contend("NumPy", ADD, lambda: a + b)
    rows.contend("NumPy", SUM, a.sum)
    try:
        import numexpr

        numexpr.set_num_threads(2)
        rows.contend("numexpr", FUSED, lambda: numexpr.evaluate("a*b + c*sin(d) + 1", {"a": a, "b": b, "c": c, "d": d}))
        rows.contend("numexpr", ADD, lambda: numexpr.evaluate("a + b", {"a": a, "b": b}))
    except ImportError:
        print("numexpr: not installed")
    import dask.array

    def dealt(client: Any) -> dict[str, Work]:
        options = {} if client else {"scheduler": "threads", "num_workers": 2}
        u, v, w, x = (dask.array.from_array(one, chunks=rows.elements // 16).persist(**options) for one in (a, b, c, d))

        def compute(make: Callable[[], Any]) -> Work:
            def work() -> None:
                if not client:
                    make().persist(**options)
                    return
                from dask.distributed import wait
                from dask.graph_manipulation import clone

                # By other names: a result that the cluster still has is not computed anew.
                wait(clone(make(), omit=[u, v, w, x]).persist())

            return work

        return {
            FUSED: compute(lambda: u * v + w * dask.array.sin(x) + 1),
            ADD: compute(lambda: u + v),
            SUM: compute(lambda: u.sum()),
        }

    for name, work in dealt(None).items():
        rows.contend("Dask threads", name, work)
    try:
        with cluster() as client:
            for name, work in dealt(client).items():
                rows.contend("Dask local cluster", name, work)
    except ImportError:
        print("Dask local cluster: not installed")


def heat(rows: Rows, python: str) -> None:
    """Heat, on two ranks; `python` has it."""
    script = pathlib.Path(__file__).with_name("heat_ranks.py")
    transport = ["--oversubscribe", "--mca", "btl", "self,vader"]
    allowed = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    command = ["mpirun", "-n", "2", *transport, python, script, str(rows.elements), "3"]
    ended = subprocess.run(command, env=allowed, stdout=subprocess.PIPE, text=True, check=True)
    seconds = json.loads(ended.stdout.splitlines()[-1])
    for name, key in {FUSED: "fused", ADD: "add", SUM: "sum"}.items():
        rows.told("Heat, 2 ranks", name, seconds[key])


def language(
    report: Any, context: Context, program: pathlib.Path, elements: int, heat_python: str | None = None
) -> None:
    elements -= elements % 128
    loops = Loops(program, elements)
    rows = Rows(report, loops, elements)
    random = Random(context)
    random.seed(1)
    arrays = [random.rand((elements,)).wait() for _ in range(4)]
    expressions(rows, context, arrays)
    axes(rows, context)
    redistribution(rows, context, arrays[0])
    loops.close()
    stencils(report, context)
    products(report, context)
    functions(report)
    contenders(rows, arrays)
    if heat_python:
        heat(rows, heat_python)
