"""What the tests compare with, and what they draw from."""

from __future__ import annotations

import numpy as np
from distarray._dtypes import DTYPES
from distarray.globalapi import Distribution
from hypothesis import strategies as st

NUMPY_2 = int(np.__version__.split(".")[0]) >= 2
INTEGERS = [dtype for dtype in DTYPES if dtype.kind in "iu"]
FLOATS = [dtype for dtype in DTYPES if dtype.kind == "f"]
COMPLEX = [dtype for dtype in DTYPES if dtype.kind == "c"]

dtypes = st.sampled_from(DTYPES)
shapes = st.lists(st.integers(0, 7), max_size=3).map(tuple)
filled_shapes = st.lists(st.integers(1, 7), max_size=3).map(tuple)


def same(result, expected, ulps=0):
    """Asserts that a DistArray has NumPy's shape, dtype and elements, up to `ulps` units in the last place."""
    expected = np.asarray(expected)
    assert result.shape == expected.shape
    wanted = np.dtype(np.float32) if expected.dtype == np.float16 else expected.dtype
    assert result.dtype == wanted
    got = result.toarray()
    assert got.shape == expected.shape and got.dtype == wanted
    same_values(got, expected.astype(wanted), ulps)


def same_values(got, expected, ulps=0):
    if ulps == 0 or expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, expected)
    elif expected.dtype.kind == "c":
        scale = np.abs(expected)
        close = np.abs(got - expected) <= ulps * np.finfo(expected.dtype).eps * scale
        np.testing.assert_array_equal(np.where(close | (got == expected), expected, got), expected)
    else:
        tolerance = ulps * np.finfo(expected.dtype).eps
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=np.finfo(expected.dtype).tiny * 4)


def values(draw, shape, dtype, low=-20, high=20):
    """Small numbers, exact in every dtype; halves and quarters among floating ones."""
    size = int(np.prod(shape))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    if dtype.kind == "b":
        return rng.integers(0, 2, size).astype(bool).reshape(shape)
    if dtype.kind == "u":
        low = max(low, 0)
    whole = rng.integers(low, high, size, endpoint=True)
    if dtype.kind in "iu":
        return whole.astype(dtype).reshape(shape)
    parts = whole + rng.integers(0, 4, size) / 4
    if dtype.kind == "c":
        parts = parts + 1j * rng.integers(low, high, size, endpoint=True)
    return parts.astype(dtype).reshape(shape)


@st.composite
def arrays(draw, shape=shapes, dtype=dtypes, **limits):
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    dtype = draw(dtype) if isinstance(dtype, st.SearchStrategy) else np.dtype(dtype)
    return values(draw, shape, dtype, **limits)


@st.composite
def targets(draw, context):
    order = draw(st.permutations(context.all_targets))
    return order[: draw(st.integers(1, len(order)))]


def _split(draw, size, parts):
    return sorted(draw(st.lists(st.integers(0, size), min_size=parts - 1, max_size=parts - 1)))


@st.composite
def distributions(draw, context, shape):
    """Any distribution of a shape: by the rules, or of exact maps of every kind, over any targets."""
    if draw(st.booleans()):
        letters = draw(st.text("nbc", max_size=len(shape)))
        chosen = draw(st.none() | targets(context))
        return Distribution(context, shape, letters or None, targets=chosen)
    order = draw(targets(context))
    data = []
    left = len(order)
    for size in shape:
        processes = draw(st.sampled_from([p for p in range(1, left + 1)]))
        left //= processes
        kind = draw(st.sampled_from("bcu" if processes > 1 else "nbcu"))
        if kind == "n":
            data.append({"dist_type": "n", "size": size})
        elif kind == "b":
            data.append({"dist_type": "b", "bounds": [0, *_split(draw, size, processes), size]})
        elif kind == "c":
            block = draw(st.integers(1, 3))
            data.append({"dist_type": "c", "size": size, "proc_grid_size": processes, "block_size": block})
        else:
            dealt = draw(st.permutations(range(size)))
            cuts = [0, *_split(draw, size, processes), size]
            data.append({"dist_type": "u", "indices": [dealt[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]})
    used = 1
    for one in data:
        used *= one.get(
            "proc_grid_size", len(one.get("bounds", (0, 0))) - 1 if "bounds" in one else len(one.get("indices", [0]))
        )
    return Distribution.from_global_dim_data(context, data, order[:used])


@st.composite
def slices(draw, size):
    bound = st.none() | st.integers(-size - 2, size + 2)
    step = draw(st.none() | st.sampled_from([1, 2, 3, -1, -2]))
    return slice(draw(bound), draw(bound), step)


@st.composite
def indices(draw, shape, integers=True):
    """Basic indices: integers, slices with any step, an ellipsis, new axes."""
    entries = []
    for size in shape:
        if integers and size and draw(st.integers(0, 3)) == 0:
            entries.append(draw(st.integers(-size, size - 1)))
        else:
            entries.append(draw(slices(size)))
    kept = draw(st.integers(0, len(entries)))
    if kept < len(entries) and draw(st.booleans()):
        tail = draw(st.integers(kept, len(entries)))
        entries = [*entries[:kept], Ellipsis, *entries[tail:]]
    else:
        entries = entries[:kept]
    if draw(st.integers(0, 4)) == 0:
        entries.insert(draw(st.integers(0, len(entries))), None)
    return tuple(entries)


@st.composite
def dealt(draw, context, array=None):
    """(DistArray, ndarray) of equal elements, somehow dealt out."""
    given = draw(arrays() if array is None else array)
    return context.fromarray(given, draw(distributions(context, given.shape))), given
