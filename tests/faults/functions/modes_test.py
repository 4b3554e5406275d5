"""--apply: which functions a daemon runs at all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")
pytest.importorskip("cloudpickle")

from tests.faults.conftest import worker_environment  # noqa: E402
from tests.support.daemon import BINARY, PATIENCE, Daemon, descendants, wait_until  # noqa: E402

DeniedError = distarray.error.DeniedError
SOURCE = "def total(la, *others):\n    return float(la.ndarray.sum())\n"


def refused(context: da.Context, says: str) -> None:
    """No pickled function is run or registered."""
    array = context.ones((4,))
    for call in (
        lambda: context.apply(lambda la: 1, (array,)),
        lambda: context.apply_async(lambda: 1).result(),
        lambda: context.register(lambda la: 1, name="pickled"),
        lambda: context.from_distarray(lambda: {}),
    ):
        with pytest.raises(DeniedError, match=says) as caught:
            call()
        assert isinstance(caught.value, PermissionError)
    assert not [each for each in context.functions() if each.name == "pickled"]


def worker_count(daemon: Daemon) -> int:
    return sum("distarray.worker" in each.command for each in descendants(daemon.process.pid))


def test_off(start: Callable[..., Daemon]) -> None:
    daemon = start("--apply=off")
    with da.Context(daemon.address) as context:
        refused(context, r"runs no functions of users' \(--apply=off")
        with pytest.raises(DeniedError, match="--apply=off"):
            context.register(source=SOURCE, name="total")
        assert float((context.ones((4,)) + 1).sum()) == 8.0
    assert worker_count(daemon) == 0


def test_source(start: Callable[..., Daemon]) -> None:
    daemon = start("--apply=source")
    with da.Context(daemon.address) as context:
        refused(context, r"only functions that are given as source text \(--apply=source\)")
        assert worker_count(daemon) == 0
        context.register(source=SOURCE, name="total")
        assert context.total(context.ones((4,))) == [2.0, 2.0]


class Harmful:
    """Its pickle runs code where it is read."""

    def __reduce__(self) -> tuple:
        return exec, ("import builtins; builtins.harmed = True",)


def test_source_takes_no_pickles_among_the_arguments(start: Callable[..., Daemon]) -> None:
    daemon = start("--apply=source")
    source = "def harmed(la, *others):\n    import builtins\n    return hasattr(builtins, 'harmed')\n"
    with da.Context(daemon.address) as context:
        context.register(source=source, name="harmed")
        array = context.ones((4,))
        try:
            context.harmed(array, Harmful())
        except distarray.DistArrayError:
            pass
        assert context.harmed(array) == [False, False]


def test_source_takes_plain_arguments(start: Callable[..., Daemon]) -> None:
    source = "def told(la, *others, **named):\n    return la.ndarray.size, others, named\n"
    given = [None, True, -3, 1 << 63, 2.5, 1 + 2j, "text", b"data", [1, [2, "x"]], {"a": {"b": [None]}}]
    with da.Context(start("--apply=source").address) as context:
        context.register(source=source, name="told")
        array = context.ones((4,))
        told = context.told(array, *given, np.float32(0.5), np.bool_(False), (1, 2), name={"value": [3]})
        assert told == [(2, (*given, 0.5, False, [1, 2]), {"name": {"value": [3]}})] * 2
        source = "def sums(lists, by):\n    return [float(la.ndarray.sum()) * by for la in lists['given']]\n"
        context.register(source=source, name="sums")
        assert context.sums({"given": [array, distarray.readonly(array * 2)]}, by=3) == [[6.0, 12.0]] * 2
        for wrong in (object(), {1: 2}, 1 << 64, np.ones(3)):
            with pytest.raises((TypeError, OverflowError)):
                context.told(array, wrong)
        nested = []
        for _ in range(40):
            nested = [nested]
        with pytest.raises(ValueError, match="nested"):
            context.told(array, nested)


def test_on_is_the_default_where_only_this_machine_can_connect(start: Callable[..., Daemon]) -> None:
    daemon = start()
    with da.Context(daemon.address) as context:
        array = context.ones((4,))
        assert context.apply(lambda la: float(la.ndarray.sum()), (array,)) == [2.0, 2.0]
        context.register(lambda la: float(la.ndarray.max()), name="largest")
        assert context.largest(array) == [1.0, 1.0]
        context.register(source=SOURCE, name="total")
        assert context.total(array) == [2.0, 2.0]


@pytest.fixture
def start_open(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """start_open(*flags) gives the address of a daemon to which other machines can connect."""
    started = []

    def start_one(*flags: str) -> str:
        port_file = tmp_path / f"address-{len(started)}"
        command = [BINARY, "--engines=2", "--listen=0.0.0.0:0", "--allow-remote", f"--port-file={port_file}", *flags]
        started.append(subprocess.Popen(command, env=worker_environment(), stderr=subprocess.DEVNULL))
        wait_until(port_file.exists, 2 * PATIENCE, "ready")
        return f"127.0.0.1:{port_file.read_text().strip().rpartition(':')[2]}"

    yield start_one
    for process in started:
        process.terminate()
        process.wait(5 * PATIENCE)


def test_off_is_the_default_where_other_machines_can_connect(start_open: Callable[..., str]) -> None:
    with da.Context(start_open()) as context:
        refused(context, r"--apply=off; off is the default where other machines can connect")


def test_it_can_be_turned_on_where_other_machines_can_connect(start_open: Callable[..., str]) -> None:
    with da.Context(start_open("--apply=source")) as context:
        refused(context, "--apply=source")
        context.register(source=SOURCE, name="total")
        assert context.total(context.ones((4,))) == [2.0, 2.0]


def test_a_name_that_was_registered_stays_denied(start: Callable[..., Daemon]) -> None:
    """A client that does not look first is refused by the daemon."""
    daemon = start("--apply=off")
    with da.Context(daemon.address) as context:
        context._registered.add("total")
        with pytest.raises(distarray.DistArrayError):
            context.total(context.ones((4,)))
    assert worker_count(daemon) == 0
