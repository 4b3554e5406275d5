"""Reductions and what is made of them, against NumPy."""

import warnings

import distarray as da
import numpy as np
import pytest
from checks import NUMPY_2, arrays, dealt, distributions, dtypes, filled_shapes, same
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon

FLOATING = [np.dtype(name) for name in ("float32", "float64", "complex64", "complex128")]


@pytest.fixture(params=[1, 4])
def any_context(contexts, request):
    """Contexts of one and of four engines."""
    return contexts(request.param)


def close(result, expected, kind):
    """Shape, dtype and values, the latter to some rounding errors."""
    expected = np.asarray(expected)
    wanted = np.dtype(np.float32) if expected.dtype == np.float16 else expected.dtype
    assert result.shape == expected.shape and result.dtype == wanted
    tolerance = 2e-5 if np.finfo(np.result_type(kind, np.float32)).bits == 32 else 1e-11
    np.testing.assert_allclose(result.toarray(), expected, rtol=tolerance, atol=tolerance * 50)


def some_axis(data, ndim):
    places = list(range(-ndim, ndim))
    one = st.sampled_from(places) if ndim else st.none()
    many = st.lists(st.sampled_from(range(ndim)), unique=True).map(tuple) if ndim else st.just(())
    return data.draw(st.none() | one | many)


@given(st.data(), dtypes, st.booleans())
def test_functions_are_the_methods(any_context, data, dtype, keepdims):
    d, x = data.draw(dealt(any_context, arrays(filled_shapes, dtype, low=-2, high=2)))
    axis = some_axis(data, x.ndim)
    for name, ulps in (("sum", 0), ("prod", 64), ("all", 0), ("any", 0)):
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        same(getattr(da, name)(d, axis=axis, keepdims=keepdims), expected, ulps)
    if dtype.kind != "c":
        for name in ("max", "min", "amax", "amin"):
            same(getattr(da, name)(d, axis=axis, keepdims=keepdims), getattr(np, name)(x, axis=axis, keepdims=keepdims))
        if dtype.kind != "b":
            same(da.ptp(d, axis=axis, keepdims=keepdims), np.ptp(x, axis=axis, keepdims=keepdims))
    same(da.count_nonzero(d, axis=axis, keepdims=keepdims), np.count_nonzero(x, axis=axis, keepdims=keepdims))
    close(da.mean(d, axis=axis, keepdims=keepdims), x.mean(axis=axis, keepdims=keepdims), dtype)


@given(st.data(), dtypes, st.sampled_from([0, 1, 0.5]))
def test_corrections(any_context, data, dtype, correction):
    d, x = data.draw(dealt(any_context, arrays(st.tuples(st.integers(2, 7), st.integers(2, 7)), dtype)))
    axis = data.draw(st.sampled_from([None, 0, 1, (0, 1)]))
    for name in ("var", "std"):
        expected = getattr(np, name)(x, axis=axis, ddof=correction)
        close(getattr(da, name)(d, axis=axis, correction=correction), expected, dtype)
        close(getattr(d, name)(axis, ddof=correction), expected, dtype)
    with pytest.raises(ValueError, match="one thing"):
        da.var(d, ddof=1, correction=1)


def with_nan(draw, shape, dtype):
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    x = rng.integers(-9, 9, shape).astype(dtype)
    if dtype.kind in "fc":
        x[rng.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.9]))] = np.nan
    return x


