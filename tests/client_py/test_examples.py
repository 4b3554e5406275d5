"""The worked examples, whole: what they print, draw and save. test_tour.py has the tour, test_petsc.py PETSc's."""

import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import distarray
import h5py
import numpy as np
import pytest
from distarray import globalapi as da

pytestmark = pytest.mark.daemon

EXAMPLES = Path(__file__).parents[2] / "client-py" / "examples"
GAP = 12  # between panels
NOISE = 0.15


def run(folder, *arguments, **variables):
    """Python with these arguments, in a folder; it finds the client and the examples there too."""
    paths = [str(Path(distarray.__file__).parents[1]), str(EXAMPLES)]
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables},
    )


def output_of(folder, name, *arguments):
    done = run(folder, EXAMPLES / f"{name}.py", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def read_png(path):
    """The pixels of a picture of ours: 8-bit RGB, rows not filtered."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[24:29] == bytes([8, 2, 0, 0, 0])
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    rows = zlib.decompress(data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8])
    pixels = np.frombuffer(rows, np.uint8).reshape(height, 1 + 3 * width)
    assert not pixels[:, 0].any()
    return pixels[:, 1:].reshape(height, width, 3)


def number_of_colours(image):
    return len(np.unique(image.reshape(-1, 3), axis=0))


# local_demean


@pytest.mark.parametrize(("engines", "size"), [(1, 20), (3, 37), (4, 64)])
def test_local_demean(daemons, tmp_path, engines, size):
    printed = output_of(tmp_path, "local_demean", daemons(engines), "--size", size)
    assert f"{engines} x ndarray" in printed and f"<DistArray(shape=({size}, {size})" in printed
    assert float(re.search(r"largest difference (\S+)", printed)[1]) < 1e-12
    assert [entry.name for entry in tmp_path.iterdir()] == ["demeaned.png"]
    picture = read_png(tmp_path / "demeaned.png")
    assert picture.shape == (size, 2 * size + GAP, 3) and number_of_colours(picture) > 100
    assert (picture[:, size : size + GAP] == 255).all()
    before, after = picture[:, :size], picture[:, size + GAP :]
    assert (before == after).all() == (engines == 1)  # one block, less its mean, has the same colours


def test_local_demean_of_the_seed(context, monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import local_demean

    darr = context.fromarray(
        np.array(
            [
                [0.47943, 0.75484, 0.00483, 0.71271, 0.05994],
                [0.21486, 0.74074, 0.78859, 0.2267, 0.54087],
                [0.84226, 0.32905, 0.70641, 0.62316, 0.98088],
            ]
        )
    )
    shown = [[0.08, 0.35, -0.4, 0.31, -0.34], [-0.29, 0.24, 0.29, -0.28, 0.04], [0.15, -0.37, 0.01, -0.07, 0.28]]
    for function in local_demean.local_demean, local_demean.demeaned:
        context.register(function)
    blocks, whole = context.local_demean(darr), context.demeaned(darr)
    assert [block.round(2).tolist() for block in blocks] == [[row] for row in shown]
    assert isinstance(whole, da.DistArray) and whole.distribution.is_compatible(darr.distribution)
    assert whole.toarray().round(2).tolist() == shown
    for function in context.functions():
        context.unregister(function.name)


# julia_set

COUNTS = {
    2: {
        "bn": ("2x1", [16345977, 16417855]),
        "cn": ("2x1", [16382826, 16381006]),
        "bb": ("1x2", [16354361, 16409471]),
        "cc": ("1x2", [16384932, 16378900]),
    },
    4: {
        "bn": ("4x1", [2725843, 13620134, 13659620, 2758235]),
        "cn": ("4x1", [8190582, 8190503, 8192244, 8190503]),
        "bb": ("2x2", [5859333, 10486644, 10495028, 5922827]),
        "cc": ("2x2", [8193330, 8189496, 8191602, 8189404]),
    },
}
HUES = [(90, 170, 255), (255, 160, 60), (100, 215, 120), (245, 100, 130)]
BAR = 16


def table(printed):
    """Distribution -> grid, counts, imbalance, of what julia_set prints."""
    lines = re.findall(r"^([bcn]{2}) +(\d+x\d+) +([\d, ]+?) +(\d+\.\d\d) +\d+\.\d{3} \d+\.\d{3} s$", printed, re.M)
    return {
        dist: (grid, [int(each.replace(",", "")) for each in counts.split()], float(imbalance))
        for dist, grid, counts, imbalance in lines
    }


def bars(panel, size):
    """Lengths of the bars below a panel, in their owners' colours."""
    rows = panel[size + GAP :: BAR]
    return [int((row == hue).all(axis=-1).sum()) for row, hue in zip(rows, HUES, strict=False)]


@pytest.mark.parametrize("engines", [2, 4])
def test_julia_set(daemons, tmp_path, engines):
    size, total = 1024, 32_763_832
    printed = output_of(tmp_path, "julia_set", daemons(engines))
    assert f"{total:,} iterations" in printed
    found = table(printed)
    assert {dist: (grid, counts) for dist, (grid, counts, _) in found.items()} == COUNTS[engines]
    picture = read_png(tmp_path / "julia_set.png")
    height = size + GAP + engines * BAR
    assert picture.shape == (2 * height + GAP, 2 * size + GAP, 3)
    for number, (dist, (_, counts, imbalance)) in enumerate(found.items()):
        assert imbalance == pytest.approx(max(counts) * engines / total, abs=0.006)
        top, left = number // 2 * (height + GAP), number % 2 * (size + GAP)
        panel = picture[top : top + height, left : left + size]
        assert bars(panel, size) == [own * size // total for own in counts]
        # Around the middle lies the set, which has the colours themselves.
        middle = panel[508:516, 508:516].swapaxes(0, 1)
        index = np.arange(508, 516)
        grid = [int(one) for one in COUNTS[engines][dist][0].split("x")]
        row, column = (index % n if kind == "c" else index * n // size for kind, n in zip(dist, grid, strict=True))
        assert (middle == np.array(HUES)[row[:, None] * grid[1] + column]).all()


def test_julia_set_of_another_size(daemons, tmp_path):
    printed = output_of(tmp_path, "julia_set", daemons(3), "--size", "50", "--output", "small.png")
    found = table(printed)
    assert list(found) == ["bn", "cn", "bb", "cc"]
    total = int(re.search(r"([\d,]+) iterations", printed)[1].replace(",", ""))
    assert all(len(counts) == 3 and sum(counts) == total for _, counts, _ in found.values())
    assert [entry.name for entry in tmp_path.iterdir()] == ["small.png"]
    assert read_png(tmp_path / "small.png").shape == (2 * (50 + GAP + 3 * BAR) + GAP, 2 * 50 + GAP, 3)


# seismic_volume


@pytest.mark.parametrize("arguments", [["--engines", 1], [4]])
def test_seismic_volume(daemons, tmp_path, arguments):
    shape = nx, ny, nz = 24, 20, 128
    address = arguments if len(arguments) == 2 else [daemons(*arguments)]
    printed = output_of(tmp_path, "seismic_volume", *address, "--size", *shape)
    assert " equal " in printed and float(re.search(r"largest difference (\S+)", printed)[1]) < 1e-6
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["volume.hdf5", "volume.png"]

    with h5py.File(tmp_path / "volume.hdf5") as file:
        volume, top, bottom = (file[name][...] for name in ("volume", "horizons/top", "horizons/bottom"))
    assert volume.shape == shape and {one.dtype for one in (volume, top, bottom)} == {np.dtype(np.float32)}
    x, y = np.arange(nx)[:, None] / nx, np.arange(ny) / ny
    np.testing.assert_allclose(top, nz * (0.2 + 0.15 * x + 0.1 * y), rtol=1e-6)
    np.testing.assert_allclose(bottom, nz * (0.75 - 0.2 * x + 0.1 * y), rtol=1e-6)
    noise = volume.astype(float)
    for depth in top, bottom:
        square = ((np.arange(nz) - depth[..., None].astype(float)) / 3) ** 2
        noise -= (1 - square) * np.exp(-square / 2)
    assert abs(noise.mean()) < 0.01 and noise.std() == pytest.approx(NOISE, rel=0.03) and abs(noise).max() < 6 * NOISE
    with da.Context(daemons(2)) as context:
        loaded = context.load_hdf5(tmp_path / "volume.hdf5", da.Distribution(context, shape, "cbn"), key="volume")
        assert np.array_equal(loaded.toarray(), volume)

    picture = read_png(tmp_path / "volume.png")
    assert picture.shape == (nz, 2 * ny + 2 * nx + nx + 4 * GAP, 3)
    for left, width, tops in (0, ny, top[nx // 2]), (2 * (ny + GAP), nx, top[:, ny // 2]):
        section = picture[:, left : left + width].astype(int)
        depths = section[: nz // 2, :, 1].argmin(axis=0)  # in the upper half, the dark red has the least green
        assert (abs(depths - tops) < 2.5).all()
        # Between the horizons, what is filtered is paler.
        filtered = picture[:, left + width + GAP : left + 2 * width + GAP].astype(int)
        inner = slice(nz * 47 // 100, nz * 53 // 100)
        assert np.ptp(filtered[inner], axis=-1).mean() < 0.8 * np.ptp(section[inner], axis=-1).mean()
        assert (filtered[: nz // 8] == section[: nz // 8]).all()


# heat_halo


@pytest.mark.parametrize(("engines", "size", "steps"), [(1, 32, 30), (2, 40, 1), (3, 37, 45), (4, 64, 200)])
def test_heat_halo(daemons, tmp_path, engines, size, steps):
    printed = output_of(tmp_path, "heat_halo", daemons(engines), "--size", size, "--steps", steps)
    assert len(re.findall(r" equal  ", printed)) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["heat.png"]
    picture = read_png(tmp_path / "heat.png")
    assert picture.shape == (size, 3 * size + 2 * GAP, 3)
    start, later, end = (picture[:, left : left + size] for left in range(0, 3 * (size + GAP), size + GAP))
    assert number_of_colours(start) == 2
    assert (start == later).all() == (steps < 10)
    assert number_of_colours(end) > (100 if steps > 20 else 2)
    hottest = float(re.search(r"hottest (\d\.\d{3})", printed)[1])
    assert (0.1 < hottest < 1) == (steps > 20)


def test_edges_too_long_to_send_at_once(daemons, tmp_path):
    """MPI sends them in another way, which must not need what workers are forbidden."""
    printed = output_of(tmp_path, "heat_halo", daemons(2), "--size", 1100, "--steps", 4)
    assert len(re.findall(r" equal  ", printed)) == 2
    assert "[target" not in printed  # nothing that MPI had to say


# What they have in common.

BROKEN = {
    "local_demean": "def local_demean(la): return la.ndarray\nlocal_demean_.local_demean = local_demean",
    "julia_set": "julia_set_.C_REAL = 0.1",
    "seismic_volume": "def filtered(volume, *_): return volume.copy()\nseismic_volume_.filtered = filtered",
    "heat_halo": "heat_halo_.exchange = lambda comm, bordered: None",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_result_is_an_error(daemons, tmp_path, name):
    size = "[10, 10, 40]" if name == "seismic_volume" else "[40]"
    program = f"""
import sys
import {name} as {name}_
{BROKEN[name]}
sys.argv = ["{name}", "--size", *map(str, {size}), "--output", {str(tmp_path / "never.png")!r}]
{name}_.main()
"""
    done = run(tmp_path, "-c", program, DISTARRAY_ADDRESS=daemons(4))
    assert done.returncode == 1
    assert re.search(r"(NumPy|array operations)", done.stderr) and "Traceback" not in done.stderr
    assert not (tmp_path / "never.png").exists()


@pytest.mark.parametrize("name", [*BROKEN, "tour"])
def test_help(tmp_path, name):
    done = run(tmp_path, EXAMPLES / f"{name}.py", "--help")
    assert done.returncode == 0 and "--engines" in done.stdout and "--output" in done.stdout
    both = run(tmp_path, EXAMPLES / f"{name}.py", "127.0.0.1:1", "--engines", "2")
    assert both.returncode == 2 and "not allowed with" in both.stderr
