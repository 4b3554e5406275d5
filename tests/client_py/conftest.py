"""Daemons and contexts for the tests.

The daemon under test is $DISTARRAYD, or `distarrayd` on PATH, or the checkout's build/bin. With
DISTARRAY_TEST_FAKE=1 the tests that can run on the NumPy stand-in (fake_server.py) do so, and those that need the
daemon are skipped.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

import distarray.globalapi as da
from distarray._launch import PrivateDaemon
from fake_server import FakeServer

FAKE = os.environ.get("DISTARRAY_TEST_FAKE", "") not in ("", "0")

settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("DISTARRAY_TEST_EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
settings.load_profile("fixed")


def pytest_configure(config):
    config.addinivalue_line("markers", "daemon: needs the real daemon")


def pytest_collection_modifyitems(items):
    if FAKE:
        for item in items:
            if item.get_closest_marker("daemon"):
                item.add_marker(pytest.mark.skip(reason="needs the real daemon"))


@pytest.fixture(scope="session")
def daemons():
    """A function from a number of engines to the address of a daemon that has them."""
    running = {}

    def address(engines):
        if engines not in running:
            running[engines] = FakeServer(engines) if FAKE else PrivateDaemon(engines)
        return running[engines].address

    yield address
    for daemon in running.values():
        daemon.stop()


@pytest.fixture(scope="session")
def contexts(daemons):
    """A function from a number of engines to a context of a daemon that has them."""
    made = {}

    def context(engines):
        if engines not in made:
            made[engines] = da.Context(daemons(engines))
        return made[engines]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture(scope="session")
def context(contexts):
    """A context with four engines."""
    return contexts(4)


@pytest.fixture
def fake():
    """The stand-in, whatever else is tested."""
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture
def fake_context(fake):
    context = da.Context(fake.address)
    yield context
    context.close()
