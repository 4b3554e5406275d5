"""Functions that take elements by position, find positions, and count: NumPy's and the Array API standard's names."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._dtypes import BOOL, FLOAT64, INT64, SCALARS, supported, to_element
from distarray._index import Shape, axis_of, broadcast
from distarray.error import IndexOutOfRangeError, InvalidTypeError, InvalidValueError
from distarray.globalapi import _fancy
from distarray.globalapi._computing import as_array, compute, compute_awaited, context_of, view
from distarray.globalapi._elementwise import convert, elementwise
from distarray.globalapi._handle import Handle
from distarray.globalapi.dtypes import together

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray

__all__ = [
    "argwhere",
    "bincount",
    "choose",
    "compress",
    "extract",
    "flatnonzero",
    "histogram",
    "nonzero",
    "put",
    "repeat",
    "select",
    "take",
    "take_along_axis",
]


def _flat(array: DistArray) -> DistArray:
    """All elements in C order, in one dimension."""
    if array.ndim == 1:
        return array
    (flat,) = compute("reshape", [array], [((array.size,), array._type)], shape=(array.size,))
    return flat


def _positions(name: str, indices: Any) -> Any:
    """Integers, as a NumPy array or a DistArray."""
    if not isinstance(indices, Handle):
        given = np.asarray(indices)
        indices = given.astype(np.int64) if given.size == 0 and not isinstance(indices, np.ndarray) else given
    if indices.dtype.kind not in "iu":
        raise InvalidTypeError(f"{name}: indices must be integers, {indices.dtype} was given")
    return indices


def _in_range(name: str, indices: Any, size: int, axis: int, mode: str) -> Any:
    """Indices by NumPy's modes: "raise" (negative ones count from the end), "wrap", "clip"."""
    if mode == "raise":
        return indices
    if mode not in ("wrap", "clip"):
        raise InvalidValueError(f"{name}: mode must be 'raise', 'wrap' or 'clip', {mode!r} was given")
    if size == 0 and indices.size:
        raise IndexOutOfRangeError(f"{name}: axis {axis} has no elements to take")
    if isinstance(indices, Handle):
        if mode == "wrap":
            return elementwise("remainder", (indices, size))
        return elementwise("minimum", (elementwise("maximum", (indices, 0)), size - 1))
    return np.mod(indices, size) if mode == "wrap" else np.clip(indices, 0, size - 1)


def take(a: DistArray, indices: Any, axis: int | None = None, *, mode: str = "raise") -> DistArray:
    """The elements (or rows, along `axis`) that the indices name: a new array, of shape a.shape with indices.shape in
    the place of the axis. Without an axis, of all elements in C order.

    It lies as the indices do, in blocks; along an axis that is whole on each of several targets, as `a` does. `mode` is
    NumPy's. IndexError, when it is first read if the indices are distributed.
    """
    context_of("take", [a, indices])
    if not isinstance(a, Handle):
        a = as_array(indices._context, a)
    source = _flat(a) if axis is None else a
    place = 0 if axis is None else axis_of("take", axis, source.ndim)
    if not source.ndim:
        raise InvalidValueError("take: a 0-d array has no axis to take from")
    indices = _in_range("take", _positions("take", indices), source._shape[place], place, mode)
    if isinstance(indices, np.ndarray):
        _fancy.check_range(indices, source._shape[place], place)
    resolved = _fancy.Resolved([_fancy.IndexArray(indices, place)], [place], tuple(indices.shape), place)
    return _fancy.take(source, resolved)


def take_along_axis(arr: DistArray, indices: Any, axis: int | None = -1) -> DistArray:
    """For each position of `indices`, the element of `arr` at that position but for the one along `axis`, which the
    index says: what argsort gives puts an array in order. The other axes broadcast. A new array, which lies as the
    indices if each target has the axis whole there, else as `arr`, else in blocks of another axis.
    """
    context_of("take_along_axis", [arr, indices])
    if not isinstance(arr, Handle):
        arr = as_array(indices._context, arr)
    indices = _fancy.on_server(arr, _positions("take_along_axis", indices))
    if axis is None:
        arr, axis = _flat(arr), 0
    if indices.ndim != arr.ndim:
        raise InvalidValueError(
            f"take_along_axis: arr has {arr.ndim} dimensions, indices have {indices.ndim}; expected as many"
        )
    place = axis_of("take_along_axis", axis, arr.ndim)
    if arr.ndim == 1:
        return take(arr, indices, 0)
    shape = list(_others(arr._shape, indices._shape, place))
    shape[place] = indices._shape[place]
    (taken,) = compute("take_along_axis", [arr, indices], [(tuple(shape), arr._type)], axis=place)
    return taken


