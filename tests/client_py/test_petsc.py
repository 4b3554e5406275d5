"""PETSc and mpi4py-fft beside the data, both of Debian's packages: the workers run Debian's Python."""

import glob
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import distarray
import numpy as np
import pytest
from distarray import globalapi as da
from distarray import readonly
from distarray._launch import PrivateDaemon
from peers import debians

pytestmark = pytest.mark.daemon

CLIENT = Path(__file__).parents[2] / "client-py"
EXAMPLE = CLIENT / "examples" / "petsc_poisson.py"
PYTHON = "/usr/bin/python3"
# Where Debian has petsc4py, but does not look by itself without PETSc's development package. The checkout's client:
# where an installed one lies there is also a NumPy, of another Python.
PATH = [str(CLIENT), *glob.glob("/usr/lib/petscdir/petsc*/*-real/lib/python3/dist-packages")[-1:]]


@pytest.fixture(scope="module")
def debians_packages():
    """Skips what needs them where they are not."""
    looked = subprocess.run(
        [PYTHON, "-c", "import petsc4py.lib, mpi4py_fft.fftw, cloudpickle, mpi4py"],
        env={**os.environ, "PYTHONPATH": ":".join(PATH)},
        capture_output=True,
        text=True,
    )
    if looked.returncode != 0:
        pytest.skip(f"{PYTHON} lacks packages (tests/run installs them): {looked.stderr.splitlines()[-1]}")


@pytest.fixture(scope="module")
def debians_context(debians_packages):
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("DISTARRAYD_WORKER_PYTHON", PYTHON)
        variables.setenv("DISTARRAYD_WORKER_PATH", ":".join(PATH))
        daemon = PrivateDaemon(4)
    context = da.Context(daemon.address)
    yield context
    context.close()
    daemon.stop()


def run_example(*arguments):
    return subprocess.run(
        [sys.executable, EXAMPLE, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(distarray.__file__).parents[1])},
    )


def check_example(output, size, targets):
    """The example checks its own numbers; these are to be in its output."""
    assert f"{size * size:,} in {size} rows, on {targets} targets" in output
    assert f"{2 * 8 * size * size:,} bytes used in place, 0 copied" in output
    ours, petscs = re.search(r"residual +(\S+) of the right-hand side; PETSc says (\S+)\n", output).groups()
    assert float(ours) == pytest.approx(float(petscs), rel=0.1) and float(ours) < 1e-9


@pytest.mark.parametrize(("size", "targets"), [(3, 3), (64, 4)])
def test_the_example(debians_context, size, targets):
    done = run_example(debians_context.address, "--size", str(size))
    assert done.returncode == 0, done.stderr
    if size > 3:
        check_example(done.stdout, size, targets)
    else:  # both residuals are rounding
        assert f"on {targets} targets" in done.stdout and ", 0 copied" in done.stdout


def test_the_example_says_how_to_start_it(daemons, debians_packages):
    done = run_example(daemons(4), "--size", "40")
    assert done.returncode == 1 and "no petsc4py" in done.stderr, done.stderr
    command = done.stderr.rstrip().splitlines()[-1].strip()
    again = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    check_example(again.stdout, 40, min(len(os.sched_getaffinity(0)), 40))


def called(context, function, *args):
    """Registered as text, since Debian's cloudpickle is another than the client's."""
    context.register(source=inspect.getsource(function), name=function.__name__)
    return getattr(context, function.__name__)(*args)


@pytest.mark.parametrize(
    ("targets", "bounds"),
    [([0, 1, 2, 3], (0, 25, 50, 75, 100)), ([3, 1], (0, 99, 100)), ([2, 0, 3, 1], (0, 0, 30, 31, 100))],
)
def test_vectors_of_any_blocks(debians_context, targets, bounds):
    context = debians_context
    line = da.Distribution.from_global_dim_data(context, [{"dist_type": "b", "bounds": list(bounds)}], targets=targets)
    b = context.fromfunction(lambda i: (i % 7) - 2.5, line)
    x = context.zeros(line)
    copied = context.server_info().functions.copied_bytes
    for rank, (rows, in_place, norm) in enumerate(called(context, debians.solve_line, readonly(b), x)):
        assert rows == bounds[rank : rank + 2] and in_place and norm < 1e-9
    assert context.server_info().functions.copied_bytes == copied
    residual = b - 2 * x
    residual[1:] += x[:-1]
    residual[:-1] += x[1:]
    assert float(abs(residual).max()) < 1e-9 < float(abs(b).min())
    matrix = 2 * np.eye(100) - np.eye(100, k=1) - np.eye(100, k=-1)
    np.testing.assert_allclose(x.toarray(), np.linalg.solve(matrix, b.toarray()), rtol=1e-9)


def bounds_of(size, processes):
    """As mpi4py-fft deals out: the first ones have one more."""
    whole, more = divmod(size, processes)
    return [rank * whole + min(rank, more) for rank in range(processes + 1)]


@pytest.mark.parametrize("targets", [[0, 1, 2, 3], [3, 1], [2, 0, 3, 1]], ids=str)
def test_fft_of_blocks(debians_context, targets):
    context, (height, width) = debians_context, (18, 21)

    def dealt(axis):
        dimensions = [{"dist_type": "n", "size": size} for size in (height, width)]
        dimensions[axis] = {"dist_type": "b", "bounds": bounds_of((height, width)[axis], len(targets))}
        return da.Distribution.from_global_dim_data(context, dimensions, targets=targets)

    values = np.random.default_rng(1).normal(size=(height, width, 2)).view(complex)[..., 0]
    rows, columns = context.fromarray(values, dealt(0)), context.zeros(dealt(1), dtype=complex)
    copied = context.server_info().functions.copied_bytes
    assert called(context, debians.transform, rows, columns) == [(True, True)] * len(targets)
    assert context.server_info().functions.copied_bytes == copied
    np.testing.assert_allclose(columns.toarray(), np.fft.fft2(values), atol=1e-10)
    # Parseval's theorem, by array operations.
    energy = float((abs(columns) ** 2).sum()) / values.size
    assert energy == pytest.approx(float((abs(context.fromarray(values)) ** 2).sum()))
