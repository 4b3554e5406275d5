"""A tour of DistArray: the Julia set by array operations alone, saved, loaded, compared, reduced and drawn.

    python tour.py [ADDRESS | --engines N] [--size 1024] [--output julia.png]

Without an address it uses $DISTARRAY_ADDRESS, or starts a private daemon. The files are written to the folder of
--output.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

import distarray.globalapi as da
from pictures import Image, coloured, write_png
from steps import argument_parser, connect, step

ITERATIONS = 100
C_REAL, C_IMAGINARY = np.float32(-0.045), np.float32(0.45)
TOTALS = {1024: 32_763_832}  # known number of iterations: the same on any number of engines and in any distribution

# Anchors of the colour maps: outside, far to near; inside, away from to upon the lines that lead to the axes.
OUTSIDE = ((3, 5, 20), (12, 32, 92), (34, 92, 160), (110, 180, 215), (250, 240, 215), (255, 190, 80), (190, 80, 30))
INSIDE = ((20, 6, 30), (110, 20, 70), (215, 70, 60), (255, 180, 90), (255, 240, 200))


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


def plane(distribution: da.Distribution) -> tuple[da.DistArray, da.DistArray]:
    """The real and the imaginary part of the points of a square around 0."""
    context, spacing = distribution.context, 3 / distribution.shape[0]
    x = context.fromfunction(lambda i, j: i * spacing - 1.5, distribution)
    y = context.fromfunction(lambda i, j: j * spacing - 1.5, distribution)
    return x.astype(np.float32), y.astype(np.float32)


def colours(brightness: npt.NDArray[np.float32]) -> Image:
    """An RGB image of what julia says."""
    return np.where(brightness[..., None] < 0, coloured(-brightness, INSIDE), coloured(brightness, OUTSIDE))


def tour(context: da.Context, size: int, output: Path) -> None:
    hdf5 = output.with_suffix(".hdf5").resolve()
    with step("plane: two index arrays, dealt out in rows") as result:
        x, y = plane(da.Distribution(context, (size, size), "bn"))
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
    parser = argument_parser("A tour of DistArray.", "julia.png")
    parser.add_argument("--size", type=int, default=1024, help="points along a side (1024)")
    arguments = parser.parse_args()
    with connect(arguments) as context:
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
