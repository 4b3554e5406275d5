"""Pickles that cross between clients and workers: functions by value, arrays in an encoding of our own.

NumPy 1 cannot read the arrays that NumPy 2 pickles, so that arrays, NumPy's numbers and dtypes are taken apart here
into plain parts that every version puts together again. Needs neither gRPC nor protobuf: workers import it.
"""

from __future__ import annotations

import io
import pickle
import sys
import sysconfig
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import cloudpickle
import numpy as np
import numpy.typing as npt

LARGE_BYTES = 64 << 10  # arrays of so many bytes go out of band where the caller takes buffers

BufferCallback = Callable[[pickle.PickleBuffer], Any]


def _array(buffer: Any, descr: Any, shape: tuple[int, ...], order: Any, writable: bool = True) -> npt.NDArray[Any]:
    result: npt.NDArray[Any] = np.ndarray(shape, _dtype(descr), buffer, order=order)
    if writable and not result.flags.writeable:
        return result.copy(order=order)
    return result


def _objects(values: list[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    result = np.empty(len(values), object)
    result[:] = values
    return result.reshape(shape)


def _scalar(data: bytes, descr: Any) -> Any:
    return np.frombuffer(data, _dtype(descr))[0]


def _dtype(descr: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(descr)
    return dtype


def _descr(dtype: np.dtype[Any]) -> Any:
    """What makes the dtype again: a string, or the list of a structured one's fields."""
    return dtype.descr if dtype.names is not None else dtype.str


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(
        self, file: Any, persistent: Callable[[Any], Any] | None, buffer_callback: BufferCallback | None
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=buffer_callback)
        self._persistent = persistent
        self._out_of_band = buffer_callback is not None

    def persistent_id(self, value: Any) -> Any:
        return None if self._persistent is None else self._persistent(value)

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray:
            return self._reduce_array(value)
        if isinstance(value, np.generic) and value.dtype.kind != "O":
            return _scalar, (value.tobytes(), _descr(value.dtype))
        if isinstance(value, np.dtype) and not value.hasobject:
            return _dtype, (_descr(value),)
        return super().reducer_override(value)

    def _reduce_array(self, array: npt.NDArray[Any]) -> Any:
        if array.dtype.hasobject:
            if array.dtype.names is not None:
                return NotImplemented
            return _objects, (list(array.reshape(-1)), array.shape)
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        dense = np.asarray(array, order=order)
        data = dense.reshape(-1, order=order).view(np.uint8)
        if self._out_of_band and data.nbytes >= LARGE_BYTES:
            return _array, (pickle.PickleBuffer(data), _descr(array.dtype), array.shape, order)
        return _array, (bytearray(data), _descr(array.dtype), array.shape, order)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, persistent: Callable[[Any], Any] | None, buffers: Iterable[Any]) -> None:
        super().__init__(file, buffers=buffers)
        self._persistent = persistent

    def persistent_load(self, pid: Any) -> Any:
        if self._persistent is None:
            raise pickle.UnpicklingError(f"there is nothing that {pid!r} could stand for")
        return self._persistent(pid)


_INSTALLED = tuple(
    {path for name in ("stdlib", "platstdlib", "purelib", "platlib") if (path := sysconfig.get_paths().get(name))}
)
_OURS = __name__.partition(".")[0]
_users: tuple[int, list[types.ModuleType]] = 0, []
_registering = threading.RLock()  # cloudpickle's register of modules is the process's


def _users_modules() -> list[types.ModuleType]:
    """The loaded modules that are the user's own: of no installed package, so that workers may not have them."""
    global _users
    if _users[0] != len(sys.modules):
        found = []
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None)
            if (
                path
                and isinstance(module, types.ModuleType)
                and module.__name__ == name
                and name != "__main__"
                and name.partition(".")[0] not in (_OURS, "cloudpickle", "numpy")
                and not path.startswith(_INSTALLED)
                and "site-packages" not in path
                and "dist-packages" not in path
            ):
                found.append(module)
        _users = len(sys.modules), found
    return _users[1]


@contextmanager
def _by_value() -> Iterator[None]:
    registered = cloudpickle.list_registry_pickle_by_value()
    modules = [module for module in _users_modules() if module.__name__ not in registered]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def dumps(
    value: Any,
    *,
    persistent: Callable[[Any], Any] | None = None,
    buffer_callback: BufferCallback | None = None,
) -> bytes:
    """The value, pickled. Functions and classes of modules that are not installed travel by value.

    persistent: gives an id for what is not to be pickled, None for the rest. buffer_callback: takes the bytes of arrays
    of LARGE_BYTES and more, as PickleBuffers, in order. Errors: those of pickle.
    """
    file = io.BytesIO()
    with _registering, _by_value():
        _Pickler(file, persistent, buffer_callback).dump(value)
    return file.getvalue()


def loads(data: Any, *, persistent: Callable[[Any], Any] | None = None, buffers: Iterable[Any] = ()) -> Any:
    """What dumps pickled. persistent: gives what an id stands for. buffers: those of the callback, in order."""
    return _Unpickler(io.BytesIO(data), persistent, buffers).load()
