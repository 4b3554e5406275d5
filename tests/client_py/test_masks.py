"""Masks as indices, positions of what is not zero, and counting, against NumPy."""

import gc
import time

import numpy as np
import pytest
from distarray import globalapi as da
from distarray.globalapi import indexing

from test_fancy import DTYPES, SHAPES, distributions, elements

pytestmark = pytest.mark.daemon

SHARES = [0, 0.02, 0.5, 1]


def masks(shape, seed=0):
    random = np.random.default_rng(seed)
    return [random.random(shape) < share for share in SHARES]


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_selecting(contexts, engines, shape):
    context = contexts(engines)
    source = elements(shape)
    for distribution in distributions(context, shape):
        array = context.fromarray(source, distribution)
        for leading in range(1, len(shape) + 1):
            for number, mask in enumerate(masks(shape[:leading])):
                given = mask if number == 1 else context.fromarray(mask)
                np.testing.assert_array_equal(array[given].toarray(), source[mask], strict=True)
                np.testing.assert_array_equal(array[given, ...].toarray(), source[mask], strict=True)
                if leading < len(shape) and shape[-1]:
                    np.testing.assert_array_equal(array[given, ..., ::-1].toarray(), source[mask, ..., ::-1])
                    np.testing.assert_array_equal(array[given, ..., 0].toarray(), source[mask, ..., 0])
        if len(shape) > 1:
            for mask in masks(shape[-1:]):
                np.testing.assert_array_equal(array[..., context.fromarray(mask)].toarray(), source[..., mask])


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_kind_of_element(contexts, engines, dtype):
    context = contexts(engines)
    source = elements((1003,), dtype)
    array = context.fromarray(source)
    for mask in masks((1003,)):
        np.testing.assert_array_equal(array[context.fromarray(mask)].toarray(), source[mask], strict=True)
        array[context.fromarray(mask)] = source[::-1][mask]
        source[mask] = source[::-1][mask].copy()
        np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_assignment(contexts, engines, shape):
    context = contexts(engines)
    for distribution in distributions(context, shape):
        source = elements(shape)
        array = context.fromarray(source, distribution)
        for leading in range(1, len(shape) + 1):
            for number, mask in enumerate(masks(shape[:leading], seed=leading)):
                given = mask if number == 1 else context.fromarray(mask)
                count = int(mask.sum())
                inner = shape[leading:]
                values = -np.arange(count * int(np.prod(inner))).reshape(count, *inner) - 100 * number
                chosen = [-number, values, values[:1] if count else -1, np.full(inner, 7.9)]
                for value in [*chosen, values[None]] if inner else chosen:
                    source[mask] = value
                    array[given] = context.fromarray(value) if np.ndim(value) and number > 1 else value
                    np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("engines", [1, 4])
def test_a_comparison_selects(contexts, engines):
    context = contexts(engines)
    source = np.random.default_rng(0).standard_normal(10_001)
    array = context.fromarray(source)
    np.testing.assert_array_equal(array[array > 0].toarray(), source[source > 0])
    array[array < 0] *= 2.0
    source[source < 0] *= 2.0
    array[array > 1] = np.nan
    source[source > 1] = np.nan
    np.testing.assert_array_equal(array.toarray(), source)


def test_truth_values(context):
    source = elements((3, 4))
    array = context.fromarray(source)
    for index in (True, False, np.True_, (True, 1), (False, [0]), ([0, 1], True), (None, True, 1), (..., True)):
        np.testing.assert_array_equal(array[index].toarray(), source[index], err_msg=str(index))
    array[array.any()] = 5
    array[False] = 6
    np.testing.assert_array_equal(array.toarray(), np.full((3, 4), 5))
    assert int(context.fromarray(np.array(3))[True][0]) == 3


