"""A volume of seismic traces: made, filtered beside the data, saved, loaded, reduced and drawn.

    python seismic_volume.py [ADDRESS | --engines N] [--size 256 256 1024] [--output volume.png]

The volume is dealt out over x and y, so that each trace, along z, lies whole on one target. Two horizons cross it:
sloping planes, given by their depth at each x and y, in arrays of two dimensions that are dealt out over the same grid.
Array operations make the volume from them. A registered function that takes the volume and both horizons filters what
lies between them. The volume goes to an HDF5 file beside the picture, written by all engines, and is used as loaded
from there. Then this program checks everything by NumPy, some traces at a time.

The picture: a section along y and z, one along x and z, and at the right slices at two depths, through the horizons;
beside or below each, the same filtered by the mean.

Without an address it uses $DISTARRAY_ADDRESS, or starts a private daemon.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import distarray
import distarray.globalapi as da
from distarray.globalapi.random import Random
from pictures import BLUE_TO_RED, Image, below, beside, coloured, write_png
from steps import argument_parser, connect, step

NOISE = 0.15  # its standard deviation; a horizon's reflection is 1 at its depth
WIDTH = 3.0  # of a reflection, in samples
STATISTICS = ("min", "max", "mean", "var", "std")  # of each trace
TRACES = 1 << 12  # about so many are checked at a time
ALL = slice(None)


def reflection(distance):
    """A wavelet (Ricker's), at a distance from its middle. Of arrays of NumPy's or distributed ones."""
    square = (distance / WIDTH) ** 2
    return (1 - square) * np.exp(square * -0.5)


def filtered(volume, top, bottom, kind):  # runs on every target, for the traces of its block
    """The volume with the mean, or the maximum, of three samples instead of each one between the horizons."""
    samples = volume.ndarray
    above, here, under = samples[..., :-2], samples[..., 1:-1], samples[..., 2:]
    of_three = (above + here + under) / 3 if kind == "mean" else np.maximum(np.maximum(above, here), under)
    z = np.arange(1, samples.shape[2] - 1)
    between = (top.ndarray[..., None] < z) & (z < bottom.ndarray[..., None])
    result = volume.copy()  # in memory of the engine, so that to return it copies nothing
    np.copyto(result.ndarray[..., 1:-1], of_three, where=between)
    return result


def horizons(traces: da.Distribution) -> tuple[da.DistArray, da.DistArray]:
    """The depths of two planes, in samples, dealt out as the traces are."""
    context, (nx, ny, nz) = traces.context, traces.shape
    surface = da.Distribution(context, (nx, ny), traces.dist[:2], traces.grid_shape[:2], traces.targets)
    x = context.fromfunction(lambda i, j: i / nx, surface, dtype=np.float32)
    y = context.fromfunction(lambda i, j: j / ny, surface, dtype=np.float32)
    return nz * (0.2 + 0.15 * x + 0.1 * y), nz * (0.75 - 0.2 * x + 0.1 * y)


def reflections(top, bottom, nz):
    """What both horizons add to each sample of the traces. Of arrays of NumPy's or distributed ones."""
    z = np.arange(nz, dtype=np.float32)
    return reflection(z - top[:, :, np.newaxis]) + reflection(z - bottom[:, :, np.newaxis])


def compared(part: slice, arrays: dict[str, da.DistArray]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Names of arrays, and for some rows of traces: what is in them, and what NumPy makes of the volume."""
    fetched = {name: array[part].toarray() for name, array in arrays.items()}
    volume, top, bottom = fetched["volume"], fetched["top"], fetched["bottom"]
    expected = {"volume": fetched["noise"] + reflections(top, bottom, volume.shape[2])}
    threes = np.stack([volume[..., :-2], volume[..., 1:-1], volume[..., 2:]])
    z = np.arange(volume.shape[2])
    between = ((top[..., np.newaxis] < z) & (z < bottom[..., np.newaxis]))[..., 1:-1]
    for kind in "mean", "max":
        expected[f"filtered {kind}"] = volume.copy()
        np.copyto(expected[f"filtered {kind}"][..., 1:-1], getattr(threes, kind)(axis=0), where=between)
    for name in STATISTICS:
        expected[name] = getattr(volume.astype(float), name)(axis=2)
    for name, values in expected.items():
        yield name, fetched[name], values


def differences(arrays: dict[str, da.DistArray]) -> dict[str, float]:
    """The largest difference between each array and what NumPy makes of the volume."""
    worst: dict[str, float] = {}
    nx, ny = arrays["top"].shape
    rows = max(1, TRACES // ny)
    for first in range(0, nx, rows):
        for name, found, expected in compared(slice(first, first + rows), arrays):
            worst[name] = float(np.maximum(worst.get(name, 0.0), abs(found - expected).max()))
    return worst


def drawn(volume: da.DistArray, smooth: da.DistArray) -> Image:
    """Slices along each axis, of the volume and of the filtered one."""
    nx, ny, nz = volume.shape
    sections, maps = [], []
    for where in (nx // 2,), (ALL, ny // 2), (ALL, ALL, nz * 5 // 16), (ALL, ALL, nz * 11 // 16):
        for cube in volume, smooth:
            picture = coloured((cube[where].toarray().T + 1) / 2, BLUE_TO_RED)  # depth downwards
            (maps if len(where) == 3 else sections).append(picture)
    return beside([*sections, below(maps)])


def seismic(context: da.Context, shape: Sequence[int], output: Path) -> None:
    hdf5 = output.with_suffix(".hdf5").resolve()
    traces = da.Distribution(context, shape, "bbn")
    with step("a volume of noise with two horizons") as result:
        top, bottom = horizons(traces)
        noise = Random(context, seed=1).normal(traces, scale=NOISE).astype(np.float32)
        volume = (noise + reflections(top, bottom, shape[2])).wait()
        result.append(f"{volume.nbytes >> 20} MiB on a grid of {' x '.join(map(str, volume.grid_shape))}")
    with step("saved to HDF5 by all engines") as result:
        context.save_hdf5(hdf5, top, key="horizons/top", mode="w")
        context.save_hdf5(hdf5, bottom, key="horizons/bottom")
        context.save_hdf5(hdf5, volume, key="volume")
        result.append(hdf5.name)
    with step("loaded, and compared") as result:
        loaded = context.load_hdf5(hdf5, traces, key="volume")
        same = bool((loaded == volume).all())
        result.append("equal" if same else "DIFFERENT")
    if not same:
        raise SystemExit("what was loaded is not what was saved")

    arrays = {"volume": loaded, "noise": noise, "top": top, "bottom": bottom}
    with step("reduced along each trace") as result:
        for name in STATISTICS:
            arrays[name] = getattr(loaded, name)(axis=2)
        context.wait()
        result.append(" ".join(STATISTICS))
    with step("workers started") as result:
        result.append(f"{len(context.apply(lambda: None))} processes beside the engines")
    context.register(filtered)
    for kind in "mean", "max":
        with step(f"filtered beside the data: {kind} of three") as result:
            readonly = [distarray.readonly(one) for one in (loaded, top, bottom)]
            arrays[f"filtered {kind}"] = context.filtered(*readonly, kind)
            result.append(f"{arrays[f'filtered {kind}']!r}")

    with step("the same by NumPy, some traces at a time") as result:
        worst = differences(arrays)
        result.append(f"largest difference {np.max(list(worst.values())):.1e}")
    wrong = [name for name, difference in worst.items() if not difference < 1e-6]
    if wrong:
        raise SystemExit(f"NumPy gives other values: {', '.join(wrong)}")

    with step("slices fetched and drawn") as result:
        write_png(output, drawn(loaded, arrays["filtered mean"]))
        result.append(str(output))


def main() -> None:
    parser = argument_parser("A volume of seismic traces.", "volume.png")
    sizes = "traces along x and y, samples along z (256 256 1024)"
    parser.add_argument("--size", type=int, nargs=3, default=(256, 256, 1024), help=sizes)
    arguments = parser.parse_args()
    with connect(arguments) as context:
        seismic(context, arguments.size, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
