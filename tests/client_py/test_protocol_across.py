"""The checker across processes: each rule broken once, over a communicator too."""

import array
import itertools
import pickle
import threading

import numpy as np
import pytest
from distarray.protocol import (
    ProtocolError,
    check_all,
    check_mpi,
)
from exports import (
    FIVE_CYCLIC,
    GRID,
    HALVES,
    Exporter,
    block,
    blocks,
    changed,
    common,
    cyclic,
    export,
    over_grid,
    rules,
    unstructured,
)


def lists(size, *every, **more):
    return over_grid([unstructured(size, len(every), rank, one, **more) for rank, one in enumerate(every)])


ACROSS = {
    "nobody": ([], ["process-count"], "at least 1"),
    "0-d, twice": ([export(shape=())] * 2, ["process-count"], "2, expected 1"),
    "too few": (GRID[:3], ["process-count"], "3, expected 4"),
    "too many": (GRID + GRID[:1], ["process-count"], "(2, 2)"),
    "grid of any size": (
        [export(block(10**30, 10**30, 10**30 - 1, 10**30, 10**30)), export(block(10**30, 10**30, 0, 0, 1))],
        ["process-count"],
        "2, expected 1000",
    ),
    "column-major": ([GRID[0], GRID[2], GRID[1], GRID[3]], ["row-major"] * 4, "row by row"),
    "version": (changed(GRID, 1, __version__="0.10.1"), ["same-version"], "'0.10.0' as on process 0"),
    "dtype": (changed(GRID, 3, buffer=np.zeros((3, 2), "f4")), ["same-dtype"], "float32"),
    "byte order": (changed(GRID, 3, buffer=np.zeros((3, 2), ">f8")), ["same-dtype"], ">f8"),
    "ndim": ([GRID[0], export(HALVES[1])], ["same-ndim"], "process 1"),
    "dist_type": (over_grid([HALVES[0], cyclic(6, 2, 1, 1)]), ["same-dist_type"], "'c', expected 'b'"),
    "size": (over_grid([HALVES[0], block(7, 2, 1, 3, 7)]), ["same-size"], "is 7, expected 6"),
    "proc_grid_size": (over_grid([HALVES[0], block(6, 3, 1, 3, 6)]), ["same-proc_grid_size"], "is 3, expected 2"),
    "block_size": (
        over_grid([cyclic(6, 2, 0, 0, block_size=2), cyclic(6, 2, 1, 3, block_size=3)]),
        ["same-block_size"],
        "is 3, expected 2",
    ),
    "periodic": (over_grid([HALVES[0], {**HALVES[1], "periodic": True}]), ["same-periodic"], "True, expected False"),
    "one_to_one": (
        over_grid([unstructured(2, 2, 0, [0], one_to_one=True), unstructured(2, 2, 1, [1])]),
        ["same-one_to_one"],
        "expected True",
    ),
    "same rank": (
        [
            export(block(6, 2, r, *b), c)
            for (r, b), c in zip([(0, (0, 3)), (0, (0, 2)), (1, (3, 6)), (1, (3, 6))], FIVE_CYCLIC[0] * 2, strict=True)
        ],
        ["same-rank"],
        "'stop' is 2, expected 3 as on process 0",
    ),
    "same rank, padding": (
        changed(over_grid([{**one, "padding": (0, 0)} for one in HALVES], FIVE_CYCLIC[0]), 1, 0, padding=(0, 1)),
        ["same-rank"],
        "'padding' is (0, 1), expected (0, 0)",
    ),
    "same rank, start of empty": (
        [export(h, c) for h, c in itertools.product(HALVES, [cyclic(1, 3, 0, 0), cyclic(1, 3, 1, 1)])][:3]
        + [export(HALVES[1], cyclic(1, 3, 2, 1)), export(HALVES[0], cyclic(1, 3, 2, 2))],
        ["same-rank", "process-count"],
        "dimension 1: 'start' is 2, expected 1",
    ),
    "same rank, indices": (
        changed(
            over_grid(HALVES, [unstructured(3, 2, 0, [0, 1]), unstructured(3, 2, 1, [2])]),
            2,
            1,
            indices=np.array([1, 0]),
        ),
        ["same-rank"],
        "'indices' is array([1, 0])",
    ),
    "gap": (blocks(6, (0, 2), (3, 6)), ["owned-sum", "adjacent"], "is 3, expected 2"),
    "overlap": (blocks(6, (0, 4), (3, 6)), ["owned-sum", "adjacent"], "an overlap"),
    "gap before an empty end": (blocks(6, (0, 2), (2, 5), (6, 6)), ["owned-sum", "adjacent"], "a gap"),
    "gap hidden by an overlap": (blocks(9, (0, 4), (3, 5), (6, 9)), ["adjacent", "adjacent"], "an overlap"),
    "padding as in 0.9": (
        blocks(18, (0, 9), (9, 18), paddings=[(1, 1), (1, 1)]),
        ["owned-sum", "adjacent"],
        "is 10, expected 8",
    ),
    "unequal padding": (
        blocks(9, (0, 5), (2, 9), paddings=[(0, 1), (2, 0)]),
        ["communication-padding"],
        "the left 'padding' is 2",
    ),
    "padding over the next rank": (
        blocks(9, (0, 8), (2, 9), (6, 9), paddings=[(0, 3), (3, 1), (1, 0)]),
        ["owned-sum", "adjacent"],
        "is 7, expected 8",
    ),
    "padding beyond the next": (
        blocks(9, (0, 6), (2, 5), (5, 9), paddings=[(0, 2), (2, 0), (0, 0)]),
        ["padding-reach"],
        "at most 1, what the next rank owns",
    ),
    "padding beyond the one before": (
        blocks(9, (0, 3), (0, 9), paddings=[(0, 2), (2, 0)]),
        ["owned-sum", "adjacent", "padding-reach"],
        "at most 1",
    ),
    "boundary padding not in size": (
        blocks(16, (0, 10), (8, 18), paddings=[(1, 1), (1, 1)]),
        ["stop", "owned-sum"],
        "boundary padding counted",
    ),
    "twice": (lists(4, [0, 1], [1, 3], one_to_one=True), ["partition", "partition"], "[1] on several"),
    "missing": (lists(4, [0], [1, 3], one_to_one=True), ["owned-sum", "partition"], "the first is 2"),
    "not covered": (lists(5, [0, 3], [3, 1]), ["cover"], "2 indices are in no 'indices', the first is 2"),
    "outside": (lists(3, [0, 1], [2, 3]), ["indices-range"], "[3], expected only 0 ... 2"),
    "negative": (lists(3, [0, 1], [-1]), ["indices-range", "cover"], "[-1]"),
    "huge size": (lists(10**15, [0, 1], [2]), ["cover"], "the first is 3"),
    "more than 64 bits": (lists(10**25, [0, 1], [2]), ["cover"], "the first is 3"),
    "one process is broken": (
        changed(over_grid(HALVES), 1, __version__="1.0"),
        ["version"],
        "process 1: '__version__' is '1.0'",
    ),
    "a broken dimension hides no other": (
        changed(changed(GRID, 2, 0, stop=None), 1, 1, size=6),
        ["stop", "extent", "same-size"],
        "process 1, dimension 1",
    ),
}


