"""Random numbers that are the same on any number of engines and for any distribution."""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray._arguments import as_float, as_integer, as_integers
from distarray._dtypes import FLOAT64, INT64, set_scalar
from distarray._proto import arrays_pb2
from distarray.error import InvalidValueError

if TYPE_CHECKING:
    from distarray.globalapi._making import ShapeOrDistribution
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray

__all__ = ["Random"]

_KIND = arrays_pb2.CreateRequest.Random


class Random:
    """A generator: counter-based, by seed, number of the array, and the element's index."""

    def __init__(self, context: Context, seed: int | Sequence[int] | None = None) -> None:
        """seed: as in seed()."""
        self.context = context
        self._lock = threading.Lock()
        self.seed(seed)

    def seed(self, seed: int | Sequence[int] | None = None) -> None:
        """Starts again, from an int of [0, 2^64), from ints of any size that are not negative, or (None) from the
        system's entropy.

        Several ints are folded into 64 bits by numpy.random.SeedSequence(seed).generate_state(1, numpy.uint64), so
        seed([5]) does not give the numbers of seed(5).
        """
        if seed is None:
            value = int.from_bytes(os.urandom(8), "little")
        else:
            value = _folded(seed)
        with self._lock:
            self._seed = value
            self._stream = 0

    def _make(
        self, shape: ShapeOrDistribution, type_number: int, kind: int, low: Any, high: Any, how: dict[str, Any]
    ) -> DistArray:
        with self._lock:
            seed, stream = self._seed, self._stream
            self._stream += 1

        def content(create: arrays_pb2.CreateRequest) -> None:
            random = create.random
            random.kind = kind  # type: ignore[assignment]
            random.seed = seed
            random.stream = stream
            set_scalar(random.low, low, type_number)
            set_scalar(random.high, high, type_number)

        return self.context._create(shape, type_number, content, **how)

    def rand(self, shape_or_distribution: ShapeOrDistribution, **how: Any) -> DistArray:
        """Uniform in [0, 1); `how`: dist, grid_shape, targets."""
        return self._make(shape_or_distribution, FLOAT64, _KIND.KIND_UNIFORM, 0.0, 1.0, how)

    def uniform(
        self, shape_or_distribution: ShapeOrDistribution, low: float = 0.0, high: float = 1.0, **how: Any
    ) -> DistArray:
        """Uniform in [low, high)."""
        return self._make(
            shape_or_distribution, FLOAT64, _KIND.KIND_UNIFORM, as_float(low, "low"), as_float(high, "high"), how
        )

    def normal(
        self, shape_or_distribution: ShapeOrDistribution, loc: float = 0.0, scale: float = 1.0, **how: Any
    ) -> DistArray:
        """Normal, of mean loc and standard deviation scale."""
        mean, deviation = as_float(loc, "loc"), as_float(scale, "scale")
        if not deviation >= 0:
            raise InvalidValueError(f"scale must not be negative, {scale} was given")
        return self._make(shape_or_distribution, FLOAT64, _KIND.KIND_NORMAL, mean, deviation, how)

    def randn(self, shape_or_distribution: ShapeOrDistribution, **how: Any) -> DistArray:
        """Normal, of mean 0 and standard deviation 1."""
        return self.normal(shape_or_distribution, **how)

    def randint(
        self, shape_or_distribution: ShapeOrDistribution, low: int, high: int | None = None, **how: Any
    ) -> DistArray:
        """Integers in [low, high), or [0, low) if high is None."""
        first, last = as_integer(low, "low"), 0 if high is None else as_integer(high, "high")
        if high is None:
            first, last = 0, first
        if first >= last:
            raise InvalidValueError(f"low must be below high, [{first}, {last}) was given")
        if first < -(1 << 63) or last > (1 << 63) - 1:
            raise InvalidValueError(f"low and high must fit int64, [{first}, {last}) was given")
        return self._make(shape_or_distribution, INT64, _KIND.KIND_INTEGERS, first, last, how)


def _folded(seed: int | Sequence[int]) -> int:
    try:
        value = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        values = as_integers(seed, "seed")
        if not values or min(values) < 0:
            raise InvalidValueError(
                f"seed must have at least one int, and none that is negative, {seed!r} was given"
            ) from None
        return int(np.random.SeedSequence(values).generate_state(1, np.uint64)[0])
    if not 0 <= value < 1 << 64:
        raise InvalidValueError(f"seed must be in [0, 2^64), {value} was given")
    return value
