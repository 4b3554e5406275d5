"""Slices as writable views, and assignment, against NumPy."""

import numpy as np
import pytest
from checks import arrays, dealt, distributions, dtypes, filled_shapes, indices, same
from distarray.globalapi import Distribution
from hypothesis import given
from hypothesis import strategies as st


def integers_only(index, ndim):
    return sum(isinstance(one, int) for one in index) == ndim and Ellipsis not in index and None not in index


@given(st.data(), dtypes)
def test_slices_of_slices(context, data, dtype):
    d, x = data.draw(dealt(context, arrays(dtype=dtype)))
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(indices(x.shape))
        d, x = d[index], np.asarray(x[index])
        same(d, x)


@pytest.mark.daemon
@given(st.data())
def test_the_client_knows_the_distribution_of_slices_and_reductions(context, data):
    shape = data.draw(filled_shapes)
    distribution = data.draw(distributions(context, shape))
    d = context.zeros(distribution)
    index = data.draw(indices(shape))
    if not integers_only(index, len(shape)):
        try:
            assert distribution.slice(index).is_compatible(d[index].distribution), index
        except NotImplementedError:
            assert set(distribution.dist) & set("cu")
    axes = tuple(axis for axis in range(len(shape)) if data.draw(st.booleans()))
    assert distribution.reduce(axes).is_compatible(d.sum(axis=axes).distribution), axes


@given(st.data())
def test_writes_through_views(context, data):
    d, x = data.draw(dealt(context, arrays(filled_shapes)))
    pairs = [(d, x)]
    for _ in range(data.draw(st.integers(1, 4))):
        base, reference = data.draw(st.sampled_from(pairs))
        index = data.draw(indices(reference.shape))
        if integers_only(index, reference.ndim):
            continue
        pairs.append((base[index], reference[(*index, ...) if Ellipsis not in index else index]))
    for _ in range(data.draw(st.integers(1, 4))):
        target, reference = data.draw(st.sampled_from(pairs))
        index = data.draw(indices(reference.shape))
        part = np.empty(reference.shape)[index]
        shape = tuple(data.draw(st.sampled_from([1, size])) for size in part.shape)[
            data.draw(st.integers(0, part.ndim)) :
        ]
        source = np.dtype(bool) if x.dtype.kind == "b" else data.draw(st.sampled_from([x.dtype, np.dtype("uint8")]))
        value = data.draw(arrays(shape, source))
        given_value = data.draw(st.sampled_from(["array", "distributed", "scalar"]))
        if given_value == "scalar":
            target[index] = reference[index] = value.reshape(-1)[0].item() if value.size else 1
        else:
            target[index] = value if given_value == "array" else data.draw(dealt(context, st.just(value)))[0]
            reference[index] = value
    for target, reference in pairs:
        same(target, reference)


@given(st.data())
def test_assignment_from_itself(context, data):
    d, x = data.draw(dealt(context, arrays(st.just((9, 4)))))
    for left, right in (
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[::-1], np.s_[:]),
        (np.s_[:, :2], np.s_[:, 2:]),
    ):
        d[left] = d[right]
        x[left] = x[right].copy()
        same(d, x)


def test_pending_readers_see_the_old_value(context):
    x = np.arange(12.0).reshape(3, 4)
    d = context.fromarray(x)
    pending, total, element = d + 1, d.sum(), d[1, 2]
    d[1] = -1
    same(pending, x + 1)
    same(total, x.sum())
    same(element, x[1, 2])
    x[1] = -1
    same(d, x)


def test_elements(context):
    x = np.arange(12, dtype=np.int32).reshape(3, 4)
    d = context.fromarray(x)
    element = d[1, -1]
    assert element.shape == () and element.dtype == np.int32
    assert int(element) == 7 and float(element) == 7.0 and complex(element) == 7 and f"{element:04d}" == "0007"
    assert element.item() == 7 and bool(element) and [10, 20, 30, 40, 50, 60, 70, 80][element] == 80
    d[1, -1] = 99
    assert int(element) == 7 and int(d[1, 3]) == 99
    d[np.int64(0), np.int8(0)] = 5
    assert int(d[0][0]) == 5
    zero = context.fromarray(3.5)
    same(zero[()], 3.5)
    same(zero[...], 3.5)
    zero[()] = 4
    zero[...] += 1
    same(zero, 5.0)