@pytest.mark.parametrize("name", ACROSS)
def test_broken_across(name):
    exports, expected, text = ACROSS[name]
    with pytest.raises(ProtocolError) as caught:
        check_all(exports)
    assert sorted(rules(caught.value.violations)) == sorted(expected)
    assert text in str(caught.value)


GOOD_ACROSS = {
    "0-d": [export(shape=())],
    "the alias and what it stands for": over_grid(HALVES, [{**block(4, 1, 0, 0, 4)}])[:1]
    + [export(HALVES[1], {}, shape=(3, 4))],
    "empty anywhere": blocks(5, (0, 0), (0, 3), (5, 5), (3, 3), (3, 5), (5, 5)),
    "all empty": blocks(0, (0, 0), (0, 0)),
    "defaults left out on one process": over_grid(HALVES[:1] + [{**HALVES[1], "padding": (0, 0), "periodic": False}]),
    "more processes than indices": over_grid(
        [cyclic(2, 4, 0, 0), cyclic(2, 4, 1, 1), cyclic(2, 4, 2, 2), cyclic(2, 4, 3, 2)]
    ),
    "boundary padding differs": changed(
        over_grid([{**one, "padding": (0, 0)} for one in HALVES], FIVE_CYCLIC[0]), 1, 0, padding=(1, 0)
    ),
    "on two processes": lists(5, [0, 3, 1], [3, 1, 4, 2]),
    "several kinds of integers": over_grid(
        [unstructured(3, 3, 0, [1], np.uint64), unstructured(3, 3, 1, [0], np.int8), unstructured(3, 3, 2, [2], ">i4")]
    ),
    "no indices": lists(2, [], [1, 0], one_to_one=True),
    "generator": None,
}


