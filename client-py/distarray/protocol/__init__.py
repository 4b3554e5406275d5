"""A strict checker of the Distributed Array Protocol 0.10; it needs nothing but NumPy.

    from distarray.protocol import check, check_all, check_mpi
    check(local_array)                # one process's export: an object with __distarray__(), or its dict
    check_all(exports)                # those of all processes, in rank order
    check_mpi(local_array, comm)      # the same, where each MPI process has its own

Each raises a ProtocolError that lists every violation, or returns what it read. The command line form is
`python -m distarray.protocol`; see its --help.
"""

from distarray.protocol._across import check_all, check_mpi
from distarray.protocol._dimension import Dimension, numroc
from distarray.protocol._dimension_rules import global_indices, owned_count
from distarray.protocol._process import BufferLayout, Description, check
from distarray.protocol._violations import ProtocolError, Violation

__all__ = [
    "BufferLayout",
    "Description",
    "Dimension",
    "ProtocolError",
    "Violation",
    "check",
    "check_all",
    "check_mpi",
    "global_indices",
    "numroc",
    "owned_count",
]
