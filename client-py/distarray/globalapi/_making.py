"""Making: the functions of a context that make arrays."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_integer
from distarray._dtypes import FLOAT64, INT64, NUMBER, dtype_of, set_scalar, supported, to_element, weak
from distarray._index import Shape, as_shape
from distarray._proto import arrays_pb2, session_pb2
from distarray._transport.session import Session, origin
from distarray.error import (
    ContextError,
    DeniedError,
    DistributionError,
    InvalidTypeError,
    InvalidValueError,
    NotSupportedError,
)
from distarray.globalapi._handle import MIRROR_BYTES_MAX, Handle, Storage
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.maps import Distribution
from distarray.localapi.creation import fromfunction_part

if TYPE_CHECKING:
    from distarray.globalapi.context import Context

# Creation of larger arrays awaits the server's yes, so that MemoryError is raised at the call.
_ADMISSION_BYTES = 16 << 20
_DIAGONAL_MAX = 1 << 62

Dist = str | Sequence[str] | Mapping[int, str] | None
ShapeOrDistribution = int | Sequence[int] | Distribution


class Making:
    """Functions that make arrays: new ones, dealt out as a Distribution in place of the shape says, or as `dist`,
    `grid_shape` and `targets`, which are those of Distribution. Without any of these, by the default rule: in blocks
    along the first dimension, or as the context's `default_dist` says, over its targets.
    """

    _session: Session
    _chunk_bytes: int
    _keys: Iterator[int]

    @property
    def _context(self) -> Context:
        return cast("Context", self)

    def _new_key(self) -> int:
        return next(self._keys)

    def _array(self, key: int, shape: Shape, type_number: int, storage: Storage | None = None) -> DistArray:
        array = DistArray.__new__(DistArray)
        array._attach(self._context, key, shape, type_number, storage)
        return array

    def _create(
        self,
        shape_or_distribution: ShapeOrDistribution,
        type_number: int,
        content: Callable[[arrays_pb2.CreateRequest], None],
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
        like: Sequence[Handle] = (),
    ) -> DistArray:
        """`like`: dealt out as a result of these arrays would be; shape_or_distribution is then a shape."""
        if device is not None and device is not self:
            return device._create(shape_or_distribution, type_number, content, dist, grid_shape, targets)
        request = session_pb2.Request(origin=origin())
        create = request.create
        distribution: Distribution | None = None
        if isinstance(shape_or_distribution, Distribution):
            distribution = shape_or_distribution
            if distribution.context is not self:
                raise ContextError("the distribution belongs to another context")
        else:
            shape = as_shape(shape_or_distribution)
            if dist is not None or grid_shape is not None or targets is not None:
                distribution = Distribution(self._context, shape, dist, grid_shape, targets)
        if distribution is not None:
            shape = distribution.shape
            distribution._fill(create.distribution.exact)
        create.distribution.like.extend(array._key for array in like)
        nbytes = math.prod(shape) * dtype_of(type_number).itemsize
        if nbytes >= 1 << 63:
            raise InvalidValueError(
                f"an array of shape {shape} and {dtype_of(type_number)} has more than 2^63 - 1 bytes"
            )
        create.shape.extend(shape)
        create.dtype = type_number  # type: ignore[assignment]
        content(create)
        create.key = key = self._new_key()
        array = self._array(key, shape, type_number)
        if nbytes >= _ADMISSION_BYTES:
            self._session.call(request)
        else:
            self._session.submit(request)
        return array

    def empty(
        self,
        shape_or_distribution: ShapeOrDistribution,
        dtype: npt.DTypeLike = float,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """An uninitialised array."""
        number = NUMBER[supported(dtype)]
        return self._create(
            shape_or_distribution, number, lambda create: create.empty.SetInParent(), dist, grid_shape, targets, device
        )

    def full(
        self,
        shape_or_distribution: ShapeOrDistribution,
        fill_value: Any,
        dtype: npt.DTypeLike | None = None,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """An array of one value; dtype None: the value's."""
        number = NUMBER[supported(dtype)] if dtype is not None else _own_type(fill_value)
        element = to_element(fill_value, dtype_of(number))
        return self._create(
            shape_or_distribution,
            number,
            lambda create: set_scalar(create.full, element, number),
            dist,
            grid_shape,
            targets,
            device,
        )

    def zeros(
        self,
        shape_or_distribution: ShapeOrDistribution,
        dtype: npt.DTypeLike = float,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """An array of zeros."""
        return self.full(
            shape_or_distribution,
            0,
            float if dtype is None else dtype,
            dist=dist,
            grid_shape=grid_shape,
            targets=targets,
            device=device,
        )

    def ones(
        self,
        shape_or_distribution: ShapeOrDistribution,
        dtype: npt.DTypeLike = float,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """An array of ones."""
        return self.full(
            shape_or_distribution,
            1,
            float if dtype is None else dtype,
            dist=dist,
            grid_shape=grid_shape,
            targets=targets,
            device=device,
        )

    def arange(
        self,
        start: Any,
        stop: Any = None,
        step: Any = 1,
        dtype: npt.DTypeLike | None = None,
        *,
        dist: Dist = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """start, start + step, ... below stop (numpy.arange)."""
        if stop is None:
            start, stop = 0, start
        if step == 0:
            raise InvalidValueError("step must not be 0")
        if isinstance(start, complex) or isinstance(stop, complex) or isinstance(step, complex):
            raise InvalidTypeError("arange takes real numbers")
        count = max(math.ceil((stop - start) / step), 0)
        if all(isinstance(value, (int, np.integer)) for value in (start, stop, step)):
            count = max(-((start - stop) // step), 0)
            own = INT64
        else:
            own = max(FLOAT64 if weak(value) is not None else _own_type(value) for value in (start, stop, step))
            own = FLOAT64 if dtype_of(own).kind != "f" else own
        number = NUMBER[supported(dtype)] if dtype is not None else own
        kind = dtype_of(number)
        if kind.kind == "b":
            raise InvalidTypeError("arange does not make bool arrays")
        # As NumPy: the step is the difference of the first two elements in the array's own dtype.
        first = to_element(start, kind)
        second = to_element(start + step, kind) if count > 1 else first
        difference = to_element(kind.type(second) - kind.type(first), kind) if kind.kind != "u" else second - first

        def content(create: arrays_pb2.CreateRequest) -> None:
            set_scalar(create.arange.start, first, number)
            set_scalar(create.arange.step, difference, number if kind.kind != "u" else INT64)

        return self._create(count, number, content, dist, None, targets, device)

    def linspace(
        self,
        start: Any,
        stop: Any,
        num: int = 50,
        endpoint: bool = True,
        dtype: npt.DTypeLike | None = None,
        *,
        dist: Dist = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """num evenly spaced numbers from start to stop (numpy.linspace)."""
        count = as_integer(num, "num")
        if count < 0:
            raise InvalidValueError(f"num must not be negative, {count} was given")
        kind = supported(dtype) if dtype is not None else np.dtype(np.result_type(start, stop, 1.0))
        computed = kind if kind.kind in "fc" else np.dtype(float)
        number = NUMBER[supported(computed)]

        def content(create: arrays_pb2.CreateRequest) -> None:
            set_scalar(create.linspace.start, to_element(start, computed), number)
            set_scalar(create.linspace.stop, to_element(stop, computed), number)
            create.linspace.endpoint = bool(endpoint)

        array = self._create(count, number, content, dist, None, targets, device)
        if kind == computed:
            return array
        from distarray.globalapi.functions import floor

        return (floor(array) if kind.kind in "iu" else array).astype(kind)

    def eye(
        self,
        N: int,
        M: int | None = None,
        k: int = 0,
        dtype: npt.DTypeLike = float,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """N rows and M (N if None) columns, ones on the k-th diagonal."""
        diagonal = min(max(as_integer(k, "k"), -_DIAGONAL_MAX), _DIAGONAL_MAX)  # beyond: zeros, as in NumPy

        def content(create: arrays_pb2.CreateRequest) -> None:
            create.eye.diagonal = diagonal

        shape = (N, N if M is None else M)
        return self._create(shape, NUMBER[supported(dtype)], content, dist, grid_shape, targets, device)

    def fromarray(
        self,
        arr: npt.ArrayLike,
        distribution: Distribution | None = None,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
    ) -> DistArray:
        """An array with the elements of whatever numpy.asarray takes."""
        if isinstance(arr, Handle):
            raise InvalidTypeError("the elements are on the server already: use distribute_as or copy")
        source = np.asarray(arr)
        kind = supported(source.dtype)
        if distribution is not None and distribution.shape != source.shape:
            raise DistributionError(f"the distribution has shape {distribution.shape}, the array {source.shape}")
        context = device or self
        array = context.empty(
            source.shape if distribution is None else distribution,
            kind,
            dist=dist,
            grid_shape=grid_shape,
            targets=targets,
        )
        source = source.astype(kind.newbyteorder("<"), copy=False)
        for box in _boxes(source.shape, kind.itemsize, context._chunk_bytes):
            request = session_pb2.Request(origin=origin())
            put = request.put
            put.key = array._key
            put.dtype = array._type  # type: ignore[assignment]
            part = source[tuple(slice(start, stop) for start, stop in box)]
            put.start.extend(start for start, _ in box)
            put.shape.extend(part.shape)
            put.data = part.tobytes()
            context._session.submit(request)
        if source.nbytes <= MIRROR_BYTES_MAX:
            array._keep(source.astype(kind))
        return array

    fromndarray = fromarray

    def fromfunction(
        self,
        function: Callable[..., Any],
        shape: ShapeOrDistribution,
        dtype: npt.DTypeLike = float,
        *,
        dist: Dist = None,
        grid_shape: Sequence[int] | None = None,
        targets: Iterable[int] | None = None,
        device: Context | None = None,
        **kwargs: Any,
    ) -> DistArray:
        """function(i, j, ..., **kwargs), called once with distributed arrays of the indices of each dimension (of
        dtype). A function that cannot take these runs beside the blocks, with NumPy arrays of each block's indices.
        """
        if device is not None and device is not self:
            return device.fromfunction(
                function, shape, dtype, dist=dist, grid_shape=grid_shape, targets=targets, **kwargs
            )
        number = NUMBER[supported(dtype)]
        if not isinstance(shape, Distribution):
            shape = Distribution(self._context, as_shape(shape), dist, grid_shape, targets)

        def indices(axis: int) -> DistArray:
            def content(create: arrays_pb2.CreateRequest) -> None:
                create.indices.axis = axis

            return self._create(shape, number, content)

        try:
            result = function(*(indices(axis) for axis in range(shape.ndim)), **kwargs)
            return result if isinstance(result, DistArray) else self.full(shape, result)
        except Exception as error:
            return self._fromfunction_beside(function, shape, supported(dtype), kwargs, error)

    def _fromfunction_beside(
        self,
        function: Callable[..., Any],
        distribution: Distribution,
        dtype: np.dtype[Any],
        kwargs: dict[str, Any],
        error: Exception,
    ) -> DistArray:
        parts = distribution.get_dim_data_per_rank(), "".join(distribution.dist)
        try:
            return self._context.from_distarray(
                fromfunction_part, (function, *parts, dtype, kwargs), targets=distribution.targets
            )
        except (DeniedError, NotSupportedError):  # of a daemon that runs no functions
            raise error from None

    def _empty_like(self, arrays: Sequence[Handle], shape: Shape, type_number: int) -> DistArray:
        """An uninitialised array, dealt out as a result of these arrays would be."""
        return self._create(shape, type_number, lambda create: create.empty.SetInParent(), like=arrays)

    def _full_like(self, array: Handle, value: Any, type_number: int) -> DistArray:
        """One value, in an array's shape and distribution."""
        element = to_element(value, dtype_of(type_number))
        return self._create(
            array._shape, type_number, lambda create: set_scalar(create.full, element, type_number), like=[array]
        )

    def _indices_like(self, array: Handle, axis: int) -> DistArray:
        """Of every element of an array its index along an axis; nothing is stored for it."""

        def content(create: arrays_pb2.CreateRequest) -> None:
            create.indices.axis = axis

        return self._create(array._shape, INT64, content, like=[array])


def _own_type(value: Any) -> int:
    number = weak(value)
    return number.default() if number is not None else NUMBER[supported(np.asarray(value).dtype)]


def _boxes(shape: Shape, itemsize: int, limit: int) -> Iterator[list[tuple[int, int]]]:
    """Boxes of at most `limit` bytes that cover an array, in C order."""
    if 0 in shape:
        return
    inner = itemsize
    split = len(shape)  # dimensions from here on are whole in every box
    while split > 0 and inner * shape[split - 1] <= limit:
        split -= 1
        inner *= shape[split]
    whole = [(0, size) for size in shape[split:]]
    if split == 0:
        yield whole
        return
    rows = max(limit // inner, 1)
    size = shape[split - 1]
    for outer in itertools.product(*(range(extent) for extent in shape[: split - 1])):
        for start in range(0, size, rows):
            yield [*((index, index + 1) for index in outer), (start, min(start + rows, size)), *whole]
