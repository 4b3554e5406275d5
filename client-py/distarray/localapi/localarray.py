"""LocalArray: one target's part of a distributed array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from distarray._index import Shape
from distarray.error import IndexOutOfRangeError, InvalidTypeError, InvalidValueError
from distarray.localapi import _runtime
from distarray.localapi.error import IncompatibleArrayError
from distarray.localapi.maps import DimData, Distribution
from distarray.protocol import check

__all__ = ["GlobalIndex", "LocalArray"]


class LocalArray(NDArrayOperatorsMixin):
    """One target's part of a distributed array: `ndarray` is its elements, `distribution` says which ones they are.

    In a function's worker the elements are the engine's own memory: what is written to them is written to the
    distributed array. Elsewhere they are a copy. NumPy's functions and operators take it as its `ndarray`; elementwise
    ones give a LocalArray of the same distribution. Nothing communicates but what is done with `comm`.
    """

    def __init__(
        self,
        distribution: Distribution,
        dtype: npt.DTypeLike | None = None,
        buf: npt.NDArray[Any] | None = None,
        *,
        target: int | None = None,
    ) -> None:
        """buf: the elements, of the distribution's local shape, taken as they are; None: new ones, not set, of `dtype`
        (float64 if None), in engine memory where there is some. ValueError if the shape is another.
        """
        if buf is None:
            buf = _runtime.allocate(distribution.local_shape, np.dtype(float if dtype is None else dtype))
        elif dtype is not None and np.dtype(dtype) != buf.dtype:
            buf = buf.astype(dtype)
        if distribution._buffer_shape != buf.shape and distribution.local_shape != buf.shape:
            raise InvalidValueError(
                f"buf must have the distribution's local shape {distribution.local_shape}, {buf.shape} was given"
            )
        self.distribution = distribution
        self._elements = buf
        self._target = target

    @classmethod
    def from_distarray(cls, obj: Any, comm: Any = None, *, target: int | None = None) -> LocalArray:
        """The part that an object with `__distarray__()`, or the dict that this returns, describes: its memory is taken
        as it is. distarray.protocol.ProtocolError (a ValueError) lists what breaks the protocol.
        """
        described = check(obj)
        export = obj if isinstance(obj, dict) else None
        if isinstance(obj, LocalArray) and export is None:
            return cls(obj.distribution, buf=obj.ndarray, target=obj._target)
        dim_data = [_dictionary(one) for one in described.dimensions]
        buffer = described.buffer
        assert buffer is not None  # only check_all takes descriptions without one
        return cls(Distribution(comm, dim_data), buf=buffer, target=target)

    def __distarray__(self) -> dict[str, Any]:
        """The Distributed Array Protocol 0.10. The buffer is the array's memory, not a copy."""
        return {"__version__": "0.10.0", "buffer": self._elements, "dim_data": self.dim_data}

    # The elements.

    @property
    def ndarray(self) -> npt.NDArray[Any]:
        """The elements. Assigning copies into them, converted; ValueError for another shape."""
        return self._elements

    @ndarray.setter
    def ndarray(self, value: npt.ArrayLike) -> None:
        if value is self._elements:  # of an in-place operation: la.ndarray += 1
            return
        given = np.asarray(value)
        if given.shape != self._elements.shape:
            raise InvalidValueError(f"the local array has shape {self._elements.shape}, {given.shape} was given")
        self._elements[...] = given

    @property
    def local_array(self) -> npt.NDArray[Any]:
        """The same as `ndarray`."""
        return self._elements

    @local_array.setter
    def local_array(self, value: npt.ArrayLike) -> None:
        self.ndarray = value

    @property
    def local_data(self) -> memoryview:
        """The elements' memory."""
        return self._elements.data

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._elements.dtype

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self._elements.itemsize

    @property
    def local_shape(self) -> Shape:
        return self._elements.shape

    @property
    def local_size(self) -> int:
        """Number of elements here."""
        return self._elements.size

    @property
    def ndim(self) -> int:
        return self._elements.ndim

    # Where they belong.

    @property
    def dim_data(self) -> DimData:
        """A dictionary a dimension, of the Distributed Array Protocol 0.10."""
        return self.distribution.dim_data

    @property
    def dist(self) -> tuple[str, ...]:
        """A letter a dimension: 'n', 'b', 'c' or 'u'."""
        return self.distribution.dist

    @property
    def global_shape(self) -> Shape:
        return self.distribution.global_shape

    @property
    def global_size(self) -> int:
        """Number of elements of the distributed array."""
        return self.distribution.global_size

    @property
    def nbytes(self) -> int:
        """Bytes of all elements of the distributed array."""
        return self.global_size * self.itemsize

    @property
    def grid_shape(self) -> Shape:
        """Processes a dimension."""
        return self.distribution.grid_shape

    @property
    def cart_coords(self) -> Shape:
        """This process's place in the grid."""
        return self.distribution.cart_coords

    @property
    def comm(self) -> Any:
        """An mpi4py communicator of exactly the processes that hold a part, ranked as the grid in C order: of an
        argument, a Cartcomm of that grid. NullCommError if there is none.
        """
        return self.distribution.comm

    @property
    def comm_size(self) -> int:
        """How many processes hold parts."""
        return self.distribution.comm_size

    @property
    def comm_rank(self) -> int:
        """This process's rank in `comm`."""
        return self.distribution.comm_rank

    @property
    def target(self) -> int | None:
        """The engine's number; None if it is not known."""
        if self._target is not None or not self.distribution.targets:
            return self._target
        return self.distribution.targets[self.comm_rank]

    def coords_from_rank(self, rank: int) -> Shape:
        """The place in the grid of a rank of `comm`."""
        return self.distribution.coords_from_rank(rank)

    def rank_from_coords(self, coords: Sequence[int]) -> int:
        """The rank in `comm` of a place in the grid."""
        return self.distribution.rank_from_coords(coords)

    def global_from_local(self, local_ind: Any) -> tuple[Any, ...]:
        """Global indices of local ones: an int, or an array of ints, a dimension. IndexError out of bounds."""
        return self.distribution.global_from_local(local_ind)

    def local_from_global(self, global_ind: Any) -> tuple[Any, ...]:
        """Local indices of global ones: an int, or an array of ints, a dimension. IndexError if one is not here."""
        return self.distribution.local_from_global(global_ind)

    def global_indices(self, dim: int) -> npt.NDArray[np.int64]:
        """The global index of every local one of a dimension."""
        return self.distribution.global_indices(dim)

    def global_limits(self, dim: int) -> tuple[int, int]:
        """First and last global index of a dimension that are here."""
        return self.distribution.global_limits(dim)

    @property
    def global_index(self) -> GlobalIndex:
        """Access by global index."""
        return GlobalIndex(self)

    def pack_index(self, inds: Sequence[int]) -> int:
        """The position of a global index in the distributed array laid out flat in C order."""
        try:
            return int(np.ravel_multi_index(tuple(inds), self.global_shape)) if self.ndim else 0
        except ValueError:
            raise IndexOutOfRangeError(f"index {tuple(inds)} is out of bounds for shape {self.global_shape}") from None

    def unpack_index(self, packed: int) -> Shape:
        """The global index of a position of the distributed array laid out flat in C order."""
        if not 0 <= packed < self.global_size:
            raise IndexOutOfRangeError(f"position {packed} is out of bounds for {self.global_size} elements")
        return tuple(int(i) for i in np.unravel_index(packed, self.global_shape))

    # Others like it.

    def copy(self) -> LocalArray:
        """A copy, in engine memory where there is some."""
        return self.astype(None)

    def astype(self, dtype: npt.DTypeLike | None) -> LocalArray:
        """A copy with the elements converted; None: as they are."""
        result = LocalArray(self.distribution, self.dtype if dtype is None else dtype, target=self._target)
        result._elements[...] = self._elements
        return result

    def local_view(self, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
        """The elements, or their bytes as another dtype's."""
        return self._elements.view() if dtype is None else self._elements.view(dtype)

    def fill(self, scalar: Any) -> None:
        """Sets every element."""
        self._elements.fill(scalar)

    def asdist_like(self, other: LocalArray) -> LocalArray:
        """Itself, if it is dealt out as `other`. IncompatibleArrayError."""
        if not self.distribution.is_compatible(other.distribution):
            raise IncompatibleArrayError(f"{self.distribution} is not {other.distribution}")
        return self

    # NumPy.

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False and dtype is not None and np.dtype(dtype) != self.dtype:
            raise InvalidValueError(f"a conversion from {self.dtype} to {np.dtype(dtype)} needs a copy")
        return self._elements.astype(dtype or self.dtype, copy=bool(copy))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        operands = [one for one in (*inputs, *kwargs.get("out", ())) if isinstance(one, LocalArray)]
        first = operands[0]
        for other in operands[1:]:
            if other.ndim == first.ndim:
                other.asdist_like(first)
        if "out" in kwargs:
            kwargs["out"] = tuple(_plain(one) for one in kwargs["out"])
        result = getattr(ufunc, method)(*(_plain(one) for one in inputs), **kwargs)
        if method != "__call__":
            return result
        if "out" in kwargs and isinstance(inputs[0], LocalArray) and result is inputs[0]._elements:
            return inputs[0]
        return tuple(map(first._like, result)) if isinstance(result, tuple) else first._like(result)

    def _like(self, elements: Any) -> Any:
        if isinstance(elements, np.ndarray | np.generic) and elements.shape == self.local_shape:
            return LocalArray(self.distribution, buf=np.asarray(elements), target=self._target)
        return elements

    def __len__(self) -> int:
        return len(self._elements)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements)

    def __contains__(self, value: Any) -> bool:
        return value in self._elements

    def __getitem__(self, index: Any) -> Any:
        """By local index."""
        return self._elements[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        """By local index."""
        self._elements[index] = _plain(value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it is a copy without a communicator."""
        return _rebuild, (self.distribution, self._elements, self.target)

    def __str__(self) -> str:
        return str(self._elements)

    def __repr__(self) -> str:
        return f"<LocalArray(target={self.target}, local_shape={self.local_shape})\n{self._elements!r}>"


class GlobalIndex:
    """The elements of a local array, by global index; one int a dimension."""

    __slots__ = ("_array",)

    def __init__(self, array: LocalArray) -> None:
        self._array = array

    def __getitem__(self, global_ind: Any) -> Any:
        """IndexError if the element is not here."""
        return self._array.ndarray[self._array.local_from_global(global_ind)]

    def __setitem__(self, global_ind: Any, value: Any) -> None:
        """IndexError if the element is not here."""
        self._array.ndarray[self._array.local_from_global(global_ind)] = value

    def checked_getitem(self, global_ind: Any) -> Any:
        """The element, or None if it is not here."""
        try:
            return self[global_ind]
        except IndexOutOfRangeError:
            return None

    def checked_setitem(self, global_ind: Any, value: Any) -> bool | None:
        """True, or None if the element is not here."""
        try:
            self[global_ind] = value
        except IndexOutOfRangeError:
            return None
        return True


def _plain(value: Any) -> Any:
    return value.ndarray if isinstance(value, LocalArray) else value


def _rebuild(distribution: Distribution, elements: npt.NDArray[Any], target: int | None) -> LocalArray:
    return LocalArray(distribution, buf=elements, target=target)


def _dictionary(one: Any) -> dict[str, Any]:
    """The protocol's dictionary of a dimension that was read."""
    common = {
        "dist_type": one.dist_type,
        "size": one.size,
        "proc_grid_size": one.proc_grid_size,
        "proc_grid_rank": one.proc_grid_rank,
    }
    if one.dist_type == "c":
        return {**common, "start": one.start, "block_size": one.block_size}
    if one.dist_type == "u":
        return {**common, "indices": one.indices, "one_to_one": one.one_to_one}
    padded = {"padding": one.padding} if any(one.padding) else {}
    periodic = {"periodic": True} if one.periodic else {}
    return {**common, "start": one.start, "stop": one.stop, **padded, **periodic}


def as_local_array(value: Any, name: str) -> LocalArray:
    """TypeError unless it is one."""
    if not isinstance(value, LocalArray):
        raise InvalidTypeError(f"{name} must be a LocalArray, {type(value).__name__} was given")
    return value
