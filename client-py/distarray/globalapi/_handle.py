"""Handle: what the client holds of an array: its key, shape and dtype, and how to read it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray._dtypes import DTYPES, DType
from distarray._index import Shape
from distarray._key import Key
from distarray._proto import arrays_pb2, session_pb2
from distarray._transport.session import origin
from distarray.error import InternalError, InvalidValueError

if TYPE_CHECKING:
    from distarray.globalapi.context import Context
    from distarray.globalapi.maps import Distribution

MIRROR_BYTES_MAX = 4096

Version = tuple[int, int]  # writes to the elements by this session's requests, and by functions that it runs


class Storage:
    """The elements that an array and its views share: `version` rises with every write of this session."""

    __slots__ = ("version",)

    def __init__(self) -> None:
        self.version = 0


class ReadOnlyStorage(Storage):
    """That of a view in which one element stands for several: nothing is written through it."""

    __slots__ = ("_of",)

    def __init__(self, of: Storage) -> None:
        self._of = of

    @property
    def version(self) -> int:  # type: ignore[override]
        return self._of.version


class Handle:
    """Key and metadata of a server-side array, which is deleted, without a round trip, when its handle is collected."""

    __slots__ = (
        "__weakref__",
        "_context",
        "_distribution",
        "_element_of",
        "_info",
        "_key",
        "_mirror",
        "_shape",
        "_storage",
        "_type",
    )

    def _attach(
        self, context: Context, key: int, shape: Shape, type_number: int, storage: Storage | None = None
    ) -> None:
        self._context = context
        self._key = key
        self._shape = shape
        self._type = type_number
        self._storage = storage
        self._info: arrays_pb2.ArrayInfo | None = None
        self._mirror: tuple[Version, npt.NDArray[Any]] | None = None
        # Of an element of a small array: that array, its version then, and where. Reading the one reads the other.
        self._element_of: tuple[Handle, Version, tuple[int, ...]] | None = None
        self._distribution: Distribution | None = None

    def __del__(self) -> None:
        try:
            self._context._session.forget(self._key, math.prod(self._shape) * DTYPES[self._type - 1].itemsize)
        except (AttributeError, TypeError):  # never attached: its constructor raised; or the interpreter is ending
            pass

    # Metadata the client knows.

    @property
    def context(self) -> Context:
        """The context the array belongs to."""
        return self._context

    device = context

    @property
    def key(self) -> Key:
        """The array's name on the server."""
        return Key(self._key)

    @property
    def shape(self) -> Shape:
        return self._shape

    @property
    def dtype(self) -> DType:
        return DTYPES[self._type - 1]

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self._shape)

    global_size = size

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    # Metadata the server decides: awaited when first asked for.

    def _describe(self) -> arrays_pb2.ArrayInfo:
        if self._info is None:
            request = session_pb2.Request(origin=origin())
            request.describe.key = self._key
            self._info = self._context._session.call(request).array
        return self._info

    @property
    def distribution(self) -> Distribution:
        """How the array is dealt out over its targets."""
        if self._distribution is None:
            from distarray.globalapi.maps import Distribution

            self._distribution = Distribution._from_proto(self._context, self._describe().distribution)
        return self._distribution

    @property
    def targets(self) -> list[int]:
        """The engines that hold the array, in order of rank."""
        return list(self._describe().distribution.targets)

    @property
    def dist(self) -> tuple[str, ...]:
        """A letter a dimension: 'n', 'b', 'c' or 'u'."""
        return self.distribution.dist

    @property
    def grid_shape(self) -> Shape:
        """Processes a dimension."""
        return self.distribution.grid_shape

    def localshapes(self) -> list[Shape]:
        """Shape of the block on each target."""
        return self.distribution.localshapes()

    # Elements.

    def _share(self) -> Storage:
        if self._storage is None:
            self._storage = Storage()
        return self._storage

    def _check_writable(self) -> None:
        """ValueError: a view of broadcast_to, or of one."""
        if isinstance(self._storage, ReadOnlyStorage):
            raise InvalidValueError("assignment destination is read-only: a view of broadcast_to; copy() it first")

    def _written(self) -> None:
        """To be called after a request that writes the elements was submitted."""
        if self._storage is not None:
            self._storage.version += 1

    def _version(self) -> Version:
        return self._share().version, self._context._functions_written

    def _known(self) -> npt.NDArray[Any] | None:
        """The mirror, if there is one that is still true."""
        if self._mirror is not None:
            if self._mirror[0] == self._version():
                return self._mirror[1]
            self._mirror = None
        return None

    def _keep(self, elements: npt.NDArray[Any]) -> None:
        """Makes a small array's elements, as they are now, its mirror. Nobody may change them afterwards."""
        if elements.nbytes <= MIRROR_BYTES_MAX:
            self._mirror = self._version(), elements

    def _read(self) -> npt.NDArray[Any]:
        """The elements; not to be changed by the caller, it may be the mirror."""
        known = self._known()
        if known is not None:
            return known
        if self._element_of is not None:
            whole, before, index = self._element_of
            self._element_of = None
            if self._share().version == 0 and whole._version() == before:
                self._keep(np.asarray(whole._read()[index]))
                return self._mirror[1]  # type: ignore[index]
        version = self._version()
        result = np.empty(self._shape, self.dtype)
        flat = result.reshape(-1).view(np.uint8)
        received = 0

        def store(chunk: arrays_pb2.Chunk) -> None:
            nonlocal received
            data = np.frombuffer(chunk.data, np.uint8)
            flat[chunk.offset_bytes : chunk.offset_bytes + data.size] = data
            received += data.size

        request = session_pb2.Request(origin=origin())
        request.get.key = self._key
        self._context._session.call(request, store)
        if received != flat.size:
            raise InternalError(f"{received} of {flat.size} bytes of the array arrived")
        if received <= MIRROR_BYTES_MAX and version == self._version():
            self._mirror = version, result
        return result

    def toarray(self) -> npt.NDArray[Any]:
        """All elements, as a NumPy array."""
        result = self._read()
        return result.copy() if self._mirror is not None else result

    tondarray = toarray

    def tolist(self) -> Any:
        """All elements, fetched, as nested lists of Python numbers; of a 0-d array, the number."""
        return self._read().tolist()
