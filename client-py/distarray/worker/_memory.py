"""The engine's memory, mapped into this process: blocks of arrays, and new blocks for results."""

from __future__ import annotations

import mmap
import os
import resource
import threading
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.error import InternalError, MemoryLimitError
from distarray.worker._link import Frame, Link
from distarray.worker._running import Interrupts

_POPULATE = getattr(mmap, "MAP_POPULATE", 0)


class Block:
    """Memory that the engine gave for results. It is given back when no array uses it, unless it was returned."""

    def __init__(self, memory: Memory, number: int, view: npt.NDArray[np.uint8]) -> None:
        self._memory = memory
        self.number = number
        self.address = address_of(view)
        self.size = view.nbytes
        self.returned = False

    def __del__(self) -> None:
        if not self.returned:
            self._memory.free(self)


class _Holder:
    """The base of every array in a block: the block lives as long as any of them."""

    def __init__(self, block: Block, view: npt.NDArray[np.uint8]) -> None:
        self.block = block
        self._view = view
        self.__array_interface__ = view.__array_interface__


class Memory:
    """Maps segments once; they stay mapped until the engine says to forget them. What may only be read is seen by a
    mapping that cannot be written, also where the segment is mapped for writing too.

    allowance: bytes of memory that functions may take besides segments; 0: no limit.
    """

    def __init__(self, link: Link, interrupts: Interrupts, allowance: int) -> None:
        self._link = link
        self._interrupts = interrupts
        self._open = False
        self._segments: dict[tuple[int, bool], mmap.mmap] = {}  # by number, and whether to write to
        self._blocks: weakref.WeakValueDictionary[int, Block] = weakref.WeakValueDictionary()  # by address
        self._lock = threading.RLock()
        self._allowance = allowance
        self._mapped = 0
        self._own, data = _sizes() if allowance else (0, 0)
        if allowance:
            # What is private is counted by the kernel, in a limit that functions cannot raise; the rest (memory that
            # processes share) by address space, which segments take too.
            resource.setrlimit(resource.RLIMIT_DATA, (data + allowance, data + allowance))
        self._limit()

    def _limit(self) -> None:
        """Mapped segments do not count towards what functions may take."""
        if self._allowance:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            wanted = self._own + self._mapped + self._allowance
            resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))

    def _unlimited(self) -> None:
        if self._allowance:
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))

    def begin_call(self) -> None:
        """Functions may ask for blocks from now on."""
        self._open = True

    def end_call(self) -> None:
        """A call has ended: the engine takes back by itself what was not returned. A thread that the function has left
        gets no more: what the engine says next is for the next call.
        """
        with self._lock:
            self._open = False
            if len(self._blocks):
                for block in list(self._blocks.values()):
                    block.returned = True
                self._blocks.clear()

    def view(self, placed: dict[str, Any], writable: bool) -> npt.NDArray[np.uint8]:
        """The bytes of {"segment", "offset", "bytes"}; read-only ones cannot be made writable."""
        if placed["bytes"] == 0:
            return np.empty(0, np.uint8)
        memory = self._segments[placed["segment"], writable]
        return np.frombuffer(memory, np.uint8, placed["bytes"], placed["offset"])

    def _map(self, segment: int, descriptor: int, writable: bool) -> None:
        size = os.fstat(descriptor).st_size
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        self._unlimited()
        try:
            mapped = mmap.mmap(descriptor, size, mmap.MAP_SHARED | _POPULATE, protection)
            self._mapped += size
            self._segments[segment, writable] = mapped
        finally:
            self._limit()

    def _forget(self, segments: list[int]) -> None:
        for segment in segments:
            for writable in (False, True):
                held = self._segments.pop((segment, writable), None)
                if held is not None:
                    self._mapped -= len(held)
        self._limit()

    def allocate(self, size: int) -> npt.NDArray[np.uint8]:
        """The bytes of a new block. MemoryLimitError (a MemoryError)."""
        return np.asarray(self._new(size))

    def _new(self, size: int) -> _Holder:
        with self._lock, self._interrupts.held():
            if not self._open:
                raise MemoryLimitError("local arrays can be made while the function runs, and it has returned")
            self._link.send({"type": "allocate", "bytes": size})
            said = self._answer().said
            if (error := said.get("error")) is not None:
                raise MemoryLimitError(error["message"], reason=error["reason"])
            view = self.view(said, writable=True)
            block = Block(self, said["block"], view)
            self._blocks[block.address] = block
        return _Holder(block, view)

    def _answer(self) -> Frame:
        while True:
            frame = self._link.receive()
            if frame.said["type"] == "allocated":
                return frame
            self.take_order(frame)

    def take_order(self, frame: Frame) -> None:
        """A frame that concerns memory and may come at any time."""
        try:
            if frame.said["type"] == "map":
                for told, descriptor in zip(frame.said["segments"], frame.descriptors, strict=True):
                    self._map(told["segment"], descriptor, told["writable"])
            elif frame.said["type"] == "forget":
                self._forget(frame.said["segments"])
            else:
                raise InternalError(f"a {frame.said['type']!r} frame came where orders about memory were expected")
        finally:
            for descriptor in frame.descriptors:
                os.close(descriptor)

    def free(self, block: Block) -> None:
        with self._lock, self._interrupts.held():
            if self._open:
                self._link.send({"type": "free", "block": block.number})

    def block_of(self, elements: npt.NDArray[Any]) -> Block | None:
        """The block whose memory an array is, exactly and in C order; None if there is none."""
        block = self._blocks.get(address_of(elements))
        if block is None or not elements.flags.c_contiguous or elements.nbytes != block.size or block.returned:
            return None
        return block

    def copied(self, elements: npt.NDArray[Any]) -> Block:
        """A block with a copy of the elements in C order."""
        holder = self._new(elements.nbytes)
        np.copyto(np.asarray(holder).view(elements.dtype).reshape(elements.shape), elements)
        return holder.block


def address_of(elements: npt.NDArray[Any]) -> int:
    address: int = elements.__array_interface__["data"][0]
    return address


def _sizes() -> tuple[int, int]:
    """Bytes of this process's address space, and of what is private and writable in it."""
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = [int(number) for number in file.read().split()]
    return pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize()
