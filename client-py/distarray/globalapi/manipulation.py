"""Arrays of other shapes: views wherever no element has to move, which each function says."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy.typing as npt

from distarray._arguments import as_integer, as_integers
from distarray._dtypes import NUMBER, supported
from distarray._index import Axes, OneOrMore, Shape, as_shape, axis_of, broadcast, normalize_axes
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi._computing import as_arrays, compute, view
from distarray.globalapi._elementwise import assigned
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.dtypes import promoted

__all__ = [
    "append",
    "array_split",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "moveaxis",
    "permute_dims",
    "ravel",
    "reshape",
    "roll",
    "rot90",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "unstack",
    "vsplit",
    "vstack",
]


def _array(name: str, x: Any) -> DistArray:
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"{name} takes a DistArray, {type(x).__name__} was given")
    return x


# Views.


def broadcast_shapes(*shapes: Any) -> Shape:
    """The shape to which these are broadcast together."""
    return broadcast([as_shape(shape) for shape in shapes]) if shapes else ()


def broadcast_to(x: DistArray, /, shape: int | Sequence[int]) -> DistArray:
    """x, repeated to a shape: a read-only view. It lies where x does."""
    array = _array("broadcast_to", x)
    target = as_shape(shape)
    if len(target) < array.ndim or broadcast([array._shape, target]) != target:
        raise InvalidValueError(f"an array of shape {array._shape} cannot be broadcast to {target}")
    return view(array, broadcast_shape=target, shape=target) if target else array[...]


def broadcast_arrays(*arrays: Any) -> list[DistArray]:
    """The arrays, broadcast together: views as of broadcast_to, which lie where the arrays do. What is no DistArray is
    uploaded.
    """
    if not arrays:
        return []
    given = as_arrays("broadcast_arrays", arrays)
    shape = broadcast([one._shape for one in given])
    return [one[...] if one._shape == shape else broadcast_to(one, shape) for one in given]


def permute_dims(x: DistArray, /, axes: Sequence[int]) -> DistArray:
    """x with dimension k its dimension axes[k]: a view, dealt out as x is."""
    array = _array("permute_dims", x)
    order = [axis_of("permute_dims", axis, array.ndim, "axes") for axis in axes]
    if sorted(order) != list(range(array.ndim)):
        raise InvalidValueError(f"axes must name each of the {array.ndim} dimensions once, {tuple(axes)} was given")
    if order == sorted(order):
        return array[...]
    return view(array, axes=order, shape=tuple(array._shape[axis] for axis in order))


def transpose(x: DistArray, /, axes: Sequence[int] | None = None) -> DistArray:
    """x with its dimensions in the order of axes, reversed if None: a view, dealt out as x is."""
    array = _array("transpose", x)
    return permute_dims(array, axes if axes is not None else range(array.ndim)[::-1])


def moveaxis(x: DistArray, /, source: OneOrMore, destination: OneOrMore) -> DistArray:
    """x with some dimensions moved to other places, the others in order: a view, dealt out as x is."""
    array = _array("moveaxis", x)
    origins = [axis_of("moveaxis", axis, array.ndim, "source") for axis in _listed(source)]
    places = [axis_of("moveaxis", axis, array.ndim, "destination") for axis in _listed(destination)]
    if len(origins) != len(places):
        raise InvalidValueError(f"source has {len(origins)} axes, destination {len(places)}; expected as many")
    if len(set(origins)) != len(origins) or len(set(places)) != len(places):
        raise InvalidValueError(f"source and destination must not repeat an axis, {source}, {destination} were given")
    order = [axis for axis in range(array.ndim) if axis not in origins]
    for place, origin in sorted(zip(places, origins, strict=True)):
        order.insert(place, origin)
    return permute_dims(array, order)


def _listed(axes: Any) -> Iterable[Any]:
    return axes if isinstance(axes, Iterable) else (axes,)


def swapaxes(x: DistArray, /, axis1: int, axis2: int) -> DistArray:
    """x with two dimensions exchanged: a view, dealt out as x is."""
    array = _array("swapaxes", x)
    order = list(range(array.ndim))
    one, other = (axis_of("swapaxes", axis, array.ndim, f"axis{k}") for k, axis in enumerate((axis1, axis2), 1))
    order[one], order[other] = other, one
    return permute_dims(array, order)


def expand_dims(x: DistArray, /, axis: OneOrMore) -> DistArray:
    """x with new dimensions of size 1, at `axis` of the result: a view, dealt out as x is."""
    array = _array("expand_dims", x)
    count = len(axis) if isinstance(axis, tuple) else 1
    places = normalize_axes(axis, array.ndim + count)
    if places is None:
        raise InvalidTypeError("axis must be an int or a tuple of ints, None was given")
    return array[tuple(None if place in places else slice(None) for place in range(array.ndim + count))]


def squeeze(x: DistArray, /, axis: Axes = None) -> DistArray:
    """x without these dimensions of size 1 (None: all of them): a view, dealt out as x is."""
    array = _array("squeeze", x)
    axes = normalize_axes(axis, array.ndim)
    if axes is None:
        axes = tuple(place for place, size in enumerate(array._shape) if size == 1)
    for place in axes:
        if array._shape[place] != 1:
            raise InvalidValueError(f"axis {place} has size {array._shape[place]}; only size 1 can be squeezed")
    return array[(*(0 if place in axes else slice(None) for place in range(array.ndim)), ...)]


def flip(x: DistArray, /, axis: Axes = None) -> DistArray:
    """x in reverse order along axes (None: all): a view, which lies where x does."""
    array = _array("flip", x)
    axes = normalize_axes(axis, array.ndim)
    turned = range(array.ndim) if axes is None else axes
    return array[(*(slice(None, None, -1 if place in turned else None) for place in range(array.ndim)), ...)]


def fliplr(x: DistArray, /) -> DistArray:
    """x in reverse order along axis 1: a view, which lies where x does."""
    return flip(x, axis=1)


def flipud(x: DistArray, /) -> DistArray:
    """x in reverse order along axis 0: a view, which lies where x does."""
    return flip(x, axis=0)


def rot90(x: DistArray, /, k: int = 1, axes: tuple[int, int] = (0, 1)) -> DistArray:
    """x turned by k quarters in the plane of two axes, from the first to the second: a view that lies where x does."""
    array = _array("rot90", x)
    first, second = (axis_of("rot90", axis, array.ndim, "axes") for axis in axes)
    if first == second:
        raise InvalidValueError(f"axes must be two different ones, {axes} was given")
    turns = as_integer(k, "k") % 4
    if turns == 0:
        return array[...]
    if turns == 2:
        return flip(array, axis=(first, second))
    return (
        swapaxes(flip(array, axis=second), first, second)
        if turns == 1
        else flip(swapaxes(array, first, second), axis=second)
    )


def unstack(x: DistArray, /, axis: int = 0) -> tuple[DistArray, ...]:
    """The parts of x along an axis, without it: views, which lie where these parts of x do."""
    array = _array("unstack", x)
    if not array.ndim:
        raise InvalidValueError("unstack takes an array of at least one dimension, a 0-d one was given")
    place = axis_of("unstack", axis, array.ndim)
    return tuple(array[(*(slice(None),) * place, position, ...)] for position in range(array._shape[place]))


def array_split(x: DistArray, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[DistArray]:
    """x in so many parts along an axis, of sizes that differ by at most one, or cut at these indices: views, which lie
    where these parts of x do.
    """
    array = _array("array_split", x)
    place = axis_of("array_split", axis, array.ndim)
    size = array._shape[place]
    cuts: list[int | None]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1:
            raise InvalidValueError(f"the number of sections must be at least 1, {indices_or_sections} was given")
        each, larger = divmod(size, indices_or_sections)
        cuts = [position * each + min(position, larger) for position in range(indices_or_sections + 1)]
    else:
        cuts = [0, *as_integers(indices_or_sections, "indices_or_sections"), None]
    return [array[(*(slice(None),) * place, slice(low, high), ...)] for low, high in itertools.pairwise(cuts)]


def split(x: DistArray, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[DistArray]:
    """As array_split, but a number of sections must divide the size: views, which lie where these parts of x do."""
    array = _array("split", x)
    size = array._shape[axis_of("split", axis, array.ndim)]
    if isinstance(indices_or_sections, int) and indices_or_sections > 0 and size % indices_or_sections:
        raise InvalidValueError(f"{indices_or_sections} sections do not divide the size {size}; see array_split")
    return array_split(array, indices_or_sections, axis)


def vsplit(x: DistArray, indices_or_sections: int | Sequence[int]) -> list[DistArray]:
    """split along axis 0 of an array of at least 2 dimensions: views, which lie where these parts of x do."""
    return split(_of_dimensions("vsplit", x, 2), indices_or_sections, 0)


def hsplit(x: DistArray, indices_or_sections: int | Sequence[int]) -> list[DistArray]:
    """split along axis 1, of a 1-d array axis 0: views, which lie where these parts of x do."""
    return split(_of_dimensions("hsplit", x, 1), indices_or_sections, 1 if x.ndim > 1 else 0)


def dsplit(x: DistArray, indices_or_sections: int | Sequence[int]) -> list[DistArray]:
    """split along axis 2 of an array of at least 3 dimensions: views, which lie where these parts of x do."""
    return split(_of_dimensions("dsplit", x, 3), indices_or_sections, 2)


def _of_dimensions(name: str, x: Any, least: int) -> DistArray:
    array = _array(name, x)
    if array.ndim < least:
        raise InvalidValueError(f"{name} takes an array of at least {least} dimensions, shape {array.shape} was given")
    return array


def _at_least(ndim: int, name: str, meaning: str, index: Callable[[int], Any]) -> Callable[..., Any]:
    def function(*arrays: Any) -> Any:
        given = as_arrays(name, arrays)
        results = [one if one.ndim >= ndim else one[index(one.ndim)] for one in given]
        return results[0] if len(results) == 1 else tuple(results)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The arrays themselves, or views of them with {meaning}, dealt out as they are. See numpy.{name}."
    )
    return function


atleast_1d = _at_least(1, "atleast_1d", "one dimension", lambda ndim: (None, ...))
atleast_2d = _at_least(2, "atleast_2d", "two dimensions", lambda ndim: (*(None,) * (2 - ndim), ...))
atleast_3d = _at_least(
    3,
    "atleast_3d",
    "three dimensions",
    lambda ndim: ((None, None, None, ...), (None, ..., None), (..., None))[ndim],
)


# Another shape.


def reshape(x: DistArray, /, shape: int | Sequence[int], order: str = "C", *, copy: bool | None = None) -> DistArray:
    """The elements of x, in C order, in another shape, of which one size may be -1.

    A view, dealt out as x is, if only dimensions of size 1 come or go; else a new array (as with copy=True), in blocks
    along its first dimension that is not 1. copy=False: a ValueError if it would not be a view. order "F": the
    elements are taken and given in Fortran's order.
    """
    array = _array("reshape", x)
    target = _wanted(array, shape)
    if order == "F":
        turned = reshape(transpose(array), target[::-1], copy=copy)
        return transpose(turned)
    if order not in ("C", "A"):
        raise InvalidValueError(f"order must be 'C', 'F' or 'A', {order!r} was given")
    if not copy:
        index = _as_index(array._shape, target)
        if index is not None:
            return array[index]
        if copy is not None:
            raise InvalidValueError(f"shape {array._shape} cannot be seen as {target} without a copy")
    (result,) = compute("reshape", [array], [(target, array._type)], shape=target)
    return result


def _wanted(array: DistArray, shape: Any) -> Shape:
    sizes = as_integers(shape if isinstance(shape, Iterable) else [shape], "shape")
    if sizes.count(-1) > 1:
        raise InvalidValueError(f"shape can leave one size open, {tuple(sizes)} was given")
    if -1 in sizes:
        known = math.prod(size for size in sizes if size != -1)
        if known == 0 or array.size % known:
            raise InvalidValueError(f"an array of shape {array._shape} cannot be reshaped to {tuple(sizes)}")
        sizes[sizes.index(-1)] = array.size // known
    target = as_shape(sizes)
    if math.prod(target) != array.size:
        raise InvalidValueError(f"an array of shape {array._shape} cannot be reshaped to {target}")
    return target


def _as_index(shape: Shape, target: Shape) -> tuple[Any, ...] | None:
    """The index that makes `target` of `shape` if they differ in dimensions of size 1 alone."""
    if [size for size in shape if size != 1] != [size for size in target if size != 1]:
        return None
    index: list[Any] = []
    left = list(shape)
    for size in target:
        if size == 1:
            index.append(None)
            continue
        while left[0] == 1:
            index.append(0)
            del left[0]
        index.append(slice(None))
        del left[0]
    return (*index, *(0 for _ in left), ...)


def ravel(x: DistArray, /, order: str = "C") -> DistArray:
    """The elements of x in one dimension: a view if at most one of its dimensions is not 1, else a new array, in
    blocks.
    """
    return reshape(x, -1, order)


# New arrays.


def concat(
    arrays: Sequence[Any], /, axis: int | None = 0, out: Any = None, *, dtype: npt.DTypeLike | None = None
) -> DistArray:
    """The arrays one after the other along an axis (None: flat).

    A new array of the dtype to which they are promoted, dealt out by the default rule over all of their targets, or as
    one of them that has its shape.
    """
    given = as_arrays("concat", arrays)
    if axis is None:
        given = [ravel(one) for one in given]
        axis = 0
    first = given[0]
    if not first.ndim:
        raise InvalidValueError("0-d arrays have no axis to be concatenated along; see stack")
    place = axis_of("concat", axis, first.ndim)
    for one in given:
        if one.ndim != first.ndim or any(
            size != other for k, (size, other) in enumerate(zip(one._shape, first._shape, strict=True)) if k != place
        ):
            shapes = ", ".join(str(each._shape) for each in given)
            raise InvalidValueError(f"concat: all shapes must agree in all axes but {place}, {shapes} were given")
    kind = supported(dtype) if dtype is not None else promoted([one.dtype for one in given])
    sizes = [one._shape[place] for one in given]
    shape = (*first._shape[:place], builtins.sum(sizes), *first._shape[place + 1 :])
    result = first._context._empty_like(given, shape, NUMBER[kind])
    start = 0
    for one, size in zip(given, sizes, strict=True):
        if one.size:
            result[(*(slice(None),) * place, slice(start, start + size), ...)] = one
        start += size
    return assigned("concat", result, out)


def stack(arrays: Sequence[Any], /, axis: int = 0, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray:
    """Arrays of one shape along a new axis: a new array, dealt out as concat's."""
    given = as_arrays("stack", arrays)
    if any(one._shape != given[0]._shape for one in given):
        shapes = ", ".join(str(one._shape) for one in given)
        raise InvalidValueError(f"stack: all shapes must be equal, {shapes} were given")
    place = axis_of("stack", axis, given[0].ndim + 1)
    return concat([expand_dims(one, place) for one in given], place, out, dtype=dtype)


