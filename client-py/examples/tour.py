"""A tour of DistArray: the Julia set by array operations alone, saved, loaded, compared, reduced and drawn.

    python tour.py [ADDRESS] [--size 1024] [--output julia.png]

Without an address it uses $DISTARRAY_ADDRESS, or starts a private daemon. The files are written to the folder of
--output.
"""

from __future__ import annotations

import argparse
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

import distarray.globalapi as da

ITERATIONS = 100
C_REAL, C_IMAGINARY = np.float32(-0.045), np.float32(0.45)
TOTALS = {1024: 32_763_832}  # known number of iterations: the same on any number of engines and in any distribution

# Anchors of the colour maps: outside, far to near; inside, away from to upon the lines that lead to the axes.
OUTSIDE = ((3, 5, 20), (12, 32, 92), (34, 92, 160), (110, 180, 215), (250, 240, 215), (255, 190, 80), (190, 80, 30))
INSIDE = ((20, 6, 30), (110, 20, 70), (215, 70, 60), (255, 180, 90), (255, 240, 200))


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Prints a line for a step: what, what came of it, and the time it took."""
    result: list[str] = []
    start = time.perf_counter()
    yield result
    print(f"{what:<44} {' '.join(result):<56} {time.perf_counter() - start:7.3f} s", flush=True)


def julia(x: da.DistArray, y: da.DistArray) -> tuple[da.DistArray, da.DistArray]:
    """For z = x + iy under z -> z^2 + c: how many of at most ITERATIONS points of its orbit come before |z| reaches
    2, and a brightness to draw it by: in [0, 1] outside the set, in [-1, 0) inside.
    """
    zr, zi = x, y
    count = x.context.zeros(x.distribution, dtype=np.int16)
    nearest = x.context.ones(x.distribution, dtype=np.float32)  # to an axis, along the orbit
    for _ in range(ITERATIONS):
        real2, imaginary2, product = zr * zr, zi * zi, zr * zi
        inside = real2 + imaginary2 < 4
        count = count + inside
        nearest = da.minimum(nearest, abs(product))
        # Points outside stay where they are, so that nothing overflows.
        zi = da.where(inside, 2 * product + C_IMAGINARY, zi)
        zr = da.where(inside, real2 - imaginary2 + C_REAL, zr)
    for _ in range(3):  # further out, |z| tells how far between two counts a point is
        zr, zi = da.where(inside, zr, zr * zr - zi * zi + C_REAL), da.where(inside, zi, 2 * (zr * zi) + C_IMAGINARY)
    size = da.log(da.maximum(zr * zr + zi * zi, 4)) / 2
    smooth = count - da.log(size) / np.float32(np.log(2)) + 3.2
    outside = da.log(da.maximum(smooth, 1)) / np.float32(np.log(40))
    lines = da.minimum(-da.log10(da.maximum(nearest, 1e-6)) / 5, 0.9)
    return count, da.where(inside, -lines - 0.01, outside)


def colours(brightness: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """An RGB image of what julia says."""

    def mapped(place: npt.NDArray[np.float32], anchors: tuple[tuple[int, ...], ...]) -> npt.NDArray[np.float64]:
        positions = np.linspace(0, 1, len(anchors))
        return np.stack([np.interp(place, positions, channel) for channel in zip(*anchors, strict=True)], axis=-1)

    inside = brightness[..., None] < 0
    return np.rint(np.where(inside, mapped(-brightness, INSIDE), mapped(brightness, OUTSIDE))).astype(np.uint8)


def write_png(path: Path, image: npt.NDArray[np.uint8]) -> None:
    """An 8-bit RGB PNG."""
    height, width, _ = image.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in image)  # each row: filter type 0, then its pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")
    )


def tour(context: da.Context, size: int, output: Path) -> None:
    hdf5 = output.with_suffix(".hdf5").resolve()
    spacing = 3 / size
    with step("plane: two index arrays, dealt out in rows") as result:
        rows = da.Distribution(context, (size, size), "bn")
        x = context.fromfunction(lambda i, j: i * spacing - 1.5, rows).astype(np.float32)
        y = context.fromfunction(lambda i, j: j * spacing - 1.5, rows).astype(np.float32)
        result.append(f"{x!r}")
    with step(f"Julia set: {ITERATIONS} iterations recorded") as result:
        counts, brightness = julia(x, y)
        result.append("nothing computed yet")
    with step("computed by the engines, and summed") as result:
        total = int(counts.sum())
        result.append(f"{total:,} iterations")
    expected = TOTALS.get(size)
    if expected is not None and total != expected:
        raise SystemExit(f"the total must be {expected:,}")
    with step("saved to HDF5 by all engines") as result:
        context.save_hdf5(hdf5, counts, key="julia/iterations", mode="w")
        result.append(hdf5.name)
    with step("loaded, dealt out in cycles of columns") as result:
        columns = da.Distribution(context, (size, size), "nc")
        loaded = context.load_hdf5(hdf5, columns, key="julia/iterations")
        result.append(f"local shapes {loaded.localshapes()[0]}, ...")
    with step("compared, though dealt out differently") as result:
        same = bool((loaded == counts).all())
        result.append("equal" if same else "DIFFERENT")
    if not same:
        raise SystemExit("what was loaded is not what was saved")
    with step("reduced along each axis") as result:
        by_row, by_column = loaded.mean(axis=1), loaded.mean(axis=0)
        result.append(f"max {float(by_row.max()):.2f} by row, {float(by_column.max()):.2f} by column")
    with step("fetched and drawn") as result:
        write_png(output, colours(brightness.toarray().T))
        result.append(str(output))


def main() -> None:
    parser = argparse.ArgumentParser(description="A tour of DistArray.")
    parser.add_argument("address", nargs="?", help="host:port of a daemon")
    parser.add_argument("--size", type=int, default=1024, help="points along a side (1024)")
    parser.add_argument("--output", type=Path, default=Path("julia.png"), help="the picture (julia.png)")
    arguments = parser.parse_args()
    with step("connected") as result:
        context = da.Context(arguments.address)
        result.append(f"{context.nengines} engines at {context.address}")
    with context:
        tour(context, arguments.size, arguments.output)
    picture = arguments.output.resolve()
    print(
        f"\nLook at {picture}\n"
        "Next: python -i -c 'import distarray.globalapi as da; context = da.Context()'\n"
        "      and try  x = context.linspace(0, 1, 10**7); print(float(da.sin(x).sum()))\n"
        "      README.md: what is supported; client-py/examples/tour.py: this tour"
    )


if __name__ == "__main__":
    sys.exit(main())
