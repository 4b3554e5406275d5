"""Elementwise functions and operators on the engines, against NumPy."""

import itertools
import operator

import distarray.globalapi as da
import numpy as np
import pytest
from checks import COMPLEX, FLOATS, INTEGERS, NUMPY_2, arrays, dealt, dtypes, filled_shapes, same, values
from distarray._dtypes import DTYPES
from distarray.globalapi import functions
from hypothesis import given
from hypothesis import strategies as st

# Domains in which a function of floating numbers is finite and well conditioned, and the units in the last place it
# may differ by.
UNARY = {
    "absolute": (-20, 20, 1),
    "angle": (-20, 20, 4),
    "arccos": (-1, 1, 4),
    "arccosh": (1, 20, 4),
    "arcsin": (-1, 1, 4),
    "arcsinh": (-20, 20, 4),
    "arctan": (-20, 20, 4),
    "arctanh": (-0.9, 0.9, 4),
    "cbrt": (-20, 20, 4),
    "ceil": (-20, 20, 0),
    "conjugate": (-20, 20, 0),
    "cos": (-20, 20, 4),
    "cosh": (-5, 5, 4),
    "deg2rad": (-20, 20, 1),
    "degrees": (-20, 20, 1),
    "exp": (-5, 5, 4),
    "exp2": (-5, 5, 4),
    "expm1": (-5, 5, 4),
    "fabs": (-20, 20, 0),
    "floor": (-20, 20, 0),
    "imag": (-20, 20, 0),
    "isfinite": (-20, 20, 0),
    "isinf": (-20, 20, 0),
    "isnan": (-20, 20, 0),
    "log": (0.5, 20, 4),
    "log10": (0.5, 20, 4),
    "log1p": (-0.5, 20, 4),
    "log2": (0.5, 20, 4),
    "logical_not": (-20, 20, 0),
    "negative": (-20, 20, 0),
    "positive": (-20, 20, 0),
    "rad2deg": (-20, 20, 1),
    "radians": (-20, 20, 1),
    "real": (-20, 20, 0),
    "reciprocal": (0.5, 20, 0),
    "rint": (-20, 20, 0),
    "sign": (-20, 20, 0),
    "signbit": (-20, 20, 0),
    "sin": (-20, 20, 4),
    "sinh": (-5, 5, 4),
    "spacing": (-20, 20, 0),
    "sqrt": (0, 20, 0),
    "square": (-20, 20, 0),
    "tan": (-1, 1, 4),
    "tanh": (-5, 5, 4),
    "trunc": (-20, 20, 0),
}
ARITHMETIC = [
    "add",
    "subtract",
    "multiply",
    "true_divide",
    "divide",
    "maximum",
    "minimum",
    "fmod",
    "remainder",
    "mod",
    "floor_divide",
    "fmax",
    "fmin",
    "copysign",
    "nextafter",
    "heaviside",
]
# NumPy 1 promotes arrays of no dimensions by their values.
promoted_shapes = filled_shapes if NUMPY_2 else filled_shapes.filter(len)
COMPARISONS = ["less", "less_equal", "equal", "not_equal", "greater", "greater_equal"]
LOGICAL = ["logical_and", "logical_or", "logical_xor"]
BITWISE = ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"]
OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.lt,
    operator.le,
    operator.eq,
    operator.ne,
    operator.gt,
    operator.ge,
]


def reference(function, *operands):
    with np.errstate(all="ignore"):
        return function(*operands)


def has_loop(function, *operands):
    try:
        reference(function, *operands)
    except TypeError:
        return False
    return True


@given(st.data(), st.sampled_from(sorted(UNARY)), st.sampled_from(FLOATS))
def test_unary_of_floats(context, data, name, dtype):
    low, high, ulps = UNARY[name]
    shape = data.draw(promoted_shapes)
    x = np.random.default_rng(data.draw(st.integers(0, 999))).uniform(low, high, shape).astype(dtype)
    d, x = data.draw(dealt(context, st.just(x)))
    expected = getattr(np, name)(x)
    # angle of a number without dimensions is a float64 with NumPy 1
    same(getattr(functions, name)(d), expected if NUMPY_2 else expected.astype(dtype), ulps)