def append(x: Any, values: Any, axis: int | None = None) -> DistArray:
    """values after x along an axis (None: flat): a new array, dealt out as concat's."""
    return concat([x, values], axis)


def vstack(arrays: Sequence[Any], /) -> DistArray:
    """Arrays one above the other, along axis 0 of at least two: a new array, dealt out as concat's."""
    return concat([atleast_2d(one) for one in as_arrays("vstack", arrays)])


def hstack(arrays: Sequence[Any], /) -> DistArray:
    """Arrays side by side, along axis 1, of 1-d ones along axis 0: a new array, dealt out as concat's."""
    given = [atleast_1d(one) for one in as_arrays("hstack", arrays)]
    return concat(given, 0 if given[0].ndim == 1 else 1)


def dstack(arrays: Sequence[Any], /) -> DistArray:
    """Arrays one behind the other, along axis 2 of at least three: a new array, dealt out as concat's."""
    return concat([atleast_3d(one) for one in as_arrays("dstack", arrays)], 2)


def column_stack(arrays: Sequence[Any], /) -> DistArray:
    """1-d arrays as columns, and 2-d ones, side by side: a new array, dealt out as concat's."""
    given = as_arrays("column_stack", arrays)
    return concat([transpose(atleast_2d(one)) if one.ndim < 2 else one for one in given], 1)


