"""An engine killed in the middle of a save: the file that stood there stands, and nothing is left beside it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")

from tests.support.daemon import PATIENCE, Daemon, wait_until  # noqa: E402

ELEMENTS = 1 << 26  # long enough to write that it can be caught at it


def caught_saving(daemon: Daemon, context: object, target: Path) -> bool:
    """Begins a save and stops the engines in the middle of it; False if it was over before."""
    array = context.ones((ELEMENTS,))
    array.wait()
    errors: list[BaseException] = []

    def save() -> None:
        try:
            context.save_hdf5(str(target), array, mode="w")
        except distarray.DistArrayError as error:
            errors.append(error)

    saver = threading.Thread(target=save)
    saver.start()
    engines = [rank.pid for rank in daemon.ranks()[1:]]
    wait_until(lambda: any(target.parent.glob(".*.partial")) or not saver.is_alive(), PATIENCE, "the save")
    for pid in engines:
        os.kill(pid, signal.SIGSTOP)
    caught = any(target.parent.glob(".*.partial"))
    if not caught:
        for pid in engines:
            os.kill(pid, signal.SIGCONT)
    else:
        os.kill(engines[0], signal.SIGKILL)
    saver.join()
    assert bool(errors) == caught
    return caught


def test_a_save_cut_short_leaves_the_old_file_and_nothing_else(start: Callable[..., Daemon], tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    target = folder / "x.hdf5"
    daemon = start()
    with da.Context(daemon.address) as context:
        context.save_hdf5(str(target), context.ones((5,)), mode="w")
    before = target.read_bytes()
    for _ in range(20):
        with da.Context(daemon.address) as context:
            if caught_saving(daemon, context, target):
                break
            context.save_hdf5(str(target), context.ones((5,)), mode="w")
            before = target.read_bytes()
    else:
        pytest.fail("no save could be caught under way")
    daemon.wait_for_epoch(2)
    assert [each.name for each in folder.iterdir()] == ["x.hdf5"]
    assert target.read_bytes() == before
    with da.Context(daemon.address) as context:
        assert np.array_equal(context.load_hdf5(str(target)).toarray(), np.ones(5))
