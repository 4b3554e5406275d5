"""How fast a daemon with two engines is here, beside hand-written loops, NumPy (one thread), numexpr, Dask array
(threads and a local cluster) and h5py, in one run.

Medians of seven; results are checked against NumPy before they are timed. All contenders compute the same expression
from resident arrays to a resident result. Ratios are of times within this run: the machine's absolute figures move when
others use it. `limit` is what such a machine allows (two cores, measured by simple programs; array passes with both
cores, on huge pages, scaled to this run's elements); calibration figures stand first. Whether this machine gives huge
pages to shared memory, where arrays lie, is printed and stands in the results as `shmem_enabled`.

Usage: tests/bench/run [--elements N] [--file-bytes N] [--repeat K] [--only PART] [--heat PYTHON] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import psutil

import functions  # these three beside this file
import language
import selection

import distarray.globalapi as da
from distarray.globalapi import Context
from distarray.globalapi.random import Random

ROOT = pathlib.Path(__file__).resolve().parents[2]
GB = 1e9
SHMEM_ENABLED = pathlib.Path("/sys/kernel/mm/transparent_hugepage/shmem_enabled")

# What bench_pipelined prints: name here, unit, target, limit.
CPP_ROWS = {
    "pipelined_us": ("pipelined x + 1", "us", "< 10", "9 to 14 a message, 6 to 7 with write hints"),
    "pipelined_per_second": ("pipelined x + 1, rate", "per s", "", "71,000 to 106,000; write hints 135,000 to 165,000"),
    "sync_sum_p50_us": ("synchronous sum(x + 1), p50", "us", "", "72 to 108 stream and back, 57 engines and back"),
    "sync_sum_p99_us": ("synchronous sum(x + 1), p99", "us", "", "200 (unary call)"),
    "sync_describe_p50_us": ("synchronous describe, p50", "us", "", "72 to 108 stream and back"),
    "sync_describe_p99_us": ("synchronous describe, p99", "us", "", "200 (unary call)"),
}


class Daemon:
    """A daemon of our own on a free port."""

    def __init__(self, engines: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        port_file = pathlib.Path(self.folder.name) / "address"
        began = time.perf_counter()
        self.process = psutil.Popen(
            [
                os.environ["DISTARRAYD"],
                "--engines",
                str(engines),
                "--listen",
                "127.0.0.1:0",
                "--port-file",
                str(port_file),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not port_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.process.returncode}")
            time.sleep(0.002)
        self.ready_s = time.perf_counter() - began
        self.address = port_file.read_text().strip()

    def cpu_s(self) -> float:
        """CPU time of all its processes so far."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()


class Report:
    """Rows of figures, printed as they come."""

    def __init__(self, repeat: int) -> None:
        self.repeat = repeat
        self.rows: list[dict[str, Any]] = []
        self.empty_call_s = float("nan")  # calibration of this run

    def median_s(self, work: Callable[[], object], repeat: int | None = None) -> float:
        work()  # warm up: pages, plans, pools
        times = []
        for _ in range(repeat or self.repeat):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    def add(self, name: str, value: float, unit: str, *, target: str = "", limit: str = "", **others: float) -> None:
        row: dict[str, Any] = {"name": name, "value": value, "unit": unit, "target": target, "limit": limit, **others}
        self.rows.append(row)
        beside = "".join(f"   {key} {number:.4g}" for key, number in others.items())
        notes = (f"   [target {target}]" if target else "") + (f"   [limit {limit}]" if limit else "")
        print(f"{name:<50} {value:10.4g} {unit:<6}{beside}{notes}", flush=True)

    def compare(
        self,
        name: str,
        ours: Callable[[], object],
        numpy: Callable[[], object],
        *,
        target: str = "",
        limit: str = "",
    ) -> None:
        ours_s, numpy_s = self.median_s(ours), self.median_s(numpy)
        others = {"numpy_ms": numpy_s * 1e3, "times_numpy": numpy_s / ours_s}
        self.add(name, ours_s * 1e3, "ms", target=target, limit=limit, **others)