@given(st.data(), dtypes, st.booleans())
def test_ignoring_nan(any_context, data, dtype, keepdims):
    x = with_nan(data.draw, data.draw(filled_shapes), dtype)
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    axis = some_axis(data, x.ndim)
    names = ["nansum", "nanprod", "nanmean", "nanvar", "nanstd"]
    names += [] if dtype.kind in "cb" else ["nanmin", "nanmax"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
            close(getattr(da, name)(d, axis=axis, keepdims=keepdims), expected, dtype)


@given(st.data(), st.sampled_from(["float64", "int32", "float32"]), st.booleans())
def test_positions_ignoring_nan(any_context, data, dtype, keepdims):
    x = with_nan(data.draw, data.draw(filled_shapes), np.dtype(dtype))
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    axis = data.draw(st.none() | st.sampled_from(range(-x.ndim, x.ndim))) if x.ndim else None
    for name in ("nanargmax", "nanargmin"):
        try:
            expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        except ValueError:
            with pytest.raises(ValueError, match="all elements are NaN"):
                getattr(da, name)(d, axis=axis, keepdims=keepdims)
        else:
            same(getattr(da, name)(d, axis=axis, keepdims=keepdims), expected)


@given(st.data(), dtypes)
def test_average(any_context, data, dtype):
    d, x = data.draw(dealt(any_context, arrays(st.tuples(st.integers(1, 6), st.integers(1, 6)), dtype)))
    axis = data.draw(st.sampled_from([None, 0, 1, -1]))
    close(da.average(d, axis=axis), np.average(x, axis=axis), dtype)
    weights = np.random.default_rng(0).integers(1, 5, x.shape).astype(float)
    result, total = da.average(d, axis=axis, weights=any_context.fromarray(weights), returned=True)
    expected, expected_total = np.average(x, axis=axis, weights=weights, returned=True)
    close(result, expected, dtype)
    np.testing.assert_allclose(total.toarray(), expected_total)
    if axis is not None:
        line = np.arange(1.0, x.shape[axis] + 1)
        close(da.average(d, axis=axis, weights=line), np.average(x, axis=axis, weights=line), dtype)


def test_average_without_weight(context):
    d = context.fromarray(np.array([1.0, np.nan, 3.0]))
    with pytest.raises(ZeroDivisionError):
        da.average(d, weights=[1, -1, 0])
    with pytest.raises(TypeError, match="need an axis"):
        da.average(context.ones((2, 3)), weights=[1, 2, 3])
    with pytest.raises(ValueError, match="do not fit"):
        da.average(context.ones((2, 3)), axis=0, weights=[1, 2, 3])
    result, total = da.average(d, returned=True)
    assert np.isnan(result.item()) and total.item() == 3


@given(st.data(), st.sampled_from(["float64", "int32", "complex128", "float32"]), st.booleans())
def test_covariances(any_context, data, dtype, rowvar):
    d, x = data.draw(dealt(any_context, arrays(st.tuples(st.integers(1, 5), st.integers(1, 6)), np.dtype(dtype))))
    if not NUMPY_2 and x.shape[0] == 1:
        rowvar = True  # NumPy 1 does not transpose an x of one row, either
    observations = x.shape[1 if rowvar else 0]
    often = data.draw(st.none() | st.just(np.arange(1, observations + 1)))
    much = data.draw(st.none() | st.just(np.linspace(0.5, 2, observations)))
    options = {"rowvar": rowvar, "fweights": often, "aweights": much, "bias": data.draw(st.booleans())}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        close(da.cov(d, **options), np.cov(x, **options), np.float64)
        if rowvar or x.shape[0] > 1:  # NumPy does not transpose a y of one row
            close(da.cov(d, d * 2 + 1, rowvar), np.cov(x, x * 2 + 1, rowvar), np.float64)
        expected = np.corrcoef(x, rowvar=rowvar)
        close(da.corrcoef(d, rowvar=rowvar), expected, np.float64)
    if rowvar:
        same_variance = da.cov(d[0], ddof=0)
        close(same_variance, np.cov(x[0], ddof=0), np.float64)


def test_covariances_of_bad_arguments(context):
    with pytest.raises(ValueError, match="at most 2-d"):
        da.cov(context.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="fweights has shape"):
        da.cov(context.ones((2, 3)), fweights=[1, 2])


def test_out(context):
    d = context.arange(12, dtype=float).reshape(3, 4)
    out = context.zeros(4)
    assert da.sum(d, axis=0, out=out) is out
    same(out, np.arange(12.0).reshape(3, 4).sum(axis=0))
    assert d.mean(axis=0, out=out) is out and da.max(d, 0, out) is out
    same(out, np.arange(8.0, 12))
    position = context.zeros(3, int)
    assert da.argmax(d, axis=1, out=position) is position
    same(position, np.array([3, 3, 3]))
    with pytest.raises(TypeError, match="out must be a DistArray"):
        da.sum(d, axis=0, out=np.zeros(4))
    for wrong in (
        lambda: da.sum([1, 2]),
        lambda: da.all(np.ones(2)),
        lambda: da.argmax(3),
        lambda: da.count_nonzero(1),
    ):
        with pytest.raises(TypeError, match="takes a DistArray"):
            wrong()


def test_of_nothing(context):
    nothing = context.empty((0, 3))
    same(da.sum(nothing, axis=0), np.zeros(3))
    assert da.prod(nothing).item() == 1 and not da.any(nothing) and da.all(nothing)
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(ValueError, match="no elements"):
            getattr(da, name)(nothing)
        with pytest.raises(ValueError, match="no elements"):
            getattr(da, name)(nothing, axis=0)
        assert getattr(da, name)(nothing, axis=1).shape == (0,)
        with pytest.raises(ValueError, match="no elements"):
            getattr(da, name)(context.empty((3, 0, 0)), axis=2)
    assert np.isnan(da.mean(nothing).item()) and da.nansum(nothing).item() == 0


@pytest.mark.parametrize("engines", [1, 4])
def test_infinities_dtypes_and_no_dimensions(contexts, engines):
    context = contexts(engines)
    x = np.array([[np.inf, 1, np.nan], [2, -np.inf, np.inf], [np.nan, 1, 3]])
    d = context.fromarray(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for axis in (None, 0, 1):
            same(da.nanvar(d, axis=axis), np.nanvar(x, axis=axis), 4)
            same(da.nanstd(d, axis=axis), np.nanstd(x, axis=axis), 4)
    plain = np.arange(6.0)
    for name in ("var", "std"):
        for dtype in (np.complex128, np.complex64, np.float32):
            same(getattr(da, name)(context.fromarray(plain), dtype=dtype), getattr(np, name)(plain, dtype=dtype), 4)
    halves = np.array([[0.5, 0.5], [0.0, 0.5]])
    for name in ("sum", "prod", "nansum"):
        same(getattr(da, name)(context.fromarray(halves), dtype=bool), getattr(np, name)(halves, dtype=bool))
        expected = getattr(np, name)(halves, axis=0, dtype=bool)
        same(getattr(da, name)(context.fromarray(halves), axis=0, dtype=bool), expected)
    for axis in (0, -1):
        same(da.sum(context.fromarray(np.asarray(3.0)), axis=axis), np.sum(np.asarray(3.0), axis=axis))
