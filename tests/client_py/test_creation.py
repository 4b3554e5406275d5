"""Making arrays and reading them back."""

import warnings

import distarray.globalapi as da
import numpy as np
import pytest
from checks import arrays, dealt, distributions, dtypes, same, shapes
from distarray.error import DistArrayError, LargeTransferWarning
from distarray.globalapi.random import Random
from hypothesis import given
from hypothesis import strategies as st


@given(st.data(), dtypes)
def test_there_and_back(context, data, dtype):
    d, x = data.draw(dealt(context, arrays(dtype=dtype)))
    same(d, x)
    assert d.dtype is x.dtype or d.dtype == x.dtype
    assert (d.ndim, d.size, d.global_size, d.itemsize, d.nbytes) == (x.ndim, x.size, x.size, x.itemsize, x.nbytes)


@given(st.data())
def test_blocks(context, data):
    d, x = data.draw(dealt(context))
    blocks = d.get_localarrays()
    assert [block.local_shape for block in blocks] == d.localshapes() == d.distribution.localshapes()
    assert [block.target for block in blocks] == d.targets
    rebuilt = np.empty_like(x)
    for rank, block in enumerate(blocks):
        owned = d.distribution.local_indices(rank)
        if x.ndim:
            rebuilt[np.ix_(*owned)] = np.asarray(block)
        else:
            rebuilt = block.ndarray
        assert block.__distarray__()["__version__"] == "0.10.0" and block.global_shape == x.shape
    np.testing.assert_array_equal(rebuilt, x)
    for block, array in zip(blocks, d.get_ndarrays(), strict=True):
        np.testing.assert_array_equal(block.ndarray, array)


@pytest.mark.parametrize("nbytes", [1 << 16, (1 << 22) + 8, 40 << 20])
def test_large_transfers(context, nbytes):
    x = np.random.default_rng(1).standard_normal(nbytes // 8)
    d = context.fromarray(x)
    np.testing.assert_array_equal(d.toarray(), x)
    matrix = x[: x.size // 64 * 64].reshape(64, -1)
    np.testing.assert_array_equal(context.fromarray(matrix[:, ::-1].T).toarray(), matrix[:, ::-1].T)


def test_results_are_the_callers_own(context):
    d = context.zeros(4)
    first = d.toarray()
    first[:] = 9
    same(d, np.zeros(4))
    d[0] = 1
    same(d, np.array([1.0, 0, 0, 0]))
    assert d.toarray().flags.writeable and context.zeros(10000).toarray().flags.writeable


@given(st.data(), shapes, dtypes)
def test_filled(context, data, shape, dtype):
    distribution = data.draw(distributions(context, shape))
    same(context.zeros(distribution, dtype), np.zeros(shape, dtype))
    same(context.ones(shape, dtype), np.ones(shape, dtype))
    same(context.full(distribution, 3, dtype), np.full(shape, 3, dtype))
    made = context.empty(distribution, dtype)
    assert made.shape == shape and made.dtype == dtype and made.distribution == distribution


def test_full_takes_the_dtype_of_its_value(context):
    for value in (True, 3, 2.5, 1j, np.float32(2), np.int8(-1), np.uint64(1 << 63)):
        same(context.full((2, 3), value), np.full((2, 3), value))


@pytest.mark.parametrize(
    "arguments",
    [(5,), (2, 9), (2, 9, 3), (9, 2, -2), (0,), (3, 3), (5, 2), (0.0, 1.0, 0.1), (1, 2, 0.3), (-1.5, 4), (10, 0, -0.7)],
)
def test_arange(context, arguments):
    same(context.arange(*arguments), np.arange(*arguments), 2)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint64", "float32", "float64"])
def test_arange_of_a_dtype(context, dtype):
    same(context.arange(2, 9, 2, dtype), np.arange(2, 9, 2, dtype), 2)
    same(context.arange(9, 2, -3, dtype), np.arange(9, 2, -3, dtype), 2)


@pytest.mark.parametrize("arguments", [(0, 1), (0, 1, 5), (2.0, -3.0, 7), (0, 1, 1), (0, 1, 0), (1, 1, 4)])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace(context, arguments, endpoint):
    expected = np.linspace(*arguments, endpoint=endpoint)
    result = context.linspace(*arguments, endpoint=endpoint)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.toarray(), expected, rtol=1e-15, atol=1e-15)


def test_linspace_of_integers(context):
    same(context.linspace(0, 10, 5, dtype=int), np.linspace(0, 10, 5, dtype=int))


@pytest.mark.parametrize("arguments", [(3,), (3, 5), (5, 3, 1), (4, 4, -2), (2, 2, 7), (0, 3), (2, 2, 1 << 70)])
def test_eye(context, arguments):
    same(context.eye(*arguments), np.eye(*arguments))
    same(context.eye(*arguments, dtype=np.int16, dist="nb"), np.eye(*arguments, dtype=np.int16))


def test_fromfunction(context):
    def function(i, j, scale=1):
        return (i + 10 * j) * scale

    same(context.fromfunction(function, (5, 4), scale=2), np.fromfunction(function, (5, 4), scale=2))
    same(
        context.fromfunction(function, (5, 4), dtype=np.int32, dist="cb"),
        np.fromfunction(function, (5, 4), dtype=np.int32),
    )
    assert context.fromfunction(function, (6, 4), dist="cn").dist == ("c", "n")
    same(context.fromfunction(lambda i: 3, (4,)), np.full(4, 3))


def test_fromarray_takes_what_asarray_takes(context):
    same(context.fromarray([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]]))
    same(context.fromndarray(2.5), np.array(2.5))
    same(context.fromarray(np.arange(6, dtype=">i4")), np.arange(6, dtype="i4"))
    same(context.fromarray(np.asfortranarray(np.arange(6.0).reshape(2, 3))), np.arange(6.0).reshape(2, 3))
    for bad in (np.ones(3, np.float16), ["a", "b"], [object()]):
        with pytest.raises(TypeError, match="not supported"):
            context.fromarray(bad)
    with pytest.raises(ValueError):
        context.fromarray(np.ones(3), da.Distribution(context, (4,)))
    with pytest.raises(TypeError):
        context.fromarray(context.ones(3))


