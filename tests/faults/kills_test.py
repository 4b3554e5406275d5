"""Processes killed and stopped at random while clients work: each time the daemon comes back, clean, at its address."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
distarray = pytest.importorskip("distarray")

from tests.support.daemon import PATIENCE, Daemon  # noqa: E402

FULL = bool(os.environ.get("DISTARRAY_FULL_TESTS"))


class Worker(threading.Thread):
    """A client that computes and checks without end, and connects again when its arrays are gone."""

    def __init__(self, address: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.address, self.seed = address, seed
        self.stopping = threading.Event()
        self.rounds = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        rng = np.random.default_rng(self.seed)
        while not self.stopping.is_set():
            try:
                with da.Context(self.address) as context:
                    while not self.stopping.is_set():
                        x = rng.random((int(rng.integers(1, 400)), 7))
                        got = (context.fromarray(x) * 2.0 + 1.0).toarray()
                        if not np.array_equal(got, x * 2.0 + 1.0):
                            self.wrong.append(f"{x.shape}: a wrong answer")
                        self.rounds += 1
            except distarray.DistArrayError:
                time.sleep(0.05)
            except Exception as error:  # what a program may not see
                self.wrong.append(repr(error))
                return


@pytest.mark.parametrize("seed", range(20 if FULL else 1))
def test_random_kills_under_load(start: Callable[..., Daemon], seed: int) -> None:
    rng = random.Random(seed)
    daemon = start("--heartbeat-timeout", "2s")
    address = daemon.address
    workers = [Worker(address, 100 * seed + number) for number in range(2)]
    for worker in workers:
        worker.start()
    for epoch in range(2, 6):  # one kill less than it gives up after
        time.sleep(rng.uniform(0, 1))
        victim = rng.choice([*daemon.ranks(), daemon.mpirun()])
        hang = "--role=rank" in victim.command and victim.command[0].endswith("distarrayd") and rng.random() < 0.25
        os.kill(victim.pid, signal.SIGSTOP if hang else signal.SIGKILL)
        daemon.wait_for_epoch(epoch)
        assert daemon.address == address
    rounds = [worker.rounds for worker in workers]
    deadline = time.monotonic() + 3 * PATIENCE
    while any(worker.rounds <= count for worker, count in zip(workers, rounds, strict=True)):
        wrong = [each for worker in workers for each in worker.wrong]
        assert not wrong and time.monotonic() < deadline, f"clients do not get on: {wrong}\n{daemon.text()}"
        time.sleep(0.05)
    for worker in workers:
        worker.stopping.set()
    for worker in workers:
        worker.join(3 * PATIENCE)
        assert not worker.is_alive()
        assert not worker.wrong
    daemon.terminate()
    assert not daemon.leftovers()
