"""The tour, whole."""

import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import distarray
import pytest

TOUR = Path(__file__).parents[2] / "client-py" / "examples" / "tour.py"


@pytest.mark.daemon
@pytest.mark.parametrize("engines", [1, 4])
def test_the_tour(daemons, tmp_path, engines):
    picture = tmp_path / "julia.png"
    done = subprocess.run(
        [sys.executable, TOUR, daemons(engines), "--output", picture], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "32,763,832 iterations" in done.stdout and " equal " in done.stdout and str(picture) in done.stdout
    assert all(re.search(r"\d\.\d{3} s$", line) for line in done.stdout.split("\n\n")[0].splitlines())
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[16:24] == (1024).to_bytes(4, "big") * 2
    pixels = zlib.decompress(data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8])
    assert len(pixels) == 1024 * (1 + 3 * 1024) and len(set(pixels)) > 100


@pytest.mark.daemon
def test_another_size(daemons, tmp_path):
    done = subprocess.run(
        [sys.executable, TOUR, daemons(2), "--size", "50", "--output", "small.png"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(distarray.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["small.hdf5", "small.png"]
