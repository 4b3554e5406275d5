"""distarray.random.default_rng: the same arrays on any number of engines, and the right laws, with fixed seeds."""

import math

import distarray
import numpy as np
import pytest
from distarray import globalapi as da
from distarray.globalapi import Distribution
from distarray.globalapi.random import Generator, default_rng

pytestmark = pytest.mark.daemon

needs_sort = pytest.mark.skipif(not hasattr(da, "argsort"), reason="permutations are sorted")
needs_take = pytest.mark.skipif(not hasattr(da, "take"), reason="parts of arrays are taken")

# Draws of an array of 60 by 50 numbers.
DRAWS = {
    "random": lambda rng, size: rng.random(size),
    "random float32": lambda rng, size: rng.random(size, dtype="float32"),
    "uniform": lambda rng, size: rng.uniform(-3, 7, size),
    "uniform of arrays": lambda rng, size: rng.uniform(np.arange(50), np.arange(50) + 2, size),
    "normal": lambda rng, size: rng.normal(5, 2, size),
    "normal of arrays": lambda rng, size: rng.normal([[1.0]] * 60, 2, size),
    "standard_normal": lambda rng, size: rng.standard_normal(size, dtype=np.float32),
    "exponential": lambda rng, size: rng.exponential(3, size),
    "exponential of arrays": lambda rng, size: rng.exponential(np.arange(1, 51), size),
    "standard_exponential": lambda rng, size: rng.standard_exponential(size),
    "integers": lambda rng, size: rng.integers(-5, 6, size),
    "integers uint64": lambda rng, size: rng.integers(0, 2**64 - 1, size, dtype="uint64", endpoint=True),
    "integers bool": lambda rng, size: rng.integers(0, 2, size, dtype=bool),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_bits_on_any_number_of_engines(contexts, name):
    bits = set()
    for engines in (1, 2, 3, 4):
        context = contexts(engines)
        for kinds in ("b", "c", "nb", "bc"):
            rng = default_rng(42, device=context)
            array = DRAWS[name](rng, Distribution(context, (60, 50), kinds))
            assert array.distribution.dist == Distribution(context, (60, 50), kinds).dist
            bits.add(array.toarray().tobytes())
        bits.add(DRAWS[name](default_rng(42, device=context), (60, 50)).toarray().tobytes())
    assert len(bits) == 1


def test_each_array_is_another_and_each_seed(context):
    rng = default_rng(1, device=context)
    arrays = [rng.random(10).toarray() for _ in range(3)]
    arrays += [default_rng(seed, device=context).random(10).toarray() for seed in (2, [1, 2], 1 << 70, None, None)]
    assert len({one.tobytes() for one in arrays}) == len(arrays)
    np.testing.assert_array_equal(default_rng(1, device=context).random(10).toarray(), arrays[0])
    np.testing.assert_array_equal(default_rng(1 << 70, device=context).random(10).toarray(), arrays[5])


def test_what_default_rng_takes(context, daemons):
    rng = default_rng(np.random.SeedSequence(7), device=context)
    assert isinstance(rng, Generator) and rng.context is context and "Philox" in repr(rng)
    assert default_rng(rng) is rng
    with da.Context(daemons(4)) as own:
        assert distarray.random.default_rng(3).context is own
    with pytest.raises(TypeError):
        default_rng("seed", device=context)
    with pytest.raises(ValueError):
        default_rng(-1, device=context)


N = 200_000


def moments(array):
    values = array.toarray()
    return values.mean(), values.std(), values


def test_laws(context):
    rng = default_rng(2024, device=context)
    error = 5 / math.sqrt(N)  # five standard errors of a law with deviation 1
    mean, deviation, values = moments(rng.random(N))
    assert abs(mean - 0.5) < error and abs(deviation - math.sqrt(1 / 12)) < error
    assert values.min() >= 0 and values.max() < 1
    mean, deviation, values = moments(rng.uniform(-2, 4, N))
    assert abs(mean - 1) < 2 * error and values.min() >= -2 and values.max() < 4
    mean, deviation, _ = moments(rng.normal(3, 2, N))
    assert abs(mean - 3) < 2 * error and abs(deviation - 2) < 2 * error
    mean, deviation, values = moments(rng.exponential(4, N))
    assert abs(mean - 4) < 4 * error and abs(deviation - 4) < 8 * error and values.min() >= 0
    assert abs((values > 4).mean() - math.exp(-1)) < error
    mean, _, values = moments(rng.standard_exponential(N, dtype="float32"))
    assert values.dtype == np.float32 and abs(mean - 1) < error and np.isfinite(values).all()
    values = rng.integers(0, 10, N).toarray()
    assert abs(np.bincount(values, minlength=10) / N - 0.1).max() < error
    values = rng.integers(3, 5, N, endpoint=True, dtype="int8").toarray()
    assert values.dtype == np.int8 and set(values.tolist()) == {3, 4, 5}
    values = rng.integers(-(2**63), 2**63 - 1, N, endpoint=True).toarray()
    assert abs((values < 0).mean() - 0.5) < error
    values = rng.integers(2**63, 2**64, N, dtype=np.uint64).toarray()
    assert values.min() >= 2**63 and abs((values < 2**63 + 2**62).mean() - 0.5) < error
    assert abs(rng.integers(0, 2, N, dtype=bool).toarray().mean() - 0.5) < error


def test_sizes(context):
    rng = default_rng(5, device=context)
    assert rng.random().shape == () and rng.normal().shape == () and rng.integers(4).shape == ()
    assert rng.random(3).shape == (3,) and rng.exponential(2.0, (2, 0)).shape == (2, 0)
    assert rng.normal([1, 2, 3]).shape == (3,)
    assert rng.uniform(context.zeros((2, 1)), context.ones(3)).shape == (2, 3)
    out = context.zeros((4, 5))
    assert rng.random(out=out) is out and 0 < float(out.min()) < float(out.max()) < 1
    means = rng.normal(context.arange(4, dtype=float) * 100, context.ones(4), (1000, 4)).mean(axis=0).toarray()
    np.testing.assert_allclose(means, [0, 100, 200, 300], atol=0.3)


@pytest.mark.parametrize(
    "draw, error, message",
    [
        (lambda rng: rng.integers(3, 3), ValueError, "low must be below high, 3 and 3"),
        (lambda rng: rng.integers(4, 3, endpoint=True), ValueError, "low must not be above high"),
        (lambda rng: rng.integers(0, 257, dtype="uint8"), ValueError, "out of bounds for uint8"),
        (lambda rng: rng.integers(-1, 3, dtype="uint64"), ValueError, "out of bounds for uint64"),
        (lambda rng: rng.integers(0, 3, dtype=float), TypeError, "must be an integer or bool"),
        (lambda rng: rng.integers(0.5), TypeError, "low must be an int"),
        (lambda rng: rng.normal(0, -1), ValueError, "scale must not be negative"),
        (lambda rng: rng.exponential(-1), ValueError, "scale must not be negative"),
        (lambda rng: rng.uniform(0, np.inf), ValueError, "must be finite"),
        (lambda rng: rng.random(3, dtype=int), TypeError, "must be float32 or float64"),
        (lambda rng: rng.random(-1), ValueError, ""),
        (lambda rng: rng.normal([1, 2], 1, 3), ValueError, ""),
        (lambda rng: rng.standard_exponential(3, method="x"), ValueError, "'zig' or 'inv'"),
        (lambda rng: rng.shuffle(np.arange(3)), TypeError, "takes a DistArray"),
        (lambda rng: rng.choice(3, 4, replace=False), ValueError, "4 of 3 cannot be had"),
        (lambda rng: rng.choice(0, 4), ValueError, "must not be empty"),
        (lambda rng: rng.choice(3, 4, p=[0.5, 0.5]), ValueError, r"p must have shape \(3,\)"),
        (lambda rng: rng.choice(2, 4, p=[0.5, 0.6]), ValueError, "must sum to 1"),
        (lambda rng: rng.choice(2, 4, p=[1.5, -0.5]), ValueError, "negative"),
        (lambda rng: rng.choice(2, 2, replace=False, p=[1, 0]), ValueError, "fewer than 2 entries"),
    ],
)
def test_wrong_arguments(context, draw, error, message):
    with pytest.raises(error, match=message):
        draw(default_rng(1, device=context))


@needs_sort
@needs_take
def test_permutations(contexts):
    answers = []
    for engines in (1, 2, 3, 4):
        context = contexts(engines)
        rng = default_rng(9, device=context)
        order = rng.permutation(500).toarray()
        assert sorted(order.tolist()) == list(range(500)) and (order != np.arange(500)).mean() > 0.9
        a = np.arange(24.0).reshape(8, 3)
        rows = rng.permutation(context.fromarray(a, Distribution(context, a.shape, "c"))).toarray()
        assert sorted(rows.tolist()) == a.tolist()
        columns = rng.permutation(a, axis=1).toarray()
        assert sorted(columns.T.tolist()) == a.T.tolist()
        x = context.fromarray(a, Distribution(context, a.shape, "b"))
        rng.shuffle(x)
        shuffled = x.toarray()
        assert sorted(shuffled.tolist()) == a.tolist()
        answers.append([one.tobytes() for one in (order, rows, columns, shuffled)])
        assert rng.permutation(0).shape == (0,) and rng.permutation(1).toarray().tolist() == [0]
    assert all(one == answers[0] for one in answers)
    with pytest.raises(IndexError, match="axis 2 is out of bounds"):
        rng.permutation(x, axis=2)


@needs_sort
@needs_take
def test_choice(contexts):
    answers = []
    for engines in (1, 4):
        context = contexts(engines)
        rng = default_rng(11, device=context)
        any_of = rng.choice(5, (30, 4)).toarray()
        assert any_of.shape == (30, 4) and set(any_of.ravel().tolist()) == set(range(5))
        some = rng.choice(100, 60, replace=False).toarray()
        assert len(set(some.tolist())) == 60 and some.min() >= 0 and some.max() < 100
        p = [0.1, 0, 0.6, 0.3]
        drawn = rng.choice(4, 20_000, p=p).toarray()
        assert abs(np.bincount(drawn, minlength=4) / 20_000 - p).max() < 0.02
        weighted = rng.choice(4, 3, replace=False, p=context.fromarray(np.array(p))).toarray()
        assert sorted(weighted.tolist()) == [0, 2, 3]
        a = np.arange(20.0).reshape(4, 5)
        taken = rng.choice(context.fromarray(a), (2, 3), axis=1).toarray()
        assert taken.shape == (4, 2, 3) and np.isin(taken[0], a[0]).all()
        assert rng.choice(7).shape == () and rng.choice(a[0]).shape == ()
        answers.append([one.tobytes() for one in (any_of, some, drawn, weighted, taken)])
    assert answers[0] == answers[1]
    firsts = [
        int(default_rng(seed, device=context).choice(3, 1, replace=False, p=[0.2, 0.2, 0.6])[0]) for seed in range(200)
    ]
    assert abs(firsts.count(2) / 200 - 0.6) < 0.15
