"""Products of matrices, vectors and tensors.

Floating numbers are multiplied by OpenBLAS on the engines, integers (which wrap) and bools (by `and`, summed by `or`)
by loops of our own. The result is a new array. It has the distribution of the first operand of its own shape; else it
comes out in blocks of rows (of a batch of matrices: in blocks of the longest dimension of the batch, or of the rows),
over the targets of both. Operands that lie in blocks of rows, the usual case, are not moved but passed round panel by
panel; transposed views of them (x.T, matrix_transpose(x)) are used where they lie.

How a product of matrices is cut into parts depends on where the operands lie, and so do the last digits of floating
results. Products of vectors (vecdot, vdot, dot and inner of two vectors, contractions of all axes) are sums as those of
distarray.sum: the same bits on any number of engines, in all but contrived cases.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray._dtypes import BOOL, dtype_of
from distarray._index import Shape, axis_of, broadcast
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi import _einsum
from distarray.globalapi._computing import as_arrays, compute
from distarray.globalapi._elementwise import assigned, elementwise, reduce
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.manipulation import expand_dims, moveaxis, permute_dims, reshape

__all__ = [
    "diagonal",
    "dot",
    "einsum",
    "inner",
    "kron",
    "matmul",
    "matrix_transpose",
    "outer",
    "tensordot",
    "trace",
    "vdot",
    "vecdot",
]


def matmul(x1: Any, x2: Any, /) -> DistArray:
    """The product of matrices; numpy.matmul.

    Dimensions before the last two are a batch, and broadcast. A 1-d operand is a row (x1) or a column (x2), and its
    dimension is not in the result. A new array; see the module on its distribution, and on its last digits, which may
    depend on it.
    """
    a, b = as_arrays("matmul", (x1, x2))
    for position, operand in enumerate((a, b), 1):
        if not operand._shape:
            raise InvalidValueError(f"matmul: x{position} is 0-d; expected at least one dimension")
    summed = b._shape[-2] if b.ndim > 1 else b._shape[0]
    if a._shape[-1] != summed:
        raise InvalidValueError(
            f"matmul: shapes {a._shape} and {b._shape} are not aligned: {a._shape[-1]} and {summed} are summed over"
        )
    shape = broadcast([a._shape[:-2], b._shape[:-2]])
    if a.ndim > 1:
        shape += (a._shape[-2],)
    if b.ndim > 1:
        shape += (b._shape[-1],)
    return compute("matmul", [a, b], [(shape, _product_type(a, b))])[0]


def matrix_transpose(x: DistArray, /) -> DistArray:
    """The last two dimensions exchanged: a view, dealt out as x is."""
    if x.ndim < 2:
        raise InvalidValueError(f"matrix_transpose: x has shape {x._shape}; expected at least two dimensions")
    return permute_dims(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> DistArray:
    """The sums of conj(x1) * x2 over an axis, which both must have with the same size; the others broadcast.

    A new array, computed in one pass over the operands, and dealt out as the sum of their product is.
    """
    a, b = as_arrays("vecdot", (x1, x2))
    a, b = (moveaxis(one, axis_of("vecdot", axis, one.ndim), -1) for one in (a, b))
    if a._shape[-1] != b._shape[-1]:
        raise InvalidValueError(f"vecdot: the axis has size {a._shape[-1]} in x1 and {b._shape[-1]} in x2")
    return _summed(_conjugate(a), b, [-1])


def tensordot(x1: Any, x2: Any, /, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> DistArray:
    """Sums of products over axes: the last n of x1 with the first n of x2 (an int), or pairs of axes.

    A new array; see the module on its distribution, and on its last digits, which may depend on it.
    """
    a, b = as_arrays("tensordot", (x1, x2))
    of_a, of_b = _contracted(axes, a.ndim, b.ndim)
    for one, other in zip(of_a, of_b, strict=True):
        if a._shape[one] != b._shape[other]:
            raise InvalidValueError(
                f"tensordot: axis {one} of x1 has size {a._shape[one]}, axis {other} of x2 has {b._shape[other]}"
            )
    free_a = [axis for axis in range(a.ndim) if axis not in of_a]
    free_b = [axis for axis in range(b.ndim) if axis not in of_b]
    shape = tuple(a._shape[axis] for axis in free_a) + tuple(b._shape[axis] for axis in free_b)
    if not of_a:
        return elementwise("multiply", (_expanded(a, range(a.ndim, a.ndim + b.ndim)), b))
    if not free_a and not free_b:
        return _summed(permute_dims(a, of_a), permute_dims(b, of_b), None)
    left = _as_matrix(a, free_a, of_a)
    right = _as_matrix(b, of_b, free_b)
    return reshape(matmul(left, right), shape)


def dot(a: Any, b: Any, out: Any = None) -> DistArray:
    """numpy.dot: the product of numbers, of vectors or of matrices; of arrays of more dimensions, sums over the last of
    a and the last but one of b. A new array: of vectors dealt out as their sum would be, else as matmul's, on whose
    distribution the last digits may depend.
    """
    a, b = as_arrays("dot", (a, b))
    if a.ndim == 0 or b.ndim == 0:
        result = elementwise("multiply", (a, b))
    elif a.ndim <= 2 and b.ndim <= 2:
        result = _vectors_or_matmul("dot", a, b)
    else:
        result = tensordot(a, b, axes=([a.ndim - 1], [max(b.ndim - 2, 0)]))
    return assigned("dot", result, out)


def inner(a: Any, b: Any) -> DistArray:
    """Sums of products over the last axes of both; of numbers, their product. A new array, dealt out as tensordot's, on
    whose distribution the last digits may depend.
    """
    a, b = as_arrays("inner", (a, b))
    if a.ndim == 0 or b.ndim == 0:
        return elementwise("multiply", (a, b))
    return tensordot(a, b, axes=([a.ndim - 1], [b.ndim - 1]))


def outer(a: Any, b: Any) -> DistArray:
    """Every element of a times every element of b, each taken in C order. A new array, dealt out by the default rule
    over the targets of both.
    """
    a, b = as_arrays("outer", (a, b))
    return elementwise("multiply", (reshape(a, (a.size, 1)), reshape(b, (1, b.size))))


def vdot(a: Any, b: Any) -> DistArray:
    """The sum of conj(a) * b over all elements, in C order: a new array, 0-d, on the first of a's targets."""
    a, b = as_arrays("vdot", (a, b))
    if a.size != b.size:
        raise InvalidValueError(f"vdot: a has {a.size} elements, b has {b.size}; expected the same number")
    if a._shape != b._shape:
        a, b = reshape(a, (a.size,)), reshape(b, (b.size,))
    return _summed(_conjugate(a), b, None)


