"""The Julia set by a function beside the data, for which it matters how an array is dealt out.

    python julia_set.py [ADDRESS | --engines N] [--size 1024] [--output julia_set.png]

Points far from the set take one iteration, points in it all. Where targets own blocks, those in the middle have most
of the work and the others wait for them; dealt out cyclically, each has its share. This runs the same function for
four distributions, and says what each target did. The same by array operations alone, as in tour.py, must give the same
counts.

In the picture every point has the colour of its owner; the corner shows the middle enlarged, and the bars the owners'
shares of the iterations.

Without an address it uses $DISTARRAY_ADDRESS, or starts a private daemon.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

import distarray.globalapi as da
from pictures import TARGETS, WHITE, Image, below, beside, write_png
from steps import argument_parser, connect, step
from tour import C_IMAGINARY, C_REAL, ITERATIONS, julia, plane

DISTRIBUTIONS = ("bn", "cn", "bb", "cc")
BAR = 16  # pixels that a target's bar is high
SHOWN = 16  # points along a side of the middle that the corner shows
MAGNIFIED = 12  # pixels that each of these is wide there


def count_iterations(counts):  # runs on every target, for the points of its block
    """Sets the counts of a block: how many of at most ITERATIONS points of an orbit come before |z| reaches 2.

    Gives their sum, and the seconds that it took.
    """
    began = time.perf_counter()
    spacing = 3 / counts.global_shape[0]
    # Where the block's points lie: not side by side, if rows or columns are dealt out cyclically.
    x, y = ((counts.global_indices(axis) * spacing - 1.5).astype(np.float32) for axis in (0, 1))
    zr, zi = (part.ravel() for part in np.meshgrid(x, y, indexing="ij"))
    found = np.full(zr.shape, ITERATIONS, counts.dtype)
    places = np.arange(zr.size)  # of the points that are still under way
    for iteration in range(ITERATIONS):
        real2, imaginary2 = zr * zr, zi * zi
        inside = real2 + imaginary2 < 4
        found[places[~inside]] = iteration
        places, zr, zi, real2, imaginary2 = (part[inside] for part in (places, zr, zi, real2, imaginary2))
        zr, zi = real2 - imaginary2 + C_REAL, 2 * (zr * zi) + C_IMAGINARY
    counts.ndarray = found.reshape(counts.local_shape)  # written to the distributed array
    return int(found.sum()), time.perf_counter() - began


def owners(distribution: da.Distribution) -> npt.NDArray[np.int64]:
    """Which of the targets owns each element."""
    result = np.empty(distribution.shape, np.int64)
    for rank in range(len(distribution.targets)):
        result[np.ix_(*distribution.local_indices(rank))] = rank
    return result


def panel(counts: da.DistArray, sums: Sequence[int]) -> Image:
    """The set in its owners' colours, and a bar for each of the owners."""
    size = counts.shape[0]
    hues = np.array([TARGETS[rank % len(TARGETS)] for rank in range(len(sums))])
    light = 0.2 + 0.8 * np.sqrt(counts.toarray() / ITERATIONS)
    picture = np.rint(light[..., None] * hues[owners(counts.distribution)]).astype(np.uint8)
    if size >= 4 * SHOWN * MAGNIFIED:
        middle = slice((size - SHOWN) // 2, (size + SHOWN) // 2)
        corner = picture[middle, middle].repeat(MAGNIFIED, 0).repeat(MAGNIFIED, 1)
        edge = SHOWN * MAGNIFIED
        picture[: edge + 4, : edge + 4] = WHITE
        picture[:edge, :edge] = corner
    bars = np.full((len(sums) * BAR, size, 3), WHITE, np.uint8)
    for rank, (own, hue) in enumerate(zip(sums, hues, strict=True)):
        bars[rank * BAR : (rank + 1) * BAR - 2, : own * size // sum(sums)] = hue
    return below([picture.swapaxes(0, 1), bars])  # the real axis to the right


def compare(context: da.Context, size: int, output: Path) -> None:
    with step("by array operations alone") as result:
        expected, _ = julia(*plane(da.Distribution(context, (size, size), "bn")))
        total = int(expected.sum())
        result.append(f"{total:,} iterations")
    with step("workers started") as result:
        result.append(f"{len(context.apply(lambda: None))} processes beside the engines")
    context.register(count_iterations)

    print(f"\ndist  grid   {'iterations of each target':<44} most / mean, time of the slowest and of the fastest")
    panels = []
    for dist in DISTRIBUTIONS:
        counts = context.zeros(da.Distribution(context, (size, size), dist), dtype=np.int16)
        sums, seconds = zip(*context.count_iterations(counts), strict=True)
        imbalance = max(sums) * len(sums) / sum(sums)
        grid = "x".join(map(str, counts.grid_shape))
        shares = " ".join(f"{own:,}" for own in sums)
        print(f"{dist:<5} {grid:<6} {shares:<44} {imbalance:.2f}   {max(seconds):.3f} {min(seconds):.3f} s", flush=True)
        if sum(sums) != total or not (counts == expected).all():
            raise SystemExit("the counts are not those of the array operations")
        panels.append(panel(counts, sums))
    print()
    with step("drawn") as result:
        write_png(output, below([beside(panels[:2]), beside(panels[2:])]))
        result.append(f"{' '.join(DISTRIBUTIONS)}: {output}")


def main() -> None:
    parser = argument_parser("The Julia set, dealt out in four ways.", "julia_set.png")
    parser.add_argument("--size", type=int, default=1024, help="points along a side (1024)")
    arguments = parser.parse_args()
    with connect(arguments) as context:
        compare(context, arguments.size, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