def _others(array: Shape, indices: Shape, axis: int) -> Shape:
    """The sizes that the axes but one broadcast to."""

    def without(shape: Shape) -> Shape:
        return (*shape[:axis], 1, *shape[axis + 1 :])

    try:
        return broadcast([without(array), without(indices)])
    except InvalidValueError:
        raise InvalidValueError(
            f"take_along_axis: indices of shape {indices} do not broadcast with an array of shape {array}"
        ) from None


def put(a: DistArray, ind: Any, v: Any, mode: str = "raise") -> None:
    """Sets, in place, the elements that `ind` names, in C order, to the values of `v`, which are repeated as needed.
    The last value counts where an element is named twice. IndexError leaves the array as it was.
    """
    if not isinstance(a, Handle):
        raise InvalidTypeError("put writes to a DistArray")
    indices = _in_range("put", _positions("put", ind), a.size, 0, mode)
    if isinstance(indices, np.ndarray):
        _fancy.check_range(indices, a.size, 0)
        indices = indices.reshape(-1)
    else:
        indices = _flat(indices)
    if isinstance(v, SCALARS) or np.ndim(v) == 0 and not isinstance(v, Handle):
        values: Any = to_element(v if isinstance(v, SCALARS) else np.asarray(v)[()], a.dtype)
    else:
        values = _flat(as_array(a._context, v))
        if not values.size:
            return
        if values.size < indices.size:
            values = take(values, a._context.arange(indices.size), mode="wrap")
        values = values[: indices.size]
    if a.ndim == 1:
        target = a
    else:
        if not a.ndim:
            raise InvalidValueError("put: a 0-d array has no positions; assign to a[()]")
        coordinates = _unraveled(indices, a._shape)
        arrays = [_fancy.IndexArray(each, axis) for axis, each in enumerate(coordinates)]
        resolved = _fancy.Resolved(arrays, list(range(a.ndim)), tuple(indices.shape), 0)
        _fancy.put_at(a, resolved, values)
        return
    _fancy.put_at(target, _fancy.Resolved([_fancy.IndexArray(indices, 0)], [0], tuple(indices.shape), 0), values)


def _unraveled(indices: Any, shape: Shape) -> list[Any]:
    """The coordinates of positions in C order, all axes but the first within bounds whatever the positions are."""
    if isinstance(indices, np.ndarray):
        size = int(np.prod(shape))
        return list(np.unravel_index(np.where(indices < 0, indices + size, indices), shape))
    coordinates: list[Any] = []
    rest = indices
    for size in reversed(shape[1:]):
        coordinates.append(elementwise("remainder", (rest, max(size, 1))))
        rest = elementwise("floor_divide", (rest, max(size, 1)))
    return [rest, *reversed(coordinates)]


def nonzero(a: DistArray) -> tuple[DistArray, ...]:
    """The coordinates of the elements that are not zero, in C order: a new int64 array a dimension, which lie where
    those elements do (if these are dealt out in blocks of rows, else in such blocks). Waits for their number.
    """
    context_of("nonzero", [a])
    if not a.ndim:
        raise InvalidValueError("nonzero: a 0-d array has no positions")
    return tuple(compute_awaited("nonzero", [a], a.ndim))


def flatnonzero(a: DistArray) -> DistArray:
    """The positions, in C order, of the elements that are not zero: a new array. It lies, and waits, as nonzero's."""
    context_of("flatnonzero", [a])
    return nonzero(_flat(a))[0]


def argwhere(a: DistArray) -> DistArray:
    """The coordinates of the elements that are not zero, a row each: a new array, in blocks of rows. It lies, and
    waits, as nonzero's.
    """
    context_of("argwhere", [a])
    if not a.ndim:
        return a._context.zeros((int(bool(a)), 0), np.int64)
    return compute_awaited("argwhere", [a], 1)[0]


def compress(condition: Any, a: DistArray, axis: int | None = None) -> DistArray:
    """The rows along `axis` where the condition (one dimension, which may be shorter) is true; without an axis, of all
    elements in C order. A new array. Along the first axis, rows stay on the targets that have them, in blocks (where
    the other dimensions are dealt out, after they were brought into blocks of rows); along another one it lies as
    take's. Waits for its number of rows.
    """
    context_of("compress", [condition, a])
    if not isinstance(a, Handle):
        a = as_array(condition._context, a)
    if not isinstance(condition, Handle):
        condition = np.asarray(condition)
    if condition.ndim != 1:
        raise InvalidValueError(f"compress: condition must have one dimension, it has {condition.ndim}")
    condition = _as_mask(condition)
    source = _flat(a) if axis is None else a
    place = 0 if axis is None else axis_of("compress", axis, source.ndim)
    size, given = source._shape[place], condition.shape[0]
    if given > size:
        if bool(condition[size:].any()):
            raise IndexOutOfRangeError(f"compress: the condition is true beyond the {size} elements of axis {place}")
        condition = condition[:size]
    elif given < size:
        source = source[(slice(None),) * place + (slice(given),)]
    return source[(slice(None),) * place + (condition,)]