def kron(a: Any, b: Any) -> DistArray:
    """The Kronecker product: blocks of b, scaled by the elements of a. A new array, in blocks of rows."""
    a, b = as_arrays("kron", (a, b))
    ndim = max(a.ndim, b.ndim)
    a, b = (_expanded(one, range(ndim - one.ndim)) for one in (a, b))
    shape = tuple(p * q for p, q in zip(a._shape, b._shape, strict=True))
    product = elementwise("multiply", (_expanded(a, range(1, 2 * ndim, 2)), _expanded(b, range(0, 2 * ndim, 2))))
    return reshape(product, shape)


def diagonal(x: DistArray, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> DistArray:
    """The elements (i, i + offset) of two axes, as a last dimension. A new array in blocks: a part of a copy of x
    (where x lies in blocks of rows, the copy is only made when either is written).
    """
    rows, columns = (axis_of("diagonal", axis, x.ndim, f"axis{k}") for k, axis in enumerate((axis1, axis2), 1))
    if rows == columns:
        raise InvalidValueError(f"diagonal: axis1 and axis2 must differ, {axis1} and {axis2} were given")
    offset = operator.index(offset)
    rest = [axis for axis in range(x.ndim) if axis not in (rows, columns)]
    moved = permute_dims(x, [*rest, rows, columns])
    m, n = moved._shape[-2:]
    count = max(min(m, n - offset) if offset >= 0 else min(m + offset, n), 0)
    first = offset if offset >= 0 else -offset * n
    flat = reshape(moved, (*moved._shape[:-2], m * n))
    return flat[..., first : first + (count - 1) * (n + 1) + 1 : n + 1] if count else flat[..., :0]


def trace(
    x: DistArray, /, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: npt.DTypeLike | None = None
) -> DistArray:
    """The sums along diagonals of two axes; dtypes as those of sum. A new array, dealt out as sums of diagonal are."""
    return reduce("sum", diagonal(x, offset, axis1, axis2), -1, dtype)


def einsum(subscripts: str, /, *operands: Any) -> DistArray:
    """Sums of products by Einstein's notation, of one or two operands: einsum("ij,jk->ik", a, b).

    Labels are letters; "..." stands for dimensions that broadcast; without "->" the labels that occur once are the
    result's, in alphabetical order. A new array, or a view where dimensions are only put in another order. What is a
    product of matrices is dealt out as matmul's, as are its last digits; all else as sums of elementwise products are.
    """
    if len(operands) not in (1, 2):
        raise InvalidValueError(f"einsum: {len(operands)} operands given; expected one or two")
    arrays = as_arrays("einsum", operands)
    inputs, output, sizes = _einsum.parse(subscripts, [one._shape for one in arrays])
    factors = [_distinct(array, labels) for array, labels in zip(arrays, inputs, strict=True)]
    if len(factors) == 1:
        array, labels = factors[0]
        return _ordered(*_without(array, labels, set(output)), output)
    (a, of_a), (b, of_b) = factors
    a, of_a = _without(a, of_a, {*output, *of_b})
    b, of_b = _without(b, of_b, {*output, *of_a})
    return _multiplied(a, of_a, b, of_b, output, sizes)


# The parts of einsum: an array and the labels of its dimensions.


def _distinct(array: DistArray, labels: Sequence[str]) -> tuple[DistArray, list[str]]:
    """Repeated labels become the diagonal of their dimensions."""
    left = [*labels]
    while len(set(left)) < len(left):
        label = next(one for one in left if left.count(one) > 1)
        first = left.index(label)
        second = left.index(label, first + 1)
        if array._shape[first] != array._shape[second]:
            raise InvalidValueError(
                f"einsum: label {label} has sizes {array._shape[first]} and {array._shape[second]} in one operand"
            )
        array = diagonal(array, 0, first, second)
        left = [one for position, one in enumerate(left) if position not in (first, second)] + [label]
    return array, left


def _without(array: DistArray, labels: list[str], wanted: set[str]) -> tuple[DistArray, list[str]]:
    """Sums over what is not wanted."""
    axes = tuple(position for position, label in enumerate(labels) if label not in wanted)
    if not axes:
        return array, labels
    kind = "any" if array._type == BOOL else "sum"
    return reduce(kind, array, axes, None if kind == "any" else array.dtype), [one for one in labels if one in wanted]


def _ordered(array: DistArray, labels: list[str], output: Sequence[str]) -> DistArray:
    return permute_dims(array, [labels.index(label) for label in output])


def _multiplied(
    a: DistArray, of_a: list[str], b: DistArray, of_b: list[str], output: Sequence[str], sizes: dict[str, int]
) -> DistArray:
    summed = [label for label in of_a if label not in output]
    free_a = [label for label in of_a if label in output and label not in of_b]
    free_b = [label for label in of_b if label in output and label not in of_a]
    batch = [label for label in of_a if label in output and label in of_b]
    broadcasts = any(
        sizes[label] != array._shape[labels.index(label)]
        for array, labels in ((a, of_a), (b, of_b))
        for label in labels
    )
    if not summed or broadcasts or not (free_a or free_b):
        labels = [*batch, *free_a, *free_b, *summed]
        left, right = (_spread(array, own, labels) for array, own in ((a, of_a), (b, of_b)))
        kept = labels[: len(labels) - len(summed)]
        if not summed:
            product = elementwise("multiply", (left, right))
        else:
            product = _summed(left, right, [*range(len(kept), len(labels))])
        return _ordered(product, kept, output)

    def length(labels: Sequence[str]) -> int:
        return math.prod(sizes[label] for label in labels)

    left = reshape(_ordered(a, of_a, [*batch, *free_a, *summed]), (length(batch), length(free_a), length(summed)))
    right = reshape(_ordered(b, of_b, [*batch, *summed, *free_b]), (length(batch), length(summed), length(free_b)))
    if not batch:
        left, right = (_matrix(a, of_a, free_a, summed), _matrix(b, of_b, summed, free_b))
    labels = [*batch, *free_a, *free_b]
    product = reshape(matmul(left, right), tuple(sizes[label] for label in labels))
    return _ordered(product, labels, output)


def _matrix(array: DistArray, labels: list[str], rows: Sequence[str], columns: Sequence[str]) -> DistArray:
    return _as_matrix(array, [labels.index(one) for one in rows], [labels.index(one) for one in columns])


def _spread(array: DistArray, own: list[str], labels: Sequence[str]) -> DistArray:
    """A view with a dimension for each label, of extent 1 where the array has none."""
    ordered = _ordered(array, own, [label for label in labels if label in own])
    return _expanded(ordered, [position for position, label in enumerate(labels) if label not in own])


# Parts of the others.


def _product_type(a: DistArray, b: DistArray) -> int:
    return a._context._tables.plan("multiply", (a._type, b._type)).result


def _conjugate(array: DistArray) -> DistArray:
    return elementwise("conjugate", (array,)) if dtype_of(array._type).kind == "c" else array


def _summed(a: DistArray, b: DistArray, axes: Sequence[int] | None) -> DistArray:
    """The sums of a * b over axes (None: all), in the products' own dtype."""
    product = elementwise("multiply", (a, b))
    axis = None if axes is None else tuple(axes)
    if product._type == BOOL:
        return reduce("any", product, axis)
    return reduce("sum", product, axis, product.dtype)


def _vectors_or_matmul(name: str, a: DistArray, b: DistArray) -> DistArray:
    if a.ndim == b.ndim == 1:
        if a._shape != b._shape:
            raise InvalidValueError(f"{name}: shapes {a._shape} and {b._shape} are not aligned")
        return _summed(a, b, None)
    return matmul(a, b)


def _contracted(axes: Any, ndim_a: int, ndim_b: int) -> tuple[list[int], list[int]]:
    try:
        count = operator.index(axes)
    except TypeError:
        if not isinstance(axes, Sequence) or len(axes) != 2:
            raise InvalidTypeError(
                f"tensordot: axes must be an int or a pair of sequences, {axes!r} was given"
            ) from None
        of_a, of_b = ([one] if isinstance(one, (int, np.integer)) else [*one] for one in axes)
        if len(of_a) != len(of_b):
            raise InvalidValueError(
                f"tensordot: {len(of_a)} axes of x1 and {len(of_b)} of x2; expected as many"
            ) from None
        of_a = [axis_of("tensordot", axis, ndim_a, "axes") for axis in of_a]
        of_b = [axis_of("tensordot", axis, ndim_b, "axes") for axis in of_b]
        for one in (of_a, of_b):
            if len(set(one)) < len(one):
                raise InvalidValueError(f"tensordot: axes {axes!r} has an axis twice") from None
        return of_a, of_b
    if not 0 <= count <= min(ndim_a, ndim_b):
        raise InvalidValueError(
            f"tensordot: axes is {count}; expected 0 to {min(ndim_a, ndim_b)}, the dimensions that both operands have"
        )
    return [*range(ndim_a - count, ndim_a)], [*range(count)]


def _as_matrix(array: DistArray, rows: Sequence[int], columns: Sequence[int]) -> DistArray:
    """Two groups of axes as the two dimensions of a matrix; by a view where one of the groups is in front in order."""
    shape = (_length(array._shape, rows), _length(array._shape, columns))
    if [*columns, *rows] == [*range(array.ndim)]:
        return matrix_transpose(reshape(array, shape[::-1]))
    return reshape(permute_dims(array, [*rows, *columns]), shape)


def _expanded(array: DistArray, positions: Iterable[int]) -> DistArray:
    """A view with dimensions of extent 1 at these positions of the result."""
    return expand_dims(array, tuple(positions))


def _length(shape: Shape, axes: Sequence[int]) -> int:
    return math.prod(shape[axis] for axis in axes)
