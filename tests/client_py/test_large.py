"""Arrays of more than 2**31 elements: every count, offset and message that an int would be too small for."""

import os
import re
from pathlib import Path

import distarray.globalapi as da
import numpy as np
import pytest

AVAILABLE_KB = int(re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text()).group(1))
N = (1 << 31) + 11
MARK = 1 << 31  # the first index that an int cannot hold

FULL = bool(os.environ.get("DISTARRAY_FULL_TESTS"))

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(AVAILABLE_KB < 12 << 20, reason="takes 8 GiB of memory"),
]


@pytest.fixture(scope="module")
def large():
    """Bytes, nothing but a few marks in them."""
    with da.Context(engines=3) as context:
        x = context.zeros(N, dtype="int8")
        x[0], x[MARK - 1], x[MARK], x[-1] = 1, 2, 3, 4
        yield x.wait()


def test_elements_and_slices(large):
    assert (large.size, large.nbytes, len(large)) == (N, N, N)
    assert [int(large[i]) for i in (0, MARK - 1, MARK, N - 1, -N)] == [1, 2, 3, 4, 1]
    assert large[MARK - 2 : MARK + 2].toarray().tolist() == [0, 2, 3, 0]
    assert large[:: 1 - N].toarray().tolist() == [4, 1]
    assert int(large[::-1][N - 1 - MARK]) == 3
    assert large[1::2].size == N // 2 and int(large[1::2].sum()) == 2
    with pytest.raises(IndexError):
        large[N]


def test_arithmetic_and_reductions(large):
    assert int(large.sum()) == 10 and int((large + 1).sum()) == N + 10
    assert int((large == 0).sum()) == N - 4
    assert (int(large.max()), int(large.min())) == (4, 0)
    assert float(large.mean()) == 10 / N


def test_positions(large):
    """Indices that an int cannot hold, taken, found and written."""
    places = [0, MARK - 1, MARK, N - 1]
    assert large[[MARK, -1, 0, MARK - 1]].tolist() == [3, 4, 1, 2]
    assert da.take(large, large.context.fromarray(np.array([MARK, -N]))).tolist() == [3, 1]
    assert da.nonzero(large)[0].tolist() == places and int(da.count_nonzero(large)) == 4
    assert large[large > 1].tolist() == [2, 3, 4]
    assert da.repeat(large[MARK - 1 : MARK + 1], 2).tolist() == [2, 2, 3, 3]


def test_assignment(large):
    x = large.copy()
    x[[5, MARK + 2]] = 7
    assert x[[4, 5, MARK + 1, MARK + 2]].tolist() == [0, 7, 0, 7]
    da.put(x, [5, MARK + 2], [8, 9])
    assert x[x > 7].tolist() == [8, 9]
    x[x > 7] = 0
    x[x > 0] = np.array([5, 6, 7, 8])
    assert x[[0, MARK - 1, MARK, -1]].tolist() == [5, 6, 7, 8] and int(x.sum()) == 26
    x[MARK - 5 :: -1] += 1
    assert int(x[0]) == 6 and int(x.sum()) == 26 + MARK - 4
    da.add(x, x, out=x)
    assert x[[0, 1, MARK]].tolist() == [12, 2, 14]


def test_moved_elements(large):
    assert int(da.flip(large)[N - 1 - MARK]) == 3
    assert da.roll(large, 5)[[5, MARK + 5, 4]].tolist() == [1, 3, 4]
    assert da.diff(large)[[MARK - 2, MARK - 1, MARK]].tolist() == [2, 1, -3]
    assert da.concat([large[:10], large])[[10, MARK + 9, MARK + 10, -1]].tolist() == [1, 2, 3, 4]


def test_reshaped(large):
    square = large[: 1 << 31].reshape(1 << 16, 1 << 15)
    assert da.nonzero(square)[1].tolist() == [0, (1 << 15) - 1]
    turned = square.T.copy()
    assert turned.shape == (1 << 15, 1 << 16) and int(turned[-1, -1]) == 2 and int(turned.sum()) == 3
    assert int(turned.reshape(-1)[-1]) == 2


