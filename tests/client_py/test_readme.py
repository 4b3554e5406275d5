"""README.md's programs in Python run as they stand there, and what it says of NumPy's functions holds."""

import re
import subprocess
import sys
from pathlib import Path

import distarray
import numpy as np
import pytest

README = Path(__file__).parents[2] / "README.md"
CLIENTS = Path(__file__).parents[2] / "client-py" / "README.md"


@pytest.mark.daemon
def test_first_array(daemons, tmp_path, monkeypatch):
    block = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    monkeypatch.setenv("DISTARRAY_ADDRESS", daemons(2))
    block = block.replace('"a.hdf5"', repr(str(tmp_path / "a.hdf5")))  # the daemon's working directory is not ours
    run = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0] == "<DistArray(shape=(1000000,), targets=[0, 1])>"
    assert float(lines[1]) == 1.0
    assert lines[2].startswith("<DistArray(shape=(), targets=[0])>")


@pytest.mark.daemon
def test_the_array_api():
    block = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[1]
    run = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["(2, 12)", "[5, 0] 0.3568"]


@pytest.mark.daemon
def test_functions_beside_the_data():
    block = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[2]
    run = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert "((0, 499999), " in lines[0] and "((500000, 999999), " in lines[0]
    assert float(lines[1]) == 0.0


@pytest.mark.daemon
def test_the_clients_own(daemons, tmp_path, monkeypatch):
    (block,) = re.findall(r"```python\n(.*?)```", CLIENTS.read_text(), re.DOTALL)
    monkeypatch.setenv("DISTARRAY_ADDRESS", daemons(2))
    block = block.replace('"x.hdf5"', repr(str(tmp_path / "x.hdf5")))
    run = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["1.0", "[-1.0, -1.0, -1.0]"]
    assert (tmp_path / "x.hdf5").exists()


def test_what_is_not_yet():
    """A function that has come is taken from the list."""
    listed = re.search(r"\* Of NumPy's functions: (.*?)\n\* ", README.read_text(), re.DOTALL)[1]
    names = re.findall(r"`(\w+)`", listed)
    assert len(names) > 20
    assert not [name for name in names if hasattr(distarray, name)]
    assert not [name for name in names if not hasattr(np, name) and name != "trapezoid"]  # NumPy 1 has trapz


@pytest.mark.daemon
def test_what_fetches(context):
    d = context.arange(4.0)
    target = np.empty(4)
    target[:] = d
    for fetched in (
        np.asarray(d),
        target,
        np.array([d, d]),
        np.r_[d, d],
        np.lexsort([d]),
        np.ones(4).dot(d),
    ):
        assert isinstance(fetched, (np.ndarray, np.generic))
    for without_twin in (
        lambda: np.isin(d, [1]),
        lambda: np.pad(d, 1),
        lambda: np.fft.fft(d),
        lambda: np.linalg.norm(d),
    ):
        with pytest.raises(TypeError, match="is not available for a DistArray"):
            without_twin()
