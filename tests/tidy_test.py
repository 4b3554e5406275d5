"""The shape of the sources: who may know whom, sizes, and words that do not belong."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CPP = {".h", ".cc", ".cpp", ".hpp"}
TEXT = CPP | {".py", ".proto", ".sh", ".cmake", ".toml", ".txt", ".md", ""}

LINE_MOST = 120
LINES_MOST = 600


def sources() -> list[Path]:
    """Every file of ours: in version control or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [Path(line) for line in listed.stdout.splitlines()]
    else:
        names = [
            path.relative_to(ROOT) for path in ROOT.rglob("*") if "build" not in path.parts and ".git" not in path.parts
        ]
    return sorted(name for name in names if name.suffix in TEXT and (ROOT / name).is_file())


def text(name: Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def cpp_sources(*folders: str) -> list[Path]:
    return [name for name in sources() if name.suffix in CPP and (not folders or name.parts[0] in folders)]


def includes(name: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text(name), re.MULTILINE)


def rule(broken: list[str]) -> None:
    assert not broken, "\n" + "\n".join(broken)


def test_there_are_sources() -> None:
    assert len(cpp_sources("engine")) > 10 and len(cpp_sources("server")) > 10


def test_the_engine_knows_no_grpc_and_no_protobuf() -> None:
    banned = ("grpc", "google/")
    rule([f"{name}: {each}" for name in cpp_sources("engine") for each in includes(name) if each.startswith(banned)])


# Part -> what it may include besides itself: whole parts, or single headers of them. A row names only rows above it, so
# that the parts stay in an order. Of the engine, the server sees what is said about blocks, never what holds or moves
# them; rank, which is where a process becomes front or engine, is the exception.
MAY_INCLUDE = {
    "proto": [],
    "engine/base": [],
    "engine/dtype": ["engine/base"],
    "engine/distribution": ["engine/base"],
    "engine/index": ["engine/base", "engine/distribution"],
    "engine/kernels": ["engine/dtype"],
    "engine/linear_algebra": ["engine/dtype", "engine/distribution", "engine/kernels/kernel_set.h"],
    "engine/scans": ["engine/dtype", "engine/kernels/kernel_set.h"],
    "engine/program": ["engine/base", "engine/dtype", "engine/distribution", "engine/index", "engine/kernels"],
    "engine/sorting": ["engine/base", "engine/dtype"],
    "engine/command": [
        "engine/base",
        "engine/dtype",
        "engine/distribution",
        "engine/index",
        "engine/program/program.h",
    ],
    "engine/storage": ["engine/base", "engine/dtype", "engine/distribution"],
    "engine/comm": ["engine/base"],
    "engine/redistribution": ["engine/base", "engine/distribution", "engine/index", "engine/comm"],
    "engine/gathering": ["engine/base"],
    "engine/io": ["engine/base", "engine/dtype", "engine/distribution", "engine/command/command.h"],
    "engine/worker": [
        "engine/base",
        "engine/dtype",
        "engine/distribution",
        "engine/command/command.h",
        "engine/storage",
    ],
    "engine/runtime": [
        "engine/base",
        "engine/distribution",
        "engine/index/pieces.h",
        "engine/program",
        "engine/command",
        "engine/storage",
        "engine/comm",
        "engine/redistribution",
        "engine/linear_algebra",
        "engine/gathering",
        "engine/scans",
        "engine/sorting",
        "engine/io/hdf5.h",
        "engine/worker/workers.h",
    ],
    "server/config": [],
    "server/supervisor": ["engine/base", "server/config"],
    "server/rpc": ["proto"],
    "server/codec": ["proto", "engine/base", "engine/dtype", "engine/distribution", "engine/index"],
    "server/scheduler": ["engine/base", "engine/command/command.h"],
    "server/functions": ["engine/base", "engine/command/command.h", "engine/worker/said.h", "server/scheduler"],
    "server/planner": [
        "engine/base",
        "engine/distribution",
        "engine/index",
        "engine/kernels/operations.h",
        "engine/program/program.h",
        "engine/command/command.h",
        "server/codec",
        "server/scheduler",
    ],
    "server/compute": [
        "engine/base",
        "engine/distribution",
        "engine/dtype",
        "engine/index",
        "engine/command/command.h",
        "server/codec",
        "server/planner",
    ],
    "server/session": [
        "proto",
        "engine/base",
        "engine/worker/said.h",
        "server/rpc/gateway.h",
        "server/codec",
        "server/compute/computation.h",
        "server/functions",
        "server/planner",
    ],
    "server/front": [
        "proto",
        "engine/base",
        "engine/kernels/operations.h",
        "engine/command/channel.h",
        "server/rpc",
        "server/codec",
        "server/compute/computation.h",
        "server/functions/functions.h",
        "server/session",
    ],
    "server/worker": [
        "engine/base",
        "engine/worker/frame.h",
        "engine/worker/said.h",
        "server/config",
        "server/supervisor/processes.h",
        "server/supervisor/worker_jobs.h",
        "server/supervisor/worker_place.h",
    ],
    "server/rank": [
        "engine/base",
        "engine/command/channel.h",
        "engine/storage/segment_registry.h",
        "engine/runtime/engine.h",
        "server/config",
        "server/supervisor",
        "server/front/run.h",
    ],
    "server/main.cc": [
        "server/config",
        "server/supervisor/supervisor.h",
        "server/rank/rank.h",
        "server/worker/run.h",
    ],
    "client-cpp/include": [],
    "client-cpp/src": ["proto", "client-cpp/include"],
    "client-cpp/examples": ["client-cpp/include"],
}


def place(included: str) -> str:
    """Where a header of ours lies, from the name it is included by."""
    if included.startswith("distarray/v1/"):
        return f"proto/{included}"
    return f"client-cpp/include/{included}" if included.startswith("distarray/") else included


def part(path: str) -> str:
    """The row of MAY_INCLUDE that a path belongs to."""
    return "proto" if path.startswith("proto/") else "/".join(path.split("/")[:2])


def test_parts_are_in_an_order() -> None:
    above: list[str] = []
    for row, allowed in MAY_INCLUDE.items():
        assert [each for each in allowed if part(each) not in above] == [], row
        above.append(row)


def test_parts_include_only_what_they_may() -> None:
    """Every include of a header of ours stands in the table; so does every part that there is."""
    broken = []
    for name in cpp_sources("engine", "server", "client-cpp"):
        own = part(name.as_posix())
        if own not in MAY_INCLUDE:
            broken.append(f"{name}: {own} has no row in MAY_INCLUDE")
            continue
        for each in includes(name):
            other = place(each)
            if other.startswith(("proto/", "engine/", "server/", "client-cpp/")) and part(other) != own:
                if part(other) not in MAY_INCLUDE[own] and other not in MAY_INCLUDE[own]:
                    broken.append(f"{name}: {each}")
    rule(broken)


def test_mpi_only_where_data_moves() -> None:
    allowed = [
        ("engine", "comm"),
        ("engine", "io"),
        ("engine", "runtime"),
        ("engine", "redistribution"),
        ("server", "rank"),
    ]
    rule(
        [
            f"{name}"
            for name in cpp_sources("engine", "server")
            if "mpi.h" in includes(name) and name.parts[:2] not in allowed
        ]
    )


def test_hdf5_only_in_io() -> None:
    rule(
        [
            f"{name}"
            for name in cpp_sources("engine", "server")
            if "hdf5.h" in includes(name) and name.parts[:2] != ("engine", "io")
        ]
    )


def test_includes_are_from_the_root() -> None:
    """Whatever stands in quotes begins with the folder it lies in: a bare name would pass by MAY_INCLUDE."""
    roots = ("engine/", "server/", "client-cpp/", "distarray/", "tests/")
    made = "instruction_set.h"  # one for each instruction set, beside the objects it is compiled into
    broken = []
    for name in cpp_sources():
        quoted = re.findall(r'^\s*#\s*include\s*"([^"]+)"', text(name), re.MULTILINE)
        broken += [f"{name}: {each}" for each in quoted if not each.startswith(roots) and each != made]
    rule(broken)


def test_every_header_is_included_once() -> None:
    rule([f"{name}" for name in cpp_sources() if name.suffix in (".h", ".hpp") and "#pragma once" not in text(name)])


def test_lines_are_not_too_long() -> None:
    broken = []
    for name in sources():
        if name.suffix in CPP | {".py", ".proto"}:
            broken += [
                f"{name}:{i}: {len(line)}" for i, line in enumerate(text(name).splitlines(), 1) if len(line) > LINE_MOST
            ]
    rule(broken)


def test_files_are_not_too_long() -> None:
    counted = ((name, len(text(name).splitlines())) for name in sources() if name.suffix in CPP | {".py"})
    rule([f"{name}: {count}" for name, count in counted if count > LINES_MOST])


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
def test_nothing_is_put_off(word: str) -> None:
    pattern = re.compile(rf"(?<![A-Za-z]){word}(?![A-Za-z])")
    broken = []
    for name in sources():
        broken += [f"{name}:{i}" for i, line in enumerate(text(name).splitlines(), 1) if pattern.search(line)]
    rule(broken)


def test_nothing_points_outside_the_project() -> None:
    outside = re.compile(r"\.\./" + r"shared|/work" + r"/")
    broken = []
    for name in sources():
        broken += [f"{name}:{i}" for i, line in enumerate(text(name).splitlines(), 1) if outside.search(line)]
    rule(broken)


def test_no_tabs_and_no_trailing_space() -> None:
    broken = []
    for name in sources():
        if name.suffix in CPP | {".py", ".proto"}:
            broken += [
                f"{name}:{i}"
                for i, line in enumerate(text(name).splitlines(), 1)
                if "\t" in line or line != line.rstrip()
            ]
    rule(broken)


def test_programs_are_executable() -> None:
    broken = []
    for name in sources():
        runs = name.suffix == "" and text(name).startswith("#!")
        if runs and not (ROOT / name).stat().st_mode & 0o100:
            broken.append(f"{name}")
    rule(broken)
