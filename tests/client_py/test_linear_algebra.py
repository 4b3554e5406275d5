"""matmul and what is made of it, against NumPy: every dtype, on any distribution."""

import gc
import itertools

import numpy as np
import pytest
from checks import dealt, dtypes, same
from distarray import globalapi as da
from distarray._dtypes import DTYPES
from distarray.globalapi import Distribution
from distarray.globalapi import linear_algebra as la
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon

BATCHES = [((), ()), ((), (2,)), ((3,), ()), ((2,), (2,)), ((2, 1), (3,)), ((1,), (5,)), ((0,), (1,)), ((4, 2), (1, 2))]


def elements(shape, dtype, seed=0):
    """Small whole numbers: their products are exact in every order."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    whole = rng.integers(0 if dtype.kind == "u" else -9, 10, shape)
    return (whole + 1j * rng.integers(-9, 10, shape) if dtype.kind == "c" else whole).astype(dtype)


def whole(draw, shape, dtype):
    return elements(shape, dtype, draw(st.integers(0, 1 << 32)))


@st.composite
def matmul_operands(draw, context):
    """Two operands with shapes that fit, dealt out somehow, some as transposed views."""
    m, n, k = (draw(st.integers(0, 9) | st.sampled_from([1, 40])) for _ in range(3))
    batch_a, batch_b = draw(st.sampled_from(BATCHES))
    shapes = [(*batch_a, m, k), (*batch_b, k, n)]
    if draw(st.integers(0, 5)) == 0:
        shapes[0] = (k,)
    if draw(st.integers(0, 5)) == 0:
        shapes[1] = (k,)
    pairs = []
    for shape in shapes:
        dtype = draw(dtypes)
        transposed = len(shape) > 1 and draw(st.booleans())
        stored = (*shape[:-2], shape[-1], shape[-2]) if transposed else shape
        array, numpy_array = draw(dealt(context, st.just(whole(draw, stored, dtype))))
        pairs.append((la.matrix_transpose(array), numpy_array.swapaxes(-1, -2)) if transposed else (array, numpy_array))
    return pairs


@pytest.mark.parametrize("engines", [1, 4])
@given(data=st.data())
def test_matmul(contexts, engines, data):
    (a, expected_a), (b, expected_b) = data.draw(matmul_operands(contexts(engines)))
    same(la.matmul(a, b), np.matmul(expected_a, expected_b), ulps=4)
    # A factor that is dealt out must not have been changed.
    np.testing.assert_array_equal(a.toarray(), expected_a)


@pytest.mark.parametrize("engines", [1, 3, 4])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_in_every_scheme(contexts, engines, dtype):
    context = contexts(engines)
    shapes = [((30, 20), (20, 10)), ((2, 500), (500, 3)), ((1, 500), (500, 30)), ((9, 7, 5), (9, 5, 6)), ((7, 5), (5,))]
    for (first, second), kinds in itertools.product(shapes, ["b", "c", "n"]):
        a, b = elements(first, dtype), elements(second, dtype, 1)
        x, y = (context.fromarray(one, Distribution(context, one.shape, kinds)) for one in (a, b))
        same(x @ y, np.matmul(a, b))
        if b.ndim > 1:
            same(la.matrix_transpose(y) @ la.matrix_transpose(x), np.matmul(b.swapaxes(-1, -2), a.swapaxes(-1, -2)))


@pytest.mark.parametrize("dtype", [np.dtype("float64"), np.dtype("complex64"), np.dtype("int32")], ids=str)
def test_products_of_many_panels(context, dtype):
    a, b = elements((70, 1300), dtype), elements((1300, 90), dtype, 1)
    for kinds_a, kinds_b in itertools.product(["b", "nb", "bb", "cc"], repeat=2):
        x = context.fromarray(a, Distribution(context, a.shape, kinds_a))
        y = context.fromarray(b, Distribution(context, b.shape, kinds_b))
        same(x @ y, np.matmul(a, b))


def test_blocks_with_odd_bounds_and_empty_ones(context):
    a, b = elements((10, 8), np.dtype(float)), elements((8, 6), np.dtype(float), 1)
    for bounds_a, bounds_b in itertools.product(
        [[0, 0, 7, 9, 10], [0, 10, 10, 10, 10]], [[0, 3, 3, 4, 8], [0, 0, 0, 0, 8]]
    ):
        dims_a = [{"dist_type": "b", "bounds": bounds_a}, {"dist_type": "n", "size": 8}]
        dims_b = [{"dist_type": "b", "bounds": bounds_b}, {"dist_type": "n", "size": 6}]
        x = context.fromarray(a, Distribution.from_global_dim_data(context, dims_a))
        y = context.fromarray(b, Distribution.from_global_dim_data(context, dims_b, [2, 0, 3, 1]))
        result = x @ y
        same(result, a @ b)
        same(y.T @ x.T, b.T @ a.T)
    assert result.distribution.dist == ("b", "n")


def test_targets_that_differ(context):
    a, b = elements((6, 5), np.dtype(float)), elements((5, 7), np.dtype(float), 1)
    for of_a, of_b in itertools.product([[1], [2, 0], [3, 1, 0, 2]], repeat=2):
        x = context.fromarray(a, Distribution(context, a.shape, "b", targets=of_a))
        y = context.fromarray(b, Distribution(context, b.shape, "b", targets=of_b))
        result = x @ y
        same(result, a @ b)
        assert set(result.targets) <= {*of_a, *of_b}


def test_the_result_lies_as_an_operand_of_its_shape(context):
    a = elements((6, 6), np.dtype(float))
    for kinds in ("b", "c", "nb", "bc"):
        x = context.fromarray(a, Distribution(context, a.shape, kinds))
        result = x @ a
        assert result.distribution.dist == x.distribution.dist
        same(result, a @ a)


def test_operands_may_be_one_array_and_lazy(context):
    a = elements((12, 12), np.dtype(float))
    x = context.fromarray(a)
    same(x @ x, a @ a)
    same((x + 1) @ x.T, (a + 1) @ a.T)
    same((x @ x)[1:5, ::2] * 2, (a @ a)[1:5, ::2] * 2)


def test_strided_and_broadcast_views(context):
    a, b = elements((12, 10), np.dtype(float)), elements((10, 6), np.dtype(float), 1)
    x, y = context.fromarray(a), context.fromarray(b)
    same(x[::-2, 1::3] @ y[1::3, ::-1], a[::-2, 1::3] @ b[1::3, ::-1])


def test_operators(context):
    a, b = elements((4, 4), np.dtype(float)), elements((4, 4), np.dtype(float), 1)
    x = context.fromarray(a)
    same(x @ b, a @ b)
    same(b @ x, b @ a)
    same(a.tolist() @ x, a @ a)
    x @= b
    same(x, a @ b)
    with pytest.raises(ValueError, match=r"the result's shape is \(4, 3\), the output's \(4, 4\)"):
        x @= b[:, :3]
    whole = context.fromarray(np.eye(4, dtype=int))
    with pytest.raises(TypeError, match="cannot cast the result's float64 to the output's int64"):
        whole @= b


def test_wrong_operands(context):
    x = context.ones((3, 4))
    for wrong in (np.ones((3, 4)), np.ones(3), np.ones((2, 3, 4))):
        with pytest.raises(ValueError, match="matmul: shapes .* are not aligned"):
            x @ wrong
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\) do not broadcast|broadcast"):
        context.ones((2, 3, 4)) @ np.ones((3, 4, 5))
    with pytest.raises(ValueError, match="matmul: x2 is 0-d"):
        x @ 2
    with pytest.raises(ValueError, match="matmul: x1 is 0-d"):
        2 @ x
    with pytest.raises(TypeError, match="matmul takes a DistArray"):
        la.matmul(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="at least two dimensions"):
        la.matrix_transpose(context.ones(3))


@given(data=st.data())
def test_vecdot(context, data):
    shape = data.draw(st.sampled_from([(5,), (3, 5), (2, 3, 5), (4, 1, 5), (0,), (2, 0)]))
    other = data.draw(st.sampled_from([shape, shape[-1:]]))
    axis = -1
    pairs = [data.draw(dealt(context, st.just(whole(data.draw, s, data.draw(dtypes))))) for s in (shape, other)]
    (x, a), (y, b) = pairs
    products = (np.conj(a) if a.dtype.kind == "c" else a) * b
    expected = products.any(axis) if products.dtype.kind == "b" else products.sum(axis, dtype=products.dtype)
    same(la.vecdot(x, y, axis=axis), expected, ulps=4)


def test_vecdot_over_other_axes(context):
    a, b = elements((4, 3, 2), np.dtype(complex)), elements((3, 2), np.dtype(complex), 1)
    x, y = context.fromarray(a), context.fromarray(b)
    same(la.vecdot(x, y, axis=-2), (a.conj() * b).sum(-2))
    with pytest.raises(ValueError, match="the axis has size 3 in x1 and 2 in x2"):
        la.vecdot(x, context.ones(2), axis=-2 + 1) if False else la.vecdot(context.ones(3), context.ones(2))
    with pytest.raises(IndexError, match="out of bounds"):
        la.vecdot(x, y, axis=2)


AXES = [
    ((3, 4, 5), (4, 5, 2), 2),
    ((3, 4, 5), (5, 4, 2), ([1, 2], [1, 0])),
    ((3, 4, 5), (4, 3, 2), ([0, 1], [1, 0])),
    ((3, 4, 5), (2, 4, 3), ([1, 0], [1, 2])),
    ((3, 4), (4, 3), ([0, 1], [1, 0])),
    ((3, 4), (2,), 0),
    ((3, 4), (4,), 1),
    ((3, 4), (4, 2), ([-1], [0])),
    ((5,), (5,), 1),
    ((), (), 0),
    ((0, 3), (3, 2), 1),
    ((2, 0), (0, 3), 1),
]


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("dtype", [np.dtype("float64"), np.dtype("int16"), np.dtype("complex128")], ids=str)
def test_tensordot(contexts, engines, dtype):
    context = contexts(engines)
    for (first, second, axes), kinds in itertools.product(AXES, ["b", "c", "nb"]):
        a, b = elements(first, dtype), elements(second, dtype, 1)
        x, y = (context.fromarray(one, Distribution(context, one.shape, kinds[: one.ndim] or None)) for one in (a, b))
        same(la.tensordot(x, y, axes=axes), np.tensordot(a, b, axes))


def test_wrong_axes_of_tensordot(context):
    x, y = context.ones((3, 4)), context.ones((3, 4))
    with pytest.raises(ValueError, match="axis 1 of x1 has size 4, axis 0 of x2 has 3"):
        la.tensordot(x, y, axes=1)
    with pytest.raises(ValueError, match="expected 0 to 2"):
        la.tensordot(x, y, axes=3)
    with pytest.raises(ValueError, match="1 axes of x1 and 2 of x2"):
        la.tensordot(x, y, axes=([0], [0, 1]))
    with pytest.raises(ValueError, match="an axis twice"):
        la.tensordot(x, y, axes=([0, 0], [0, 0]))
    with pytest.raises(IndexError, match="out of bounds"):
        la.tensordot(x, y, axes=([5], [0]))
    with pytest.raises(TypeError, match="axes must be an int or a pair"):
        la.tensordot(x, y, axes=None)


NAMES = ["dot", "inner", "outer", "vdot", "kron"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.dtype("float32"), np.dtype("uint8"), np.dtype("complex64")], ids=str)
def test_numpys_products(context, name, dtype):
    shapes = {
        "dot": [
            ((), ()),
            ((3,), ()),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((2, 3), (3, 4)),
            ((2, 3, 4), (5, 4, 2)),
            ((4, 3), (3,)),
        ],
        "inner": [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (3,))],
        "outer": [((), ()), ((3,), (4,)), ((2, 3), (4,)), ((0,), (2,))],
        "vdot": [((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (6,)), ((0,), (0,))],
        "kron": [((2,), (3,)), ((2, 3), (3, 2)), ((2, 3), (4,)), ((2,), (2, 2, 3)), ((), (3,))],
    }[name]
    for first, second in shapes:
        a, b = elements(first, dtype), elements(second, dtype, 1)
        x, y = context.fromarray(a), context.fromarray(b)
        same(getattr(la, name)(x, y), getattr(np, name)(a, b))
        same(getattr(la, name)(x, b), getattr(np, name)(a, b))


def test_wrong_products(context):
    x = context.ones(3)
    with pytest.raises(ValueError, match="not aligned"):
        la.dot(x, np.ones(4))
    with pytest.raises(ValueError, match="a has 3 elements, b has 4"):
        la.vdot(x, np.ones(4))
    with pytest.raises(ValueError):
        la.inner(x, np.ones(4))


@pytest.mark.parametrize("engines", [1, 4])
def test_diagonal_and_trace(contexts, engines):
    context = contexts(engines)
    for shape, kinds in itertools.product([(4, 4), (3, 5), (5, 3), (2, 3, 4), (0, 3), (1, 1)], ["b", "c", "nb"]):
        a = elements(shape, np.dtype("int32"))
        x = context.fromarray(a, Distribution(context, shape, kinds))
        for offset in (-6, -2, -1, 0, 1, 3, 7):
            same(la.diagonal(x, offset), np.diagonal(a, offset))
            same(la.trace(x, offset), np.trace(a, offset))
        same(la.diagonal(x, 0, -1, 0), np.diagonal(a, 0, -1, 0))
        same(la.trace(x, 1, 1, 0, dtype=float), np.trace(a, 1, 1, 0, dtype=float))
    with pytest.raises(ValueError, match="must differ"):
        la.diagonal(x, 0, 1, -1)


ONE = ["ij->ji", "ij", "ji", "ij->", "ij->i", "ij->j", "ii", "ii->i", "...j->j...", "i...->..."]
TWO = [
    "ij,jk->ik", "ij,jk", "ij,kj->ik", "ji,jk->ki", "ij,ij->", "ij,ij->ij", "ij,ij->i", "ij,j->i", "ij,jk->",
    "ij,jk->i", "ij,kl->ijkl", "ij,kl->lj", "bij,bjk->bik", "bij,jk->bik", "bij,bjk->kbi", "bij,bij->b",
    "...ij,...jk->...ik", "i...,i...->...", "ii,ij->j", "ijk,kji->j", "bi,bj->bij",
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.dtype("float64"), np.dtype("int8"), np.dtype("bool")], ids=str)
def test_einsum(context, dtype):
    for subscripts in ONE:
        a = elements((4, 4), dtype)
        expected = np.einsum(subscripts, a)
        same(la.einsum(subscripts, context.fromarray(a, Distribution(context, a.shape, "c"))), expected)
    for subscripts in TWO:
        terms = subscripts.split("->")[0].split(",")
        shapes = [tuple(4 for letter in term.replace("...", "b") if letter.isalpha()) for term in terms]
        a, b = (elements(shape, dtype, seed) for seed, shape in enumerate(shapes))
        expected = np.einsum(subscripts, a, b)
        same(la.einsum(subscripts, context.fromarray(a), context.fromarray(b)), expected)


def test_einsum_broadcasts_and_mixes_sizes(context):
    a, b = elements((2, 3, 4), np.dtype(float)), elements((1, 4, 5), np.dtype(float), 1)
    for subscripts in ("...ij,...jk->...ik", "bij,bjk->bik", "...ij,...jk"):
        same(la.einsum(subscripts, context.fromarray(a), b), np.einsum(subscripts, a, b))


@pytest.mark.parametrize(
    "subscripts, message",
    [
        ("ij", "is for 1 operands, 2 were given"),
        ("ij,jk->ix", "must be one of an operand's"),
        ("ij,jk->ii", "occur once"),
        ("ijk,jk->i", "has 3 labels for an operand of 2 dimensions"),
        ("i1,jk->i", "is no label"),
        ("ij,ik->jk", "label 'i' has sizes 3 and 4"),
        ("ijk...,jk->i", "has 3 labels for an operand of 2 dimensions"),
    ],
)
def test_wrong_subscripts(context, subscripts, message):
    with pytest.raises(ValueError, match=message):
        la.einsum(subscripts, context.ones((3, 4)), context.ones((4, 3)))


def test_numpys_protocols(context):
    a, b = elements((4, 4), np.dtype(float)), elements((4, 4), np.dtype(float), 1)
    x, y = context.fromarray(a), context.fromarray(b)
    same(np.matmul(x, y), a @ b)
    out = context.zeros((4, 4))
    assert np.matmul(x, y, out=out) is out
    same(out, a @ b)
    for name in NAMES:
        same(getattr(np, name)(x, y), getattr(np, name)(a, b))
    same(np.tensordot(x, y, 1), np.tensordot(a, b, 1))
    same(np.tensordot(x, y, axes=([0], [1])), np.tensordot(a, b, axes=([0], [1])))
    same(np.einsum("ij,jk->ki", x, y), np.einsum("ij,jk->ki", a, b))
    same(np.trace(x), np.trace(a))
    same(np.diagonal(x, 1), np.diagonal(a, 1))
    for name in ("vecdot", "matrix_transpose"):
        if hasattr(np, name):
            arguments = (x, y) if name == "vecdot" else (x,)
            same(getattr(np, name)(*arguments), getattr(np, name)(*((a, b) if name == "vecdot" else (a,))))


def test_failed_factors(context):
    """A factor that cannot be computed is the product's error, in every scheme; nobody waits for the others."""
    bad = context.fromarray(np.array([-1, 1, 1, 1] * 10)).reshape(8, 5)
    bad = context.ones((8, 5), dtype=int) ** bad
    good = context.ones((5, 8), dtype=int)
    for product in (bad @ good, good @ bad, bad.T @ bad, context.ones((3, 5, 8), dtype=int) @ bad):
        with pytest.raises(ValueError, match="negative integer power"):
            product.wait()
    same(good @ good.T, np.full((5, 5), 8))


