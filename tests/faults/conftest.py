"""Fixtures: real daemons, and a look at what they leave."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.daemon import Daemon, environment  # noqa: E402

# User ids of workers that no other daemon of this host has: what ends one daemon's workers may end another's of the
# same ids.
_worker_uids = itertools.count(1_000_000 + os.getpid() * 1000, 16)


def worker_environment(**changes: str) -> dict[str, str]:
    """A daemon's variables. Whoever runs the tests may say which Python the workers have."""
    said = {name: os.environ[name] for name in os.environ if name.startswith("DISTARRAYD_WORKER_")}
    return environment(**said, **changes)


def worker_uid_flag() -> str:
    return f"--worker-uid={next(_worker_uids)}"


def start_daemon(folder: Path, *flags: str, **options: object) -> Daemon:
    """A daemon that serves; its workers have user ids of their own unless the flags say otherwise."""
    options.setdefault("env", worker_environment())
    if not any(flag.startswith("--worker-uid") for flag in flags):
        flags = (*flags, worker_uid_flag())
    folder.mkdir()
    if "user" in options:
        os.chown(folder, options["user"], -1)
    return Daemon(folder, *flags, **options)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """start(*flags, engines=2) gives a daemon that serves; all are ended after the test."""
    started: list[Daemon] = []

    def start_one(*flags: str, **options: object) -> Daemon:
        started.append(start_daemon(tmp_path / f"daemon{len(started)}", *flags, **options))
        return started[-1]

    yield start_one
    for daemon in started:
        daemon.stop()


class Shared:
    """Daemons that the tests of a file share, by their flags. Called, it gives one."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._session = request.session
        self._started: dict[str, tuple[Daemon, int]] = {}
        self._count = itertools.count()

    def __call__(self, *flags: str, **options: object) -> Daemon:
        wanted = f"{flags} {options}"
        daemon, failures = self._started.get(wanted, (None, 0))
        # What has gone wrong in one test is not to be the next one's trouble.
        if daemon is not None and failures != self._session.testsfailed:
            daemon.stop()
            daemon = None
        if daemon is None:
            daemon = start_daemon(self._folder / f"daemon{next(self._count)}", *flags, **options)
            self._started[wanted] = daemon, self._session.testsfailed
        return daemon

    def stop(self) -> None:
        for daemon, _ in self._started.values():
            daemon.stop()


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """shared(*flags, engines=2) gives a daemon of these flags, the same one to all tests of a file."""
    daemons = Shared(tmp_path_factory.mktemp("shared"), request)
    yield daemons
    daemons.stop()


@pytest.fixture
def context(daemon: Daemon) -> Iterator[object]:
    """A session with the file's `daemon`."""
    from distarray.globalapi import Context

    with Context(daemon.address) as made:
        yield made