@given(st.data(), st.sampled_from(sorted({*UNARY, "invert", "bitwise_count"})), dtypes)
def test_unary_of_other_dtypes(context, data, name, dtype):
    x = data.draw(arrays(dtype=dtype, low=0, high=1) if name.startswith("arc") else arrays(dtype=dtype, low=-3, high=3))
    function = getattr(np, name)
    d = context.fromarray(x)
    if not has_loop(function, np.ones(1, dtype)):
        with pytest.raises(TypeError, match="not defined"):
            getattr(functions, name)(d)
        return
    expected = reference(function, x)
    if not NUMPY_2 and name in ("floor", "ceil", "trunc") and dtype.kind in "bui":  # NumPy 2 keeps the dtype
        expected = x
    if not NUMPY_2 and name == "sign" and dtype in COMPLEX:
        expected = reference(lambda z: np.where(z == 0, z, z / abs(z)), x)
    if dtype in COMPLEX and name in ("sqrt", "log", "log10", "log1p", "reciprocal", "tan", "tanh", "arctan", "arctanh"):
        x = np.where(x == 0, dtype.type(1 + 1j), x)  # no poles
        d = context.fromarray(x)
        expected = reference(function, x)
    if expected.dtype == np.float16:  # DistArray has no float16: float32 instead
        expected = reference(function, x.astype(np.float32))
    if not np.isfinite(expected).all():
        same_where_finite(getattr(functions, name)(d), expected)
        return
    exact = dtype not in FLOATS + COMPLEX and expected.dtype == dtype
    same(getattr(functions, name)(d), expected, 0 if exact else 64 if dtype in COMPLEX else 8)


def same_where_finite(result, expected):
    finite = np.isfinite(expected)
    got = result.toarray()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got[finite], expected[finite], rtol=1e-5)


@given(st.data(), st.sampled_from(ARITHMETIC + COMPARISONS + LOGICAL), dtypes, dtypes)
def test_binary(context, data, name, a, b):
    shape = data.draw(promoted_shapes)
    broadcast = tuple(data.draw(st.sampled_from([1, size])) for size in shape)
    x, y = data.draw(arrays(shape, a)), data.draw(arrays(broadcast[data.draw(st.integers(0, len(shape))) :], b))
    y = y if NUMPY_2 else np.atleast_1d(y)
    if name in ("fmod", "remainder", "mod", "floor_divide", "true_divide", "divide"):
        y = np.where(y == 0, y.dtype.type(3), y)
    d, e = data.draw(dealt(context, st.just(x)))[0], data.draw(dealt(context, st.just(y)))[0]
    function = getattr(np, name)
    if not has_loop(function, np.ones(1, a), np.ones(1, b)):
        with pytest.raises(TypeError, match="not defined"):
            getattr(functions, name)(d, e)
        return
    expected = reference(function, x, y)
    inexact = np.result_type(a, b).kind == "c" and name in ("true_divide", "divide", "multiply")
    same(getattr(functions, name)(d, e), expected, 4 if inexact or expected.dtype == np.float16 else 0)


@given(st.data(), st.sampled_from(BITWISE), st.sampled_from([*INTEGERS, np.dtype(bool)]))
def test_bitwise(context, data, name, dtype):
    shape = data.draw(filled_shapes)
    x, y = data.draw(arrays(shape, dtype)), data.draw(arrays(shape, dtype, low=0, high=6))
    d, e = data.draw(dealt(context, st.just(x)))[0], data.draw(dealt(context, st.just(y)))[0]
    same(getattr(functions, name)(d, e), getattr(np, name)(x, y))


