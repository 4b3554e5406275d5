"""Manipulation functions against NumPy, on every distribution; which of them are views."""

import itertools

import distarray as da
import numpy as np
import pytest
from checks import arrays, dealt, dtypes, same, values
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon

axes = st.integers(-3, 2)


def axis_of(data, ndim):
    return data.draw(st.integers(-ndim, ndim - 1))


@pytest.fixture(params=[1, 4])
def any_context(contexts, request):
    """Contexts of one and of four engines."""
    return contexts(request.param)


@given(st.data())
def test_views(any_context, data):
    d, x = data.draw(dealt(any_context))
    order = data.draw(st.permutations(range(x.ndim)))
    same(da.permute_dims(d, order), np.transpose(x, order))
    same(da.transpose(d), x.T)
    place = data.draw(st.integers(-x.ndim - 1, x.ndim))
    same(da.expand_dims(d, place), np.expand_dims(x, place))
    same(da.expand_dims(d, (0, -1)), np.expand_dims(x, (0, -1)))
    same(da.flip(d), np.flip(x))
    same(da.squeeze(d[None]), np.squeeze(x))
    same(da.squeeze(d[None, ..., None], 0), x[..., None])
    wide = (data.draw(st.integers(0, 3)), *x.shape)
    same(da.broadcast_to(d, wide), np.broadcast_to(x, wide))
    if x.ndim:
        axis, other = axis_of(data, x.ndim), axis_of(data, x.ndim)
        same(da.flip(d, axis=axis), np.flip(x, axis))
        same(da.moveaxis(d, axis, other), np.moveaxis(x, axis, other))
        same(da.swapaxes(d, axis, other), np.swapaxes(x, axis, other))
        for part, expected in zip(da.unstack(d, axis=axis), np.moveaxis(x, axis, 0), strict=True):
            same(part, expected)
        sections = data.draw(st.integers(1, 4) | st.lists(st.integers(0, 7), max_size=3).map(sorted))
        for part, expected in zip(da.array_split(d, sections, axis), np.array_split(x, sections, axis), strict=True):
            same(part, expected)
    if x.ndim > 1:
        turns = data.draw(st.integers(-4, 4))
        same(da.rot90(d, turns, (1, 0)), np.rot90(x, turns, (1, 0)))
        same(da.moveaxis(d, (0, 1), (-1, 0)), np.moveaxis(x, (0, 1), (-1, 0)))
        same(da.fliplr(d), np.fliplr(x))
    for function, theirs in (
        (da.atleast_1d, np.atleast_1d),
        (da.atleast_2d, np.atleast_2d),
        (da.atleast_3d, np.atleast_3d),
    ):
        same(function(d), theirs(x))


def test_views_share_their_elements(context):
    x = np.arange(12).reshape(3, 4)
    for view in (
        lambda a: a.T[1],
        lambda a: da.flip(a)[0],
        lambda a: da.expand_dims(a, 1)[2],
        lambda a: da.squeeze(a[:1]),
        lambda a: da.reshape(a, (3, 1, 4))[1],
        lambda a: da.reshape(a[:, 2], (1, 3)),
        lambda a: da.ravel(a[1]),
        lambda a: da.split(a, 2, axis=1)[1],
        lambda a: da.unstack(a)[2],
        lambda a: da.rot90(a)[0],
        lambda a: da.moveaxis(a, 0, 1)[3],
        lambda a: da.asarray(a)[1:],
    ):
        d = context.fromarray(x)
        view(d)[...] = -1
        assert d._describe().nbytes and (d.toarray() == -1).any()
        written = d.toarray()
        view(d)[...] = 7
        assert (d.toarray() == np.where(written == -1, 7, x)).all()


@given(st.data())
def test_reshape(any_context, data):
    d, x = data.draw(dealt(any_context))
    sizes = [k for k in range(1, x.size + 1) if x.size % k == 0] or [1]
    first = data.draw(st.sampled_from(sizes))
    for shape in ((-1,), (first, -1), (1, -1, 1, first), x.shape[::-1]):
        if x.size == 0 and -1 in shape and shape != (-1,):
            continue
        result = da.reshape(d, shape)
        same(result, x.reshape(shape))
        same(da.reshape(d, shape, "F"), x.reshape(shape, order="F"))
        copied = da.reshape(d, shape, copy=True)
        copied[...] = 0
        same(d, x)
    same(da.ravel(d), x.ravel())


def test_reshape_says_whether_it_is_a_view(context):
    d = context.ones((3, 4))
    for shape in ((1, 3, 4), (3, 1, 4, 1), (3, 4)):
        da.reshape(d, shape, copy=False)
    with pytest.raises(ValueError, match="without a copy"):
        da.reshape(d, (4, 3), copy=False)
    for shape in ((5, -1), (-1, -1), (7,), (-2, -6)):
        with pytest.raises(ValueError, match="reshaped|one size open|negative"):
            da.reshape(d, shape)
    with pytest.raises(ValueError, match="order"):
        da.reshape(d, 12, "K")


@given(st.data())
def test_concat_and_stack(any_context, data):
    d, x = data.draw(dealt(any_context, arrays(st.lists(st.integers(0, 5), min_size=1, max_size=3).map(tuple))))
    axis = axis_of(data, x.ndim)
    shape = list(x.shape)
    shape[axis] = data.draw(st.integers(0, 4))
    other = data.draw(dealt(any_context, arrays(tuple(shape))))
    third = data.draw(dealt(any_context, arrays(x.shape)))
    ours, theirs = zip((d, x), other, third, strict=True)
    same(da.concat(ours, axis=axis), np.concatenate(theirs, axis=axis))
    same(da.concatenate(ours, None), np.concatenate(theirs, None))
    same(da.append(d, third[0]), np.append(x, third[1]))
    place = data.draw(st.integers(-x.ndim - 1, x.ndim))
    same(da.stack([d, third[0]], axis=place), np.stack([x, third[1]], axis=place))
    for function, theirs_function in (
        (da.vstack, np.vstack),
        (da.hstack, np.hstack),
        (da.dstack, np.dstack),
        (da.column_stack, np.column_stack),
    ):
        same(function([d, third[0]]), theirs_function([x, third[1]]))


