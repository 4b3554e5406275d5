"""NumPy's advanced indexing: integer and boolean arrays, mixed with slices, integers and new axes.

Slices, integers and new axes make a view first. What is left are index arrays, one an axis of that view, or one mask.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from distarray._dtypes import BOOL, SCALARS, to_element
from distarray._index import Shape, broadcast
from distarray.error import ContextError, IndexOutOfRangeError, InvalidTypeError, InvalidValueError
from distarray.globalapi._computing import compute, compute_awaited, compute_in_place, view
from distarray.globalapi._elementwise import convert, elementwise
from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray

_WHOLE = slice(None)
_NAMES_BASE = 64
_NAMES_MOST = 10  # digits that an int64 has room for


def is_advanced(index: Any) -> bool:
    """Whether an index expression has arrays (or bools, or what becomes an array) in it."""
    if type(index) is tuple:
        return any(_is_array(item) for item in index)
    return _is_array(index)


def _is_array(item: Any) -> bool:
    kind = type(item)
    if kind is int or kind is slice or item is None or item is Ellipsis:
        return False
    return isinstance(item, (bool, np.bool_, list, tuple, np.ndarray, Handle)) or (
        not isinstance(item, (np.integer, str)) and hasattr(item, "__array__")
    )


class IndexArray(NamedTuple):
    """An index array (integers) for one axis, and what errors call that axis."""

    elements: Any  # a NumPy array or a DistArray
    axis: int


class _Mask(NamedTuple):
    """A mask for as many axes as it has dimensions."""

    elements: Any
    axis: int


def _as_index(item: Any) -> Any:
    """An index array or mask, as a NumPy array or a DistArray; what is none unchanged."""
    if isinstance(item, Handle):
        if item.dtype.kind not in "biu":
            raise IndexOutOfRangeError(
                f"arrays used as indices must be of integer (or boolean) type, one of {item.dtype} was given"
            )
        return np.asarray(bool(item)) if not item._shape and item._type == BOOL else item
    if not _is_array(item):
        return item
    array = np.asarray(item)
    if array.size == 0 and not isinstance(item, np.ndarray):
        array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise IndexOutOfRangeError(
            f"arrays used as indices must be of integer (or boolean) type, one of {array.dtype} was given"
        )
    return array


def _dimensions(item: Any) -> int:
    """How many axes an entry is for."""
    if item is None:
        return 0
    if isinstance(item, (np.ndarray, Handle)) and item.dtype.kind == "b":
        return item.ndim
    return 1


class Advanced:
    """An index expression with arrays, applied to a shape: which view to take first, and what index it then.

    `masks`: the one mask, where it comes first and alone. Else `arrays`: index arrays for the view's axes `axes`; where
    masks stand among them their coordinates take their place once they are known.
    """

    def __init__(self, shape: Shape, index: Any) -> None:
        items = [_as_index(item) for item in (index if type(index) is tuple else (index,))]
        items = _expand(items, shape)
        self.shape = shape
        self.basic: list[Any] = []  # the view to take
        self.entries: list[IndexArray | _Mask] = []
        self.places: list[int] = []  # of the view's axes: the first of each entry
        self.front = True  # the chosen dimensions come first, else where the first entry is
        axis = 0  # of the array
        place = 0  # of the view
        runs = 0
        running = False
        for item in items:
            advanced = isinstance(item, (np.ndarray, Handle)) or not (
                item is None or item is Ellipsis or type(item) is slice
            )
            if advanced and not running:
                runs += 1
                first = place
            running = advanced
            if item is Ellipsis:  # for no axis: it parts what stands on either side all the same
                continue
            if item is None:
                self.basic.append(None)
                place += 1
            elif type(item) is slice:
                self.basic.append(item)
                axis += 1
                place += 1
            elif not isinstance(item, (np.ndarray, Handle)):
                self.basic.append(_integer(item, shape, axis))
                axis += 1
            elif item.dtype.kind == "b":
                place, axis = self._add_mask(item, place, axis)
            else:
                check_range(item, shape[axis], axis)
                self.entries.append(IndexArray(item, axis))
                self.places.append(place)
                self.basic.append(_WHOLE)
                axis += 1
                place += 1
        self.adjacent = runs == 1
        self.destination = first if self.adjacent else 0
        only = self.entries[0]
        self.mask = only.elements if len(self.entries) == 1 and isinstance(only, _Mask) else None
        if self.mask is not None and (self.places[0] != 0 or any(type(entry) is int for entry in self.basic)):
            self.mask = None

    def _add_mask(self, mask: Any, place: int, axis: int) -> tuple[int, int]:
        if mask.ndim == 0:  # as long as 1 or 0, of an axis of its own
            self.entries.append(IndexArray(np.zeros(int(bool(mask)), np.int64), axis))
            self.places.append(place)
            self.basic.append(None)
            return place + 1, axis
        covered = self.shape[axis : axis + mask.ndim]
        for position, (given, size) in enumerate(zip(mask.shape, covered, strict=True)):
            if given not in (size, 0):
                raise IndexOutOfRangeError(
                    f"boolean index did not match indexed array along axis {axis + position}; size of axis is {size} "
                    f"but size of corresponding boolean axis is {given}"
                )
        if mask.shape == covered:
            self.entries.append(_Mask(mask, axis))
            self.places.append(place)
        else:  # one with a size of 0 selects nothing of any size, as in NumPy
            self.entries.extend(IndexArray(np.zeros(0, np.int64), axis + d) for d in range(mask.ndim))
            self.places.extend(range(place, place + mask.ndim))
        self.basic.extend([_WHOLE] * mask.ndim)
        return place + mask.ndim, axis + mask.ndim

    def take_view(self, array: DistArray) -> DistArray:
        """The view that is left to be indexed by arrays."""
        if all(type(entry) is slice and entry == _WHOLE for entry in self.basic):
            return array
        return array[(*self.basic, Ellipsis)]

    def resolve(self) -> Resolved:
        """Masks made into coordinates (which waits for their number where they are distributed)."""
        arrays: list[IndexArray] = []
        axes: list[int] = []
        for entry, place in zip(self.entries, self.places, strict=True):
            if isinstance(entry, IndexArray):
                arrays.append(entry)
                axes.append(place)
                continue
            for position, coordinates in enumerate(_nonzero(entry.elements)):
                arrays.append(IndexArray(coordinates, entry.axis + position))
                axes.append(place + position)
        shapes = [tuple(array.elements.shape) for array in arrays]
        try:
            shape = broadcast(shapes)
        except InvalidValueError:
            raise IndexOutOfRangeError(
                "shape mismatch: indexing arrays could not be broadcast together with shapes "
                + " ".join(map(str, shapes))
            ) from None
        return Resolved(arrays, axes, shape, self.destination)


class Resolved:
    """Index arrays for axes of an array: `shape` is what they broadcast to, `destination` where it goes."""

    def __init__(self, arrays: Sequence[IndexArray], axes: Sequence[int], shape: Shape, destination: int) -> None:
        self.arrays = arrays
        self.shape = shape
        self.destination = destination
        self.axes = axes
        self.following = list(axes) == list(range(axes[0], axes[0] + len(axes)))
        self.axis = axes[0] if self.following else 0
        names = 0
        for array in reversed(arrays[:_NAMES_MOST]):
            names = names * _NAMES_BASE + array.axis + 1
        self.names = names

    def ordered(self, array: DistArray) -> DistArray:
        """The array with the indexed axes one behind the other."""
        if self.following:
            return array
        rest = [axis for axis in range(array.ndim) if axis not in self.axes]
        return permuted(array, [*self.axes, *rest])

    def operands(self, array: DistArray) -> list[DistArray]:
        """The index arrays, uploaded where they are NumPy's."""
        return [on_server(array, index.elements) for index in self.arrays]

    def taken_shape(self, shape: Shape) -> Shape:
        """Of what is taken from an (ordered) array of this shape, before it is moved to its destination."""
        return shape[: self.axis] + self.shape + shape[self.axis + len(self.arrays) :]

    def moves(self, ndim: int) -> list[int]:
        """The axes that bring what is taken, of so many dimensions, to its destination."""
        return _moved(ndim, self.axis, self.destination, len(self.shape))

    def moves_back(self, ndim: int) -> list[int]:
        return _moved(ndim, self.destination, self.axis, len(self.shape))


