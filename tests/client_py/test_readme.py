"""README.md's programs in Python run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


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
