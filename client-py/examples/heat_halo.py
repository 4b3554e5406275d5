"""Heat in a plate, with neighbours that exchange the edges of their blocks: MPI beside the data.

    python heat_halo.py [ADDRESS | --engines N] [--size 512] [--steps 1000] [--output heat.png]

The plate is dealt out in blocks over a grid of processes. A registered function makes many steps in one call: in each,
a process sends the edges of its block to its neighbours, puts theirs around it, and computes. The communicator of a
local array is that grid, so it knows the neighbours.

The rule of a step is one Python function, of any array with a border around it. Beside the data it gets a block; here
it gets a distributed array, whose shifted views the engines bring together, and a NumPy array: all three must agree
to the last bit. The picture shows the plate at the start, after a tenth of the steps, and at the end.

Without an address it uses $DISTARRAY_ADDRESS, or starts a private daemon.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import distarray.globalapi as da
from pictures import HEAT, beside, coloured, write_png
from steps import argument_parser, connect, step

FLOW = 0.2  # heat that flows between neighbours in a step, of the difference in temperature; above 1/4 it is unstable


def moved(bordered):
    """What the inner points of a plate become in a step."""
    here = bordered[1:-1, 1:-1]
    up, down, left, right = bordered[:-2, 1:-1], bordered[2:, 1:-1], bordered[1:-1, :-2], bordered[1:-1, 2:]
    return here + FLOW * (up + down + left + right - 4 * here)


def exchange(comm, bordered):
    """Sends the edges of a block to the neighbours, and sets its border to theirs: to 0 where there are none."""
    for axis, lines in enumerate((bordered, bordered.T)):
        before, beyond = comm.Shift(axis, 1)
        for edge, to, border, source in (1, before, -1, beyond), (-2, beyond, 0, before):
            received = np.zeros(lines.shape[1])
            comm.Sendrecv(np.ascontiguousarray(lines[edge]), to, recvbuf=received, source=source)
            lines[border] = received


def spread(plate, steps):  # runs on every target, in its worker
    """Makes steps of the plate, in place. Gives the seconds that went to the exchange."""
    block = np.zeros([size + 2 for size in plate.local_shape])  # and a border around it
    block[1:-1, 1:-1] = plate.ndarray
    seconds = 0.0
    for _ in range(steps):
        began = time.perf_counter()
        exchange(plate.comm, block)
        seconds += time.perf_counter() - began
        block[1:-1, 1:-1] = moved(block)
    plate.ndarray = block[1:-1, 1:-1]
    return seconds


def hot(i, j, size):
    """The plate at the start: a ring, a bar and a spot are hot."""
    x, y = i / size, j / size
    ring = abs(np.hypot(x - 0.45, y - 0.4) - 0.25) < 0.04
    bar = (abs(x - 0.85) < 0.03) & (abs(y - 0.5) < 0.4)
    spot = np.hypot(x - 0.45, y - 0.4) < 0.06
    return (ring | bar | spot) * 1.0


def heat(context: da.Context, size: int, steps: int, output: Path) -> None:
    with step("a plate, dealt out in blocks") as result:
        plate = context.fromfunction(hot, da.Distribution(context, (size, size), "bb"), size=size)
        result.append(f"{size} x {size} on a grid of {' x '.join(map(str, plate.grid_shape))}")
    with step("workers started") as result:
        result.append(f"{len(context.apply(lambda: None))} processes beside the engines")
    context.register(spread)
    pictures = [plate.toarray()]
    for count in (steps // 10, steps - steps // 10):
        with step(f"{count} steps beside the data") as result:
            seconds = context.spread(plate, count)
            result.append(f"of that {max(seconds):.3f} s at most for the exchange")
        pictures.append(plate.toarray())

    with step(f"{steps} steps by array operations") as result:
        bordered = context.zeros((size + 2, size + 2), dist="bb")
        bordered[1:-1, 1:-1] = pictures[0]
        for _ in range(steps):
            bordered[1:-1, 1:-1] = moved(bordered)
        same = bool((bordered[1:-1, 1:-1] == plate).all())
        result.append("equal" if same else "DIFFERENT")
    if not same:
        raise SystemExit("array operations give another plate")
    with step(f"{steps} steps by NumPy") as result:
        expected = np.pad(pictures[0], 1)
        for _ in range(steps):
            expected[1:-1, 1:-1] = moved(expected)
        same = np.array_equal(expected[1:-1, 1:-1], pictures[-1])
        result.append("equal" if same else "DIFFERENT")
    if not same:
        raise SystemExit("NumPy gives another plate")

    with step("drawn") as result:
        write_png(output, beside([coloured(np.sqrt(one), HEAT) for one in pictures]))
        result.append(f"hottest {pictures[-1].max():.3f}: {output}")


def main() -> None:
    parser = argument_parser("Heat in a plate, by processes that exchange edges.", "heat.png")
    parser.add_argument("--size", type=int, default=512, help="points along a side (512)")
    parser.add_argument("--steps", type=int, default=1000, help="steps in time (1000)")
    arguments = parser.parse_args()
    with connect(arguments) as context:
        heat(context, arguments.size, arguments.steps, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
