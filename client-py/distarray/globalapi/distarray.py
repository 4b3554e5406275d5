"""DistArray: a NumPy-like array whose elements are on the daemon's engines."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray import _html
from distarray._dtypes import NUMBER, SCALARS, set_scalar, supported, to_element
from distarray._index import Indexed, Shape, as_shape, broadcast
from distarray._proto import session_pb2
from distarray._transport.session import origin
from distarray.error import (
    ContextError,
    InvalidTypeError,
    InvalidValueError,
    LargeTransferWarning,
    NotSupportedError,
)
from distarray.globalapi import _explanation, _fancy, _numpy_protocol
from distarray.globalapi._elementwise import convert
from distarray.globalapi._handle import MIRROR_BYTES_MAX, Handle
from distarray.globalapi._methods import Methods
from distarray.globalapi._operators import Operators
from distarray.localapi import Distribution as LocalDistribution
from distarray.localapi import LocalArray

if TYPE_CHECKING:
    from distarray.globalapi._explanation import Explanation
    from distarray.globalapi.maps import Distribution

__all__ = ["DistArray"]

_WARN_BYTES = 100 * 10**6


class DistArray(Operators, Methods, Handle):
    """An array dealt out over engines. Operations are recorded and computed when a value is needed; what shapes and
    dtypes decide is raised at the call, everything else when the result is first read.
    """

    __slots__ = ()

    def __init__(self, distribution: Distribution, dtype: npt.DTypeLike = float) -> None:
        """An uninitialised array."""
        made = distribution.context.empty(distribution, dtype)
        self._attach(made._context, made._key, made._shape, made._type, made._share())
        del made._context  # the key is this handle's now

    # Text.

    def __repr__(self) -> str:
        return f"<DistArray(shape={self._shape}, targets={self.targets})>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return _html.array(self)

    def __format__(self, spec: str) -> str:
        if self.ndim == 0:
            return format(self.item(), spec)
        if spec:
            raise InvalidTypeError(f"format {spec!r} needs a 0-d array, this one has shape {self._shape}")
        return str(self)

    # One number.

    def _number(self, kind: str) -> Any:
        if self.size != 1:
            raise InvalidTypeError(f"only an array of size 1 converts to {kind}, this one has shape {self._shape}")
        return self._read().item()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise InvalidValueError(
                f"the truth value of an array of shape {self._shape} is ambiguous; use .any() or .all()"
            )
        return bool(self._read().item())

    def __int__(self) -> int:
        return int(self._number("int"))

    def __float__(self) -> float:
        return float(self._number("float"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise InvalidTypeError(
                f"only a 0-d integer array is an index, this one has shape {self._shape} and dtype {self.dtype}"
            )
        return int(self._number("int"))

    # Sequence.

    def __len__(self) -> int:
        if not self._shape:
            raise InvalidTypeError("a 0-d array has no len()")
        return self._shape[0]

    def __iter__(self) -> Iterator[DistArray]:
        if not self._shape:
            raise InvalidTypeError("cannot iterate over a 0-d array")
        return (self[position] for position in range(self._shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __getitem__(self, index: Any) -> DistArray:
        """A writable view of NumPy's basic indexing; with integers alone, a 0-d copy of the element as it is now.

        Integer and boolean arrays (NumPy's, lists, DistArrays) are indices as in NumPy and give a new array. What
        integer arrays take lies as the first of them does, in blocks of rows; along axes that are whole on each target
        (and with several targets) it lies as this array. What a mask selects stays on the targets that have it. Only a
        mask makes the call wait, for the number of its true elements.
        """
        if _fancy.is_advanced(index):
            return _fancy.get(self, index)
        indexed = Indexed(self._shape, index)
        request = session_pb2.Request(origin=origin())
        message = request.slice
        message.key = self._key
        indexed.fill(message.index)
        message.snapshot = indexed.all_integers
        message.result = key = self._context._new_key()
        self._context._session.submit(request)
        storage = None if indexed.all_integers else self._share()
        result = self._context._array(key, indexed.shape, self._type, storage)
        if self.nbytes <= MIRROR_BYTES_MAX:
            known = self._known()
            if known is not None:
                result._keep(np.asarray(known[indexed.numpy_index()]))
            elif indexed.all_integers:
                result._share()  # so that a write to it is noticed
                result._element_of = self, self._version(), indexed.numpy_index()
        return result

    def __setitem__(self, index: Any, value: Any) -> None:
        """NumPy's assignment: broadcast, and cast to the array's dtype. Where an array of integers names an element
        twice the last value counts. An index out of range leaves the array as it was.
        """
        if _fancy.is_advanced(index):
            _fancy.put(self, index, value)
            return
        self._check_writable()
        indexed = Indexed(self._shape, index)
        request = session_pb2.Request(origin=origin())
        message = request.assign
        message.key = self._key
        if not indexed.whole:
            indexed.fill(message.index)
        held: DistArray | None = None  # an uploaded value lives until the request is on its way
        if not isinstance(value, (DistArray, *SCALARS)):
            value = np.asarray(value)
            if value.ndim:
                value = held = self._upload(value, indexed.shape)
        if isinstance(value, DistArray):
            if value._context is not self._context:
                raise ContextError("the value belongs to another context")
            surplus = len(value._shape) - len(indexed.shape)
            if surplus > 0 and set(value._shape[:surplus]) == {1}:
                value = value[(0,) * surplus + (...,)]
            _check_fits(value._shape, indexed.shape)
            message.array = value._key
        else:
            set_scalar(message.scalar, to_element(value, self.dtype), self._type)
        self._context._session.submit(request)
        self._written()
        del held

    def _upload(self, value: npt.NDArray[Any], target: Shape) -> DistArray:
        while value.ndim > len(target) and value.shape[0] == 1:
            value = value[0]
        _check_fits(value.shape, target)
        if value.dtype.kind not in "buifc":
            raise InvalidTypeError(f"cannot assign an array of {value.dtype} to one of {self.dtype}")
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dropping imaginary parts, as NumPy does
            value = value.astype(self.dtype, copy=False)
        return self._context.fromarray(value)

    def fill(self, value: Any) -> None:
        """Sets every element, in place."""
        if np.ndim(value) != 0:
            raise InvalidTypeError("fill takes one number")
        self[...] = value

    # To and from NumPy.

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Fetches the elements: the explicit np.asarray(array). Warns above 100 MB."""
        if copy is False:
            raise InvalidValueError("the elements are on the server: they cannot be had without a copy")
        if self.nbytes > _WARN_BYTES:
            warnings.warn(
                f"fetching {self.nbytes / 1e6:.0f} MB from the server; toarray() does so without this warning",
                LargeTransferWarning,
                stacklevel=2,
            )
        result = self.toarray()
        return result if dtype is None else result.astype(dtype, copy=False)

    __array_priority__ = 20.0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _numpy_protocol.ufunc(self, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _numpy_protocol.function(function, args, kwargs)

    def get_ndarrays(self) -> list[npt.NDArray[Any]]:
        """A copy of each target's block."""
        elements = self._read()
        distribution = self.distribution
        return [
            np.ascontiguousarray(elements[np.ix_(*distribution.local_indices(rank))]) if self.ndim else elements.copy()
            for rank in range(len(distribution.targets))
        ]

    def get_localarrays(self) -> list[LocalArray]:
        """A client's copy of each target's block, with its description."""
        letters = "".join(self.distribution.dist)
        described = zip(self.get_ndarrays(), self.distribution.get_dim_data_per_rank(), self.targets, strict=True)
        return [
            LocalArray(LocalDistribution(None, dim_data, dist=letters), buf=block, target=target)
            for block, dim_data, target in described
        ]

    # New arrays.

    def copy(self) -> DistArray:
        """A new array with the same elements, dealt out as the array is."""
        return convert("copy", self, self._type)

    def __copy__(self) -> DistArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> DistArray:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise InvalidTypeError("a DistArray cannot be pickled: pickle its key, or toarray()")

    def astype(self, dtype: npt.DTypeLike, copy: bool = True) -> DistArray:
        """A new array converted to dtype, as C converts, dealt out as the array is; with copy=False, the array itself
        if it has that dtype.
        """
        number = NUMBER[supported(dtype)]
        if number == self._type:
            return self.copy() if copy else self
        return convert("astype", self, number)

    def view(self, dtype: npt.DTypeLike | None = None) -> DistArray:
        """A view of all elements, dealt out as the array is. Other dtypes are not supported yet."""
        if dtype is not None and supported(dtype) != self.dtype:
            raise NotSupportedError(f"a view of {self.dtype} as {supported(dtype)} is not supported yet; use astype")
        return self[...]

    def distribute_as(self, shape_or_distribution: int | Sequence[int] | Distribution) -> DistArray:
        """A new array with the same elements in C order, dealt out otherwise (a shape: by the default rules)."""
        from distarray.globalapi.maps import Distribution

        request = session_pb2.Request(origin=origin())
        message = request.redistribute
        if isinstance(shape_or_distribution, Distribution):
            if shape_or_distribution.context is not self._context:
                raise ContextError("the distribution belongs to another context")
            shape = shape_or_distribution.shape
            shape_or_distribution._fill(message.distribution.exact)
        else:
            shape = as_shape(shape_or_distribution)
        if shape != self._shape:
            if math.prod(shape) != self.size:
                raise InvalidValueError(f"an array of shape {self._shape} cannot be dealt out as shape {shape}")
            return self.reshape(shape).distribute_as(shape_or_distribution)
        message.key = self._key
        message.result = key = self._context._new_key()
        self._context._session.submit(request)
        return self._context._array(key, shape, self._type)

    # Time.

    def explain(self) -> Explanation:
        """Prints what would run to compute and store the array (for a view, all of what it is a view of): programs,
        what is moved between engines, memory; and returns it. Nothing runs by this. What is no program (a product, a
        sort, indexing by arrays) runs when it is called: it is stored, or under way.
        """
        request = session_pb2.Request(origin=origin())
        request.explain.key = self._key
        explanation = _explanation.from_proto(self._context._session.call(request).explanation)
        print(explanation)
        return explanation

    def wait(self) -> DistArray:
        """Computes and stores the whole array, raises its error, returns the array itself, dealt out as it is."""
        request = session_pb2.Request(origin=origin())
        request.wait.keys.append(self._key)
        self._context._session.call(request)
        return self


def _check_fits(given: Shape, target: Shape) -> None:
    try:
        fits = broadcast([given, target]) == target
    except InvalidValueError:
        fits = False
    if not fits:
        raise InvalidValueError(f"a value of shape {given} does not broadcast to the indexed shape {target}")