def test_running_sums(large):
    totals = da.cumulative_sum(large, dtype="int8")
    assert totals[[0, MARK - 2, MARK - 1, MARK, -1]].tolist() == [1, 1, 3, 6, 10]
    if FULL:
        sought = large.context.fromarray(np.array([2, 6, 9], "int8"))
        assert da.searchsorted(totals, sought).tolist() == [MARK - 1, MARK, N - 1]
        assert int(da.searchsorted(totals, 6)) == MARK


@pytest.mark.skipif(not FULL, reason="a long one")
def test_in_order(large):
    assert da.sort(large)[[0, N - 5, N - 4, N - 1]].tolist() == [0, 0, 1, 4]
    assert da.unique(large).tolist() == [0, 1, 2, 3, 4] and float(da.median(large)) == 0
    assert float(da.var(large)) == pytest.approx(30 / N - (10 / N) ** 2)


def test_bools(large):
    """As a mask, and reduced along axes."""
    x = large != 0
    assert x.dtype == bool and int(x.sum()) == 4 and bool(x.any()) and not bool(x.all())
    assert da.nonzero(x)[0].tolist() == [0, MARK - 1, MARK, N - 1]
    x[-1] = False
    assert int((x & (large < 9)).sum()) == 3 and int((~x).sum()) == N - 3
    assert large[x].tolist() == [1, 2, 3]


@pytest.mark.skipif(not FULL, reason="a long one")
@pytest.mark.parametrize("kinds", ["bn", "nb"])
def test_bools_of_two_dimensions(large, kinds):
    half = N // 2 + 1
    x = large.context.ones((2, half), dtype="bool", dist=kinds)
    x[1, -1], x[0, 7] = False, False
    assert x.all(axis=1).tolist() == [False, False] and x.any(axis=1).tolist() == [True, True]
    columns = x.all(axis=0)
    assert da.nonzero(~columns)[0].tolist() == [7, half - 1]
    assert x[:, ~columns].tolist() == [[False, True], [True, False]]
    assert x[[1, 0]][:, [7, -1]].tolist() == [[True, False], [False, True]]
    assert x.sum(axis=1).tolist() == [half - 1] * 2 and int(x.sum(axis=0, dtype="int8")[7]) == 1
    across = x.T.distribute_as(da.Distribution(large.context, (half, 2), "c"))
    assert not bool(across[7, 0]) and int(across.sum()) == N + 1 - 2


def test_other_distributions(large):
    context = large.context
    cyclic = large.distribute_as(da.Distribution(context, (N,), "c", targets=[2, 0]))
    assert [int(cyclic[i]) for i in (0, MARK - 1, MARK, N - 1)] == [1, 2, 3, 4]
    assert int((cyclic * 2 + large).sum()) == 30


def test_two_dimensions(large):
    x = large.context.ones((2, N // 2 + 1), dtype="int8", dist="nb")
    assert x.sum(axis=1).toarray().tolist() == [N // 2 + 1] * 2
    columns = x.sum(axis=0, dtype="int8")
    assert columns.shape == (N // 2 + 1,) and int(columns[N // 2]) == 2


def test_files(large, tmp_path):
    h5py = pytest.importorskip("h5py")
    context, path = large.context, str(tmp_path / "large.hdf5")
    context.save_hdf5(path, large, mode="w")
    with h5py.File(path) as file:
        assert file["buffer"].shape == (N,) and file["buffer"][MARK - 1 : MARK + 1].tolist() == [2, 3]
    loaded = context.load_hdf5(path, da.Distribution(context, (N,), "c"))
    assert int(loaded.sum()) == 10 and int(loaded[MARK]) == 3 and int(loaded[-1]) == 4


def test_to_the_client_and_back(large):
    there = large.toarray()
    assert there.shape == (N,) and there[MARK] == 3 and int(np.count_nonzero(there)) == 4
    there[MARK + 1] = 9
    back = large.context.fromarray(there)
    del there
    assert int(back[MARK + 1]) == 9 and int(back.sum()) == 19
