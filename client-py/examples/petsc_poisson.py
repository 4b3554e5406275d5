"""PETSc beside the arrays: a linear system whose right-hand side and solution are DistArrays, used where they lie.

    python petsc_poisson.py [ADDRESS] [--size 256]

It solves Poisson's equation, -(u_xx + u_yy) = f on the unit square with u = 0 around it. Each worker process assembles
its rows of the matrix, and PETSc's vectors are made of the arrays' own memory: the solution is written into the array
by the solver, and nothing is copied. Then this program checks it, by array operations alone.

The daemon's workers need petsc4py; where they have none, this program says how to start it. Without an address it uses
$DISTARRAY_ADDRESS, or starts a private daemon.
"""

from __future__ import annotations

import argparse
import glob
import inspect
import shlex
import sys
import time
from pathlib import Path

import numpy as np

import distarray
import distarray.globalapi as da


def solve(b, x, tolerance):  # runs on every target, in its worker
    """A x = b by conjugate gradients, where A is the 5-point matrix of the grid whose rows b and x are dealt out by.

    Gives the number of iterations, and the norm of b - A x that PETSc found.
    """
    import numpy as np
    import petsc4py
    from mpi4py import MPI

    # Each process starts its own: PETSc would start on all workers together, and b need not be on all targets.
    petsc4py.init(comm=MPI.COMM_SELF)
    from petsc4py import PETSc

    rows, columns = b.global_shape
    first, last = b.global_indices(0)[[0, -1]]
    # Every point's row: itself, and its neighbours above, below, to the left and to the right.
    i, j = (one.reshape(-1, 1) for one in np.mgrid[first : last + 1, :columns])
    neighbour_i, neighbour_j = i + [0, -1, 1, 0, 0], j + [0, 0, 0, -1, 1]
    inside = (neighbour_i >= 0) & (neighbour_i < rows) & (neighbour_j >= 0) & (neighbour_j < columns)
    column = (neighbour_i * columns + neighbour_j)[inside].astype(PETSc.IntType)
    value = np.broadcast_to([4.0, -1, -1, -1, -1], inside.shape)[inside]
    start = np.concatenate([[0], inside.sum(axis=1).cumsum()]).astype(PETSc.IntType)
    sizes = (b.local_size, b.global_size)
    matrix = PETSc.Mat().createAIJ((sizes, sizes), csr=(start, column, value), comm=b.comm)

    right = PETSc.Vec().createWithArray(b.ndarray, comm=b.comm)
    solution = PETSc.Vec().createWithArray(x.ndarray, comm=x.comm)
    for vector, local in (right, b), (solution, x):
        if vector.array_r.ctypes.data != local.ndarray.ctypes.data:
            raise RuntimeError("PETSc's vector is not in the array's memory")
    solver = PETSc.KSP().create(b.comm)
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("gamg")
    solver.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)  # of b - A x itself
    solver.setTolerances(rtol=tolerance)
    solver.solve(right, solution)
    if solver.getConvergedReason() <= 0:
        raise ArithmeticError(f"PETSc's solver did not converge: reason {solver.getConvergedReason()}")
    found = solver.getIterationNumber(), solver.getResidualNorm()
    for made in (solver, matrix, right, solution):
        made.destroy()  # none of PETSc's objects is to outlive the arrays' memory
    return found


def residual(b: da.DistArray, x: da.DistArray) -> da.DistArray:
    """b - A x, by array operations: no neighbour beyond the edge, where u is 0."""
    result = b - 4 * x
    result[1:] += x[:-1]
    result[:-1] += x[1:]
    result[:, 1:] += x[:, :-1]
    result[:, :-1] += x[:, 1:]
    return result


def norm(x: da.DistArray) -> float:
    return float((x * x).sum()) ** 0.5


def starting_command(size: int) -> str:
    """How to run this with workers that have petsc4py: Debian's python3-petsc4py-real."""
    # Debian's interpreter looks into these by itself only where PETSc's development package is installed.
    folders = sorted(glob.glob("/usr/lib/petscdir/petsc*/*-real/lib/python3/dist-packages"))[-1:]
    return shlex.join(
        [
            "env",
            "DISTARRAYD_WORKER_PYTHON=/usr/bin/python3",
            f"DISTARRAYD_WORKER_PATH={':'.join([str(Path(__file__).resolve().parents[1]), *folders])}",
            sys.executable,
            __file__,
            f"--size={size}",
        ]
    )


def poisson(context: da.Context, size: int) -> None:
    spacing = 1 / (size + 1)
    grid = da.Distribution(context, (size, size), "bn")
    x = context.fromfunction(lambda i, j: (i + 1) * spacing, grid)
    y = context.fromfunction(lambda i, j: (j + 1) * spacing, grid)
    exact = da.sin(np.pi * x) * da.sin(np.pi * y)
    b = 2 * np.pi**2 * spacing**2 * exact
    u = context.zeros(grid)
    print(f"unknowns            {b.size:,} in {size} rows, on {len(b.distribution.targets)} targets")

    # As text, which workers of any Python, and of any cloudpickle, can read.
    context.register(source=inspect.getsource(solve), name="solve")
    before = context.server_info().functions
    began = time.perf_counter()
    iterations, found = context.solve(distarray.readonly(b), u, 1e-10)[0]
    seconds = time.perf_counter() - began
    after = context.server_info().functions
    lent, copied = after.lent_bytes - before.lent_bytes, after.copied_bytes - before.copied_bytes
    print(f"solved by PETSc     {iterations} iterations, {seconds:.3f} s (the first time, PETSc's start is in it)")
    print(f"memory              {lent:,} bytes used in place, {copied:,} copied")

    whole, remaining = norm(b), norm(residual(b, u))
    print(f"residual            {remaining / whole:.2e} of the right-hand side; PETSc says {found / whole:.2e}")
    error = float(abs(u - exact).max())
    print(f"error               {error:.1e} from the exact solution; {error / spacing**2:.2f} spacings squared")
    if copied or remaining > 1e-9 * whole or error > spacing**2:
        raise SystemExit("that is not right")


def main() -> None:
    parser = argparse.ArgumentParser(description="A linear system of PETSc's, solved in DistArrays.")
    parser.add_argument("address", nargs="?", help="host:port of a daemon")
    parser.add_argument("--size", type=int, default=256, help="points along a side (256)")
    arguments = parser.parse_args()
    with da.Context(arguments.address) as context:
        try:
            poisson(context, arguments.size)
        except ModuleNotFoundError as error:
            if "petsc4py" not in str(error):
                raise
            raise SystemExit(
                "The daemon's workers have no petsc4py. After\n"
                "  apt-get install --no-install-recommends python3-petsc4py-real python3-mpi4py python3-cloudpickle\n"
                "this runs it with a private daemon whose workers do (a daemon of your own takes the same variables):\n"
                f"  {starting_command(arguments.size)}"
            ) from None


if __name__ == "__main__":
    sys.exit(main())