@given(
    st.data(),
    st.sampled_from(["hypot", "arctan2", "power", "float_power", "logaddexp", "logaddexp2"]),
    st.sampled_from(FLOATS),
)
def test_binary_mathematics(context, data, name, dtype):
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    x, y = rng.uniform(0.5, 4, (5, 3)).astype(dtype), rng.uniform(-3, 3, (5, 3)).astype(dtype)
    d, e = data.draw(dealt(context, st.just(x)))[0], data.draw(dealt(context, st.just(y)))[0]
    same(getattr(functions, name)(d, e), getattr(np, name)(x, y), 8)


@given(st.data(), st.sampled_from(OPERATORS), dtypes, st.sampled_from([True, 3, 2.5, 1 + 2j]), st.booleans())
def test_operators_with_python_numbers(context, data, function, dtype, number, reflected):
    x = data.draw(arrays(dtype=dtype, low=1))
    x = np.where(x == 0, x.dtype.type(1), x)
    d = data.draw(dealt(context, st.just(x)))[0]
    operands, wanted = (d, number), (x, number)
    if not NUMPY_2:  # NumPy 1 promotes by value: give it the dtype that the number takes
        other = np.asarray(number)
        if {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}[dtype.kind] >= {"b": 0, "i": 1, "f": 2, "c": 3}[other.dtype.kind]:
            other = other.astype(dtype)
        elif dtype == np.float32:
            other = other.astype(np.complex64)
        wanted = (x, np.broadcast_to(other, x.shape))
    if reflected:
        operands, wanted = operands[::-1], wanted[::-1]
    if not has_loop(function, *wanted):
        with pytest.raises(TypeError):
            function(*operands)
        return
    expected = reference(function, *wanted)
    result = function(*operands)
    if expected.dtype == np.float16 or expected.dtype.kind == "c":
        assert result.dtype == (np.float32 if expected.dtype == np.float16 else expected.dtype)
        np.testing.assert_allclose(result.toarray(), expected, rtol=1e-2 if expected.dtype == np.float16 else 1e-5)
    else:
        same(result, expected)


def test_other_operators(context):
    x = np.arange(1, 7).reshape(2, 3)
    d = context.fromarray(x)
    for mine, theirs in zip(divmod(d, 4), divmod(x, 4), strict=True):
        same(mine, theirs)
    for mine, theirs in zip(divmod(17, d), divmod(17, x), strict=True):
        same(mine, theirs)
    same(d**2, x**2)
    same(2**d, 2**x)
    same(1 << d, 1 << x)
    same(d >> 1, x >> 1)
    same(d & 3 | 8, x & 3 | 8)
    same(5 ^ d, 5 ^ x)
    same(-d, -x)
    same(+d, +x)
    same(~d, ~x)
    same(abs(-d), x)
    same(d == None, np.full(x.shape, False))  # noqa: E711
    same(d != "text", np.full(x.shape, True))
    same(d + np.ones(3), x + np.ones(3))
    same(np.ones(3) + d, x + np.ones(3))
    same(d + [1, 2, 3], x + [1, 2, 3])
    same(np.float32(2) * context.ones(3, np.float32), np.full(3, 2, np.float32))
    same(d + np.int8(1), x + 1)


def test_in_place(context):
    x = np.arange(12.0).reshape(3, 4)
    d = context.fromarray(x)
    same_object = d
    view, part = d[1:], x[1:]
    for function in (
        operator.iadd,
        operator.isub,
        operator.imul,
        operator.itruediv,
        operator.ifloordiv,
        operator.imod,
        operator.ipow,
    ):
        d = function(d, 3)
        function(x, 3)
        same(d, x, 4)
    assert d is same_object
    same(view, part, 4)
    d += context.arange(4)
    x += np.arange(4)
    same(d, x, 4)
    y = np.arange(12, dtype=np.int32)
    e = context.fromarray(y)
    for function in (operator.ilshift, operator.iand, operator.ior, operator.ixor, operator.irshift):
        e = function(e, 3)
        y = function(y, 3)
        same(e, y)
    with pytest.raises(TypeError, match="same_kind"):
        e /= 2
    with pytest.raises(TypeError, match="same_kind"):
        e += 1.5
    with pytest.raises(ValueError, match="fit"):
        e += context.ones((2, 12), np.int32)
    with pytest.raises(OverflowError):
        e += 1 << 40
    same(e, y)


