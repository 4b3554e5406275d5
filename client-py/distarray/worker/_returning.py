"""What a function returned, on its way back to the client."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray._pickling import dumps
from distarray.error import InvalidTypeError
from distarray.localapi import LocalArray
from distarray.worker._memory import Memory
from distarray.worker._plain import to_plain

_INLINE_BYTES = 256 << 10  # pickles up to this size come with the reply
_DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()
)


class Returning:
    """Makes the parts of a "result" frame: `said`, which is added to it, and `data`."""

    def __init__(self, memory: Memory, arrays: list[LocalArray | None]) -> None:
        self._memory = memory
        self._arrays = arrays
        self._copied = 0
        self.said: dict[str, Any] = {}
        self.data = b""

    def take(self, value: Any, job: dict[str, Any]) -> None:
        """TypeError, ValueError: the value cannot be returned so. MemoryError: there is no room for it."""
        kind = job["results"]
        if kind == "import":
            self._import(value)
        elif kind == "array" and isinstance(value, LocalArray):
            self._array(value)
        elif value is None:
            self.said["value"] = {"kind": "none"}
        elif job["plain_results"]:
            self._plain(value)
        else:
            self._pickle(value)
        self.said["copied_bytes"] = self._copied

    def _plain(self, value: Any) -> None:
        if isinstance(value, LocalArray):
            return self._array(value, copy=True)
        self.said["value"] = {"kind": "plain", "plain": to_plain(value)}

    def _pickle(self, value: Any) -> None:
        buffers: list[npt.NDArray[np.uint8]] = []

        def keep(buffer: pickle.PickleBuffer) -> None:
            buffers.append(np.frombuffer(buffer.raw(), np.uint8))

        pickled = dumps(value, buffer_callback=keep)
        if len(pickled) <= _INLINE_BYTES:
            self.said["value"] = {"kind": "pickled"}
            self.data = pickled
        else:
            block = self._block(np.frombuffer(pickled, np.uint8))
            self.said["value"] = {"kind": "pickled", "pickled_block": block, "pickled_bytes": len(pickled)}
        self.said["buffers"] = [{"block": self._block(buffer), "bytes": buffer.nbytes} for buffer in buffers]

    def _import(self, value: Any) -> None:
        if not isinstance(value, dict) and not hasattr(value, "__distarray__"):
            raise InvalidTypeError(
                f"the function returned a {type(value).__name__}; expected an object with __distarray__(), or such a "
                "dict (Distributed Array Protocol 0.10)"
            )
        self._array(LocalArray.from_distarray(value))

    def _array(self, given: LocalArray, copy: bool = False) -> None:
        elements = given.ndarray
        name = elements.dtype.name
        if name not in _DTYPES:
            raise InvalidTypeError(f"the local array is of dtype {elements.dtype}; arrays have {sorted(_DTYPES)}")
        same = (i for i, one in enumerate(self._arrays) if one is not None and one.distribution is given.distribution)
        like = next(same, None)
        if like is None:
            elements = elements[tuple(_owned(one) for one in given.distribution.dimensions)]
        source = None if copy else self._argument(elements)
        self.said["value"] = {"kind": "array"}
        self.said["array"] = {
            "dtype": name,
            "local_shape": elements.shape,
            "dim_data": [_unpadded(one, like is None) for one in given.distribution.dimensions],
            "source": {"block": self._block(elements)} if source is None else {"argument": source},
        }
        if like is not None:
            self.said["array"]["like"] = like

    def _argument(self, elements: npt.NDArray[Any]) -> int | None:
        """Which of the call's arrays this is, itself."""
        for number, one in enumerate(self._arrays):
            if one is not None and one.ndarray is elements and one.ndarray.size:
                return number
        return None

    def _block(self, elements: npt.NDArray[Any]) -> int:
        """The block that holds just these elements, copied there if they are elsewhere; 0: of no bytes."""
        if elements.nbytes == 0:
            return 0
        block = self._memory.block_of(elements)
        if block is None or not elements.dtype.isnative:
            block = self._memory.copied(elements.astype(elements.dtype.newbyteorder("="), copy=False))
            self._copied += elements.nbytes
        block.returned = True
        return block.number


def _owned(one: Any) -> slice:
    """Without the padding that copies neighbours' elements."""
    left, right = one.communication_padding
    return slice(left, one.extent - right)


def _unpadded(one: Any, with_indices: bool) -> dict[str, Any]:
    said = {
        "dist_type": one.dist_type,
        "size": one.size,
        "proc_grid_size": one.proc_grid_size,
        "proc_grid_rank": one.proc_grid_rank,
    }
    if one.dist_type == "c":
        return {**said, "start": one.start, "block_size": one.block_size}
    if one.dist_type == "u":
        # Of an argument's distribution they are known.
        return {**said, "indices": np.asarray(one.indices).tolist() if with_indices else []}
    first, last = one.owned_bounds
    return {**said, "start": first, "stop": last, **({"periodic": True} if one.periodic else {})}
