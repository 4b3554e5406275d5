"""Functions for workers of Debian's Python: its petsc4py and mpi4py-fft. They go there as text, each by itself."""


def solve_line(b, x):
    """A x = b, where A has 2 on the diagonal and -1 beside it: on PETSc vectors in the arrays' memory.

    Gives the rows that PETSc takes for this process's, whether they are in the arrays' memory, and the residual.
    """
    import petsc4py
    from mpi4py import MPI

    petsc4py.init(comm=MPI.COMM_SELF)  # on other targets, if any, the function does not run
    from petsc4py import PETSc

    sizes = (b.local_size, b.global_size)
    matrix = PETSc.Mat().createAIJ((sizes, sizes), nnz=3, comm=b.comm)
    for row in b.global_indices(0):
        columns = [column for column in (row - 1, row, row + 1) if 0 <= column < b.global_size]
        matrix.setValues([row], columns, [2.0 if column == row else -1.0 for column in columns])
    matrix.assemble()
    right = PETSc.Vec().createWithArray(b.ndarray, comm=b.comm)
    solution = PETSc.Vec().createWithArray(x.ndarray, comm=x.comm)
    in_place = [
        vector.array_r.ctypes.data == local.ndarray.ctypes.data
        for vector, local in ((right, b), (solution, x))
        if local.local_size
    ]
    solver = PETSc.KSP().create(b.comm)
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("none")
    solver.setTolerances(rtol=1e-12)
    solver.solve(right, solution)
    matrix.mult(solution, difference := right.duplicate())
    difference.axpy(-1, right)
    found = right.getOwnershipRange(), all(in_place), difference.norm()
    for made in (solver, matrix, right, solution, difference):
        made.destroy()
    return found


def transform(rows, columns):
    """columns = fft2(rows) by mpi4py-fft: FFTW plans on the blocks' own memory, and a redistribution of mpi4py-fft's
    from the one array's blocks to the other's. What is in rows is lost.
    """
    from mpi4py_fft import fftw
    from mpi4py_fft.pencil import Pencil, Subcomm

    def in_place(block, axis):
        plan = fftw.fftn(block, axes=(axis,), output_array=block, flags=(fftw.FFTW_ESTIMATE,))
        return plan() is block

    mine = Pencil(Subcomm(rows.comm), rows.global_shape, axis=1)
    theirs = mine.pencil(0)
    same = in_place(rows.ndarray, 1)
    transfer = mine.transfer(theirs, rows.dtype)
    transfer.forward(rows.ndarray, columns.ndarray)
    same = in_place(columns.ndarray, 0) and same
    transfer.destroy()
    return same, mine.substart == tuple(rows.global_limits(axis)[0] for axis in (0, 1))