def test_a_product_too_large(monkeypatch):
    monkeypatch.setenv("DISTARRAYD_MEMORY_LIMIT", "64MiB")
    with da.Context(engines=2) as client:
        x = client.ones((4000, 1))
        product = x @ x.T
        with pytest.raises(MemoryError):
            product.wait()
        assert float((x.T @ x)[0, 0]) == 4000
        assert client.server_info().memory_used_bytes < 1 << 20


def test_methods(context):
    a, b = elements((4, 4), np.dtype(float)), elements((4, 4), np.dtype(float), 1)
    x, out = context.fromarray(a), context.zeros((4, 4))
    assert x.dot(b, out=out) is out
    same(out, a.dot(b))
    same(x.trace(1), a.trace(1))
    same(x.diagonal(-1), a.diagonal(-1))


def test_nothing_is_left_behind(context):
    def used():
        gc.collect()
        return context.server_info().memory_used_bytes

    before = used()
    x = context.ones((50, 40))
    for other in (context.ones((40, 3)), context.ones(40), context.ones((7, 40, 2))):
        (x @ other).wait()
        (x.astype(int) @ other).wait()
    (la.matrix_transpose(x) @ x).wait()
    la.einsum("ij,ij->", x, x).wait()
    assert used() > before
    del x, other
    assert used() <= before