def _moved(ndim: int, source: int, destination: int, count: int) -> list[int]:
    """The axes in the order that has `count` of them, from `source` on, at `destination`."""
    rest = [axis for axis in range(ndim) if not source <= axis < source + count]
    return [*rest[:destination], *range(source, source + count), *rest[destination:]]


def permuted(array: DistArray, axes: Sequence[int]) -> DistArray:
    """A view with its axes in this order; the array itself if that is the one it has."""
    if list(axes) == list(range(len(axes))):
        return array
    return view(array, axes=axes, shape=tuple(array._shape[axis] for axis in axes))


def on_server(like: Handle, elements: Any) -> DistArray:
    """An index array or mask as a DistArray of the same context."""
    if isinstance(elements, Handle):
        if elements._context is not like._context:
            raise ContextError("an index array belongs to another context")
        return elements  # type: ignore[return-value]
    return like._context.fromarray(elements if elements.dtype.kind == "b" else elements.astype(np.int64, copy=False))


def take(array: DistArray, resolved: Resolved) -> DistArray:
    """What index arrays take: a new array. Does not wait."""
    ordered = resolved.ordered(array)
    shape = resolved.taken_shape(ordered._shape)
    (taken,) = compute(
        "take",
        [ordered, *resolved.operands(array)],
        [(shape, array._type)],
        axis=resolved.axis,
        names=resolved.names,
    )
    return permuted(taken, resolved.moves(len(shape)))