def extract(condition: Any, arr: DistArray) -> DistArray:
    """The elements of `arr`, in C order, where those of `condition` at the same positions are true: a new array. It
    lies, and waits, as compress's.
    """
    context_of("extract", [condition, arr])
    if not isinstance(arr, Handle):
        arr = as_array(condition._context, arr)
    if isinstance(condition, Handle):
        return compress(_flat(condition), arr)  # type: ignore[arg-type]
    return compress(np.reshape(condition, -1), arr)


def _as_mask(condition: Any) -> Any:
    if condition.dtype.kind == "b":
        return condition
    return elementwise("not_equal", (condition, 0)) if isinstance(condition, Handle) else condition != 0


def choose(a: DistArray, choices: Sequence[Any], *, mode: str = "raise") -> DistArray:
    """For each element, that of the choice whose number it is; all broadcast: a new array, dealt out as by where. One
    pass over the choices. Numbers out of range are not found in mode "raise" (they cannot be seen without waiting):
    those of the last choice are taken.
    """
    context_of("choose", [a, *choices])
    if not choices:
        raise InvalidValueError("choose: there are no choices")
    a = convert("astype", a, INT64) if isinstance(a, Handle) and a._type == BOOL else a
    index = _in_range("choose", _positions("choose", a), len(choices), 0, mode)
    conditions = [elementwise("equal", (index, number)) for number in range(len(choices) - 1)]
    return select(conditions, list(choices[:-1]), choices[-1])


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> DistArray:
    """Elementwise, the choice that belongs to the first condition that is true, else `default`; all broadcast: a new
    array, dealt out as by where. One fused pass.
    """
    if len(condlist) != len(choicelist):
        raise InvalidValueError(f"select: {len(condlist)} conditions and {len(choicelist)} choices; expected as many")
    dtype = together(*choicelist, default)
    result: Any = dtype.type(to_element(default, dtype)) if isinstance(default, SCALARS) else default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        if isinstance(condition, Handle) and condition._type != BOOL:
            raise InvalidTypeError(f"select: conditions must be of bool, one is of {condition.dtype}")
        result = elementwise("where", (condition, choice, result), dtype)
    return as_array(context_of("select", [*condlist, *choicelist, default]), result)


def repeat(a: DistArray, repeats: Any, /, axis: int | None = None) -> DistArray:
    """Each element (or row, along `axis`) so often in a row: a new array. Without an axis, of all elements in C order.

    `repeats` is an int, or an array of as many as there are rows; of these the call waits for the sum. The result lies
    in blocks: where its rows come from if `repeats` is an array, else as reshape's.
    """
    context_of("repeat", [a, repeats])
    if not isinstance(a, Handle):
        a = as_array(repeats._context, a)
    source = _flat(a) if axis is None else a
    if not source.ndim:
        source = _flat(source)
    place = 0 if axis is None else axis_of("repeat", axis, source.ndim)
    if not isinstance(repeats, Handle):
        repeats = np.asarray(repeats)
        if repeats.dtype.kind not in "iu":
            raise InvalidTypeError(f"repeat: repeats must be integers, {repeats.dtype} was given")
        if repeats.size and int(repeats.min()) < 0:
            raise InvalidValueError(f"repeat: repeats must not be negative, {int(repeats.min())} was given")
        if repeats.size == 1 and repeats.ndim <= 1:
            return _repeat_all(source, int(repeats.reshape(-1)[0]), place)
    elif repeats.dtype.kind not in "iu":
        raise InvalidTypeError(f"repeat: repeats must be integers, {repeats.dtype} was given")
    size = source._shape[place]
    try:
        fits = repeats.ndim <= 1 and broadcast([tuple(repeats.shape), (size,)]) == (size,)
    except InvalidValueError:
        fits = False
    if not fits:
        raise InvalidValueError(f"repeat: repeats of shape {tuple(repeats.shape)} for an axis of size {size}")
    counts = _fancy.on_server(source, repeats)
    if counts._shape != (size,):
        counts = view(counts, broadcast_shape=(size,), shape=(size,))
    front = [place, *(axis for axis in range(source.ndim) if axis != place)]
    back = [*range(1, place + 1), 0, *range(place + 1, source.ndim)]
    (repeated,) = compute_awaited("repeat", [counts, _fancy.permuted(source, front)], 1)
    return _fancy.permuted(repeated, back)


def _repeat_all(source: DistArray, count: int, axis: int) -> DistArray:
    shape = source._shape
    wide = shape[: axis + 1] + (count,) + shape[axis + 1 :]
    spread = source[(slice(None),) * (axis + 1) + (None,)]
    spread = view(spread, broadcast_shape=wide, shape=wide)
    result = shape[:axis] + (shape[axis] * count,) + shape[axis + 1 :]
    (repeated,) = compute("reshape", [spread], [(result, source._type)], shape=result)
    return repeated


