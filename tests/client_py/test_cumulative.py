"""Running sums and products, and differences, against NumPy: every dtype, on any distribution."""

import gc
import itertools
from fractions import Fraction

import numpy as np
import pytest
from checks import dealt, same
from distarray import globalapi as da
from distarray._dtypes import DTYPES
from distarray.globalapi import Distribution
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon

SHAPES = [(1,), (5,), (0,), (300,), (4, 3), (3, 1, 5), (1, 9), (9, 1), (2, 0), (6, 20), (700, 2)]


def elements(shape, dtype, seed=0, product=False):
    """Whole numbers, the sums of which are exact; for products, of bits that do not all go at once."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    low = 1 if product else (0 if dtype.kind == "u" else -9)
    whole = rng.integers(low, 3 if product else 10, shape)
    return (whole + 1j * rng.integers(low, 3, shape) if dtype.kind == "c" else whole).astype(dtype)


def numpys(product, a, axis, dtype=None, initial=False):
    """numpy.cumulative_sum, which NumPy 1 does not have."""
    result = (np.cumprod if product else np.cumsum)(a, axis=axis, dtype=dtype)
    if initial:
        first = np.full([1 if d == axis % a.ndim else size for d, size in enumerate(a.shape)], int(product))
        result = np.concatenate([first.astype(result.dtype), result], axis=axis)
    return result


@pytest.mark.parametrize("engines", [1, 3, 4])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype(contexts, engines, dtype):
    context = contexts(engines)
    for shape, product in itertools.product(SHAPES, [False, True]):
        a = elements(shape, dtype, product=product)
        if product and dtype.kind in "fc":
            a = (a / dtype.type(2)).astype(dtype)
        for kinds, axis in itertools.product(["b", "c", "nb"], range(len(shape))):
            x = context.fromarray(a, Distribution(context, shape, kinds[: len(shape)]))
            function = da.cumulative_prod if product else da.cumulative_sum
            with np.errstate(all="ignore"):
                expected = numpys(product, a, axis)
            result = function(x, axis=axis)
            same(result, expected)
            assert result.distribution.dist == x.distribution.dist
            same(function(x, axis=axis - len(shape), include_initial=True), numpys(product, a, axis, initial=True))


@pytest.mark.parametrize("engines", [1, 4])
@given(data=st.data())
def test_any_distribution(contexts, engines, data):
    context = contexts(engines)
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = tuple(data.draw(st.lists(st.integers(0, 9) | st.just(40), min_size=1, max_size=3)))
    a = elements(shape, dtype, data.draw(st.integers(0, 1 << 32)))
    x, _ = data.draw(dealt(context, st.just(a)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    asked = data.draw(st.none() | st.sampled_from(DTYPES))
    product = data.draw(st.booleans())
    initial = data.draw(st.booleans())
    function = da.cumulative_prod if product else da.cumulative_sum
    with np.errstate(all="ignore"), np.testing.suppress_warnings() as quiet:
        quiet.filter(np.exceptions.ComplexWarning if hasattr(np, "exceptions") else np.ComplexWarning)
        expected = numpys(product, a, axis, asked, initial)
    same(function(x, axis=axis, dtype=asked, include_initial=initial), expected, ulps=4 * max(shape, default=1))
    np.testing.assert_array_equal(x.toarray(), a)


def distributions_of(context, n):
    """A line, dealt out in many ways; block bounds also within what is summed up together."""
    yield Distribution(context, (n,), "b")
    yield Distribution(context, (n,), "c")
    engines = len(context.all_targets)
    yield Distribution.from_global_dim_data(
        context, [{"dist_type": "c", "size": n, "proc_grid_size": engines, "block_size": 100}]
    )
    cuts = [0, *([7, 130, n - 1][: engines - 1]), n]
    yield Distribution.from_global_dim_data(context, [{"dist_type": "b", "bounds": cuts}])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_the_same_bits_on_any_number_of_engines(contexts, dtype):
    rng = np.random.default_rng(5)
    n = 5000
    a = rng.standard_normal(n) * 10.0 ** rng.integers(-9, 9, n)
    if dtype.startswith("complex"):
        a = a + 1j * rng.standard_normal(n)
    a = a.astype(dtype)
    bits = []
    for engines in (1, 2, 3, 4):
        context = contexts(engines)
        for distribution in distributions_of(context, n):
            x = context.fromarray(a, distribution)
            bits.append(da.cumsum(x).toarray().tobytes())
            bits.append(da.cumulative_sum(x, include_initial=True).toarray()[1:].tobytes())
        for kinds in ("b", "nb", "c", "bb"):
            rows = context.fromarray(a.reshape(50, 100), Distribution(context, (50, 100), kinds))
            assert da.cumsum(rows).toarray().tobytes() == bits[0]
    assert set(bits) == {bits[0]}
    got = np.frombuffer(bits[0], dtype)
    for part in ("real", "imag"):
        exact = np.array([float(total) for total in itertools.accumulate(map(Fraction, getattr(a, part).tolist()))])
        np.testing.assert_array_equal(getattr(got, part), exact.astype(got.real.dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_products_have_numpys_bits_on_any_number_of_engines(contexts, dtype):
    rng = np.random.default_rng(6)
    a = (1 + rng.standard_normal(3000) / 50).astype(dtype)
    a = a * np.exp(1j * rng.standard_normal(3000)).astype(dtype) if dtype.startswith("complex") else a
    for engines in (1, 2, 3, 4):
        context = contexts(engines)
        for distribution in distributions_of(context, a.size):
            assert da.cumprod(context.fromarray(a, distribution)).toarray().tobytes() == np.cumprod(a).tobytes()


def test_rows_do_not_depend_on_their_neighbours(contexts):
    """A row's running sums are those of the row alone, wherever it lies."""
    rng = np.random.default_rng(7)
    for n in (3, 255, 600, 2500):
        a = rng.standard_normal((11, n)) * 10.0 ** rng.integers(-9, 9, (11, n))
        for engines in (1, 4):
            context = contexts(engines)
            alone = [da.cumsum(context.fromarray(row)).toarray().tobytes() for row in a]
            together = da.cumsum(context.fromarray(a), axis=1).toarray()
            assert [row.tobytes() for row in together] == alone


