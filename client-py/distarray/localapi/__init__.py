"""One target's part of a distributed array: what functions get that run beside the blocks, and what they return.

    def standardized(la):                      # context.register(standardized); context.standardized(array)
        total = la.comm.allreduce(la.ndarray.sum())
        result = localapi.empty_like(la)       # engine memory: to return it copies nothing
        np.subtract(la, total / la.global_size, out=result)
        return result

Needs NumPy only; `comm` needs mpi4py in the workers.
"""

from distarray.localapi import random
from distarray.localapi.creation import (
    empty,
    empty_like,
    fromfunction,
    fromndarray_like,
    full,
    full_like,
    ndenumerate,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from distarray.localapi.localarray import GlobalIndex, LocalArray
from distarray.localapi.maps import Distribution

__all__ = [
    "Distribution",
    "GlobalIndex",
    "LocalArray",
    "empty",
    "empty_like",
    "fromfunction",
    "fromndarray_like",
    "full",
    "full_like",
    "ndenumerate",
    "ones",
    "ones_like",
    "random",
    "zeros",
    "zeros_like",
]