def bincount(x: DistArray, weights: Any = None, minlength: int = 0) -> DistArray:
    """How often each of 0, 1, ... occurs among the elements of `x` (one dimension, integers), or the sum of its
    weights, added with their rounding errors. Waits for the least and the greatest. A new array, in blocks over x's
    targets.
    """
    context = context_of("bincount", [x, weights])
    x = as_array(context, x)
    if x.ndim != 1:
        raise InvalidValueError(f"bincount: x must have one dimension, it has {x.ndim}")
    if x.dtype.kind not in "biu":
        raise InvalidTypeError(f"bincount: x must be of integers, it is of {x.dtype}")
    least = operator.index(minlength)
    if least < 0:
        raise InvalidValueError(f"bincount: minlength must not be negative, {least} was given")
    operands = [x]
    if weights is not None:
        operands.append(_weights(context, weights, x))
    bins = least
    if x.size:
        low, high = x.min(), x.max()
        if int(low) < 0:
            raise InvalidValueError(f"bincount: x must not have negative elements, {int(low)} is one")
        bins = max(least, int(high) + 1)
    (counts,) = compute("bincount", operands, [((bins,), INT64 if weights is None else FLOAT64)], bins=bins)
    return counts


def _weights(context: Any, weights: Any, x: DistArray) -> DistArray:
    weights = as_array(context, weights)
    if weights._shape != x._shape:
        raise InvalidValueError(f"weights have shape {weights._shape}, the elements {x._shape}; expected the same")
    if weights.dtype.kind == "c":
        raise InvalidTypeError("weights must be real")
    return weights if weights._type == FLOAT64 else convert("astype", weights, FLOAT64)


def histogram(
    a: DistArray,
    bins: Any = 10,
    range: tuple[float, float] | None = None,
    density: bool | None = None,
    weights: Any = None,
) -> tuple[DistArray, npt.NDArray[Any]]:
    """How many elements lie in each bin, and the bins' edges (a NumPy array): each bin but the last without its upper
    edge. `bins`: how many of equal width between the least and the greatest element (which are waited for) or `range`,
    or the edges. `density`: counts divided by their sum and by the bins' widths. Weights are added with their rounding
    errors. The counts are a new array, in blocks over a's targets.
    """
    context = context_of("histogram", [a, weights])
    a = as_array(context, a)
    if a.dtype.kind == "c":
        raise InvalidTypeError("histogram: complex elements have no order")
    edges = _edges(a, bins, range)
    values = a if a._type == FLOAT64 else convert("astype", a, FLOAT64)
    operands = [values, context.fromarray(edges.astype(np.float64))]
    if weights is not None:
        weights = as_array(context, weights)
        operands.append(_weights(context, weights, a))
    (counts,) = compute("histogram", operands, [((len(edges) - 1,), INT64 if weights is None else FLOAT64)])
    if density:
        widths = context.fromarray(np.diff(edges).astype(np.float64))
        return counts / widths / counts.sum(), edges
    return (counts if weights is None else convert("astype", counts, weights._type)), edges


def _edges(a: DistArray, bins: Any, limits: tuple[float, float] | None) -> npt.NDArray[Any]:
    """NumPy's edges."""
    if isinstance(bins, str):
        raise InvalidValueError(f"histogram: bins must be a number or edges, {bins!r} was given")
    if isinstance(bins, Handle):
        bins = bins.toarray() if bins.ndim else int(bins)  # type: ignore[call-overload]
    if np.ndim(bins) == 1:
        edges = np.asarray(bins)
        if len(edges) < 2 or (edges[:-1] > edges[1:]).any():
            raise InvalidValueError("histogram: bins must increase monotonically, and be two edges at least")
        return edges
    try:
        count = operator.index(bins)
    except TypeError:
        raise InvalidTypeError("histogram: bins must be an int or a sequence of edges") from None
    if count < 1:
        raise InvalidValueError(f"histogram: bins must be positive, {count} was given")
    low: Any
    high: Any
    if limits is not None:
        low, high = limits
        if low > high:
            raise InvalidValueError(f"histogram: max must be larger than min in range, {limits} was given")
    elif not a.size:
        low, high = 0.0, 1.0
    else:
        least, greatest = a.min(), a.max()
        low, high = least.toarray()[()], greatest.toarray()[()]
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InvalidValueError(f"histogram: the range [{low}, {high}] is not finite")
    if low == high:
        low, high = low - 0.5, high + 0.5
    kind = np.result_type(low, high, np.empty(0, a.dtype))
    if kind.kind in "biu":
        kind = np.result_type(kind, float)
    return np.linspace(low, high, count + 1, endpoint=True, dtype=kind)
