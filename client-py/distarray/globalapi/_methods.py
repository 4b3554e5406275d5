"""Methods of arrays that are functions of the namespace, by NumPy's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from distarray._index import Axes
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi._elementwise import assigned
from distarray.globalapi._namespace import namespace_of

if TYPE_CHECKING:
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray


def _g() -> Any:
    from distarray import globalapi  # which imports us

    return globalapi


class Methods:
    """What NumPy's arrays have as methods and attributes besides operators."""

    __slots__ = ()

    # Array API.

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """The module distarray, or, of another context than the default one, its names bound to that context."""
        return namespace_of(cast("DistArray", self)._context, api_version)

    def to_device(self, device: Context, /, *, stream: None = None) -> DistArray:
        """The array itself, if `device` is its context; else a new array there, whose elements come through this
        process, dealt out by the default rule.
        """
        array = cast("DistArray", self)
        if stream is not None:
            raise InvalidValueError(f"stream must be None, {stream!r} was given")
        if device is array._context:
            return array
        if not isinstance(device, type(array._context)):
            raise InvalidTypeError(f"device must be a Context, {device!r} was given")
        return device.fromarray(array.toarray())

    def __dlpack_device__(self) -> tuple[int, int]:
        """Where __dlpack__ puts the elements: this process's memory."""
        return 1, 0

    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Fetches the elements, and exports what was fetched: always a copy of the array's, of which copy=False asks
        for no other.
        """
        fetched = cast("DistArray", self).toarray()
        if stream is not None:
            raise InvalidValueError(f"stream must be None, {stream!r} was given")
        if dl_device is not None and (int(dl_device[0]), int(dl_device[1])) != (1, 0):
            raise BufferError(f"the elements are fetched to (1, 0), main memory, {dl_device} was asked for")
        if max_version is None or np.lib.NumpyVersion(np.__version__) < "2.1.0":
            return fetched.__dlpack__()
        return fetched.__dlpack__(max_version=max_version)

    # Other shapes.

    @property
    def T(self) -> DistArray:
        """The array with its dimensions reversed: a view, dealt out as the array is."""
        return cast("DistArray", _g().transpose(self))

    @property
    def mT(self) -> DistArray:
        """The array with its last two dimensions exchanged: a view, dealt out as the array is."""
        return cast("DistArray", _g().swapaxes(_at_least_2d(self), -1, -2))

    def transpose(self, *axes: Any) -> DistArray:
        """The array with its dimensions in another order (none given: reversed): a view, dealt out as the array is."""
        if not axes or axes == (None,):
            return self.T
        return cast("DistArray", _g().permute_dims(self, axes[0] if isinstance(axes[0], Sequence) else axes))

    def swapaxes(self, axis1: int, axis2: int) -> DistArray:
        """The array with two dimensions exchanged: a view, dealt out as the array is."""
        return cast("DistArray", _g().swapaxes(self, axis1, axis2))

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> DistArray:
        """The elements in another shape (see distarray.reshape): a view where only dimensions of size 1 come or go,
        else a new array in blocks.
        """
        wanted = shape[0] if len(shape) == 1 else shape
        return cast("DistArray", _g().reshape(self, wanted, order, copy=copy))

    def ravel(self, order: str = "C") -> DistArray:
        """The elements in one dimension: a view if at most one dimension is not 1, else a new array in blocks."""
        return cast("DistArray", _g().ravel(self, order))

    def flatten(self, order: str = "C") -> DistArray:
        """The elements in one dimension: a new array, in blocks."""
        return cast("DistArray", _g().reshape(self, -1, order, copy=True))

    def squeeze(self, axis: Axes = None) -> DistArray:
        """The array without these dimensions of size 1: a view, dealt out as the array is."""
        return cast("DistArray", _g().squeeze(self, axis))

    # Products and running totals.

    def dot(self, b: Any, out: Any = None) -> DistArray:
        """The product of vectors or matrices: a new array; see distarray.dot on its distribution."""
        return cast("DistArray", _g().dot(self, b, out))

    def trace(
        self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: npt.DTypeLike | None = None, out: Any = None
    ) -> DistArray:
        """The sums along diagonals of two axes: a new array (see distarray.trace)."""
        return cast("DistArray", assigned("trace", _g().trace(self, offset, axis1, axis2, dtype), out))

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> DistArray:
        """The diagonals of two axes: a new array, in blocks (see distarray.diagonal)."""
        return cast("DistArray", _g().diagonal(self, offset, axis1, axis2))

    def cumsum(self, axis: int | None = None, dtype: npt.DTypeLike | None = None, out: Any = None) -> DistArray:
        """Running sums along an axis: a new array, dealt out as the array is; of all elements in C order, in blocks, if
        the axis is None.
        """
        return cast("DistArray", _g().cumsum(self, axis, dtype, out))

    def cumprod(self, axis: int | None = None, dtype: npt.DTypeLike | None = None, out: Any = None) -> DistArray:
        """Running products along an axis: a new array, dealt out as the array is; of all elements in C order, in
        blocks, if the axis is None.
        """
        return cast("DistArray", _g().cumprod(self, axis, dtype, out))

    # Elements.

    @property
    def real(self) -> DistArray:
        """The real parts: a new array, dealt out as the array is; of real numbers the array itself."""
        array = cast("DistArray", self)
        return cast("DistArray", _g().real(array)) if array.dtype.kind == "c" else array

    @property
    def imag(self) -> DistArray:
        """The imaginary parts: a new array, dealt out as the array is."""
        return cast("DistArray", _g().imag(self))

    def conj(self) -> DistArray:
        """The complex conjugate: a new array, dealt out as the array is."""
        return cast("DistArray", _g().conj(self))

    conjugate = conj

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> DistArray:
        """The elements within bounds: a new array, dealt out as the array is."""
        return cast("DistArray", _g().clip(self, min, max, out))

    def round(self, decimals: int = 0, out: Any = None) -> DistArray:
        """The elements to so many decimals: a new array, dealt out as the array is."""
        return cast("DistArray", _g().round(self, decimals, out))

    def item(self, *index: Any) -> Any:
        """An element as a Python number, read from the server: the one of an array of size 1, else by its index in C
        order, or an index a dimension.
        """
        array = cast("DistArray", self)
        if not index:
            if array.size != 1:
                raise InvalidValueError(f"only an array of size 1 is one number, this one has shape {array._shape}")
            return array._read().item()
        where = index[0] if len(index) == 1 else index
        if not isinstance(where, tuple):
            if array.ndim != 1:
                if not -array.size <= where < array.size:
                    raise InvalidValueError(f"index {where} is out of bounds for {array.size} elements")
                where = tuple(int(place) for place in np.unravel_index(where % array.size, array._shape))
            else:
                where = (where,)
        if len(where) != array.ndim:
            raise InvalidValueError(f"{len(where)} indices were given for {array.ndim} dimensions")
        return array[where]._read().item()

    # Reductions.

    def sum(
        self, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
    ) -> DistArray:
        """Sum over axes (None: all; an int; a tuple): a new array, dealt out as reductions are (see distarray.sum)."""
        return cast("DistArray", _g().sum(self, axis, dtype, out, keepdims))

    def prod(
        self, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
    ) -> DistArray:
        """Product over axes: a new array, dealt out as reductions are (see distarray.prod, also on its last digits)."""
        return cast("DistArray", _g().prod(self, axis, dtype, out, keepdims))

    def min(
        self, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
    ) -> DistArray:
        """Least element over axes, converted to dtype before; ValueError of none: a new array, dealt out as reductions
        are.
        """
        array = cast("DistArray", self)
        array = array if dtype is None else array.astype(dtype, copy=False)
        return cast("DistArray", _g().min(array, axis, out, keepdims))

    def max(
        self, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
    ) -> DistArray:
        """Greatest element over axes, converted to dtype before; ValueError of none: a new array, dealt out as
        reductions are.
        """
        array = cast("DistArray", self)
        array = array if dtype is None else array.astype(dtype, copy=False)
        return cast("DistArray", _g().max(array, axis, out, keepdims))

    def ptp(self, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
        """max - min over axes: a new array, dealt out as reductions are."""
        return cast("DistArray", _g().ptp(self, axis, out, keepdims))

    def mean(
        self, axis: Axes = None, dtype: npt.DTypeLike | None = None, out: Any = None, keepdims: bool = False
    ) -> DistArray:
        """Arithmetic mean over axes: a new array, dealt out as reductions are."""
        return cast("DistArray", _g().mean(self, axis, dtype, out, keepdims))

    def var(
        self,
        axis: Axes = None,
        dtype: npt.DTypeLike | None = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        correction: float | None = None,
    ) -> DistArray:
        """Variance over axes, divided by count - ddof: a new array, dealt out as reductions are."""
        return cast("DistArray", _g().var(self, axis, dtype, out, ddof, keepdims, correction=correction))

    def std(
        self,
        axis: Axes = None,
        dtype: npt.DTypeLike | None = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        correction: float | None = None,
    ) -> DistArray:
        """Standard deviation over axes: a new array, dealt out as reductions are."""
        return cast("DistArray", _g().std(self, axis, dtype, out, ddof, keepdims, correction=correction))

    def any(self, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
        """Whether any element is true, over axes: a new array, dealt out as reductions are."""
        return cast("DistArray", _g().any(self, axis, out, keepdims))

    def all(self, axis: Axes = None, out: Any = None, keepdims: bool = False) -> DistArray:
        """Whether every element is true, over axes: a new array, dealt out as reductions are."""
        return cast("DistArray", _g().all(self, axis, out, keepdims))

    def sort(
        self,
        axis: int = -1,
        kind: str | None = None,
        order: None = None,
        *,
        stable: bool | None = None,
        descending: bool = False,
    ) -> None:
        """Puts the array's own elements in order along an axis, in place; see distarray.sort."""
        array = cast("DistArray", self)
        if axis is None:
            raise InvalidTypeError("sort of an array's own elements takes an int as axis, None was given")
        array[...] = _g().sort(array, axis, kind, order, descending=descending)

    def argsort(
        self,
        axis: int | None = -1,
        kind: str | None = None,
        order: None = None,
        *,
        stable: bool | None = None,
        descending: bool = False,
    ) -> DistArray:
        """Where the elements of sort are along an axis: a new array, dealt out as the array is (None: in C order, in
        blocks).
        """
        return cast("DistArray", _g().argsort(self, axis, kind, order, descending=descending))

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> DistArray:
        """Where elements belong in this array, which is in ascending order: a new array, dealt out as v is; see
        distarray.searchsorted.
        """
        return cast("DistArray", _g().searchsorted(self, v, side, sorter))

    def argmax(self, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> DistArray:
        """Index of the first greatest element on an axis (None: C order): a new array, dealt out as reductions are."""
        return cast("DistArray", _g().argmax(self, axis, out, keepdims=keepdims))

    def argmin(self, axis: int | None = None, out: Any = None, *, keepdims: bool = False) -> DistArray:
        """Index of the first least element along an axis (None: C order): a new array, dealt out as reductions are."""
        return cast("DistArray", _g().argmin(self, axis, out, keepdims=keepdims))

    # By position.

    def nonzero(self) -> tuple[DistArray, ...]:
        """The coordinates of the elements that are not zero: a new array a dimension; see distarray.nonzero on their
        distribution.
        """
        return cast("tuple[DistArray, ...]", _g().nonzero(self))

    def take(self, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> DistArray:
        """The elements (or rows, along `axis`) that the indices name: a new array; see distarray.take on its
        distribution.
        """
        if out is not None:
            raise InvalidTypeError("take takes no out=: assign the result to a slice")
        return cast("DistArray", _g().take(self, indices, axis, mode=mode))

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Sets, in place, the elements that the indices name, in C order."""
        _g().put(self, indices, values, mode)

    def repeat(self, repeats: Any, axis: int | None = None) -> DistArray:
        """Each element (or row, along `axis`) so often in a row: a new array, in blocks."""
        return cast("DistArray", _g().repeat(self, repeats, axis=axis))

    def compress(self, condition: Any, axis: int | None = None) -> DistArray:
        """The rows along `axis` (None: elements in C order) where the condition is true: a new array; see
        distarray.compress on its distribution.
        """
        return cast("DistArray", _g().compress(condition, self, axis))


def _at_least_2d(array: Any) -> Any:
    if array.ndim < 2:
        raise InvalidValueError(f"mT needs at least 2 dimensions, the array has shape {array.shape}")
    return array
