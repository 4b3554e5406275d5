"""Functions beside the data, the shortest: every block of an array without its own mean.

    python local_demean.py [ADDRESS | --engines N] [--size 512] [--output demeaned.png]

A registered function runs once on each target, with the target's block. What it returns decides what the call gives:
NumPy arrays, or anything else, are a list with an entry for each target; local arrays together are one distributed
array. Both are checked against NumPy. The picture shows the array, and beside it what came of its blocks.

Without an address it uses $DISTARRAY_ADDRESS, or starts a private daemon.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import distarray.globalapi as da
from pictures import BLUE_TO_RED, beside, coloured, write_png
from steps import argument_parser, connect, step


def local_demean(la):  # runs on every target; la is its LocalArray
    """A NumPy array, which travels to the client."""
    return la.ndarray - la.ndarray.mean()


def demeaned(la):
    """A local array, which stays where it is."""
    return la - la.ndarray.mean()


def hills(i, j, size):
    """Waves on a slope, from the indices of the points."""
    return (i + 2 * j) / size + np.sin(i * (15 / size)) * np.cos(j * (20 / size))


def demean(context: da.Context, size: int, output: Path) -> None:
    with step("an array, dealt out in blocks") as result:
        darr = context.fromfunction(hills, da.Distribution(context, (size, size), "bb"), size=size)
        result.append(f"local shapes {darr.localshapes()[0]}, ...")
    context.register(local_demean)
    context.register(demeaned)
    with step("NumPy arrays returned: a list") as result:
        blocks = context.local_demean(darr)
        result.append(f"{len(blocks)} x {type(blocks[0]).__name__}")
    with step("local arrays returned: a distributed array") as result:
        whole = context.demeaned(darr)
        result.append(f"{whole!r}")
    with step("the same by NumPy") as result:
        expected = [block - block.mean() for block in darr.get_ndarrays()]
        got = zip(blocks, whole.get_ndarrays(), expected, strict=True)
        error = np.max([abs(block - one).max() for *both, one in got for block in both])
        result.append(f"largest difference {error:.1e}")
    if not error < 1e-12:
        raise SystemExit("the blocks are not what NumPy makes of them")
    with step("fetched and drawn") as result:
        arrays = darr.toarray(), whole.toarray()
        write_png(output, beside([coloured((one - one.min()) / np.ptp(one), BLUE_TO_RED) for one in arrays]))
        result.append(str(output))


def main() -> None:
    parser = argument_parser("Every block of an array without its own mean.", "demeaned.png")
    parser.add_argument("--size", type=int, default=512, help="elements along a side (512)")
    arguments = parser.parse_args()
    with connect(arguments) as context:
        demean(context, arguments.size, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
