"""Arrays of more than 2**31 elements: every count, offset and message that an int would be too small for."""

import re
from pathlib import Path

import distarray.globalapi as da
import numpy as np
import pytest

AVAILABLE_KB = int(re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text()).group(1))
N = (1 << 31) + 11
MARK = 1 << 31  # the first index that an int cannot hold

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
