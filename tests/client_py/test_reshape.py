"""reshape and views with permuted or broadcast axes, on every distribution."""

import itertools

import numpy as np
import pytest
from distarray import globalapi as da
from distarray.globalapi._computing import compute, view

pytestmark = pytest.mark.daemon

SHAPES = [(12,), (3, 4), (1, 24), (24, 1), (2, 3, 4), (0, 3), (1,), (), (5, 7)]


def dealt_out(context, elements):
    """The elements on each distribution that their shape allows."""
    yield context.fromarray(elements)
    for kinds in ("c", "nb", "bb", "cc", "nc"):
        if len(kinds) <= elements.ndim:
            yield context.fromarray(elements, da.Distribution(context, elements.shape, kinds))


def new_shapes(size):
    yield from ((size,), (1, size), (size, 1))
    yield from ((k, size // k) for k in range(2, 8) if size and size % k == 0)


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reshape(contexts, engines, shape):
    context = contexts(engines)
    elements = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for array in dealt_out(context, elements):
        for new in new_shapes(elements.size):
            (result,) = compute("reshape", [array], [(new, array._type)], shape=new)
            np.testing.assert_array_equal(result.toarray(), elements.reshape(new))
            if elements.size:  # neither is a view of the other
                result[(0,) * len(new)] = 99
                np.testing.assert_array_equal(array.toarray(), elements)


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 5), (0, 3)], ids=str)
def test_permuted_and_broadcast_views(contexts, engines, shape):
    context = contexts(engines)
    elements = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for array in dealt_out(context, elements):
        for axes in itertools.permutations(range(len(shape))):
            expected = elements.transpose(axes)
            permuted = view(array, axes=axes, shape=expected.shape)
            np.testing.assert_array_equal(permuted.toarray(), expected)
            np.testing.assert_array_equal((permuted + 1).toarray(), expected + 1)
        wide = (2, *shape)
        repeated = view(array, broadcast_shape=wide, shape=wide)
        np.testing.assert_array_equal(repeated.toarray(), np.broadcast_to(elements, wide))


def test_a_broadcast_view_is_read_only(context):
    repeated = view(context.arange(3), broadcast_shape=(2, 3), shape=(2, 3))
    with pytest.raises(ValueError, match="read-only"):
        repeated[...] = 1
    repeated._storage = None  # the client does not know; the daemon refuses by itself
    repeated[...] = 1
    with pytest.raises(ValueError, match="read-only"):
        repeated.wait()


def test_a_permuted_view_writes_to_its_array(context):
    array = context.fromarray(np.arange(12).reshape(3, 4))
    view(array, axes=(1, 0), shape=(4, 3))[1:3] = -1
    expected = np.arange(12).reshape(3, 4)
    expected.T[1:3] = -1
    np.testing.assert_array_equal(array.toarray(), expected)


def test_a_shape_of_another_size_is_refused(context):
    (result,) = compute("reshape", [context.arange(6)], [((4,), 5)], shape=(4,))
    with pytest.raises(ValueError, match=r"cannot reshape an array of shape \(6,\) into shape \(4,\)"):
        result.toarray()