def test_a_selection_stays_where_it_was(context):
    array = context.fromarray(np.arange(40))
    assert array[array >= 20].targets == [2, 3]
    assert array[array >= 99].targets == [0]
    kept = array[(array < 3) | (array == 35)].distribution
    assert kept.targets == [0, 3] and kept.localshapes() == [(3,), (1,)]


def test_masks_of_another_shape(context):
    array = context.fromarray(elements((3, 4)))
    with pytest.raises(IndexError, match=r"axis 0; size of axis is 3 but size of corresponding boolean axis is 4"):
        array[np.ones(4, bool)]
    with pytest.raises(IndexError, match=r"axis 1; size of axis is 4 but size of corresponding boolean axis is 3"):
        array[:, context.ones(3, bool)]
    with pytest.raises(IndexError, match="too many indices"):
        array[np.ones((3, 4, 1), bool)]
    with pytest.raises(ValueError, match="cannot assign 2 input values to the 3 output values"):
        array[np.array([True, True, True])] = np.zeros((2, 4))
    with pytest.raises(ValueError, match="does not broadcast"):
        array[context.ones(3, bool)] = np.zeros(3)
    array[context.ones(3, bool)] = np.zeros((2, 4))
    with pytest.raises(ValueError, match=r"\(2, 4\) does not broadcast to shape \(3, 4\)"):
        array.wait()
    np.testing.assert_array_equal(array.toarray(), elements((3, 4)))


EMPTY = [((0, 1), (0, 0)), ((5, 3), (0, 3)), ((5, 3), (0, 0)), ((5, 3), (0,)), ((1, 2, 3), (0, 2)), ((7,), (0,))]


@pytest.mark.parametrize("shape, mask", EMPTY)
def test_a_mask_of_no_elements_selects_nothing_of_any_size(context, shape, mask):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    d = context.fromarray(x)
    for selects in (np.zeros(mask, bool), context.zeros(mask, bool)):
        np.testing.assert_array_equal(d[selects].toarray(), x[np.zeros(mask, bool)])
        d[selects] = 7
        np.testing.assert_array_equal(d.toarray(), x)
    with pytest.raises(IndexError, match="did not match"):
        d[np.zeros((*mask[:-1], shape[len(mask) - 1] + 1), bool)]


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_positions(contexts, engines, shape):
    context = contexts(engines)
    for distribution in distributions(context, shape):
        for mask in masks(shape):
            for source in (mask, np.where(mask, -2.5, 0), np.where(mask, 1j, 0)):
                array = context.fromarray(source, distribution)
                for found, expected in zip(indexing.nonzero(array), np.nonzero(source), strict=True):
                    np.testing.assert_array_equal(found.toarray(), expected, strict=True)
            np.testing.assert_array_equal(np.argwhere(array).toarray(), np.argwhere(source), strict=True)
            np.testing.assert_array_equal(indexing.flatnonzero(array).toarray(), np.flatnonzero(source))
    with pytest.raises(ValueError, match="0-d"):
        indexing.nonzero(context.fromarray(np.array(1)))


@pytest.mark.parametrize("engines", [1, 4])
def test_take(contexts, engines):
    context = contexts(engines)
    source = elements((4, 5, 6))
    index = np.array([[1, -1], [0, 2]])
    for distribution in distributions(context, source.shape):
        array = context.fromarray(source, distribution)
        for axis in (None, 0, 1, 2, -1):
            for given in (index, context.fromarray(index), index.tolist(), 1):
                expected = np.take(source, given if isinstance(given, int) else index, axis)
                np.testing.assert_array_equal(indexing.take(array, given, axis=axis).toarray(), expected, strict=True)
    array = context.fromarray(source)
    for mode in ("wrap", "clip"):
        far = np.array([7, -9, 2])
        for given in (far, context.fromarray(far)):
            np.testing.assert_array_equal(
                np.take(array, given, axis=1, mode=mode).toarray(), np.take(source, far, axis=1, mode=mode)
            )
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        indexing.take(array, [4], axis=0)
    with pytest.raises(IndexError):
        indexing.take(array, [0], axis=3)
    with pytest.raises(TypeError, match="integers"):
        indexing.take(array, [0.5], axis=0)