@pytest.mark.parametrize("name", GOOD_ACROSS)
def test_good_across(name):
    exports = GOOD_ACROSS[name]
    assert len(check_all(iter(GRID) if exports is None else exports)) == len(GRID if exports is None else exports)


class FakeComm:
    """A communicator of threads, with the calls of mpi4py; what is sent is pickled, as there."""

    def __init__(self, size):
        self.slots, self.barrier, self.local, self.bytes_sent = (
            [None] * size,
            threading.Barrier(size),
            threading.local(),
            0,
        )

    def Get_rank(self):  # noqa: N802
        return self.local.rank

    def gather(self, value, root=0):
        self.slots[self.local.rank] = pickle.dumps(value)
        self.bytes_sent = max(self.bytes_sent, len(self.slots[self.local.rank]))
        self.barrier.wait(10)
        result = [pickle.loads(one) for one in self.slots] if self.local.rank == root else None
        self.barrier.wait(10)
        return result

    def bcast(self, value, root=0):
        if self.local.rank == root:
            self.slots[root] = pickle.dumps(value)
        self.barrier.wait(10)
        result = pickle.loads(self.slots[root])
        self.barrier.wait(10)
        return result


def on_all_ranks(exports, comm):
    results = [None] * len(exports)

    def run(rank):
        comm.local.rank = rank
        try:
            results[rank] = check_mpi(exports[rank], comm)
        except Exception as error:
            results[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(len(exports))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_mpi():
    half = 500_000
    exports = [export(block(2 * half, 2, r, r * half, (r + 1) * half)) for r in range(2)]
    comm = FakeComm(2)
    results = on_all_ranks([Exporter(one) for one in exports], comm)
    assert [one.owned for one in results] == [(half,), (half,)]
    assert all(np.shares_memory(one.buffer, given["buffer"]) for one, given in zip(results, exports, strict=True))
    assert comm.bytes_sent < 4000


def test_mpi_unstructured():
    views = [memoryview(array.array("q", [2, 0])), memoryview(array.array("q", [1]))]
    exports = [export({**common("u", 3, 2, r), "indices": one}, shape=(len(one),)) for r, one in enumerate(views)]
    assert [one.owned for one in on_all_ranks(exports, FakeComm(2))] == [(2,), (1,)]


@pytest.mark.parametrize(
    ("exports", "text"),
    [
        (changed(over_grid(HALVES), 1, 0, stop=5), "process 1, dimension 0"),
        (blocks(6, (0, 2), (3, 6)), "a gap"),
        ([over_grid(HALVES)[0], Exporter(OSError("gone"))], "process 1: __distarray__() raised OSError"),
    ],
)
def test_mpi_raises_alike(exports, text):
    results = on_all_ranks(exports, FakeComm(2))
    assert all(isinstance(one, ProtocolError) for one in results)
    assert text in str(results[0])
    assert str(results[0]) == str(results[1])


def test_mpi_failure_of_the_checker_reaches_all(monkeypatch):
    monkeypatch.setattr("distarray.protocol._across.find_across", lambda processes: 1 / 0)
    results = on_all_ranks(over_grid(HALVES), FakeComm(2))
    assert [str(one) for one in results] == ["the checker failed: ZeroDivisionError: division by zero"] * 2
