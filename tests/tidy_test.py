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


def test_the_engine_knows_no_grpc_no_protobuf_and_no_server() -> None:
    banned = ("grpc", "google/", "distarray/v1", "server/", "client-cpp/")
    rule([f"{name}: {each}" for name in cpp_sources("engine") for each in includes(name) if each.startswith(banned)])


# Of the engine, the server sees what is said about blocks, never what holds or moves them.
SERVER_MAY_SEE = ("base", "dtype", "distribution", "index", "command", "program", "kernels/operations.h", "io/hdf5.h")
RANK_MAY_SEE = (*SERVER_MAY_SEE, "runtime", "storage/segment_registry.h")


def test_the_server_sees_descriptions_of_blocks_only() -> None:
    broken = []
    for name in cpp_sources("server"):
        allowed = RANK_MAY_SEE if name.parts[1] == "rank" else SERVER_MAY_SEE
        for each in includes(name):
            if each.startswith("engine/") and not each.removeprefix("engine/").startswith(allowed):
                broken.append(f"{name}: {each}")
    rule(broken)


def test_server_parts_depend_one_way() -> None:
    """Each part may include only those before it; rpc and front share rpc's interfaces."""
    order = ["config", "supervisor", "codec", "rpc", "session", "planner", "scheduler", "front", "rank"]
    broken = []
    for name in cpp_sources("server"):
        if len(name.parts) < 3:
            continue
        place = name.parts[1]
        for each in includes(name):
            if each.startswith("server/"):
                other = each.split("/")[1]
                if other != place and other == "rank":
                    broken.append(f"{name}: {each}")
                if (
                    place in ("config", "supervisor", "rpc")
                    and other in order
                    and order.index(other) > order.index(place)
                ):
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


def test_clients_know_only_the_protos() -> None:
    rule(
        [
            f"{name}: {each}"
            for name in cpp_sources("client-cpp")
            for each in includes(name)
            if each.startswith(("engine/", "server/"))
        ]
    )


def test_includes_are_from_the_root() -> None:
    rule([f"{name}: {each}" for name in cpp_sources() for each in includes(name) if each.startswith(".")])


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
