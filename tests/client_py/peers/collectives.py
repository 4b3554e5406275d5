"""Functions that run beside the data and call mpi4py with the blocks themselves as buffers.

They import mpi4py as they run: the workers have it, the tests' own Python need not.
"""

import numpy as np


def places(la):
    from mpi4py import MPI

    group = la.comm.Get_group()
    in_world = MPI.Group.Translate_ranks(group, range(group.size), MPI.COMM_WORLD.Get_group())
    return la.comm.Get_rank(), list(in_world), la.target, la.comm.dims, la.comm.coords, la.cart_coords


def sum_everywhere(la):
    from mpi4py import MPI

    la.comm.Allreduce(MPI.IN_PLACE, la.ndarray)


def copy_the_first(la):
    la.comm.Bcast(la.ndarray, root=0)


def sum_scattered(la, sums):
    la.comm.Reduce_scatter_block(la.ndarray, sums.ndarray)


def transpose(la, result):
    """result = la.T, where both are dealt out in rows: each pair of blocks straight from memory to memory."""
    from mpi4py import MPI

    (mine, columns), theirs = la.local_shape, result.local_shape[0]
    others = range(la.comm_size)
    sent = MPI.DOUBLE.Create_subarray([mine, columns], [mine, theirs], [0, 0]).Commit()
    # What is a row there is a column here.
    column = MPI.DOUBLE.Create_vector(theirs, 1, la.global_shape[0]).Create_resized(0, la.itemsize)
    received = column.Create_contiguous(mine).Commit()
    one_each = [1 for _ in others]
    la.comm.Alltoallw(
        [la.ndarray, one_each, [other * theirs * la.itemsize for other in others], [sent for _ in others]],
        [result.ndarray, one_each, [other * mine * la.itemsize for other in others], [received for _ in others]],
    )
    for made in (sent, column, received):
        made.Free()


def mean_of_neighbours(u, result):
    """result[i] = (u[i-1] + u[i+1]) / 2 inside, u[i] at both ends."""
    from mpi4py import MPI

    lower, upper = u.comm.Shift(0, 1)
    extended = np.empty(u.local_size + 2)
    extended[1:-1] = u.ndarray
    u.comm.Sendrecv(u.ndarray[-1:], upper, recvbuf=extended[:1], source=lower)
    u.comm.Sendrecv(u.ndarray[:1], lower, recvbuf=extended[-1:], source=upper)
    result.ndarray[...] = (extended[:-2] + extended[2:]) / 2
    if lower == MPI.PROC_NULL:
        result.ndarray[0] = u.ndarray[0]
    if upper == MPI.PROC_NULL:
        result.ndarray[-1] = u.ndarray[-1]


def put_and_add(la):
    """Every process puts its rank into its place of every block, and adds 1 to everybody's last element."""
    from mpi4py import MPI

    window = MPI.Win.Create(la.ndarray, disp_unit=la.itemsize, comm=la.comm)
    window.Fence()
    rank, one = np.array([float(la.comm_rank)]), np.ones(1)
    for other in range(la.comm_size):
        window.Put(rank, other, la.comm_rank)
        window.Accumulate(one, other, la.local_size - 1, MPI.SUM)
    window.Fence()
    window.Free()


def sum_of_both(everywhere, some):
    """some is None where it has no part."""
    if some is not None:
        some.ndarray[...] = some.comm.allreduce(1)
    return everywhere.comm.allreduce(1)


def exchange_much(la):
    received = np.empty_like(la.ndarray)
    la.comm.Alltoall(la.ndarray, received)
    la.ndarray[...] = received
