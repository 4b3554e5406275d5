"""What a user sees of distarrayd before it serves: help, mistakes, where settings come from."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.daemon import BINARY, PATIENCE, environment


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, *arguments], env=environment(**variables), capture_output=True, text=True, timeout=PATIENCE
    )


def test_help_begins_with_examples_and_has_every_flag() -> None:
    told = run("--help")
    assert told.returncode == 0 and told.stderr == ""
    assert told.stdout.index("Examples:") < told.stdout.index("--engines")
    for flag in (
        "engines listen port-file memory-limit data-root log-level log-file config session-grace message-limit "
        "heartbeat-timeout die-with-parent allow-remote"
    ).split():
        assert f"--{flag}" in told.stdout
    assert "shmem_enabled" in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 100


def test_version() -> None:
    told = run("--version")
    assert told.returncode == 0 and told.stdout.startswith("distarrayd ")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--engines", "many"], ["--engines", "many", "whole number"]),
        (["--engines", "0"], ["--engines", "0", "1 to"]),
        (["--listen", "nowhere"], ["--listen", "nowhere", "HOST:PORT"]),
        (["--listen", "0.0.0.0:0"], ["--listen", "0.0.0.0:0", "--allow-remote"]),
        (["--memory-limit", "much"], ["--memory-limit", "much", "16GiB"]),
        (["--data-root", "/does/not/exist"], ["--data-root", "/does/not/exist", "directory"]),
        (["--port-file", "/does/not/exist/address"], ["--port-file", "/does/not/exist/address", "written"]),
        (["--log-level", "loud"], ["--log-level", "loud", "debug"]),
        (["--log-file", "/does/not/exist/log"], ["--log-file", "/does/not/exist/log"]),
        (["--heartbeat-timeout", "0.1"], ["--heartbeat-timeout", "0.1", "1s"]),
        (["--config", "/does/not/exist.toml"], ["--config", "/does/not/exist.toml"]),
        (["--engine", "2"], ["--engine"]),
        (["serve"], ["serve"]),
    ],
)
def test_a_mistake_is_named(flags: list[str], parts: list[str]) -> None:
    told = run(*flags)
    assert told.returncode == 2 and told.stdout == ""
    for part in parts:
        assert part in told.stderr
    assert len(told.stderr.splitlines()) <= 3


def test_variables_and_the_file_are_checked_alike(tmp_path: Path) -> None:
    told = run(DISTARRAYD_ENGINES="x")
    assert told.returncode == 2 and "DISTARRAYD_ENGINES" in told.stderr
    file = tmp_path / "d.toml"
    file.write_text('engines = "x"\n')
    told = run("--config", str(file))
    assert told.returncode == 2 and str(file) in told.stderr and "engines" in told.stderr


def test_an_address_in_use_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("--engines", "1", "--listen", f"127.0.0.1:{port}")
    assert told.returncode == 1
    assert f"127.0.0.1:{port}" in told.stderr and "in use" in told.stderr


def test_flag_beats_variable_beats_file(start, tmp_path: Path) -> None:  # noqa: ANN001
    file = tmp_path / "d.toml"
    file.write_text('log-level = "debug"\nheartbeat-timeout = 7\nsession-grace = "3s"\n')
    daemon = start(
        "--config",
        str(file),
        "--session-grace",
        "9s",
        env=environment(DISTARRAYD_SESSION_GRACE="8s", DISTARRAYD_HEARTBEAT_TIMEOUT="6"),
    )
    told = daemon.ranks()[0].command
    assert "--session-grace=9s" in told
    assert "--heartbeat-timeout=6s" in told
    assert "--log-level=debug" in told
