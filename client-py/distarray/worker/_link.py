"""Frames over the socket to the engine: a JSON text, binary data, descriptors.

On the wire: the length of what follows (8 bytes, little-endian), the length of the text (4 bytes), the text, the data;
descriptors ride on the first byte.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from typing import Any, NamedTuple

from distarray.error import MessageTooLargeError

_DESCRIPTORS_MAX = 64
_TEXT_MAX = 16 << 20
_CLOSED = 76  # exit code that tells the guard what has happened
_LENGTHS = struct.Struct("<QI")
_ANCILLARY = socket.CMSG_SPACE(_DESCRIPTORS_MAX * 4)
_TOGETHER = 1 << 16  # data up to this size is copied, to be sent with its head
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Frame(NamedTuple):
    """`data` is the binary part. The descriptors are the receiver's to close."""

    said: dict[str, Any]
    data: memoryview
    descriptors: list[int]


class Link:
    """The connection. Ends the process when the engine has closed it."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        os.set_inheritable(descriptor, False)
        self._owner = os.getpid()

    def send(self, said: dict[str, Any], data: bytes | memoryview = b"") -> None:
        """MessageTooLargeError: the engine does not take it; nothing was sent."""
        text = _encode(said).encode("utf-8", "replace")
        if len(text) > _TEXT_MAX:
            raise MessageTooLargeError(
                f"what the function returned takes {len(text)} bytes as text; at most {_TEXT_MAX}: return arrays"
            )
        head = _LENGTHS.pack(4 + len(text) + len(data), len(text)) + text
        if os.getpid() != self._owner:
            os._exit(0)  # a child that a function forked: the connection is its parent's
        try:
            if len(data) < _TOGETHER:
                self._socket.sendall(head + data)
            else:
                self._socket.sendall(head)
                self._socket.sendall(data)
        except OSError:
            self._end()

    def receive(self) -> Frame:
        """Waits for the next frame."""
        descriptors = array.array("i")
        head = bytearray(_LENGTHS.size)
        try:
            # No further than this frame: descriptors that come with a reading are its.
            count, ancillary, _, _ = self._socket.recvmsg_into([head], _ANCILLARY, socket.MSG_CMSG_CLOEXEC)
            for level, kind, held in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(held[: len(held) - len(held) % descriptors.itemsize])
            if count == 0:
                os._exit(0)  # the engine has let this process go
            self._fill(memoryview(head)[count:])
            total, text = _LENGTHS.unpack(head)
            body = memoryview(bytearray(total - (_LENGTHS.size - 8)))
            self._fill(body)
        except OSError:
            self._end()
        return Frame(json.loads(str(body[:text], "utf-8")), body[text:], list(descriptors))

    def _fill(self, view: memoryview) -> None:
        while view:
            count = self._socket.recv_into(view)
            if count == 0:
                os._exit(0)
            view = view[count:]

    def _end(self) -> None:
        os._exit(_CLOSED)  # by a function
