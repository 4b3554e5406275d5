"""Random numbers that are the same on any number of engines and for any distribution."""

from __future__ import annotations

import operator
import os
import threading
from typing import TYPE_CHECKING, Any

from distarray._dtypes import FLOAT64, INT64, set_scalar
from distarray._proto import arrays_pb2
from distarray.error import InvalidTypeError, InvalidValueError

if TYPE_CHECKING:
    from distarray.globalapi._making import ShapeOrDistribution
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray

__all__ = ["Random"]

_KIND = arrays_pb2.CreateRequest.Random


class Random:
    """A generator: counter-based, by seed, number of the array, and the element's index."""

    def __init__(self, context: Context, seed: int | None = None) -> None:
        """seed None: from the system's entropy."""
        self.context = context
        self._lock = threading.Lock()
        self.seed(seed)

    def seed(self, seed: int | None = None) -> None:
        """Starts again. None: from the system's entropy."""
        if seed is None:
            value = int.from_bytes(os.urandom(8), "little")
        else:
            try:
                value = operator.index(seed)
            except TypeError:
                raise InvalidTypeError(f"seed must be an int or None, {seed!r} was given") from None
            if not 0 <= value < 1 << 64:
                raise InvalidValueError(f"seed must be in [0, 2^64), {value} was given")
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
        return self._make(shape_or_distribution, FLOAT64, _KIND.KIND_UNIFORM, float(low), float(high), how)

    def normal(
        self, shape_or_distribution: ShapeOrDistribution, loc: float = 0.0, scale: float = 1.0, **how: Any
    ) -> DistArray:
        """Normal, of mean loc and standard deviation scale."""
        if not scale >= 0:
            raise InvalidValueError(f"scale must not be negative, {scale} was given")
        return self._make(shape_or_distribution, FLOAT64, _KIND.KIND_NORMAL, float(loc), float(scale), how)

    def randn(self, shape_or_distribution: ShapeOrDistribution, **how: Any) -> DistArray:
        """Normal, of mean 0 and standard deviation 1."""
        return self.normal(shape_or_distribution, **how)

    def randint(
        self, shape_or_distribution: ShapeOrDistribution, low: int, high: int | None = None, **how: Any
    ) -> DistArray:
        """Integers in [low, high), or [0, low) if high is None."""
        first, last = (0, operator.index(low)) if high is None else (operator.index(low), operator.index(high))
        if first >= last:
            raise InvalidValueError(f"low must be below high, [{first}, {last}) was given")
        if first < -(1 << 63) or last > (1 << 63) - 1:
            raise InvalidValueError(f"low and high must fit int64, [{first}, {last}) was given")
        return self._make(shape_or_distribution, INT64, _KIND.KIND_INTEGERS, first, last, how)