def test_conversion_to_numpy(context):
    d = context.arange(4.0)
    np.testing.assert_array_equal(np.asarray(d), np.arange(4.0))
    assert np.asarray(d, np.float32).dtype == np.float32
    with pytest.raises(ValueError):
        d.__array__(copy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.asarray(d)
        context.zeros(13_000_000).toarray()
    with pytest.warns(LargeTransferWarning, match="104 MB"):
        np.asarray(context.zeros(13_000_000))


def test_the_constructor_makes_an_uninitialised_array(context):
    distribution = da.Distribution(context, (6, 2), "cb")
    d = da.DistArray(distribution, np.int32)
    assert d.distribution == distribution and d.dtype == np.int32
    d[...] = 4
    same(d, np.full((6, 2), 4, np.int32))


def test_module_level_creation_uses_the_default_context(daemons):
    with da.Context(daemons(4)) as outer:
        assert da.default_context() is outer and da.zeros(3).device is outer
        with da.Context(daemons(4)) as inner:
            assert da.ones((2, 2)).context is inner and da.arange(3, device=outer).context is outer
        assert inner.closed and not outer.closed
        same(da.zeros_like(da.ones((2, 3), np.int8)), np.zeros((2, 3), np.int8))
        same(da.full_like(da.ones(2), 7), np.full(2, 7.0))
        same(da.asarray([1, 2], dtype=float), np.array([1.0, 2.0]))
        same(da.linspace(0, 1, 3), np.linspace(0, 1, 3))
        same(da.eye(2), np.eye(2))
        same(da.fromfunction(lambda i: i, (3,)), np.arange(3.0))
        same(da.full(2, 1.5), np.full(2, 1.5))
        assert da.empty_like(da.fromarray([1, 2])).dtype == np.int64 and da.empty((2, 2)).shape == (2, 2)
        assert da.ones_like(da.zeros(3)).sum().item() == 3
    assert outer.closed


def test_contexts_with_targets_and_a_default_distribution(daemons):
    with da.Context(daemons(4), targets=[3, 1], default_dist="c") as context:
        assert context.targets == [3, 1] and context.all_targets == [0, 1, 2, 3] and context.nengines == 4
        d = context.arange(5)
        assert d.targets == [3, 1] and d.dist == ("c",) and da.Distribution(context, (5,)).dist == ("c",)
        assert (d.sum()).targets == [3]
        assert context.fromarray(np.ones((2, 2))).localshapes() == [(1, 2), (1, 2)]
    for bad in ([4], [0, 0], []):
        with pytest.raises(ValueError):
            da.Context(daemons(4), targets=bad)
    with pytest.raises(ValueError):
        da.Context(daemons(4), default_dist="q")


def test_server_side_distribution_is_the_clients(context):
    for shape in ((), (0,), (1,), (5,), (10,), (5, 9), (7, 7), (3, 0), (2, 3, 4)):
        for dist in ("", "b", "c", "n", "bb", "bc", "nb", "cc", "bbb", "nbc"):
            if len(dist) > len(shape):
                continue
            for targets in (None, [2, 0], [1, 3, 0]):
                expected = da.Distribution(context, shape, dist or None, targets=targets)
                made = context.empty(shape, dist=dist or None, targets=targets)
                assert made.distribution.is_compatible(expected), (shape, dist, targets)
    for shape in ((), (0,), (1,), (5,), (10,), (5, 9), (3, 0), (2, 3, 4)):
        assert context.empty(shape).distribution.is_compatible(da.Distribution(context, shape)), shape


def test_random_numbers(contexts):
    made = {}
    for engines in (1, 4):
        random = Random(contexts(engines), seed=42)
        first, second = random.rand((50, 4)), random.rand((50, 4), dist="nc")
        normal, integers = random.randn(1000), random.randint((30, 30), 3, 9)
        made[engines] = [one.toarray() for one in (first, second, normal, integers, random.normal(1000, 5.0, 0.1))]
        random.seed(42)
        np.testing.assert_array_equal(random.rand((50, 4), dist="c").toarray(), made[engines][0])
    for one, other in zip(made[1], made[4], strict=True):
        np.testing.assert_array_equal(one, other)
    uniform, another, normal, integers, shifted = made[4]
    assert uniform.dtype == float and integers.dtype == np.int64 and not np.array_equal(uniform, another)
    assert ((uniform >= 0) & (uniform < 1)).all() and len(np.unique(uniform)) == uniform.size
    assert abs(normal.mean()) < 0.2 and abs(normal.std() - 1) < 0.1 and abs(shifted.mean() - 5) < 0.05
    assert set(np.unique(integers)) == set(range(3, 9))
    context = contexts(4)
    assert Random(context).randint(5, 1).toarray().tolist() == [0] * 5
    for bad, kind in (((5, 3, 3), ValueError), ((5, 0, 1 << 70), ValueError)):
        with pytest.raises(kind):
            Random(context).randint(*bad)
    with pytest.raises(TypeError):
        Random(context, "seed")
    with pytest.raises(ValueError):
        Random(context, -1)
    with pytest.raises(ValueError):
        Random(context).normal(3, scale=-1)


def test_seeds_of_several_ints(context):
    def numbers(seed):
        return Random(context, seed).rand(4).toarray().tolist()

    for seed in ([1, 2], (1, 2), np.array([1, 2], np.uint32)):
        assert numbers(seed) == numbers([1, 2])
    folded = int(np.random.SeedSequence([1, 2]).generate_state(1, np.uint64)[0])
    assert numbers(folded) == numbers([1, 2]) and numbers([0, 1 << 90]) != numbers([1 << 90, 0])
    assert numbers([5]) != numbers(5)
    for bad, kind in (([], ValueError), ([3, -1], ValueError), ([1.5], TypeError), ([[1]], TypeError)):
        with pytest.raises(kind, match="seed") as caught:
            Random(context, bad)
        assert isinstance(caught.value, DistArrayError)


def test_device(contexts):
    here, there = contexts(4), contexts(1)
    for made in (
        here.fromfunction(lambda i, j: i * 10 + j, (2, 3), int, device=there),
        da.fromfunction(lambda i, j: i * 10 + j, (2, 3), dtype=int, device=there),
    ):
        assert made.device is there
        same(made, np.array([[0, 1, 2], [10, 11, 12]]))
    like = here.zeros((3, 4), np.int8, dist="nc")
    for call, value in ((da.zeros_like, 0), (da.ones_like, 1), (np.zeros_like, 0), (np.ones_like, 1)):
        same(call(like), np.full((3, 4), value, np.int8))
        assert call(like).distribution == like.distribution
    for made in (da.full_like(like, 7, device=there), da.ones_like(like, device=there) * 7):
        assert made.device is there and made.distribution == da.Distribution(there, (3, 4))
        same(made, np.full((3, 4), 7, np.int8))
    assert da.empty_like(like, float, device=there).dtype == float
    assert da.zeros_like(like, device=here).distribution == like.distribution


def test_allclose(context):
    x = np.array([1.0, np.inf, -2.0])
    d = context.fromarray(x)
    assert context.allclose(d, x) and context.allclose(d, d + 1e-9) and not context.allclose(d, d + 1e-3)
    y = context.fromarray([1.0, np.nan])
    assert not context.allclose(y, y) and context.allclose(y, y, equal_nan=True)
    assert context.allclose(context.arange(3), np.arange(3)) and context.allclose(context.ones(2, bool), [1, 1])
    with pytest.raises(ValueError):
        context.allclose(d, np.ones(4))


@pytest.mark.daemon
def test_arrays_like_others_are_dealt_out_as_those(context):
    cyclic = context.fromarray(np.arange(12).reshape(3, 4), da.Distribution(context, (3, 4), "nc", targets=[3, 1]))
    for made in (da.empty_like(cyclic), da.zeros_like(cyclic, dtype=bool), da.full_like(cyclic[::2], 7)):
        assert made.targets == [3, 1] and made.dist == ("n", "c")
    elsewhere = context.ones(5, targets=[0])
    assert context._empty_like([elsewhere, cyclic], (3, 4), cyclic._type).dist == ("n", "c")
    assert context._empty_like([elsewhere, cyclic], (8,), cyclic._type).targets == [0, 1, 3]
    wrong = context._create((3, 4), 5, lambda create: create.empty.SetInParent(), "nc", like=[cyclic])
    with pytest.raises(ValueError, match="both like and exact"):
        wrong.wait()