def test_concat_takes_numpys_arguments(context):
    d, x = context.arange(3), np.arange(3)
    same(da.concat([d, [5, 6]], dtype=np.float32), np.concatenate([x, [5, 6]], dtype=np.float32))
    out = context.zeros(6)
    assert da.concat([d, d], out=out) is out
    same(out, np.concatenate([x, x]).astype(float))
    same(da.stack([context.ones(()), context.zeros(())]), np.array([1.0, 0.0]))
    elsewhere = context.ones(4, targets=[2])
    assert da.concat([elsewhere, context.ones(3, targets=[1])]).targets == [1, 2]
    for wrong, message in (
        (lambda: da.concat([]), "at least one"),
        (lambda: da.concat([d, context.ones((3, 1))]), "must agree"),
        (lambda: da.concat([context.ones(())]), "0-d"),
        (lambda: da.stack([d, context.ones(4)]), "must be equal"),
        (lambda: da.concat([d], axis=1), "out of bounds"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


@given(st.data())
def test_roll_and_tile(any_context, data):
    d, x = data.draw(dealt(any_context))
    shift = data.draw(st.integers(-20, 20))
    same(da.roll(d, shift), np.roll(x, shift))
    if x.ndim:
        axis = axis_of(data, x.ndim)
        same(da.roll(d, shift, axis=axis), np.roll(x, shift, axis))
        same(da.roll(d, (shift, 1), axis=(axis, 0)), np.roll(x, (shift, 1), (axis, 0)))
    counts = data.draw(st.lists(st.integers(0, 3), max_size=3).map(tuple) | st.integers(0, 3))
    same(da.tile(d, counts), np.tile(x, counts))


@given(st.data())
def test_broadcast_arrays_and_meshgrid(any_context, data):
    d, x = data.draw(dealt(any_context))
    line, expected = data.draw(dealt(any_context, arrays(x.shape[-1:])))
    for ours, theirs in zip(da.broadcast_arrays(d, line), np.broadcast_arrays(x, expected), strict=True):
        same(ours, theirs)
    lines = data.draw(st.lists(dealt(any_context, arrays(st.tuples(st.integers(0, 4)))), max_size=3))
    for indexing, sparse in itertools.product(("xy", "ij"), (False, True)):
        ours = da.meshgrid(*(one for one, _ in lines), indexing=indexing, sparse=sparse)
        theirs = np.meshgrid(*(one for _, one in lines), indexing=indexing, sparse=sparse)
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)


@given(st.data(), st.integers(-6, 6))
def test_triangles(any_context, data, k):
    d, x = data.draw(dealt(any_context, arrays(st.lists(st.integers(0, 5), min_size=2, max_size=3).map(tuple))))
    same(da.tril(d, k=k), np.tril(x, k))
    same(da.triu(d, k=k), np.triu(x, k))


@given(st.data(), dtypes, dtypes)
def test_astype(any_context, data, dtype, other):
    elements = values(data.draw, (5,), dtype, low=0)
    d = any_context.fromarray(elements)
    with np.errstate(all="ignore"):
        same(
            da.astype(d, other),
            elements.astype(other)
            if dtype.kind != "c"
            else elements.real.astype(other)
            if other.kind not in "cb"
            else elements.astype(other),
        )
    assert (da.astype(d, dtype, copy=False) is d) and da.astype(d, dtype) is not d


def test_bad_arguments(context):
    d = context.ones((3, 4))
    for wrong, error, message in (
        (lambda: da.permute_dims(d, (0, 0)), ValueError, "once"),
        (lambda: da.permute_dims(d, (0,)), ValueError, "once"),
        (lambda: da.expand_dims(d, 3), IndexError, "out of bounds"),
        (lambda: da.squeeze(d, 0), ValueError, "size 3"),
        (lambda: da.broadcast_to(d, (3, 5)), ValueError, "broadcast"),
        (lambda: da.broadcast_to(d, (4,)), ValueError, "broadcast"),
        (lambda: da.flip(d, axis=2), ValueError, "out of bounds"),
        (lambda: da.moveaxis(d, (0, 1), 0), ValueError, "as many"),
        (lambda: da.moveaxis(d, (0, 0), (0, 1)), ValueError, "repeat"),
        (lambda: da.roll(d, (1, 2, 3), axis=(0, 1)), ValueError, "as many"),
        (lambda: da.roll(d, 1, axis=5), IndexError, "out of bounds"),
        (lambda: da.tile(d, -1), ValueError, "negative"),
        (lambda: da.split(d, 2), ValueError, "do not divide"),
        (lambda: da.unstack(context.ones(())), ValueError, "0-d"),
        (lambda: da.vsplit(context.ones(3), 1), ValueError, "2 dimensions"),
        (lambda: da.rot90(d, 1, (0, -2)), ValueError, "different"),
        (lambda: da.flip(np.ones(3)), TypeError, "takes a DistArray, ndarray was given"),
        (lambda: da.tril(context.ones(3)), ValueError, "2 dimensions"),
        (lambda: da.meshgrid(d), TypeError, "1-d"),
        (lambda: da.meshgrid(d[0], indexing="xz"), ValueError, "indexing"),
    ):
        with pytest.raises(error, match=message):
            wrong()
