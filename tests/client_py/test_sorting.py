"""sort, argsort and searchsorted against NumPy, on every distribution."""

import distarray as da
import numpy as np
import pytest
from checks import DTYPES, arrays, dealt, distributions, dtypes, filled_shapes, same, shapes
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon


@pytest.fixture(params=[1, 4])
def any_context(contexts, request):
    """Contexts of one and of four engines."""
    return contexts(request.param)


def with_nan(draw, x):
    """Some elements NaN, some zeros negative."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    if x.dtype.kind in "fc":
        x[rng.random(x.shape) < draw(st.sampled_from([0, 0.2, 0.9]))] = np.nan
        x[rng.random(x.shape) < 0.1] = -0.0
    if x.dtype.kind == "c":
        x[rng.random(x.shape) < 0.2] = complex(1, np.nan)
        x[rng.random(x.shape) < 0.2] = complex(np.nan, 1)
    return x


def reversed_order(x, axis):
    """A stable descending order: that of the elements from behind, reversed."""
    order = np.argsort(np.flip(x, axis), axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(order, axis)


@given(st.data(), dtypes)
def test_against_numpy(any_context, data, dtype):
    x = with_nan(data.draw, data.draw(arrays(shapes.filter(len), dtype, low=-3, high=3)))
    d = any_context.fromarray(x, data.draw(distributions(any_context, x.shape)))
    axis = data.draw(st.sampled_from([None, *range(-x.ndim, x.ndim)]))
    same(da.sort(d, axis=axis), np.sort(x, axis=axis, kind="stable"))
    same(da.argsort(d, axis=axis), np.argsort(x, axis=axis, kind="stable"))
    if axis is not None:
        order = reversed_order(x, axis)
        same(da.argsort(d, axis=axis, descending=True), order)
        same(da.sort(d, axis=axis, descending=True), np.take_along_axis(x, order, axis))
    same(d, x)


@given(st.data(), dtypes)
def test_the_result_lies_as_the_array_does(any_context, data, dtype):
    d, x = data.draw(dealt(any_context, arrays(filled_shapes.filter(len), dtype)))
    axis = data.draw(st.integers(0, x.ndim - 1))
    for result in (da.sort(d, axis=axis), da.argsort(d, axis=axis)):
        assert result.distribution.is_compatible(d.distribution)


def large(rng, dtype, kinds):
    """Elements for several buckets on each of four engines."""
    size = 300_000
    if kinds == "equal":
        x = np.full(size, 7)
    elif kinds == "few":
        x = rng.integers(0, 4, size)
    elif kinds == "skewed":
        x = np.where(rng.random(size) < 0.7, 3, rng.integers(-100, 100, size))
    else:
        x = rng.normal(size=size) * 1e9 if dtype.kind in "fc" else rng.integers(0, 1 << 62, size)
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
    if dtype.kind == "c":
        x += 1j * rng.integers(0, 3, size).astype(dtype)
    if dtype.kind in "fc":
        x[::1000] = np.nan
    if kinds in ("ascending", "descending", "nearly ascending"):
        x = np.sort(x)
    if kinds == "nearly ascending":  # but for the ends
        x[[0, -1]] = x[[-1, 0]]
    return np.ascontiguousarray(x[::-1]) if kinds == "descending" else x


@pytest.mark.parametrize("kinds", ["many", "few", "skewed", "equal", "ascending", "nearly ascending", "descending"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_large_arrays_are_sorted_in_even_blocks(context, dtype, kinds):
    x = large(np.random.default_rng(1), dtype, kinds)
    d = context.fromarray(x)
    ordered, order = da.sort(d), da.argsort(d)
    np.testing.assert_array_equal(ordered.toarray(), np.sort(x))
    np.testing.assert_array_equal(order.toarray(), np.argsort(x, kind="stable"))
    assert [len(block) for block in ordered.get_ndarrays()] == [75_000] * 4


@pytest.mark.parametrize("bounds", [(0, 1, 2, 250_000, 300_000), (0, 0, 300_000, 300_000, 300_000)], ids=str)
def test_blocks_of_any_length_stay_as_they_are(context, bounds):
    x = large(np.random.default_rng(2), np.dtype(float), "many")
    uneven = da.Distribution.from_global_dim_data(context, [{"dist_type": "b", "bounds": bounds}])
    d = context.fromarray(x, uneven)
    for result, expected in ((da.sort(d), np.sort(x)), (da.argsort(d), np.argsort(x, kind="stable"))):
        np.testing.assert_array_equal(result.toarray(), expected)
        assert result.distribution.is_compatible(uneven)


@pytest.mark.parametrize("shape", [(1, 1_100_000), (2, 600_000), (3, 400_000), (7, 200_000), (600_000, 2), (40, 3000)])
@pytest.mark.parametrize("kinds", ["n", "c", "b", "nb"])
def test_rows_that_engines_share(context, shape, kinds):
    x = np.random.default_rng(3).normal(size=shape)
    d = context.fromarray(x, da.Distribution(context, shape, kinds))
    for axis in (0, 1):
        np.testing.assert_array_equal(da.sort(d, axis=axis).toarray(), np.sort(x, axis=axis))
    np.testing.assert_array_equal(da.argsort(d, descending=True).toarray(), np.argsort(-x, kind="stable"))


def test_a_long_row_on_one_engine(context):
    x = np.random.default_rng(4).normal(size=(2, 700_000))
    d = context.fromarray(x, da.Distribution(context, x.shape, "b", targets=[1, 3]))
    np.testing.assert_array_equal(da.sort(d).toarray(), np.sort(x))
    np.testing.assert_array_equal(da.argsort(d).toarray(), np.argsort(x))


def test_views_are_sorted_as_they_are_seen(context):
    x = np.random.default_rng(5).integers(0, 100, (30, 40))
    d = context.fromarray(x, da.Distribution(context, x.shape, "cb"))
    same(da.sort(d[3:20:2, ::-1]), np.sort(x[3:20:2, ::-1]))
    same(da.sort(d.T, axis=0), np.sort(x.T, axis=0))
    same(da.argsort(da.broadcast_to(d[0], (3, 40))), np.argsort(np.broadcast_to(x[0], (3, 40)), kind="stable"))


def test_in_place(context):
    x = np.random.default_rng(6).normal(size=(20, 30))
    d = context.fromarray(x)
    before = d.copy()
    column = d[:, 3]
    assert d.sort(axis=0) is None
    same(d, np.sort(x, axis=0))
    same(column, np.sort(x[:, 3]))
    d[::2].sort(descending=True)
    expected = np.sort(x, axis=0)
    expected[::2] = -np.sort(-expected[::2])
    same(d, expected)
    same(before.argsort(), np.argsort(x))


def test_signs_of_zeros_and_the_order_of_equals(context):
    x = np.array([0.0, -0.0, 1.0, -0.0, 0.0, -1.0])
    same(da.argsort(context.fromarray(x)), [5, 0, 1, 3, 4, 2])
    same(da.argsort(context.fromarray(x), descending=True), [2, 0, 1, 3, 4, 5])
    zeros = da.sort(context.fromarray(x)).toarray()
    assert sorted(np.signbit(zeros[1:5])) == [False, False, True, True]


def test_numpy_sorts_on_the_server(context):
    x = np.array([[3, 1], [2, 5]])
    d = context.fromarray(x)
    same(np.sort(d), np.sort(x))
    same(np.sort(d, axis=0, kind="stable"), np.sort(x, axis=0))
    same(np.argsort(d, axis=None), np.argsort(x, axis=None))
    same(np.searchsorted(context.arange(5), d, side="right"), np.searchsorted(np.arange(5), x, side="right"))


def test_errors(context):
    d = context.arange(6).reshape(2, 3)
    for call in (da.sort, da.argsort):
        with pytest.raises(IndexError, match="axis 2 is out of bounds"):
            call(d, axis=2)
        with pytest.raises(ValueError, match="axis -1 is out of bounds"):
            call(context.ones(()))
        with pytest.raises(ValueError, match="kind"):
            call(d, kind="bubble")
        with pytest.raises(ValueError, match="fields"):
            call(d, order="x")
        with pytest.raises(TypeError, match="takes a DistArray"):
            call([1, 2])
    same(da.sort(context.full((), 3.0), axis=None), [3.0])
    with pytest.raises(ValueError, match="one dimension"):
        da.searchsorted(d, d)
    with pytest.raises(ValueError, match="side"):
        da.searchsorted(d[0], d, side="middle")
    with pytest.raises(TypeError, match="integers"):
        da.searchsorted(d[0], d, sorter=context.ones(3))
    with pytest.raises(ValueError, match="sorter has shape"):
        da.searchsorted(d[0], d, sorter=[0, 1])


@given(st.data(), dtypes, dtypes, st.sampled_from(["left", "right"]))
def test_searchsorted(any_context, data, dtype, other, side):
    among = np.sort(with_nan(data.draw, data.draw(arrays(st.tuples(st.integers(0, 40)), dtype, low=-3, high=3))))
    sought = with_nan(data.draw, data.draw(arrays(shapes, other, low=-4, high=4)))
    d = any_context.fromarray(among, data.draw(distributions(any_context, among.shape)))
    v = any_context.fromarray(sought, data.draw(distributions(any_context, sought.shape)))
    result = da.searchsorted(d, v, side=side)
    same(result, np.searchsorted(among, sought, side=side))
    assert result.distribution.is_compatible(v.distribution)


def test_searchsorted_of_what_is_no_distarray_and_of_many(context):
    rng = np.random.default_rng(7)
    among = np.sort(rng.integers(0, 10**6, 100_000))
    sought = rng.integers(-5, 10**6 + 5, (300, 400))
    for side in ("left", "right"):
        expected = np.searchsorted(among, sought, side=side)
        same(da.searchsorted(context.fromarray(among), sought, side=side), expected)
        same(da.searchsorted(among, context.fromarray(sought), side=side), expected)
    same(da.searchsorted(context.fromarray(among), 1234.5), np.searchsorted(among, 1234.5))
    bytes_ = np.arange(-50, 50, dtype=np.int8)
    for number in (-129, -128, -50, 7, 127, 128, True):
        same(da.searchsorted(context.fromarray(bytes_), number), np.searchsorted(bytes_, number))
    mixed = rng.permutation(among)
    sorter = np.argsort(mixed)
    expected = np.searchsorted(mixed, sought, sorter=sorter)
    same(da.searchsorted(context.fromarray(mixed), sought, sorter=sorter), expected)
    d = context.fromarray(mixed)
    same(da.searchsorted(d, sought, sorter=da.argsort(d)), expected)


def test_nothing_is_left_behind(daemons):
    with da.Context(daemons(4)) as context:
        before = context.server_info().memory_used_bytes
        d = context.arange(100_000)[::-1].copy()
        da.sort(d).wait()
        da.argsort(d.reshape(100, 1000), axis=0).wait()
        da.searchsorted(da.sort(d), d).wait()
        da.median(d).wait()
        del d
        assert context.server_info().memory_used_bytes <= before
