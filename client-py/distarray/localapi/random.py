"""Random numbers: a generator of NumPy's in each process, no two alike."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from distarray.error import InvalidTypeError
from distarray.localapi import _runtime
from distarray.localapi.creation import Where, empty
from distarray.localapi.localarray import LocalArray

__all__ = ["beta", "generator", "label_state", "normal", "rand", "randint", "randn", "seed"]

_generator: np.random.Generator | None = None


def seed(value: int | None = None) -> None:
    """Starts this process's generator anew: the same value gives every target the same numbers again, and no two
    targets the same ones. None: from the operating system.
    """
    global _generator
    if value is None:
        _generator = np.random.default_rng()
        return
    try:
        sequence = np.random.SeedSequence(value, spawn_key=(_target(),))
    except (TypeError, ValueError):
        raise InvalidTypeError(f"seed must be an int of at least 0 or None, {value!r} was given") from None
    _generator = np.random.default_rng(sequence)


def _target() -> int:
    return int(os.environ.get("DISTARRAY_TARGET", _runtime.place().rank))


def label_state(comm: Any) -> None:
    """Starts this process's generator anew, from one seed that rank 0 of comm draws. Collective."""
    seed(comm.bcast(int(np.random.default_rng().integers(1 << 62)) if comm.Get_rank() == 0 else None))


def generator() -> np.random.Generator:
    """This process's generator."""
    if _generator is None:
        seed()
    assert _generator is not None
    return _generator


def _forget() -> None:
    global _generator
    _generator = None


os.register_at_fork(after_in_child=_forget)  # else child and parent would draw the same numbers


def rand(distribution: Where) -> LocalArray:
    """Uniform in [0, 1), float64."""
    result = empty(distribution)
    generator().random(out=result.ndarray)
    return result


def randn(distribution: Where) -> LocalArray:
    """Of the standard normal distribution, float64."""
    result = empty(distribution)
    generator().standard_normal(out=result.ndarray)
    return result


def normal(loc: float = 0.0, scale: float = 1.0, distribution: Where = ()) -> LocalArray:
    """Of the normal distribution of mean loc and standard deviation scale, float64. ValueError: scale below 0."""
    result = empty(distribution)
    result.ndarray[...] = generator().normal(loc, scale, result.local_shape)
    return result


def beta(a: float, b: float, distribution: Where = ()) -> LocalArray:
    """Of the beta distribution, float64. ValueError: a or b not above 0."""
    result = empty(distribution)
    result.ndarray[...] = generator().beta(a, b, result.local_shape)
    return result


def randint(low: int, high: int | None = None, distribution: Where = ()) -> LocalArray:
    """int64 of [low, high), or of [0, low) if high is None. ValueError: there is none."""
    result = empty(distribution, np.int64)
    result.ndarray[...] = generator().integers(low, high, result.local_shape)
    return result
