"""Fixtures: real daemons, and a look at what they leave."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.daemon import Daemon  # noqa: E402


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """start(*flags, engines=2) gives a daemon that serves; all are ended after the test."""
    started: list[Daemon] = []

    def start_one(*flags: str, **options: object) -> Daemon:
        folder = tmp_path / f"daemon{len(started)}"
        folder.mkdir()
        started.append(Daemon(folder, *flags, **options))
        return started[-1]

    yield start_one
    for daemon in started:
        daemon.stop()