def test_in_place_on_itself_through_a_view(context):
    x = np.arange(10.0)
    d = context.fromarray(x)
    d[1:] += d[:-1]
    x[1:] += x[:-1].copy()
    same(d, x)
    before = d + 0
    pending = d * 2
    d *= 10
    same(before, x)
    same(pending, x * 2)


@given(st.data(), dtypes)
def test_where(context, data, dtype):
    c, _ = mask, condition = data.draw(dealt(context, arrays(filled_shapes, np.dtype(bool))))
    x, y = data.draw(arrays(condition.shape, dtype)), data.draw(arrays(condition.shape, dtype))
    d, e = data.draw(dealt(context, st.just(x)))[0], data.draw(dealt(context, st.just(y)))[0]
    same(da.where(mask, d, e), np.where(condition, x, y))
    same(da.where(d, e, 0), np.where(x, y, 0 if dtype == bool else np.zeros((), dtype)))
    same(da.where(c, 1, 2.5), np.where(condition, 1, 2.5))


def test_numbers_that_trap_nothing(context):
    for dtype in INTEGERS:
        info = np.iinfo(dtype)
        x = np.array([info.min, 0, 1, info.max], dtype)
        d = context.fromarray(x)
        for name, y in (
            ("floor_divide", 0),
            ("remainder", 0),
            ("fmod", 0),
            ("left_shift", 70),
            ("right_shift", 70),
            ("add", 1),
        ):
            other = np.array(y, dtype)
            same(getattr(functions, name)(d, other), reference(getattr(np, name), x, other))
        if dtype.kind == "i":
            same(d // dtype.type(-1), reference(np.floor_divide, x, dtype.type(-1)))
            same(d % dtype.type(-1), reference(np.remainder, x, dtype.type(-1)))
            same(abs(d), reference(np.absolute, x))
            same(-d, reference(np.negative, x))
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5])
    d = context.fromarray(special)
    for other in (0.0, -0.0, np.inf, np.nan, -1.0):
        for name in (
            "add",
            "multiply",
            "true_divide",
            "maximum",
            "minimum",
            "less",
            "equal",
            "fmod",
            "remainder",
            "floor_divide",
        ):
            same(getattr(functions, name)(d, other), reference(getattr(np, name), special, other))
    for name in ("sqrt", "exp", "log", "sign", "isnan", "isinf", "isfinite", "floor", "rint", "tanh", "arctan"):
        same(getattr(functions, name)(d), reference(getattr(np, name), special), 4)


@given(st.data(), st.sampled_from(["gcd", "lcm"]), st.sampled_from(INTEGERS))
def test_divisors_and_multiples(context, data, name, dtype):
    shape = data.draw(filled_shapes)
    x, y = data.draw(arrays(shape, dtype)), data.draw(arrays(shape, dtype))
    x.flat[0] = np.iinfo(dtype).min
    d, e = data.draw(dealt(context, st.just(x)))[0], data.draw(dealt(context, st.just(y)))[0]
    same(getattr(functions, name)(d, e), getattr(np, name)(x, y))


@given(st.data(), dtypes.filter(lambda dtype: dtype.kind != "b"))
def test_clip(context, data, dtype):
    shape = data.draw(promoted_shapes)
    x, low, high = (data.draw(arrays(shape, dtype)) for _ in range(3))
    if dtype in FLOATS:
        for number in (x, low, high):
            number.flat[data.draw(st.integers(0, number.size - 1))] = np.nan
    d, lower, upper = (data.draw(dealt(context, st.just(number)))[0] for number in (x, low, high))
    same(functions.clip(d, lower, upper), np.clip(x, low, high))
    same(functions.clip(d, 3, 7), np.clip(x, 3, 7).astype(x.dtype))  # NumPy 1 promotes what has no dimensions
    same(functions.clip(d, min=low), np.clip(x, low, None))
    same(functions.clip(d, max=upper), np.clip(x, None, high))
    same(functions.clip(d), x)
    if NUMPY_2:
        same(functions.clip(d, 2.5, upper), np.clip(x, 2.5, high))


@pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 promotes by value")
def test_clip_promotes_all_three_together(context):
    for dtypes_of_three in itertools.product(["?", "i1", "u2", "i8", "f4", "c8", 2, 2.5], repeat=3):
        x, low, high = (np.ones(3, one) if isinstance(one, str) else one for one in dtypes_of_three)
        if isinstance(x, np.ndarray):
            d, lower, upper = (context.fromarray(n) if isinstance(n, np.ndarray) else n for n in (x, low, high))
            same(functions.clip(d, lower, upper), np.clip(x, low, high))


def test_clip_beyond_the_range(context):
    d = context.fromarray(np.arange(4, dtype=np.uint8))
    same(functions.clip(d, -1, 2), np.array([0, 1, 2, 2], np.uint8))
    same(functions.clip(d, 1, 300), np.array([1, 1, 2, 3], np.uint8))
    same(functions.clip(d, None, 256), np.arange(4, dtype=np.uint8))
    with pytest.raises(OverflowError, match="out of bounds for uint8"):
        functions.clip(d, 300, None)
    with pytest.raises(TypeError, match="not defined"):
        functions.gcd(d, 1.5)


@given(st.data(), dtypes, st.integers(-2, 3))
def test_round(context, data, dtype, decimals):
    d, x = data.draw(dealt(context, arrays(dtype=dtype, low=-100, high=100)))
    x = x / 8 if dtype in FLOATS else x
    d = d / 8 if dtype in FLOATS else d
    same(functions.round(d, decimals), np.round(x, decimals))


def test_parts_and_infinities(context):
    for dtype in FLOATS:
        x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5, -2.75], dtype)
        d = context.fromarray(x)
        for mine, theirs in zip(functions.modf(d), np.modf(x), strict=True):
            same(mine, theirs)
            same(functions.signbit(mine), np.signbit(theirs))
        same(functions.isposinf(d), np.isposinf(x))
        same(functions.isneginf(d), np.isneginf(x))
    whole = np.arange(-5, 5)
    for mine, theirs in zip(functions.modf(context.fromarray(whole)), np.modf(whole), strict=True):
        same(mine, theirs)
    for mine, theirs in zip(functions.divmod(context.fromarray(whole), 3), np.divmod(whole, 3), strict=True):
        same(mine, theirs)
    with pytest.raises(TypeError, match="not defined"):
        functions.isposinf(context.ones(3, complex))


def test_integer_to_a_negative_power(context):
    d = context.arange(1, 5)
    result = d ** context.fromarray([1, 2, -1, 2])
    with pytest.raises(ValueError, match="negative"):
        result.toarray()
    with pytest.raises(ValueError, match="power.*-1"):  # the number decides it: at the call
        d**-1
    with pytest.raises(ValueError, match="power.*-2"):
        context.ones((3,), dtype="bool") ** -2
    same(d**-1.0, np.arange(1, 5) ** -1.0)
    same(d.astype("float64") ** -1, np.arange(1.0, 5.0) ** -1)


@given(st.data(), dtypes, dtypes)
def test_astype(context, data, source, target):
    d, x = data.draw(dealt(context, arrays(dtype=source, low=0)))
    with np.errstate(all="ignore"):
        expected = x.real.astype(target) if source.kind == "c" and target.kind not in "cb" else x.astype(target)
    same(d.astype(target), expected)
    assert d.astype(source, copy=False) is d


