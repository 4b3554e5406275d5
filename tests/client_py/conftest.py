"""Daemons and contexts for the tests.

The daemon under test is $DISTARRAYD, or `distarrayd` on PATH, or the checkout's build/bin. With
DISTARRAY_TEST_FAKE=1 the tests that can run on the NumPy stand-in (fake_server.py) do so, and those that need the
daemon are skipped.
"""

from __future__ import annotations

import gc
import os
import sys
import time
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

    address.running = running
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


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request):
    """After a test that passed, the daemons that it shares with others hold no more arrays and memory than before, by
    their own books. Of one that failed, its traceback holds arrays.
    """
    shares = not FAKE and "daemons" in request.fixturenames
    before = books(request) if shares else {}
    yield
    if not shares or getattr(request.node, "failed", False):
        return
    kept = [each for each in request.node.funcargs.values() if isinstance(each, da.DistArray)]  # other fixtures' values
    room = sum(array.nbytes for array in kept)
    deadline = time.monotonic() + 60
    for engines, (keys, used) in books(request).items():
        keys_before, used_before = before.get(engines, (set(), 0))  # of a daemon that the test started
        left = keys - keys_before - {array.key.value for array in kept}
        assert not left, f"arrays are left behind: {left}"
        while used > used_before + room and time.monotonic() < deadline:  # sessions of the test's own may be ending
            time.sleep(0.01)
            used = books(request)[engines][1]
        assert used <= used_before + room, "memory is left behind"


def books(request):
    """Of every daemon, by its number of engines: the keys of the arrays of the shared context, and the bytes in use."""
    gc.collect()
    found = {}
    for engines in list(request.getfixturevalue("daemons").running):
        one = request.getfixturevalue("contexts")(engines)
        one.wait()
        keys = {listed.key for listed in one.list_arrays()}
        found[engines] = keys, one.server_info().memory_used_bytes
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


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