def test_methods(context):
    source = np.array([[3, 0, 1], [0, 5, 0]])
    array = context.fromarray(source)
    for found, expected in zip(array.nonzero(), source.nonzero(), strict=True):
        np.testing.assert_array_equal(found.toarray(), expected)
    np.testing.assert_array_equal(array.take([5, 0]).toarray(), source.take([5, 0]))
    np.testing.assert_array_equal(array.repeat(2, axis=1).toarray(), source.repeat(2, axis=1))
    np.testing.assert_array_equal(array.compress([0, 1], axis=0).toarray(), source.compress([0, 1], axis=0))
    array.put([1, 2], [8, 9])
    source.put([1, 2], [8, 9])
    np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("engines", [1, 4])
def test_take_along_axis(contexts, engines):
    context = contexts(engines)
    source = np.random.default_rng(4).integers(0, 100, (5, 4, 3))
    for distribution in distributions(context, source.shape):
        array = context.fromarray(source, distribution)
        for axis in range(3):
            order = np.argsort(source, axis=axis)
            for index in (order, order.take([0], axis=axis), order[:1], order[:, :1]):
                if index.shape[axis] != order.shape[axis] and index.shape[axis] != 1:
                    continue
                result = np.take_along_axis(array, context.fromarray(index), axis)
                np.testing.assert_array_equal(result.toarray(), np.take_along_axis(source, index, axis), strict=True)
    line = context.fromarray(source.reshape(-1))
    order = np.argsort(source.reshape(-1))
    np.testing.assert_array_equal(indexing.take_along_axis(line, order).toarray(), source.reshape(-1)[order])
    with pytest.raises(ValueError, match="dimensions"):
        indexing.take_along_axis(array, order.reshape(-1))
    with pytest.raises(ValueError, match="do not broadcast"):
        indexing.take_along_axis(array, np.zeros((2, 2, 3), int), axis=0)
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 2 with size 3"):
        indexing.take_along_axis(array, np.full((5, 4, 1), 3), axis=2).toarray()


@pytest.mark.parametrize("engines", [1, 4])
def test_put(contexts, engines):
    context = contexts(engines)
    for shape in ((12,), (3, 4)):
        source = np.arange(12).reshape(shape)
        array = context.fromarray(source)
        for index, values in (([1, -1], -5), ([0, 2, 2, 3, 11], [10, 20]), ([[5, 6]], [[7.0], [8.0]]), ([], [1])):
            np.put(source, np.array(index, int), values)
            np.put(array, context.fromarray(np.array(index, int)), values)
            np.testing.assert_array_equal(array.toarray(), source)
        indexing.put(array, [99, -50], -1, mode="clip")
        np.put(source, [99, -50], -1, mode="clip")
        np.testing.assert_array_equal(array.toarray(), source)
        with pytest.raises(IndexError, match="index 12 is out of bounds for axis 0 with size 12"):
            indexing.put(array, [12], 1)


@pytest.mark.parametrize("engines", [1, 4])
def test_compress_and_extract(contexts, engines):
    context = contexts(engines)
    source = elements((4, 5))
    for distribution in distributions(context, source.shape):
        array = context.fromarray(source, distribution)
        for axis, condition in (
            (None, [0, 1, 1]),
            (0, [True, False, True]),
            (1, [0, 1, 0, 1, 1]),
            (0, [1, 1, 1, 1, 0]),
        ):
            expected = np.compress(condition, source, axis=axis)
            np.testing.assert_array_equal(indexing.compress(condition, array, axis=axis).toarray(), expected)
            given = context.fromarray(np.array(condition))
            np.testing.assert_array_equal(np.compress(given, array, axis=axis).toarray(), expected)
        np.testing.assert_array_equal(np.extract(array % 2 == 0, array).toarray(), np.extract(source % 2 == 0, source))
    with pytest.raises(IndexError, match="beyond"):
        indexing.compress([0, 0, 0, 0, 1], array, axis=0)


