"""Order statistics against NumPy."""

import warnings

import distarray as da
import numpy as np
import pytest
from checks import DTYPES, NUMPY_2, arrays, dealt, distributions, filled_shapes, same
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon

REAL = [dtype for dtype in DTYPES if dtype.kind in "iuf"]
METHODS = [
    "averaged_inverted_cdf",
    "closest_observation",
    "hazen",
    "higher",
    "interpolated_inverted_cdf",
    "inverted_cdf",
    "linear",
    "lower",
    "median_unbiased",
    "midpoint",
    "nearest",
    "normal_unbiased",
    "weibull",
]
if not NUMPY_2:
    METHODS.remove("closest_observation")  # NumPy 2 has mended it
SHARES = [0, 1, 0.5, 0.25, 0.3, [0.1, 0.9], [[0.0, 0.5], [0.7, 1.0]], []]


@pytest.fixture(params=[1, 4])
def any_context(contexts, request):
    """Contexts of one and of four engines."""
    return contexts(request.param)


def some_axis(data, ndim):
    many = st.lists(st.sampled_from(range(ndim)), unique=True, min_size=1).map(tuple) if ndim else st.none()
    return data.draw(st.none() | many | (st.integers(-ndim, ndim - 1) if ndim else st.none()))


@given(st.data(), st.sampled_from(DTYPES), st.booleans())
def test_median(any_context, data, dtype, keepdims):
    d, x = data.draw(dealt(any_context, arrays(filled_shapes, dtype)))
    axis = some_axis(data, x.ndim)
    same(da.median(d, axis=axis, keepdims=keepdims), np.median(x, axis=axis, keepdims=keepdims), 2)


@given(st.data(), st.sampled_from(REAL), st.sampled_from(METHODS), st.sampled_from(SHARES), st.booleans())
def test_quantile(any_context, data, dtype, method, q, keepdims):
    d, x = data.draw(dealt(any_context, arrays(filled_shapes, dtype)))
    axis = some_axis(data, x.ndim)
    close(
        da.quantile(d, q, axis=axis, method=method, keepdims=keepdims),
        np.quantile(x, q, axis=axis, method=method, keepdims=keepdims),
    )
    hundredths = (np.asarray(q, dtype=float) * 100).tolist()
    close(da.percentile(d, hundredths, axis=axis, method=method), np.percentile(x, hundredths, axis, method=method))


def close(result, expected):
    expected = np.asarray(expected)
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype or not NUMPY_2  # NumPy 1 has other dtypes for some methods
    tolerance = 1e-5 if np.float32 in (result.dtype, expected.dtype) else 1e-12
    np.testing.assert_allclose(result.toarray(), expected, rtol=tolerance, atol=tolerance * 50)


@given(st.data(), st.sampled_from(REAL), st.sampled_from(METHODS), st.sampled_from(SHARES[:-1]), st.booleans())
def test_ignoring_nan(any_context, data, dtype, method, q, keepdims):
    x = data.draw(arrays(filled_shapes, dtype))
    if dtype.kind == "f":
        rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
        x[rng.random(x.shape) < data.draw(st.sampled_from([0.0, 0.3, 0.9]))] = np.nan
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    axis = some_axis(data, x.ndim)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        close(
            da.nanquantile(d, q, axis=axis, method=method, keepdims=keepdims),
            np.nanquantile(x, q, axis=axis, method=method, keepdims=keepdims),
        )
        close(da.nanmedian(d, axis=axis, keepdims=keepdims), np.nanmedian(x, axis=axis, keepdims=keepdims))
        close(da.median(d, axis=axis), np.median(x, axis=axis))
        close(da.quantile(d, q, axis=axis), np.quantile(x, q, axis=axis))
        hundredths = (np.asarray(q, dtype=float) * 100).tolist()
        close(da.nanpercentile(d, hundredths, axis=axis), np.nanpercentile(x, hundredths, axis=axis))


def test_large(context):
    x = np.random.default_rng(1).normal(size=(300, 1000))
    d = context.fromarray(x)
    close(da.percentile(d, [1, 50, 99]), np.percentile(x, [1, 50, 99]))
    close(da.quantile(d, 0.123, axis=0), np.quantile(x, 0.123, axis=0))
    close(np.median(d, axis=1), np.median(x, axis=1))


def test_out(context):
    x = np.arange(12.0).reshape(3, 4)
    out = context.zeros(4)
    assert da.median(context.fromarray(x), axis=0, out=out) is out
    same(out, np.median(x, axis=0))


def test_errors(context):
    d = context.arange(6, dtype=float)
    with pytest.raises(ValueError, match="within 0 and 1"):
        da.quantile(d, 1.5)
    with pytest.raises(ValueError, match="within 0 and 100"):
        da.percentile(d, [-1, 50])
    with pytest.raises(ValueError, match="method"):
        da.quantile(d, 0.5, method="best")
    with pytest.raises(TypeError, match="toarray"):
        da.quantile(d, d)
    with pytest.raises(TypeError, match="real numbers"):
        da.quantile(d, "0.5")
    with pytest.raises(TypeError, match="complex"):
        da.quantile(d.astype(complex), 0.5)
    with pytest.raises(TypeError, match="real numbers"):
        da.nanmedian(d.astype(complex))
    with pytest.raises(ValueError, match="no elements"):
        da.percentile(context.zeros((0, 3)), 50, axis=0)
    with pytest.raises(TypeError, match="takes a DistArray"):
        da.median([1, 2])
    assert np.isnan(float(da.median(context.zeros(0))))
    same(da.median(context.zeros((0, 3)), axis=0), np.full(3, np.nan))
