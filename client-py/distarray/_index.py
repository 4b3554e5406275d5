"""NumPy's basic indexing, worked out for shapes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from distarray.error import AxisError, IndexOutOfRangeError, InvalidTypeError, InvalidValueError

if TYPE_CHECKING:  # workers import this module and have no protobuf
    from distarray._proto import types_pb2

Shape = tuple[int, ...]
OneOrMore = int | tuple[int, ...]
Axes = OneOrMore | None  # None: all

_EXPECTED = "integers, slices, ..., None (numpy.newaxis) and arrays of integers or bools are"


class Indexed:
    """An index expression applied to a shape: the result's shape and the expression without its ellipsis."""

    __slots__ = ("all_integers", "entries", "shape")

    def __init__(self, shape: Shape, index: Any) -> None:
        items = index if type(index) is tuple else (index,)
        consumed = 0
        ellipsis = -1
        for position, item in enumerate(items):
            if item is Ellipsis:
                if ellipsis >= 0:
                    raise IndexOutOfRangeError("an index can only have a single ellipsis ('...')")
                ellipsis = position
            elif item is not None:
                consumed += 1
        missing = len(shape) - consumed
        if missing < 0:
            raise IndexOutOfRangeError(
                f"too many indices: the array has {len(shape)} dimensions, {consumed} were indexed"
            )
        full = (slice(None),) * missing
        if ellipsis >= 0:
            items = items[:ellipsis] + full + items[ellipsis + 1 :]
        else:
            items = items + full
        dimension = 0
        result: list[int] = []
        entries: list[int | tuple[int | None, int | None, int | None] | None] = []
        for item in items:
            if item is None:
                result.append(1)
                entries.append(None)
                continue
            size = shape[dimension]
            if type(item) is slice:
                bounds = _slice(item)
                result.append(len(range(*slice(*bounds).indices(size))))
                entries.append(bounds)
            else:
                number = _integer(item)
                if not -size <= number < size:
                    raise IndexOutOfRangeError(
                        f"index {number} is out of bounds for dimension {dimension} of size {size}"
                    )
                entries.append(number)
            dimension += 1
        self.shape: Shape = tuple(result)
        self.entries = entries
        self.all_integers = ellipsis < 0 and all(type(entry) is int for entry in entries)

    @property
    def whole(self) -> bool:
        """Whether this is x[...]."""
        return all(entry == (None, None, None) for entry in self.entries)

    def numpy_index(self) -> tuple[Any, ...]:
        """The expression as NumPy takes it."""
        return tuple(slice(*entry) if type(entry) is tuple else entry for entry in self.entries)

    def fill(self, message: types_pb2.Index) -> None:
        for entry in self.entries:
            added = message.entries.add()
            if entry is None:
                added.newaxis.SetInParent()
            elif type(entry) is int:
                added.integer = entry
            else:
                added.slice.SetInParent()
                start, stop, step = entry  # type: ignore[misc]
                if start is not None:
                    added.slice.start = start
                if stop is not None:
                    added.slice.stop = stop
                if step is not None:
                    added.slice.step = step


_INT64 = (-(1 << 63), (1 << 63) - 1)


def _slice(item: slice) -> tuple[int | None, int | None, int | None]:
    try:
        start = None if item.start is None else operator.index(item.start)
        stop = None if item.stop is None else operator.index(item.stop)
        step = None if item.step is None else operator.index(item.step)
    except TypeError:
        raise InvalidTypeError(f"slice bounds must be integers or None, {item} was given") from None
    if step == 0:
        raise InvalidValueError("slice step cannot be zero")
    low, high = _INT64

    def clipped(value: int | None) -> int | None:
        return None if value is None else min(max(value, low), high)

    return clipped(start), clipped(stop), clipped(step)


def _integer(item: Any) -> int:
    try:
        if item is True or item is False:
            raise TypeError
        return operator.index(item)
    except TypeError:
        raise IndexOutOfRangeError(f"{item!r} is not an index; {_EXPECTED}") from None


def as_shape(shape: Any) -> Shape:
    """A shape given as an int or a sequence of ints. TypeError, ValueError."""
    result: Shape
    try:
        result = (operator.index(shape),)
    except TypeError:
        try:
            result = tuple(operator.index(size) for size in shape)
        except TypeError:
            raise InvalidTypeError(f"shape must be an int or a sequence of ints, {shape!r} was given") from None
    total = 1
    for size in result:
        if size < 0:
            raise InvalidValueError(f"shape must not have negative sizes, {result} was given")
        total *= max(size, 1)
    if total > _INT64[1]:
        raise InvalidValueError(f"shape {result} has more than 2^63 - 1 elements")
    return result


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """NumPy's broadcast shape. ValueError."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    result: list[int] = []
    for position in range(-max(map(len, shapes)), 0):
        size = 1
        for shape in shapes:
            if -position <= len(shape) and shape[position] != 1:
                if size not in (1, shape[position]):
                    raise InvalidValueError(f"shapes {' and '.join(map(str, shapes))} do not broadcast")
                size = shape[position]
        result.append(size)
    return tuple(result)


def axis_of(name: str, axis: Any, ndim: int, argument: str = "axis") -> int:
    """An axis from 0, of an argument of the function `name`. TypeError; AxisError (a ValueError and an IndexError)."""
    try:
        number = operator.index(axis)
    except TypeError:
        raise InvalidTypeError(f"{name}: {argument} must be an int, {axis!r} was given") from None
    return _from_zero(f"{name}: {argument}", number, ndim)


def _from_zero(what: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise AxisError(f"{what} {axis} is out of bounds for an array of {ndim} dimensions")
    return axis % ndim


def normalize_axes(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """Ascending axes from 0; None for all. TypeError; AxisError (a ValueError and an IndexError)."""
    if axis is None:
        return None
    try:
        given = tuple(operator.index(item) for item in axis) if isinstance(axis, tuple) else (operator.index(axis),)
    except TypeError:
        raise InvalidTypeError(f"axis must be None, an int or a tuple of ints, {axis!r} was given") from None
    axes = [_from_zero("axis", item, ndim) for item in given]
    if len(set(axes)) != len(axes):
        raise InvalidValueError(f"axis must not name a dimension twice, {axis!r} was given")
    return tuple(sorted(axes))


def reduced_shape(shape: Shape, axes: tuple[int, ...] | None, keepdims: bool) -> Shape:
    if axes is None:
        return (1,) * len(shape) if keepdims else ()
    if keepdims:
        return tuple(1 if position in axes else size for position, size in enumerate(shape))
    return tuple(size for position, size in enumerate(shape) if position not in axes)
