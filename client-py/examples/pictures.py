"""Pictures for the examples, made with NumPy alone: colours, panels, PNG files.

    write_png(Path("x.png"), beside([coloured(x, HEAT), coloured(y, HEAT)]))

Images are arrays of bytes: rows of pixels of red, green and blue.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # height x width x 3
Colour = tuple[int, int, int]

WHITE = (255, 255, 255)
# Anchors of colour maps: the colours of 0, of 1, and evenly between.
HEAT = ((8, 8, 40), (70, 10, 100), (180, 35, 80), (240, 110, 40), (255, 200, 80), (255, 255, 220))
BLUE_TO_RED = ((15, 40, 120), (90, 150, 215), (248, 248, 248), (225, 120, 80), (130, 10, 30))
# Colours of the targets, which begin again after the last.
TARGETS = (
    (90, 170, 255),
    (255, 160, 60),
    (100, 215, 120),
    (245, 100, 130),
    (190, 150, 255),
    (245, 225, 90),
    (80, 215, 215),
    (205, 165, 135),
)


def coloured(place: npt.NDArray[np.floating], anchors: Sequence[Colour]) -> Image:
    """An image of numbers: each one's place between 0 and 1 on a colour map."""
    positions = np.linspace(0, 1, len(anchors))
    channels = [np.interp(place, positions, channel) for channel in zip(*anchors, strict=True)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def beside(images: Sequence[Image], gap: int = 12) -> Image:
    """The images in a row, aligned at the top, on white."""
    height = max(image.shape[0] for image in images)
    width = sum(image.shape[1] for image in images) + gap * (len(images) - 1)
    result = np.full((height, width, 3), WHITE, np.uint8)
    left = 0
    for image in images:
        result[: image.shape[0], left : left + image.shape[1]] = image
        left += image.shape[1] + gap
    return result


def below(images: Sequence[Image], gap: int = 12) -> Image:
    """The images in a column, aligned at the left, on white."""
    return beside([image.swapaxes(0, 1) for image in images], gap).swapaxes(0, 1)


def write_png(path: Path, image: Image) -> None:
    """An 8-bit RGB PNG."""
    height, width, _ = image.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in image)  # each row: filter type 0, then its pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")
    )