def test_special_values(contexts):
    a = np.array([1.0, np.inf, 2, -np.inf, 3, np.nan])
    zeros = np.full(1000, -0.0)
    for engines in (1, 4):
        context = contexts(engines)
        same(da.cumsum(context.fromarray(a)), np.cumsum(a))
        same(da.cumsum(context.fromarray(a[:3])), np.cumsum(a[:3]))
        same(da.cumprod(context.fromarray(a)), np.cumprod(a))
        assert np.signbit(da.cumsum(context.fromarray(zeros)).toarray()).all()
        same(da.nancumsum(context.fromarray(np.array([1, np.nan, 3]))), np.array([1.0, 1, 4]))
        same(da.nancumprod(context.fromarray(np.array([2, np.nan, 3]))), np.array([2.0, 2, 6]))
        same(da.nancumsum(context.arange(3)), np.array([0, 1, 3]))


def test_numpys_names_and_protocols(context):
    a = elements((4, 6), np.dtype("int8"))
    x = context.fromarray(a)
    same(da.cumsum(x), np.cumsum(a))
    same(da.cumprod(x, 1), np.cumprod(a, 1))
    same(x.cumsum(0), a.cumsum(0))
    same(x.cumprod(axis=1, dtype="float32"), a.cumprod(axis=1, dtype="float32"))
    same(np.cumsum(x, axis=0), np.cumsum(a, axis=0))
    same(np.cumprod(x), np.cumprod(a))
    same(np.diff(x, 2, 0), np.diff(a, 2, 0))
    same(np.nancumsum(x), np.nancumsum(a))
    same(np.add.accumulate(x), np.add.accumulate(a))
    same(np.multiply.accumulate(x, axis=1), np.multiply.accumulate(a, axis=1))
    if hasattr(np, "cumulative_sum"):
        same(np.cumulative_sum(x, axis=1, include_initial=True), np.cumulative_sum(a, axis=1, include_initial=True))
    out = context.zeros((4, 6), dtype=float)
    assert da.cumsum(x, 1, out=out) is out
    same(out, np.cumsum(a, 1).astype(float))
    same(da.cumulative_sum(context.fromarray(np.array(3.5))), np.array([3.5]))


def test_a_failed_operand(context):
    bad = context.ones(40, dtype=int) ** context.fromarray(np.array([-1, 1, 1, 1] * 10))
    for result in (da.cumsum(bad), da.cumsum(bad.reshape(8, 5), axis=0), da.cumprod(bad.astype(float))):
        with pytest.raises(ValueError, match="negative integer power"):
            result.wait()
    same(da.cumsum(context.ones(5)), np.arange(1.0, 6))


def test_wrong_arguments_of_scans(context):
    x = context.ones((3, 4))
    with pytest.raises(ValueError, match=r"axis must be given for an array of shape \(3, 4\)"):
        da.cumulative_sum(x)
    with pytest.raises(IndexError, match="axis 2 is out of bounds"):
        da.cumsum(x, 2)
    with pytest.raises(TypeError, match="axis must be an int"):
        da.cumsum(x, 0.5)
    with pytest.raises(TypeError, match="float16"):
        da.cumsum(x, 0, dtype="float16")
    with pytest.raises(ValueError, match="the result's shape"):
        da.cumsum(x, 0, out=context.ones(3))


@pytest.mark.parametrize("engines", [1, 4])
@given(data=st.data())
def test_diff(contexts, engines, data):
    context = contexts(engines)
    dtype = data.draw(st.sampled_from(DTYPES))
    shape = tuple(data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
    a = elements(shape, dtype, data.draw(st.integers(0, 1 << 32)))
    x, _ = data.draw(dealt(context, st.just(a)))
    n = data.draw(st.integers(0, 3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    same(da.diff(x, n, axis), np.diff(a, n, axis))
    number = dtype.type(1)
    same(da.diff(x, n, axis, prepend=number), np.diff(a, n, axis, prepend=number))
    same(da.diff(x, n, axis, prepend=x, append=a), np.diff(a, n, axis, prepend=a, append=a))


def test_wrong_arguments_of_diff(context):
    with pytest.raises(ValueError, match="n must not be negative"):
        da.diff(context.ones(3), -1)
    with pytest.raises(ValueError, match="0-d"):
        da.diff(context.fromarray(np.array(1.0)))
    with pytest.raises(IndexError, match="out of bounds"):
        da.diff(context.ones(3), axis=1)


def test_nothing_is_left_behind(context):
    def used():
        gc.collect()
        return context.server_info().memory_used_bytes

    before = used()
    x = context.ones((50, 40))
    for axis in (0, 1):
        da.cumsum(x, axis).wait()
        da.cumulative_prod(x, axis=axis, include_initial=True, dtype="int8").wait()
    da.cumsum(x).wait()
    assert used() > before
    del x
    assert used() <= before
