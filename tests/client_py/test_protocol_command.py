"""The command line form of the checker."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exports import (
    GRID,
    HALVES,
    block,
    blocks,
    over_grid,
    unstructured,
)

CLIENT = Path(__file__).resolve().parents[2] / "client-py"
PACKAGE = CLIENT / "distarray" / "protocol"


def run(*arguments, cwd):
    paths = [str(CLIENT), str(cwd), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", "distarray.protocol", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def described(one, shape=None):
    """An export as the command reads it."""
    buffer = np.asarray(one["buffer"])
    dim_data = tuple(
        {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in data.items()}
        for data in one["dim_data"]
    )
    layout = {"shape": buffer.shape if shape is None else shape, "dtype": buffer.dtype.str}
    return {"__version__": one["__version__"], "buffer": layout, "dim_data": dim_data}


def write(folder, exports, form=json.dumps):
    names = [f"{number}.txt" for number in range(len(exports))]
    for name, one in zip(names, exports, strict=True):
        (folder / name).write_text(form(described(one)), encoding="utf-8")
    return names


@pytest.mark.parametrize("form", [json.dumps, repr])
def test_command_accepts(tmp_path, form):
    padded = [block(18, 2, 0, 0, 10, padding=(1, 1)), block(18, 2, 1, 8, 18, padding=(1, 1))]
    lists_ = [unstructured(3, 2, 0, [2, 0], one_to_one=True), unstructured(3, 2, 1, [1], one_to_one=True)]
    ended = run(*write(tmp_path, over_grid(padded, lists_), form), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[0] == (
        "ok: 0.txt: shape (10, 2) of (18, 3), <f8; dimension 0: block 0:10, padding (1, 1), rank 0 of 2, owns 9 of 18; "
        "dimension 1: unstructured, one_to_one, rank 0 of 2, owns 2 of 3"
    )
    assert ended.stdout.splitlines()[-1] == "ok: 4 processes, an array of shape (18, 3)"


def test_command_checks_one_file_alone(tmp_path):
    ended = run(*write(tmp_path, GRID[:1]), cwd=tmp_path)
    assert ended.returncode == 0
    assert "cyclic, block_size 1" in ended.stdout


def test_command_reports_violations(tmp_path):
    ended = run(*write(tmp_path, blocks(6, (0, 2), (3, 6))), cwd=tmp_path)
    assert ended.returncode == 1
    assert "1.txt: process 1, dimension 0: 'start' without communication padding is 3, expected 2" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "2 violations"


def test_command_is_strict_about_tuples_in_python_literals(tmp_path):
    text = repr({**described(over_grid(HALVES)[0]), "dim_data": [{**HALVES[0], "padding": [0, 0]}]})
    (tmp_path / "one").write_text(text, encoding="utf-8")
    ended = run("one", cwd=tmp_path)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (1, "2 violations")


LAYOUT = '"buffer": {"shape": [2], "dtype": "<f8"}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("", "neither JSON"),
        ("import os", "neither JSON"),
        ("\0", "neither JSON"),
        ("[" * 100_000, "one: it is"),
        ('{"buffer": [1, 2]}', '"shape" and "dtype"'),
        ('{"buffer": {"shape": [-1], "dtype": "<f8"}}', "[-1]"),
        ('{"buffer": {"shape": [1.5], "dtype": "<f8"}}', "[1.5]"),
        ('{"buffer": {"shape": [2], "dtype": "nonsense"}}', "nonsense"),
        ('{"buffer": {"shape": [2], "dtype": null}}', "None"),
        (f'{{{LAYOUT}, "dim_data": [{{"indices": [1180591620717411303424]}}]}}', "64 bits"),
        (b"\xff\xfe", "utf-8"),
    ],
)
def test_command_cannot_read(tmp_path, text, message):
    if text is not None:
        (tmp_path / "one").write_bytes(text if isinstance(text, bytes) else text.encode())
    ended = run("one", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("cannot read one: ")
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("text", "rule"),
    [("[1, 2]", "the export is [1, 2]"), ("{}", "'dim_data' is missing"), (f'{{{LAYOUT}, "dim_data": 3}}', "is 3")],
)
def test_command_reports_what_is_no_export(tmp_path, text, rule):
    (tmp_path / "one").write_text(text, encoding="utf-8")
    ended = run("one", cwd=tmp_path)
    assert ended.returncode == 1
    assert rule in ended.stdout


MODULE = """
import numpy as np

class Exporter:
    stop = 3
    def __distarray__(self):
        data = {"dist_type": "b", "size": 3, "proc_grid_size": 1, "proc_grid_rank": 0, "start": 0, "stop": self.stop}
        return {"__version__": "0.10.0", "buffer": np.zeros(3), "dim_data": (data,)}

class holder:
    good = Exporter()
    wrong = Exporter()

holder.wrong.stop = 2
dictionary = holder.good.__distarray__()

def make():
    return holder.good

def fail():
    raise SystemExit(0)
"""


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("holder.good", 0),
        ("dictionary", 0),
        ("make", 0),
        ("Exporter", 0),
        ("holder.wrong", 1),
        ("np.pi", 1),
        ("missing", 2),
        ("fail", 2),
        ("", 2),
    ],
)
def test_command_imports(tmp_path, name, status):
    (tmp_path / "mine.py").write_text(MODULE, encoding="utf-8")
    ended = run("--module", f"mine:{name}", cwd=tmp_path)
    assert ended.returncode == status, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_command_usage(tmp_path):
    assert 'lists of "dim_data" and "padding" stand for tuples' in run("--help", cwd=tmp_path).stdout
    for wrong in ((), ("file", "--module", "a:b"), ("--module", ""), ("--module", "no.such.module:x")):
        assert run(*wrong, cwd=tmp_path).returncode == 2


def test_imports_are_numpy_and_the_standard_library():
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.split(".")[0]
                assert top in {"numpy", *sys.stdlib_module_names} or name.startswith("distarray.protocol."), name