def calibrate(report: Report, address: str, elements: int) -> None:
    source = np.ones(elements)
    sink = np.empty_like(source)
    report.add(
        "memcpy, one thread",
        2 * source.nbytes / report.median_s(lambda: np.copyto(sink, source)) / GB,
        "GB/s",
        limit="26 copy, 24 memcpy",
    )
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/grpc.health.v1.Health/Check")  # serialized by hand: nothing in, two bytes out
        call(b"")
        calls = sorted(timed(lambda: call(b"")) for _ in range(1000))
    report.empty_call_s = calls[500]
    report.add("empty unary gRPC call from Python, p50", calls[500] * 1e6, "us", limit="135 to 200")


def shmem_enabled() -> str:
    """Whether shared memory may have huge pages: the kernel's word for it."""
    if not SHMEM_ENABLED.exists():
        return "unknown"
    return SHMEM_ENABLED.read_text().partition("[")[2].partition("]")[0]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def small_operations(report: Report, context: Context, address: str) -> None:
    tiny = context.arange(16)
    assert float((tiny + 1.0).sum().toarray()) == 136
    times = sorted(timed(lambda: float((tiny + 1.0).sum().toarray())) for _ in range(2000))
    report.add(
        "synchronous tiny operation, p50",
        times[1000] * 1e6,
        "us",
        target="< 350",
        limit="110 to 160 stream and back, 57 engines and back",
        p99_us=times[1980] * 1e6,
        empty_calls=times[1000] / report.empty_call_s,
    )
    count = 10000

    def chained() -> None:
        x = tiny
        for _ in range(count):
            x = x + 1.0
        assert float(x[0]) == count  # every result was needed

    def kept() -> None:
        results = [tiny + 1.0 for _ in range(count)]
        context.wait()
        assert len(results) == count

    for name, work in {"each of the last": chained, "each an array of its own": kept}.items():
        seconds = report.median_s(work)
        report.add(
            f"pipelined x + 1, Python, {name}",
            seconds / count * 1e6,
            "us",
            target="< 30",
            limit="9 to 14 a message (C++)",
            per_second=count / seconds,
        )

    def chain() -> None:
        x = tiny
        for _ in range(1000):
            x = x + 1.0
        assert float(x[0]) == 1000

    report.add("chain of 1000 dependent operations", report.median_s(chain) * 1e3, "ms", target="< 40")
    answer = subprocess.run([ROOT / "build/bin/bench_pipelined", address], check=True, capture_output=True, text=True)
    figures = json.loads(answer.stdout)
    for key, (name, unit, target, limit) in CPP_ROWS.items():
        report.add(f"C++: {name}", figures[key], unit, target=target, limit=limit)


def array_operations(report: Report, context: Context, elements: int) -> None:
    random = Random(context)
    random.seed(1)
    a, b, c, d = (random.rand((elements,)).wait() for _ in range(4))
    na, nb, nc, nd = (x.toarray() for x in (a, b, c, d))
    np.testing.assert_allclose(
        (a * b + c * da.sin(d) + 1)[:1000].toarray(), (na * nb + nc * np.sin(nd) + 1)[:1000], rtol=1e-14
    )
    megabytes = elements * 8 // 10**6
    print(f"-- {elements:,} float64 an array ({megabytes} MB)")
    read = f"{18 * elements / 64e6:.3g} ms"  # of one array, measured, scaled to this run's
    report.compare(
        "sum(a*b + c*sin(d) + 1)",
        lambda: float((a * b + c * da.sin(d) + 1).sum()),
        lambda: (na * nb + nc * np.sin(nd) + 1).sum(),
    )
    report.compare("sum(a[::2])", lambda: float(a[::2].sum()), lambda: na[::2].sum(), limit=f"{read}: all of a is read")
    report.compare(
        "a[1:] - a[:-1], new array",
        lambda: (a[1:] - a[:-1]).wait(),
        lambda: na[1:] - na[:-1],
        limit=f"{2 * na.nbytes / 41e9 * 1e3:.3g} ms: a copy at 41 GB/s",
    )
    seconds = report.median_s(a.toarray, 3)
    report.add("to the client", na.nbytes / seconds / GB, "GB/s", limit="1.5 to 1.8 (gRPC to NumPy)")
    seconds = report.median_s(lambda: context.fromarray(na).wait(), 3)
    report.add("from the client", na.nbytes / seconds / GB, "GB/s", limit="1.3 to 1.6")


