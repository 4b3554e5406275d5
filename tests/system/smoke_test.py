"""A little of everything against one daemon: short enough to run under sanitizers too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")

from tests.support.daemon import Daemon  # noqa: E402


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    running = Daemon(tmp_path_factory.mktemp("smoke"), "--session-grace", "1s", engines=3)
    yield running
    text = running.text()
    running.stop()
    assert "runtime error" not in text and "AddressSanitizer" not in text, text
    assert running.epochs() == 1, text


@pytest.fixture
def context(daemon: Daemon) -> Iterator[object]:
    with da.Context(daemon.address) as context:
        yield context


DISTRIBUTIONS = [None, ("b", "n"), ("n", "c"), ("c", "b"), ("b", "b")]


@pytest.mark.parametrize("dist", DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex128", "bool"])
def test_there_and_back(context, dist, dtype) -> None:  # noqa: ANN001
    x = (np.arange(7 * 5).reshape(7, 5) % 3).astype(dtype)
    distribution = da.Distribution(context, x.shape, dist=dist)
    assert np.array_equal(context.fromarray(x, distribution=distribution).toarray(), x)


@pytest.mark.parametrize("dist", DISTRIBUTIONS)
def test_arithmetic_reductions_and_slices(context, dist) -> None:  # noqa: ANN001
    rng = np.random.default_rng(7)
    x, y = rng.random((13, 9)), rng.random((13, 9))
    a = context.fromarray(x, distribution=da.Distribution(context, x.shape, dist=dist))
    b = context.fromarray(y)
    assert np.array_equal((a * b + 2.0 - a / (b + 1.0)).toarray(), x * y + 2.0 - x / (y + 1.0))
    assert np.allclose(a.sum(axis=0).toarray(), x.sum(axis=0), rtol=1e-14)
    assert float(a.max()) == x.max()
    assert np.array_equal(a[2:11:3, ::-1].toarray(), x[2:11:3, ::-1])
    a[1:3, 4] = -1.0
    x[1:3, 4] = -1.0
    assert np.array_equal(a.toarray(), x)


def test_files(context, tmp_path: Path) -> None:  # noqa: ANN001
    x = np.arange(50.0).reshape(10, 5)
    path = str(tmp_path / "x.hdf5")
    context.save_hdf5(path, context.fromarray(x), key="group/x", mode="w")
    y = context.load_hdf5(path, distribution=da.Distribution(context, x.shape, dist=("c", "n")), key="group/x")
    assert np.array_equal(y.toarray(), x)


def test_mistakes_leave_it_unharmed(context, tmp_path: Path) -> None:  # noqa: ANN001
    with pytest.raises(OSError):
        context.load_hdf5(str(tmp_path / "missing.hdf5")).wait()
    with pytest.raises(MemoryError):
        context.zeros((10**9, 10**9)).wait()
    with pytest.raises(ValueError):
        context.ones((3,)) + context.ones((4,))
    assert float(context.ones((3,)).sum()) == 3.0
