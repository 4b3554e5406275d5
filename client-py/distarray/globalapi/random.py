"""Random numbers that are the same on any number of engines and for any distribution.

`default_rng` makes a Generator in NumPy's style; Random is that of the original DistArray. Both are counter-based: an
element is made from the seed, the number of the array among those that the generator made, and the element's index.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_float, as_integer, as_integers
from distarray._dtypes import BOOL, FLOAT64, INT64, NUMBER, dtype_of, set_scalar, supported
from distarray._index import Shape, as_shape, axis_of, broadcast
from distarray._proto import arrays_pb2
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi._elementwise import assigned, convert, elementwise
from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from distarray.globalapi._making import ShapeOrDistribution
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray

__all__ = ["Generator", "Random", "default_rng"]

_KIND = arrays_pb2.CreateRequest.Random


class Random:
    """A generator: counter-based, by seed, number of the array, and the element's index. It makes new arrays; `how`
    (dist, grid_shape, targets) or a Distribution says how they are dealt out, else the context's default rule.
    """

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


def default_rng(seed: Any = None, *, device: Context | None = None) -> Generator:
    """A Generator of arrays in a context, `device`, or the default one.

    seed: an int or ints, not negative, of any size; a numpy.random.SeedSequence; None: the system's entropy; a
    Generator: itself.
    """
    if isinstance(seed, Generator):
        return seed
    from distarray.globalapi.context import default_context

    context = device if device is not None else default_context()
    return Generator(Random(cast("Context", context), _any_seed(seed)))


class Generator:
    """Random arrays in the style of numpy.random.Generator: the numbers are others, the methods and laws the same.

    `size` is a shape (dealt out by the context's default rule), or a Distribution that says how the array is dealt out;
    None: the shape to which the parameters are broadcast, of numbers 0-d. Parameters may be arrays, distributed or not.
    The results are new arrays, the same bit for bit on any number of engines and for any distribution.
    """

    def __init__(self, source: Random) -> None:
        """Made by default_rng."""
        self._source = source

    @property
    def context(self) -> Context:
        """Where the arrays are made."""
        return self._source.context

    def __repr__(self) -> str:
        return f"<Generator(Philox4x32-10) in {self.context!r}>"

    def random(self, size: Any = None, dtype: npt.DTypeLike = np.float64, out: Any = None) -> DistArray:
        """Uniform in [0, 1), of float64 or float32."""
        number = _floating("random", dtype)
        return assigned("random", self._draw(_size(size, out), number, _KIND.KIND_UNIFORM, 0.0, 1.0), out)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> DistArray:
        """Uniform in [low, high)."""
        if _is_number(low) and _is_number(high):
            ends = as_float(low, "low"), as_float(high, "high")
            if not np.isfinite(ends[1] - ends[0]):
                raise InvalidValueError(f"uniform: low and high must be finite, {low}, {high} were given")
            return self._draw(_size(size), FLOAT64, _KIND.KIND_UNIFORM, *ends)
        unit = self.random(self._size_of(size, low, high))
        return elementwise("add", (low, elementwise("multiply", (unit, _difference(high, low)))))

    def standard_normal(self, size: Any = None, dtype: npt.DTypeLike = np.float64, out: Any = None) -> DistArray:
        """Normal, of mean 0 and standard deviation 1."""
        number = _floating("standard_normal", dtype)
        return assigned("standard_normal", self._draw(_size(size, out), number, _KIND.KIND_NORMAL, 0.0, 1.0), out)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> DistArray:
        """Normal, of mean loc and standard deviation scale."""
        _not_negative("normal", "scale", scale)
        if _is_number(loc) and _is_number(scale):
            return self._draw(_size(size), FLOAT64, _KIND.KIND_NORMAL, as_float(loc, "loc"), as_float(scale, "scale"))
        unit = self.standard_normal(self._size_of(size, loc, scale))
        return elementwise("add", (elementwise("multiply", (unit, scale)), loc))

    def standard_exponential(
        self, size: Any = None, dtype: npt.DTypeLike = np.float64, method: str = "inv", out: Any = None
    ) -> DistArray:
        """Exponential, of mean 1: by the inverse of the distribution, whatever the method."""
        if method not in ("zig", "inv"):
            raise InvalidValueError(f"standard_exponential: method must be 'zig' or 'inv', {method!r} was given")
        unit = self.random(_size(size, out), dtype)
        return assigned("standard_exponential", -elementwise("log1p", (-unit,)), out)

    def exponential(self, scale: Any = 1.0, size: Any = None) -> DistArray:
        """Exponential, of mean scale."""
        _not_negative("exponential", "scale", scale)
        return elementwise("multiply", (self.standard_exponential(self._size_of(size, scale)), scale))

    def integers(
        self,
        low: int,
        high: int | None = None,
        size: Any = None,
        dtype: npt.DTypeLike = np.int64,
        endpoint: bool = False,
    ) -> DistArray:
        """Integers of [low, high), with endpoint of [low, high]; of [0, low) or [0, low] if high is None."""
        number = NUMBER[supported(dtype)]
        kind = dtype_of(number)
        if kind.kind not in "biu":
            raise InvalidTypeError(f"integers: dtype must be an integer or bool, {kind} was given")
        if isinstance(low, Handle) or isinstance(high, Handle):
            raise InvalidTypeError("integers: low and high must be ints; arrays of bounds are not supported")
        first, last = as_integer(low, "low"), 0 if high is None else as_integer(high, "high")
        if high is None:
            first, last = 0, first
        last -= not endpoint
        least, most = (0, 1) if number == BOOL else (int(np.iinfo(kind).min), int(np.iinfo(kind).max))
        if first < least or last > most:
            raise InvalidValueError(f"integers: [{first}, {last}] is out of bounds for {kind}")
        if first > last:
            raise InvalidValueError(
                f"integers: low must {'not be above' if endpoint else 'be below'} high, "
                f"{first} and {last + (not endpoint)} were given"
            )
        drawn = self._draw(
            _size(size),
            NUMBER[np.dtype(np.uint8)] if number == BOOL else number,
            _KIND.KIND_CLOSED_INTEGERS,
            first,
            last,
        )
        return convert("astype", drawn, BOOL) if number == BOOL else drawn

    def permutation(self, x: Any, axis: int = 0) -> DistArray:
        """The numbers below x (an int) in a random order; or a new array of x's parts along an axis in one, dealt out
        as take's.
        """
        from distarray import globalapi

        if _is_number(x) and not isinstance(x, Handle):
            return self._order(as_integer(x, "x"))
        array = globalapi.asarray(x, device=self.context)
        axis = axis_of("permutation", axis, array.ndim)
        return globalapi.take(array, self._order(array._shape[axis]), axis=axis)

    def shuffle(self, x: DistArray, axis: int = 0) -> None:
        """Puts the parts of x along an axis in a random order, in place."""
        if not isinstance(x, Handle):
            raise InvalidTypeError(f"shuffle takes a DistArray, {type(x).__name__} was given")
        x[...] = self.permutation(x, axis)

    def choice(
        self, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0, shuffle: bool = True
    ) -> DistArray:
        """Some of the numbers below a (an int), or of a's parts along an axis: a new array, dealt out as take's.

        replace: each may come more than once. p: how likely each is; None: all alike. shuffle: whether the order must
        be random where none comes twice; it always is.
        """
        from distarray import globalapi

        array = None if _is_number(a) and not isinstance(a, Handle) else globalapi.asarray(a, device=self.context)
        if array is None:
            count = as_integer(a, "a")
        else:
            axis = axis_of("choice", axis, array.ndim)
            count = array._shape[axis]
        shape = as_shape(() if size is None else size)
        wanted = int(np.prod(shape, dtype=object))
        if count <= 0 and wanted > 0:
            raise InvalidValueError(f"choice: a must not be empty unless no elements are asked for, {a} was given")
        chosen = self._chosen(count, shape, wanted, replace, p)
        if array is None:
            return chosen
        flat = globalapi.take(array, globalapi.reshape(chosen, (wanted,)), axis=axis)
        return globalapi.reshape(flat, (*array._shape[:axis], *shape, *array._shape[axis + 1 :]))

    def _chosen(self, count: int, shape: Shape, wanted: int, replace: bool, p: Any) -> DistArray:
        from distarray import globalapi

        if not replace and wanted > count:
            raise InvalidValueError(f"choice: {wanted} of {count} cannot be had without one coming twice")
        weights = None if p is None else _probabilities(globalapi.asarray(p, dtype=float, device=self.context), count)
        if replace:
            if weights is None:
                return self.integers(0, max(count, 1), shape)
            running = globalapi.cumsum(weights)
            drawn = elementwise("multiply", (self.random(shape), running[-1]))
            found = globalapi.searchsorted(running, globalapi.reshape(drawn, (wanted,)), side="right")
            return globalapi.reshape(elementwise("minimum", (found, count - 1)), shape)
        if weights is None:
            order = self._order(count)
        else:
            if int(globalapi.count_nonzero(weights)) < wanted:
                raise InvalidValueError(f"choice: p has fewer than {wanted} entries that are not 0")
            # The first to come of independent processes of these rates (Efraimidis and Spirakis).
            order = globalapi.argsort(elementwise("true_divide", (self.standard_exponential(count), weights)))
        return globalapi.reshape(order[:wanted], shape)

    def _order(self, count: int) -> DistArray:
        """The numbers below count in a random order: that of as many random numbers."""
        from distarray import globalapi

        if count < 0:
            raise InvalidValueError(f"a permutation must be of at least 0 elements, {count} was given")
        return globalapi.argsort(self.integers(0, (1 << 64) - 1, count, np.uint64, endpoint=True), stable=True)

    def _draw(self, size: Any, number: int, kind: int, low: Any, high: Any) -> DistArray:
        return self._source._make(size, number, kind, low, high, {})

    def _size_of(self, size: Any, *parameters: Any) -> Any:
        """The size asked for, to which the parameters must fit; None: theirs."""
        shapes = [one._shape if isinstance(one, Handle) else np.shape(one) for one in parameters]
        if size is None:
            return broadcast(shapes)
        shape = getattr(size, "shape", None)
        shape = as_shape(size) if shape is None else shape
        if broadcast([*shapes, shape]) != shape:
            raise InvalidValueError(f"parameters of shapes {shapes} do not fit the size {shape}")
        return size


def _is_number(value: Any) -> bool:
    return not isinstance(value, Handle) and np.ndim(value) == 0


def _difference(high: Any, low: Any) -> Any:
    if isinstance(high, Handle) or isinstance(low, Handle):
        return elementwise("subtract", (high, low))
    return np.asarray(high) - np.asarray(low)


def _not_negative(name: str, argument: str, value: Any) -> None:
    if not isinstance(value, Handle) and not np.all(np.asarray(value) >= 0):
        raise InvalidValueError(f"{name}: {argument} must not be negative, {value} was given")


def _floating(name: str, dtype: npt.DTypeLike) -> int:
    number = NUMBER[supported(dtype)]
    if dtype_of(number).kind != "f":
        raise InvalidTypeError(f"{name}: dtype must be float32 or float64, {dtype_of(number)} was given")
    return number


def _size(size: Any, out: Any = None) -> Any:
    if size is None:
        return () if out is None else out.shape
    return size


def _probabilities(p: DistArray, count: int) -> DistArray:
    """Checked: waits for their least, and their sum."""
    if p._shape != (count,):
        raise InvalidValueError(f"choice: p must have shape ({count},), {p._shape} was given")
    if count and not bool((p >= 0).all()):
        raise InvalidValueError("choice: p must not have negative entries or NaN")
    total = float(p.sum())
    if abs(total - 1) > 1e-8:
        raise InvalidValueError(f"choice: p must sum to 1, its sum is {total}")
    return p


def _any_seed(seed: Any) -> Any:
    """A seed that Random takes."""
    if isinstance(seed, np.random.SeedSequence):
        return int(seed.generate_state(1, np.uint64)[0])
    if isinstance(seed, (int, np.integer)) and not 0 <= seed < 1 << 64:
        return [int(seed)]
    return seed


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
