"""Errors of local arrays; all are DistArrayErrors."""

from __future__ import annotations

from distarray.error import ContextError, IndexOutOfRangeError, InvalidValueError

__all__ = ["IncompatibleArrayError", "InvalidDimensionError", "NullCommError"]


class IncompatibleArrayError(InvalidValueError):
    """Local arrays that are dealt out differently, where they must not be."""


class InvalidDimensionError(IndexOutOfRangeError):
    """A dimension that the array does not have."""


class NullCommError(ContextError):
    """There is no communicator: of a client's copy, or in a worker without mpi4py."""
