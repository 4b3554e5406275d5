"""Distinct elements against NumPy."""

import distarray as da
import numpy as np
import pytest
from checks import NUMPY_2, arrays, dealt, distributions, dtypes, same, shapes
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon


@pytest.fixture(params=[1, 4])
def any_context(contexts, request):
    """Contexts of one and of four engines."""
    return contexts(request.param)


def expected_of(x, equal_nan):
    """Values, first positions, which of them each element is (in x's shape), and counts."""
    values, indices, inverse, counts = np.unique(x, True, True, True, equal_nan=equal_nan)
    return values, indices, inverse.reshape(x.shape), counts


def with_nan(draw, x):
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    if x.dtype.kind in "fc":
        x[rng.random(x.shape) < draw(st.sampled_from([0, 0.3, 1]))] = np.nan
    return x


@given(st.data(), dtypes)
def test_against_numpy(any_context, data, dtype):
    x = with_nan(data.draw, data.draw(arrays(shapes, dtype, low=-3, high=3)))
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    values, indices, inverse, counts = expected_of(x, False)
    everything = da.unique_all(d)
    assert everything._fields == ("values", "indices", "inverse_indices", "counts")
    for result, expected in zip(everything, (values, indices, inverse, counts), strict=True):
        same(result, expected)
    result = da.unique_counts(d)
    same(result.values, values)
    same(result.counts, counts)
    result = da.unique_inverse(d)
    same(result.values, values)
    same(result.inverse_indices, inverse)
    same(da.unique_values(d), values)


@given(st.data(), dtypes, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_unique(any_context, data, dtype, index, inverse, counts, equal_nan):
    x = with_nan(data.draw, data.draw(arrays(shapes, dtype, low=-3, high=3)))
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    wanted = (True, index, inverse, counts)
    expected = [part for part, ask in zip(expected_of(x, equal_nan), wanted, strict=True) if ask]
    results = da.unique(d, index, inverse, counts, equal_nan=equal_nan)
    results = results if len(expected) > 1 else [results]
    for result, part in zip(results, expected, strict=True):
        same(result, part)


@pytest.mark.parametrize("distinct", [1, 50, 10**9])
def test_large(context, distinct):
    x = np.random.default_rng(1).integers(0, distinct, (300, 1000))
    d = context.fromarray(x)
    for result, expected in zip(da.unique_all(d), expected_of(x, True), strict=True):
        same(result, expected)


def test_zeros_of_either_sign_are_one(context):
    x = np.array([0.0, -0.0, 2.0, -0.0])
    result = da.unique_all(context.fromarray(x))
    same(result.values, [0.0, 2.0])
    same(result.counts, [3, 1])
    same(result.indices, [0, 2])
    same(result.inverse_indices, [0, 0, 1, 0])


def test_numpy_finds_them_on_the_server(context):
    x = np.array([3, 1, 3, 2])
    for result, expected in zip(np.unique(context.fromarray(x), True, True, True), np.unique(x, True, True, True),
                                strict=True):
        same(result, expected)
    if NUMPY_2:
        same(np.unique_values(context.fromarray(x)), [1, 2, 3])


def test_errors(context):
    with pytest.raises(NotImplementedError, match="axis"):
        da.unique(context.ones((2, 2)), axis=0)
    for call in (da.unique, da.unique_all, da.unique_counts, da.unique_inverse, da.unique_values):
        with pytest.raises(TypeError, match="takes a DistArray"):
            call([1, 2])


@given(st.data())
def test_what_is_dealt_out_is_found_whole(any_context, data):
    d, x = data.draw(dealt(any_context, arrays(st.tuples(st.integers(0, 60)), np.dtype(int), low=-9, high=9)))
    same(da.unique_values(d), np.unique(x))
