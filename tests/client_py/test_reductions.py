"""Reductions on the engines, against NumPy."""

import warnings

import numpy as np
import pytest
from checks import FLOATS, arrays, dealt, distributions, dtypes, filled_shapes, same
from hypothesis import given
from hypothesis import strategies as st

EXACT = ["sum", "prod", "min", "max", "any", "all"]


@st.composite
def axes(draw, ndim):
    if ndim == 0 or draw(st.booleans()):
        return None
    chosen = tuple(draw(st.permutations(range(ndim)))[: draw(st.integers(1, ndim))])
    signed = tuple(axis - ndim if draw(st.booleans()) else axis for axis in chosen)
    return signed[0] if len(signed) == 1 and draw(st.booleans()) else signed


@given(st.data(), st.sampled_from(EXACT), dtypes, st.booleans())
def test_exact(context, data, name, dtype, keepdims):
    small = {"low": 1, "high": 2} if name == "prod" else {}
    d, x = data.draw(dealt(context, arrays(dtype=dtype, **small)))
    axis = data.draw(axes(x.ndim))
    if dtype.kind == "c" and name in ("min", "max"):
        return
    try:
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    except ValueError:
        with pytest.raises(ValueError, match="no elements"):
            getattr(d, name)(axis=axis, keepdims=keepdims)
        return
    same(getattr(d, name)(axis=axis, keepdims=keepdims), expected, 64 if name == "prod" and dtype.kind in "fc" else 0)


@given(st.data(), st.sampled_from(["mean", "var", "std"]), dtypes, st.booleans(), st.sampled_from([0, 1]))
def test_moments(context, data, name, dtype, keepdims, ddof):
    d, x = data.draw(dealt(context, arrays(filled_shapes, dtype)))
    axis = data.draw(axes(x.ndim))
    options = {} if name == "mean" else {"ddof": ddof}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims, **options)
        result = getattr(d, name)(axis=axis, keepdims=keepdims, **options)
        assert result.shape == np.shape(expected) and result.dtype == expected.dtype
        tolerance = 1e-5 if expected.dtype in (np.float32, np.complex64) else 1e-12
        np.testing.assert_allclose(result.toarray(), expected, rtol=tolerance, atol=tolerance)


@given(st.data(), st.sampled_from(["sum", "mean", "max", "any"]))
def test_of_slices(context, data, name):
    x = np.arange(40.0).reshape(10, 4)
    d = context.fromarray(x, data.draw(distributions(context, x.shape)))
    for index in (np.s_[2:9], np.s_[::2, 1:3], np.s_[::-3], np.s_[1:9, ::-1]):
        for axis in (None, 0, 1):
            same(getattr(d[index], name)(axis=axis), getattr(x[index], name)(axis=axis), 2)


def test_dtypes(context):
    x = np.full(300, 1, np.int8)
    d = context.fromarray(x)
    same(d.sum(), np.int64(300))
    same(d.sum(dtype=np.float32), np.float32(300))
    same(d.mean(dtype=np.float32), np.float32(1))
    same(d.mean(dtype=int), np.int64(1))
    same(context.fromarray(x.astype(bool)).sum(), np.int64(300))
    assert context.ones(3, np.float32).mean().dtype == np.float32
    assert context.ones(3, np.complex64).var().dtype == np.float32
    assert context.ones(3, np.complex64).mean().dtype == np.complex64
    with pytest.raises(TypeError):
        d.var(dtype=int)


@pytest.mark.daemon
def test_results_are_arrays_on_the_first_target(context):
    d = context.ones((8, 5))
    total = d.sum()
    assert repr(total) == "<DistArray(shape=(), targets=[0])>" and float(total) == 40
    assert d.sum(axis=1).targets == [0, 1, 2, 3] and d.sum(axis=0).targets == [0]
    assert d.max(axis=(0, 1), keepdims=True).shape == (1, 1)


def test_a_bool_array_stays_bool(context):
    m = context.fromarray(np.array([True, False, True]))
    m.sum(), m.min(), m.max()
    same(~m, np.array([False, True, False]))
    same(m.min(), np.False_)


def test_bad_arguments(context):
    d = context.ones((3, 4))
    for kind in (ValueError, IndexError):
        with pytest.raises(kind, match="axis 2 is out of bounds"):
            d.sum(axis=2)
    with pytest.raises(TypeError):
        d.sum(axis=[0])
    with pytest.raises(ValueError, match="twice"):
        d.sum(axis=(0, 0))
    with pytest.raises(ValueError, match="the result's shape"):
        d.sum(out=d)
    with pytest.raises(TypeError, match="cast"):
        d.mean(axis=0, out=context.zeros(4, int))
    with pytest.raises(ValueError, match="no elements"):
        context.empty((0, 3)).max()
    same(context.empty((0, 3)).sum(), np.float64(0))
    same(context.empty((0, 3)).max(axis=1), np.empty(0))


@pytest.mark.daemon
@given(st.data(), st.sampled_from(FLOATS))
def test_sums_are_the_same_on_any_number_of_engines(contexts, data, dtype):
    x = (
        np.random.default_rng(data.draw(st.integers(0, 99))).standard_normal(1000)
        * 10.0 ** np.arange(-2, 8).repeat(100)
    ).astype(dtype)
    results = {contexts(engines).fromarray(x).sum().toarray().tobytes() for engines in (1, 2, 4)}
    assert len(results) == 1


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 2), (1, 2), (0, 1)])
@pytest.mark.parametrize("dist", ["bnn", "nbn", "ncb", "cnn", "nnc"])
def test_more_results_than_are_accumulated_at_a_time(context, axis, dist):
    shape = (3, 140003, 2)
    x = np.arange(np.prod(shape)).reshape(shape) % 1013
    d = context.fromfunction(
        lambda i, j, k: ((i * shape[1] + j) * shape[2] + k) % 1013, shape, dist=dist, dtype="int64"
    )
    assert np.array_equal(d.sum(axis=axis).toarray(), x.sum(axis=axis))
    half = d * 0.5
    assert np.array_equal(half.max(axis=axis).toarray(), x.max(axis=axis) * 0.5)
    np.testing.assert_allclose(half.var(axis=axis).toarray(), (x * 0.5).var(axis=axis), rtol=1e-12)
