"""A rank of Heat, the distributed arrays of Helmholtz Analytics (https://github.com/helmholtz-analytics/heat): the same
expressions as language.py's contenders, on two ranks of one thread.

mpirun -n 2 python heat_ranks.py ELEMENTS REPEAT; the first rank prints seconds by name, as JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

import heat
import torch

torch.set_num_threads(1)
elements, repeat = int(sys.argv[1]), int(sys.argv[2])
a, b, c, d = (heat.random.rand(elements, dtype=heat.float64, split=0) for _ in range(4))
world = heat.communication.MPI_WORLD.handle


def median_s(work: Callable[[], object]) -> float:
    """From when all begin until all have ended."""
    work()
    times = []
    for _ in range(repeat):
        world.Barrier()
        began = time.perf_counter()
        work()
        world.Barrier()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


seconds = {
    "fused": median_s(lambda: a * b + c * heat.sin(d) + 1),
    "add": median_s(lambda: a + b),
    "sum": median_s(lambda: float(a.sum())),
}
if world.rank == 0:
    print(json.dumps(seconds))