def roll(x: DistArray, /, shift: OneOrMore, axis: Axes = None) -> DistArray:
    """x with its elements shifted along axes, those that leave at one end coming in at the other (None: in C order).

    A new array, dealt out as x is (None: in blocks, if x has more than one dimension).
    """
    array = _array("roll", x)
    shifts = as_integers(shift, "shift") if isinstance(shift, Iterable) else [as_integer(shift, "shift")]
    if axis is None:
        by = builtins.sum(shifts)
        return roll(array, by, 0) if array.ndim == 1 else reshape(roll(ravel(array), by, 0), array._shape)
    axes = [axis_of("roll", one, array.ndim) for one in _listed(axis)]
    if len(shifts) == 1:
        shifts *= len(axes)
    elif len(axes) == 1:
        axes *= len(shifts)
    if len(shifts) != len(axes):
        raise InvalidValueError(f"shift has {len(shifts)} numbers, axis {len(axes)}; expected as many")
    totals = [0] * array.ndim
    for one, by in zip(axes, shifts, strict=True):
        totals[one] += by
    if not array.size:
        return array.copy()
    result = array._context._empty_like([array], array._shape, array._type)
    for pieces in itertools.product(*map(_rolled, array._shape, totals)):
        result[(*(to for to, _ in pieces), ...)] = array[(*(source for _, source in pieces), ...)]
    return result


def _rolled(size: int, shift: int) -> list[tuple[slice, slice]]:
    """Where the elements of a dimension go, and where they come from, in runs."""
    shift %= size
    if shift == 0:
        return [(slice(None), slice(None))]
    return [(slice(shift, None), slice(None, size - shift)), (slice(None, shift), slice(size - shift, None))]


def tile(x: DistArray, repetitions: int | Sequence[int], /) -> DistArray:
    """x, so many times along each dimension: a new array, dealt out as reshape's."""
    array = _array("tile", x)
    counts = as_integers(repetitions if isinstance(repetitions, Iterable) else [repetitions], "repetitions")
    if any(count < 0 for count in counts):
        raise InvalidValueError(f"repetitions must not be negative, {tuple(counts)} was given")
    sizes = [1] * (len(counts) - array.ndim) + list(array._shape)
    counts = [1] * (len(sizes) - len(counts)) + counts
    split_up = tuple(itertools.chain.from_iterable(zip(counts, sizes, strict=True)))
    apart = reshape(array, tuple(itertools.chain.from_iterable((1, size) for size in sizes)))
    repeated = broadcast_to(apart, split_up)
    return reshape(repeated, [count * size for count, size in zip(counts, sizes, strict=True)], copy=True)


concatenate = concat