@pytest.mark.parametrize("engines", [1, 4])
def test_repeat(contexts, engines):
    context = contexts(engines)
    for shape in ((6,), (3, 4), (2, 3, 2), (0,)):
        source = elements(shape)
        for distribution in distributions(context, shape):
            array = context.fromarray(source, distribution)
            for axis in (None, *range(len(shape))):
                size = source.size if axis is None else shape[axis]
                counts = np.arange(size) % 3
                for repeats in (0, 1, 3, [2], counts, context.fromarray(counts)):
                    given = counts if isinstance(repeats, da.DistArray) else repeats
                    result = np.repeat(array, repeats, axis)
                    np.testing.assert_array_equal(result.toarray(), np.repeat(source, given, axis), strict=True)
    with pytest.raises(ValueError, match="negative"):
        indexing.repeat(context.arange(3), -1)
    with pytest.raises(ValueError, match="must not be negative, -2"):
        indexing.repeat(context.arange(3), context.fromarray(np.array([1, -2, 1])))
    with pytest.raises(ValueError, match="axis of size 3"):
        indexing.repeat(context.arange(3), [1, 2])


@pytest.mark.parametrize("engines", [1, 4])
def test_bincount(contexts, engines):
    context = contexts(engines)
    random = np.random.default_rng(2)
    source = random.integers(0, 40, 5000)
    weights = random.standard_normal(5000)
    for distribution in distributions(context, (5000,)):
        array = context.fromarray(source, distribution)
        np.testing.assert_array_equal(np.bincount(array).toarray(), np.bincount(source), strict=True)
        np.testing.assert_array_equal(indexing.bincount(array, minlength=50).toarray(), np.bincount(source, None, 50))
        weighed = indexing.bincount(array, context.fromarray(weights))
        np.testing.assert_allclose(weighed.toarray(), np.bincount(source, weights), rtol=1e-12)
    assert indexing.bincount(context.fromarray(np.zeros(0, int))).shape == (0,)
    wide = context.fromarray(np.array([3_000_000, 5, 1_500_000]))
    np.testing.assert_array_equal(np.flatnonzero(indexing.bincount(wide)).toarray(), [5, 1_500_000, 3_000_000])
    with pytest.raises(ValueError, match="negative"):
        indexing.bincount(context.fromarray(np.array([1, -1])))
    with pytest.raises(TypeError, match="integers"):
        indexing.bincount(context.fromarray(np.array([1.0])))
    with pytest.raises(ValueError, match="one dimension"):
        indexing.bincount(context.fromarray(source.reshape(50, 100)))


def test_weights_add_up_alike_on_any_number_of_engines(contexts):
    random = np.random.default_rng(8)
    source = random.integers(0, 9, 20_000)
    weights = random.standard_normal(20_000) * 10.0 ** random.integers(-9, 9, 20_000)
    sums = {
        indexing.bincount(contexts(engines).fromarray(source), weights).toarray().tobytes() for engines in (1, 3, 4)
    }
    assert len(sums) == 1


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8"])
def test_histogram(contexts, engines, dtype):
    context = contexts(engines)
    random = np.random.default_rng(6)
    source = np.clip(random.standard_normal((40, 50)) * 20 + 100, 0, 250).astype(dtype)
    weights = random.random((40, 50))
    array = context.fromarray(source)
    for options in (
        {},
        {"bins": 7},
        {"bins": 5, "range": (90, 120)},
        {"bins": [0, 90, 91, 91, 130]},
        {"bins": 11, "density": True},
        {"bins": np.linspace(0, 250, 9)},
    ):
        expected, edges = np.histogram(source, **options)
        counts, found = np.histogram(array, **options)
        np.testing.assert_allclose(counts.toarray(), expected, rtol=1e-14)
        np.testing.assert_array_equal(found, edges, strict=True)
        assert counts.dtype == expected.dtype
        weighed, _ = indexing.histogram(array, weights=weights, **options)
        np.testing.assert_allclose(weighed.toarray(), np.histogram(source, weights=weights, **options)[0], rtol=1e-12)
    edge = np.linspace(0, 1, 11)  # numbers that lie on the edges
    for values in (edge, np.nextafter(edge, -1), np.nextafter(edge, 2)):
        for bins, limits in ((10, (0, 1)), (3, None), (1000, (0.1, 0.7))):
            np.testing.assert_array_equal(
                indexing.histogram(context.fromarray(values), bins, limits)[0].toarray(),
                np.histogram(values, bins, limits)[0],
            )