def test_views_share_and_copies_do_not(context):
    x = np.arange(20.0).reshape(4, 5)
    d = context.fromarray(x)
    d[:, 3][3] = -0.99
    x[:, 3][3] = -0.99
    same(d, x)
    whole, copied = d.view(), d.copy()
    d.fill(7)
    same(whole, np.full((4, 5), 7.0))
    same(copied, x)
    with pytest.raises(NotImplementedError):
        d.view(np.int64)
    assert d.view(float).shape == (4, 5)


def test_empty_slices(context):
    d = context.ones((4, 5))
    assert d[:, 2:2].shape == (4, 0) and d[:, 2:2].toarray().shape == (4, 0)
    assert d[4:].toarray().shape == (0, 5)
    d[2:2] = 9
    same(d, np.ones((4, 5)))


@pytest.mark.daemon
def test_distribution_of_slices(context):
    d = context.zeros((10, 4))
    assert d[2:9].localshapes() == [(1, 4), (3, 4), (3, 4)]
    assert d[::2, 1:3].localshapes() == [(2, 2), (1, 2), (2, 2)]
    assert d[2:9:4].targets == [0, 2]
    assert d[-1].targets == [3]
    assert d[3:3].targets == [0]


def test_bad_indices_and_values(context):
    d = context.zeros((4, 5))
    for index in (4, (0, 5), (0, 0, 0), (slice(None), -1, slice(2, 2))):
        with pytest.raises(IndexError):
            d[index]
        with pytest.raises(IndexError):
            d[index] = 1
    for value in (np.ones(4), np.ones((2, 4, 5)), context.ones((3, 5))):
        with pytest.raises(ValueError, match="does not broadcast"):
            d[...] = value
    for value, kind in (("text", TypeError), (1j, TypeError), (None, TypeError), (["a"], TypeError)):
        with pytest.raises(kind):
            d[0] = value
    d[0] = np.ones((1, 1, 5))
    d[1:3] = context.full((1, 2, 5), 2)
    same(d, np.array([1.0, 2, 2, 0])[:, None] * np.ones(5))


def test_length_iteration_truth_and_containment(context):
    x = np.arange(6).reshape(3, 2)
    d = context.fromarray(x)
    assert len(d) == 3 and 5 in d and 6 not in d
    for row, expected in zip(d, x, strict=True):
        same(row, expected)
    for function in (len, iter, hash):
        with pytest.raises(TypeError):
            function(d.sum() if function is not hash else d)
    for array in (d, context.zeros(0)):
        with pytest.raises(ValueError, match="truth value"):
            bool(array)
    assert bool(context.ones(1)) and not context.zeros((1, 1))
    for function in (float, int, complex):
        with pytest.raises(TypeError):
            function(d)
    with pytest.raises(TypeError):
        range(context.ones(()))
    with pytest.raises(ValueError):
        d.item()
    with pytest.raises(TypeError):
        format(d, ".2f")
    assert f"{d}" == str(d) == repr(d) == "<DistArray(shape=(3, 2), targets=[0, 1, 2])>"


@given(st.data())
def test_redistribution(context, data):
    d, x = data.draw(dealt(context))
    wanted = data.draw(distributions(context, x.shape))
    e = d.distribute_as(wanted)
    same(e, x)
    assert e.distribution.is_compatible(wanted)
    same(d + e, x + x)
    if x.size and x.ndim:
        d[...] = 1
        same(e, x)


def test_redistribution_by_shape(context):
    x = np.arange(20).reshape(4, 5)
    d = context.fromarray(x, dist="nb")
    assert d.distribute_as((4, 5)).dist == ("b", "n")
    same(d.distribute_as((10, 2)), x.reshape(10, 2))
    cyclic = d.distribute_as(Distribution(context, (2, 10), "nc", targets=[2, 0]))
    same(cyclic, x.reshape(2, 10))
    assert cyclic.dist == ("n", "c") and cyclic.targets == [2, 0]
    with pytest.raises(ValueError):
        d.distribute_as((3, 7))
