"""Where elements are, and whether arrays are alike, against NumPy."""

import distarray as da
import numpy as np
import pytest
from checks import arrays, dealt, distributions, dtypes, filled_shapes, same
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon


@pytest.fixture(params=[1, 4])
def any_context(contexts, request):
    """Contexts of one and of four engines."""
    return contexts(request.param)


@given(st.data(), dtypes, st.booleans())
def test_argmax_and_argmin(any_context, data, dtype, keepdims):
    """Few values, so that the greatest is there several times."""
    d, x = data.draw(dealt(any_context, arrays(filled_shapes, dtype, low=-1, high=1)))
    if dtype.kind == "c":
        return
    axis = data.draw(st.none() | st.sampled_from(range(-x.ndim, x.ndim))) if x.ndim else None
    for name in ("argmax", "argmin"):
        result = getattr(da, name)(d, axis=axis, keepdims=keepdims)
        same(result, getattr(np, name)(x, axis=axis, keepdims=keepdims))
        same(getattr(d, name)(axis), getattr(np, name)(x, axis=axis))


@given(st.data(), st.sampled_from([np.float32, np.float64]))
def test_the_first_nan_is_found(any_context, data, dtype):
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    x = rng.choice(np.array([1, 2, np.nan, np.inf, -np.inf], dtype), data.draw(filled_shapes))
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    axis = data.draw(st.none() | st.sampled_from(range(x.ndim))) if x.ndim else None
    same(da.argmax(d, axis=axis), np.argmax(x, axis=axis))
    same(da.argmin(d, axis=axis), np.argmin(x, axis=axis))


def test_one_axis_at_a_time(context):
    with pytest.raises(TypeError, match="None or an int"):
        da.argmax(context.ones((2, 2)), axis=(0, 1))
    with pytest.raises(IndexError, match="out of bounds"):
        da.argmax(context.ones((2, 2)), axis=2)


@given(st.data(), dtypes)
def test_where(any_context, data, dtype):
    shape = data.draw(filled_shapes)
    condition, chosen = data.draw(dealt(any_context, arrays(shape, np.bool_)))
    d, x = data.draw(dealt(any_context, arrays(shape, dtype)))
    e, y = data.draw(dealt(any_context, arrays(shape[-1:], dtypes)))
    same(da.where(condition, d, e), np.where(chosen, x, y))
    same(da.where(condition, d, True if dtype.kind == "b" else 1), np.where(chosen, x, x.dtype.type(1)))


NUMBERS = np.array([0.0, 1.0, 1.0 + 1e-7, 1.1, -1.0, 1e9, np.inf, -np.inf, np.nan, 1e-9])


@given(st.data(), st.booleans())
def test_isclose(any_context, data, equal_nan):
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    x, y = rng.choice(NUMBERS, (2, 3, 5))
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    e = any_context.fromarray(y, data.draw(distributions(any_context, y.shape)))
    same(da.isclose(d, e, equal_nan=equal_nan), np.isclose(x, y, equal_nan=equal_nan))
    same(da.isclose(d, e, 0.1, 0.01), np.isclose(x, y, 0.1, 0.01))
    assert da.allclose(d, e, equal_nan=equal_nan) is np.allclose(x, y, equal_nan=equal_nan)
    assert da.array_equal(d, e, equal_nan=equal_nan) is np.array_equal(x, y, equal_nan=equal_nan)
    assert da.array_equal(d, x, equal_nan=True) is True


def test_arrays_of_other_shapes(context):
    d = context.ones((2, 3))
    assert not da.array_equal(d, np.ones(3)) and da.array_equiv(d, np.ones(3)) and not da.array_equiv(d, np.ones(4))
    assert da.array_equal(context.fromarray(np.array([True, False])), [True, False])
    assert da.isclose(d, 1).all() and not da.allclose(d, 1.1)
    with pytest.raises(TypeError, match="takes a DistArray"):
        da.allclose(1, 2)