def test_histogram_of_weights_in_a_list(context):
    for weights in ([1, 2, 3], [0.5, 1, 2], [True, False, True]):
        counts, edges = da.histogram(context.fromarray(np.array([1.0, 2.0, 2.5])), bins=3, weights=weights)
        expected, bounds = np.histogram([1.0, 2.0, 2.5], bins=3, weights=weights)
        np.testing.assert_array_equal(counts.toarray(), expected)
        assert counts.dtype == expected.dtype and (edges == bounds).all()


def test_histogram_refuses(context):
    array = context.arange(5.0)
    for options in ({"bins": 0}, {"bins": [2, 1]}, {"range": (2, 1)}, {"bins": "auto"}, {"range": (0, np.inf)}):
        with pytest.raises(ValueError, match="histogram"):
            indexing.histogram(array, **options)
    with pytest.raises(ValueError, match="weights have shape"):
        indexing.histogram(array, weights=[1, 2])
    nan = context.fromarray(np.array([np.nan, 1.0, 2.0]))
    with pytest.raises(ValueError, match="not finite"):
        indexing.histogram(nan)
    assert indexing.histogram(nan, 2, (0, 3))[0].toarray().tolist() == [1, 1]


def test_choosing(context):
    a, b, c = np.arange(6), np.arange(6) * 10, np.arange(6) * 100
    number = np.array([0, 1, 2, 0, 1, 2])
    da_ = [context.fromarray(each) for each in (a, b, c)]
    np.testing.assert_array_equal(np.choose(context.fromarray(number), da_).toarray(), np.choose(number, [a, b, c]))
    conditions = [a < 2, a > 3]
    result = np.select([da_[0] < 2, da_[0] > 3], [da_[1], da_[2]], -1)
    np.testing.assert_array_equal(result.toarray(), np.select(conditions, [b, c], -1))


@pytest.mark.parametrize("engines", [1, 4])
def test_no_memory_is_left_behind(engines):
    with da.Context(engines=engines) as context:
        array = context.fromarray(elements((50, 20)))
        array[array > 30] = -array[array > 30]
        array[[3, 3, -1], 1:] = array[[0, 1, 2], 1:]
        array[array[:, 0] < 0] += 1
        results = [array[[1, 2]], array[array < 0], *indexing.nonzero(array), np.repeat(array, [2, 1] * 25, 0)]
        results += [np.bincount(abs(array[:, 1])), np.histogram(array)[0], np.take_along_axis(array, array % 2, 0)]
        array[context.fromarray(np.array([50]))] = 0
        with pytest.raises(IndexError, match="index 50"):
            array.wait()
        results.append(array[context.fromarray(np.array([-51]))])
        for result in results[:-1]:
            result.toarray()
        with pytest.raises(IndexError):
            results[-1].toarray()
        del array, result, results
        gc.collect()
        deadline = time.monotonic() + 30  # what was held by commands under way goes with their answers
        while context.server_info().memory_used_bytes and time.monotonic() < deadline:
            time.sleep(0.01)
        assert context.server_info().memory_used_bytes == 0