def get(array: DistArray, index: Any) -> DistArray:
    """array[index]: a new array."""
    advanced = Advanced(array._shape, index)
    source = advanced.take_view(array)
    if advanced.mask is not None:
        (selected,) = compute_awaited("select", [on_server(array, advanced.mask), source], 1)
        return selected
    return take(source, advanced.resolve())


def put(array: DistArray, index: Any, value: Any) -> None:
    """array[index] = value."""
    array._check_writable()
    advanced = Advanced(array._shape, index)
    target = advanced.take_view(array)
    value = _as_value(array, value)
    if advanced.mask is not None:
        _put_where(target, advanced.mask, value)
    else:
        put_at(target, advanced.resolve(), value)


def put_at(array: DistArray, resolved: Resolved, value: Any) -> None:
    """Writes a value (a number of the array's kind, a NumPy array or a DistArray) where index arrays say."""
    ordered = resolved.ordered(array)
    taken = resolved.taken_shape(ordered._shape)
    back = resolved.moves_back(len(taken))
    shape: list[int] = [0] * len(taken)
    for axis, place in zip(range(len(taken)), back, strict=True):
        shape[place] = taken[axis]
    if not isinstance(value, SCALARS):
        value = _fitting(array, value, tuple(shape))
        if value._shape != tuple(shape) and list(back) != sorted(back):
            value = view(value, broadcast_shape=tuple(shape), shape=tuple(shape))
        if value._shape == tuple(shape):
            value = permuted(value, back)
    compute_in_place("put", ordered, [value, *resolved.operands(array)], axis=resolved.axis, names=resolved.names)


