"""Index expressions and shapes, against NumPy."""

import numpy as np
import pytest
from checks import indices, shapes
from distarray import globalapi as da
from distarray._index import Indexed, as_shape, broadcast, normalize_axes
from distarray.error import AxisError
from distarray.globalapi._making import _boxes
from hypothesis import given
from hypothesis import strategies as st


@given(st.data())
def test_shapes_of_indices(data):
    shape = data.draw(shapes)
    index = data.draw(indices(shape))
    assert Indexed(shape, index).shape == np.empty(shape)[index].shape


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        (4, IndexError),
        (-5, IndexError),
        ((0, 0, 0), IndexError),
        ((slice(None), -1, slice(2, 2)), IndexError),
        ((..., ...), IndexError),
        ("a", IndexError),
        (1.0, IndexError),
        (slice(None, None, 0), ValueError),
        (slice(1.5), TypeError),
        ([0, 1], IndexError),
        (np.array([True, False, True, False]), IndexError),
        (True, IndexError),
    ],
)
def test_bad_indices(index, kind):
    with pytest.raises(kind):
        Indexed((4, 5), index)


def test_enormous_bounds_are_clipped():
    assert Indexed((4,), slice(-(10**30), 10**30)).shape == (4,)


@given(st.lists(st.lists(st.sampled_from([0, 1, 1, 2, 3]), max_size=3).map(tuple), min_size=1, max_size=3))
def test_broadcast(given_shapes):
    try:
        expected = np.broadcast_shapes(*given_shapes)
    except ValueError:
        with pytest.raises(ValueError, match="do not broadcast"):
            broadcast(given_shapes)
    else:
        assert broadcast(given_shapes) == expected


def test_axes():
    assert normalize_axes(None, 3) is None
    assert normalize_axes((-1, 0), 3) == (0, 2)
    assert normalize_axes(np.int64(1), 3) == (1,)
    for kind in (ValueError, IndexError):
        with pytest.raises(kind, match="out of bounds"):
            normalize_axes(3, 3)
    with pytest.raises(ValueError, match="twice"):
        normalize_axes((0, -3), 3)
    with pytest.raises(TypeError):
        normalize_axes([0], 3)
    with pytest.raises(TypeError):
        normalize_axes(1.5, 3)


def test_shape_arguments():
    assert as_shape(3) == (3,) and as_shape([2, np.int64(3)]) == (2, 3) and as_shape(()) == ()
    for bad, kind in (((-1,), ValueError), ((1 << 40, 1 << 40), ValueError), ("ab", TypeError), ((1.5,), TypeError)):
        with pytest.raises(kind):
            as_shape(bad)


@given(shapes, st.sampled_from([1, 8, 16]), st.sampled_from([16, 40, 200, 10000]))
def test_boxes_cover_once_and_are_small(shape, itemsize, limit):
    seen = np.zeros(shape, int)
    for box in _boxes(shape, itemsize, limit):
        part = seen[(*(slice(a, b) for a, b in box), ...)]
        assert part.size * itemsize <= limit
        part += 1
    assert (seen == 1).all()


@pytest.mark.daemon
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x, axis: da.argsort(x, axis), "argsort: axis"),
        (lambda x, axis: da.concat([x, x], axis), "concat: axis"),
        (lambda x, axis: da.cumulative_sum(x, axis=axis), "cumulative_sum: axis"),
        (lambda x, axis: da.diagonal(x, 0, 0, axis), "diagonal: axis2"),
        (lambda x, axis: da.diff(x, axis=axis), "diff: axis"),
        (lambda x, axis: da.moveaxis(x, axis, 0), "moveaxis: source"),
        (lambda x, axis: da.moveaxis(x, 0, axis), "moveaxis: destination"),
        (lambda x, axis: da.permute_dims(x, (0, axis)), "permute_dims: axes"),
        (lambda x, axis: da.random.default_rng(1, device=x.context).permutation(x, axis), "permutation: axis"),
        (lambda x, axis: da.roll(x, 1, axis), "roll: axis"),
        (lambda x, axis: da.split(x, 2, axis), "split: axis"),
        (lambda x, axis: da.sum(x, axis), "axis"),
        (lambda x, axis: da.swapaxes(x, axis, 0), "swapaxes: axis1"),
        (lambda x, axis: da.take(x, [0], axis), "take: axis"),
        (lambda x, axis: da.tensordot(x, x, ([axis], [0])), "tensordot: axes"),
        (lambda x, axis: da.unstack(x, axis), "unstack: axis"),
        (lambda x, axis: da.vecdot(x, x, axis=axis), "vecdot: axis"),
    ],
)
def test_axes_that_are_none(context, call, text):
    x = context.ones((4, 4))
    for axis in (2, -3, np.int64(2)):
        with pytest.raises(AxisError, match=rf"^{text} {axis} is out of bounds for an array of 2 dimensions"):
            call(x, axis)
    with pytest.raises(TypeError, match=rf"^{text} must be .*int.* was given"):
        call(x, "first")