def test_every_function_is_there(context):
    assert {name for name in da.functions.__all__} <= set(da.__all__)
    for name in da.functions.__all__:
        assert callable(getattr(functions, name)) and getattr(functions, name).__doc__
    composed = {"around", "divmod", "isneginf", "isposinf", "modf", "round"}
    for name in set(da.functions.__all__) - composed:
        own = getattr(functions, name).__name__  # of another name, the one it stands for
        assert context._tables.has_operation(own), name
    with pytest.raises(TypeError, match="at least one DistArray"):
        da.sin(1.0)


def test_functions_of_numpy_run_on_the_server(context):
    x = np.arange(6.0).reshape(2, 3)
    d = context.fromarray(x)
    for result in (
        np.sin(d),
        np.add(d, 1),
        np.multiply(2, d, dtype=np.float64),
        np.sum(d, axis=0),
        np.where(d > 1, d, 0),
    ):
        assert isinstance(result, da.DistArray)
    same(np.sin(d), np.sin(x), 4)
    same(np.add(d, d, dtype=np.complex64), np.add(x, x, dtype=np.complex64, casting="same_kind"))
    same(np.mean(d, axis=1), x.mean(axis=1))
    same(np.zeros_like(d, dtype=int), np.zeros_like(x, dtype=int))
    assert np.shape(d) == (2, 3) and np.ndim(d) == 2 and np.size(d) == 6 and np.allclose(d, d)
    out = context.zeros((2, 3))
    assert np.add(d, 1, out=out) is out
    same(out, x + 1)
    np.multiply(out, 2, out=out)
    same(out, (x + 1) * 2)
    for call in (
        lambda: d.__array_ufunc__(np.subtract, "accumulate", d),  # NumPy 2.4 itself leaks d when it raises
        lambda: np.add.outer(d, d),
        lambda: np.add(d, 1, where=np.array([True])),
        lambda: np.add(d, 1, out=np.zeros((2, 3))),
        lambda: np.frexp(d),
        lambda: np.pad(d, 1),
        lambda: np.concatenate([d, d], axis=0, casting="unsafe"),
        lambda: np.where(d),
        lambda: np.array2string(d),
    ):
        with pytest.raises(TypeError, match="available|takes|cannot|argument"):
            call()


def test_shared_nodes_and_long_chains(context):
    x = np.ones(8)
    d = context.fromarray(x)
    total = d
    for _ in range(30):
        total = total + total
    assert float(total[0]) == 2.0**30
    chain = d
    for _ in range(20000):
        chain = chain + 1.0
    same(chain, x + 20000)


def test_mixed_dtypes_promote_as_numpy(context):
    rng = {dtype: values(FixedDraw(), (3,), dtype, low=1) for dtype in DTYPES}
    made = {dtype: context.fromarray(x) for dtype, x in rng.items()}
    for a in DTYPES:
        for b in DTYPES:
            same(made[a] + made[b], rng[a] + rng[b])


@pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 compares them in float64")
@pytest.mark.parametrize("name", COMPARISONS)
def test_unsigned_and_signed_integers_are_compared_exactly(context, name):
    x = np.array([2**63 + 1, 2**63 - 1, 2**53 + 1, 0, 2**64 - 1, 2**64 - 128], np.uint64)
    y = np.array([-1, 2**63 - 1, 2**53, 0, -1, -128])
    d = context.fromarray(x, dist="c")
    for dtype in ("int8", "int64"):
        narrow = y if dtype == "int64" else y.clip(-128, 127).astype(dtype)
        e = context.fromarray(narrow)
        same(getattr(functions, name)(d, e), getattr(np, name)(x, narrow))
        same(getattr(functions, name)(e, d[:, None]), getattr(np, name)(narrow, x[:, None]))
        same(getattr(functions, name)(d, narrow[0]), getattr(np, name)(x, narrow[0]))
        same(getattr(functions, name)(narrow, d), getattr(np, name)(narrow, x))
        out = context.zeros(6, bool)
        assert getattr(functions, name)(d, e, out=out) is out
        same(out, getattr(np, name)(x, narrow))


class FixedDraw:
    def __call__(self, strategy):
        return 7