def _put_where(target: DistArray, mask: Any, value: Any) -> None:
    """Writes a value where a leading mask is true: in one pass over the array where it does not depend on how many
    those are, else once they have been counted.
    """
    inner = target._shape[mask.ndim :]
    scalar = isinstance(value, SCALARS)
    shape = () if scalar else tuple(value.shape)
    while len(shape) > len(inner) + 1 and shape[0] == 1:
        shape = shape[1:]
        value = value[0]
    if len(shape) <= len(inner) or shape[0] == 1:
        if not scalar:
            value = _fitting(target, value, (1, *inner))
            if len(value._shape) > len(inner):
                value = value[(0, ...)]
            if value._type != target._type:
                value = convert("astype", value, target._type)
        condition = on_server(target, mask)
        if inner:
            condition = condition[(..., *[None] * len(inner))]
        target[...] = elementwise("where", (condition, value, target))
        return
    if len(shape) > len(inner) + 1:
        raise InvalidValueError(
            f"a value of shape {shape} does not broadcast to what a mask of {mask.ndim} dimensions selects of an array "
            f"of shape {target._shape}"
        )
    if isinstance(mask, np.ndarray):
        count = int(np.count_nonzero(mask))
        if shape[0] != count:
            raise InvalidValueError(
                f"boolean array indexing assignment cannot assign {shape[0]} input values to the {count} output values "
                "where the mask is true"
            )
    value = _fitting(target, value, (shape[0], *inner))
    compute_in_place("put_where", target, [on_server(target, mask), value])


def _as_value(array: Handle, value: Any) -> Any:
    """What is assigned: a number that an element of the array holds, a NumPy array or a DistArray."""
    if isinstance(value, Handle):
        if value._context is not array._context:
            raise ContextError("the value belongs to another context")
        return value
    if not isinstance(value, SCALARS):
        value = np.asarray(value)
        if value.ndim:
            if value.dtype.kind not in "buifc":
                raise InvalidTypeError(f"cannot assign an array of {value.dtype} to one of {array.dtype}")
            return value
    return to_element(value, array.dtype)


def _fitting(array: Handle, value: Any, target: Shape) -> DistArray:
    """The value as a DistArray that broadcasts to `target`. ValueError."""
    shape = tuple(value.shape)
    surplus = max(len(shape) - len(target), 0)
    try:
        fits = set(shape[:surplus]) <= {1} and broadcast([shape[surplus:], target]) == target
    except InvalidValueError:
        fits = False
    if not fits:
        raise InvalidValueError(f"a value of shape {shape} does not broadcast to the indexed shape {target}")
    if surplus:
        value = value[(0,) * surplus + (...,)]
    return value if isinstance(value, Handle) else array._context.fromarray(value)  # type: ignore[return-value]


def _expand(items: list[Any], shape: Shape) -> list[Any]:
    """The entries with the ellipsis (if it is for some axis), or the missing rest, written out as slices."""
    consumed = sum(_dimensions(item) for item in items if item is not Ellipsis)
    missing = len(shape) - consumed
    if missing < 0:
        raise IndexOutOfRangeError(f"too many indices: the array has {len(shape)} dimensions, {consumed} were indexed")
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexOutOfRangeError("an index can only have a single ellipsis ('...')")
    if places and not missing:
        return items
    place = places[0] if places else len(items)
    return items[:place] + [_WHOLE] * missing + items[place + 1 :]


def _integer(item: Any, shape: Shape, axis: int) -> int:
    try:
        number = operator.index(item)
    except TypeError:
        raise IndexOutOfRangeError(
            f"{item!r} is not an index; integers, slices, ..., None (numpy.newaxis) and arrays of integers or bools are"
        ) from None
    if not -shape[axis] <= number < shape[axis]:
        raise IndexOutOfRangeError(f"index {number} is out of bounds for axis {axis} with size {shape[axis]}")
    return number


def check_range(index: Any, size: int, axis: int) -> None:
    """What can be known at the call: a NumPy array's least and greatest."""
    if not isinstance(index, np.ndarray) or index.size == 0:
        return
    for number in (int(index.min()), int(index.max())):
        if not -size <= number < size:
            raise IndexOutOfRangeError(f"index {number} is out of bounds for axis {axis} with size {size}")


def _nonzero(mask: Any) -> Sequence[Any]:
    if isinstance(mask, Handle):
        return compute_awaited("nonzero", [mask], mask.ndim)
    coordinates: tuple[npt.NDArray[Any], ...] = np.nonzero(mask)
    return coordinates