def files(report: Report, context: Context, file_bytes: int) -> None:
    import h5py

    array = Random(context).rand((file_bytes // 8,)).wait()
    mirror = array.toarray()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (os.path.join(folder, name) for name in ("ours.hdf5", "theirs.hdf5"))

        def h5py_save() -> None:
            with h5py.File(theirs, "w") as file:
                file["buffer"] = mirror
                file.flush()
            descriptor = os.open(theirs, os.O_RDONLY)
            os.fsync(descriptor)  # ours are synced before they are renamed
            os.close(descriptor)

        def h5py_load() -> Any:
            with h5py.File(theirs, "r") as file:
                return file["buffer"][...]

        save_s = report.median_s(lambda: context.save_hdf5(ours, array, mode="w"), 3)
        h5py_save_s = report.median_s(h5py_save, 3)
        load_s = report.median_s(lambda: context.load_hdf5(ours).wait(), 3)
        h5py_load_s = report.median_s(h5py_load, 3)
        with h5py.File(ours, "r") as file:
            assert np.array_equal(file["buffer"][:1000], mirror[:1000])
        size = mirror.nbytes / GB
        report.add(
            "HDF5 save, synced",
            size / save_s,
            "GB/s",
            h5py=size / h5py_save_s,
            times_h5py=h5py_save_s / save_s,
            limit="2.2 to 4.6 on 2 ranks, plus 0.3 to 0.4 s a GiB to sync",
        )
        report.add(
            "HDF5 load",
            size / load_s,
            "GB/s",
            h5py=size / h5py_load_s,
            times_h5py=h5py_load_s / load_s,
            limit="8 to 16, cached",
        )


PARTS = ("functions", "small", "arrays", "language", "selection", "files")


def two_engines(report: Report, arguments: argparse.Namespace) -> None:
    daemon = Daemon(2)
    elements = arguments.elements
    try:
        with Context(daemon.address) as context:
            parts: dict[str, Callable[[], None]] = {
                "functions": lambda: functions.sums(report, context, elements),
                "small": lambda: small_operations(report, context, daemon.address),
                "arrays": lambda: array_operations(report, context, elements // 2),
                "language": lambda: language.language(
                    report, context, ROOT / "build/bin/bench_loops", elements, arguments.heat
                ),
                "selection": lambda: selection.selection(report, context, elements),
                "files": lambda: files(report, context, arguments.file_bytes),
            }
            for name in PARTS if arguments.only is None else (arguments.only,):
                parts[name]()
    finally:
        daemon.close()


def four_engines(report: Report, arguments: argparse.Namespace) -> None:
    ready = []
    for _ in range(3):
        daemon = Daemon(4)
        ready.append(daemon.ready_s)
        daemon.close()
    report.add("ready, 4 engines", statistics.median(ready), "s", target="< 2", limit="0.43 (mpirun alone)")
    daemon = Daemon(4)
    time.sleep(1)
    before = daemon.cpu_s()
    time.sleep(arguments.idle_seconds)
    report.add(
        "idle, 4 engines, all processes",
        100 * (daemon.cpu_s() - before) / arguments.idle_seconds,
        "% CPU",
        target="< 1",
        limit="0: they wait on sockets",
    )
    calibrate(report, daemon.address, arguments.elements // 2)
    functions.small_calls(report, daemon.address)
    daemon.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elements", type=int, default=64_000_000, help="float64 elements an array")
    parser.add_argument("--file-bytes", type=int, default=1 << 30)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--only", choices=PARTS, help="one part of what two engines do, and nothing else")
    parser.add_argument("--heat", metavar="PYTHON", help="a Python that has Heat (pip install heat: 3 GB), to contend")
    parser.add_argument("--idle-seconds", type=float, default=10)
    parser.add_argument("--output", default=str(ROOT / "build/bench/results.json"))
    arguments = parser.parse_args()

    report = Report(arguments.repeat)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the start, NumPy {np.__version__}")
    print(f"huge pages for shared memory ({SHMEM_ENABLED}): {shmem_enabled()}")
    if arguments.only is None:
        four_engines(report, arguments)
    two_engines(report, arguments)
    results = {
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load_at_start": load,
        "load_at_end": os.getloadavg()[0],
        "shmem_enabled": shmem_enabled(),
        "numpy": np.__version__,
        "elements": arguments.elements,
        "rows": report.rows,
    }
    pathlib.Path(arguments.output).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(arguments.output).write_text(json.dumps(results, indent=1) + "\n")
    print(f"saved as {arguments.output}")


if __name__ == "__main__":
    main()
