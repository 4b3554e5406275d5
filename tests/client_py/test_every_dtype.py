"""Every elementwise function with every dtype and every pair of them, every product and reduction likewise: result
dtypes and values are NumPy 2's.
"""

import itertools

import distarray.globalapi as da
import numpy as np
import pytest
from checks import NUMPY_2, same
from distarray._dtypes import DTYPES
from test_elementwise import UNARY, reference

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 promotes by value, and has fewer names"),
    pytest.mark.filterwarnings("ignore"),
]

# Names of one function are all tried: each is somebody's habit.
UNARY_NAMES = sorted(
    {*UNARY, "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "bitwise_count", "bitwise_invert", "bitwise_not"}
    | {"conj", "invert", "isneginf", "isposinf"}
)
BINARY_NAMES = {
    "add": 0,
    "arctan2": 8,
    "atan2": 8,
    "bitwise_and": 0,
    "bitwise_left_shift": 0,
    "bitwise_or": 0,
    "bitwise_right_shift": 0,
    "bitwise_xor": 0,
    "copysign": 0,
    "divide": 0,
    "equal": 0,
    "float_power": 8,
    "floor_divide": 0,
    "fmax": 0,
    "fmin": 0,
    "fmod": 0,
    "gcd": 0,
    "greater": 0,
    "greater_equal": 0,
    "heaviside": 0,
    "hypot": 8,
    "lcm": 0,
    "left_shift": 0,
    "less": 0,
    "less_equal": 0,
    "logaddexp": 8,
    "logaddexp2": 8,
    "logical_and": 0,
    "logical_or": 0,
    "logical_xor": 0,
    "maximum": 0,
    "minimum": 0,
    "mod": 0,
    "multiply": 0,
    "nextafter": 0,
    "not_equal": 0,
    "pow": 8,
    "power": 8,
    "remainder": 0,
    "right_shift": 0,
    "subtract": 0,
    "true_divide": 0,
}
CANONICAL = {"acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan"}
CANONICAL |= {"atanh": "arctanh", "abs": "absolute"}
BOOL_TOO = ("gcd", "lcm")  # of two bools int8, as other functions of integers; NumPy refuses these
SHAPE = (6, 5)


def numbers(dtype, low, high, seed=0):
    """Of the dtype, between the bounds; fractions and imaginary parts where it has them."""
    rng = np.random.default_rng(seed)
    if dtype.kind in "biu":
        least = 0 if dtype.kind in "bu" else int(np.ceil(low))
        return rng.integers(max(least, int(np.ceil(low))), max(int(high), 1), SHAPE, endpoint=True).astype(dtype)
    x = rng.integers(int(low * 8), int(high * 8), SHAPE, endpoint=True) / 8
    return (x + 1j * rng.integers(-8, 8, SHAPE) / 4 if dtype.kind == "c" else x).astype(dtype)


def dealt_out(context, array, seed):
    """In one of several ways, so that operands lie otherwise."""
    kinds, targets = ("bn", "nc", "cb", "nb")[seed % 4], context.targets[:: 1 - 2 * (seed % 2)]
    return context.fromarray(array, da.Distribution(context, array.shape, kinds, targets=targets))


def expected_of(function, *operands):
    """NumPy's result, and how many units in the last place are forgiven where it is not the exact one in that dtype:
    what it computes in float16 is computed in float32 here.
    """
    result = reference(function, *operands)
    if result.dtype != np.float16:
        return result, 64 if result.dtype.kind == "c" else 0
    return reference(function, *(x.astype("f4") if isinstance(x, np.ndarray) else x for x in operands)), 8


def check(what, ours, theirs, ulps=0):
    """Both give the same, or both a TypeError."""
    try:
        expected, forgiven = theirs()
    except TypeError:
        with pytest.raises(TypeError):
            ours()
            pytest.fail(f"{what}: NumPy refuses it")
        return
    try:
        same(ours(), expected, max(ulps, forgiven))
    except Exception as error:
        raise AssertionError(f"{what}: {error}") from error


@pytest.mark.parametrize("name", UNARY_NAMES)
def test_functions_of_one(context, name):
    low, high, ulps = UNARY.get(CANONICAL.get(name, name), (-20, 20, 0))
    function = getattr(np, name)
    for seed, dtype in enumerate(DTYPES):
        x = numbers(dtype, low, high)
        if dtype.kind == "c":
            x = np.where(x == 0, dtype.type(1 + 1j), x)  # no poles
        d = dealt_out(context, x, seed)
        least = 8 if ulps and dtype.kind not in "fc" else ulps
        check(f"{name}({dtype})", lambda d=d: getattr(da, name)(d), lambda x=x: expected_of(function, x), least)
        if isinstance(function, np.ufunc):  # by NumPy's own function
            check(f"numpy.{name}({dtype})", lambda d=d: function(d), lambda x=x: expected_of(function, x), least)


@pytest.mark.parametrize("name", sorted(BINARY_NAMES))
def test_functions_of_two(context, name):
    function, ulps = getattr(np, name), BINARY_NAMES[name]
    low, high = (1, 3) if ulps else (-5, 6)
    first = [numbers(dtype, low, high, 2) for dtype in DTYPES]
    second = [numbers(dtype, 1, 4, 1) for dtype in DTYPES]
    ours = [dealt_out(context, x, 0) for x in first], [dealt_out(context, y, seed) for seed, y in enumerate(second)]
    for (x, d), (y, e) in itertools.product(zip(first, ours[0], strict=True), zip(second, ours[1], strict=True)):
        what = f"{name}({x.dtype}, {y.dtype})"
        if name in BOOL_TOO and x.dtype == y.dtype == bool:
            continue
        check(
            what,
            lambda d=d, e=e: getattr(da, name)(d, e),
            lambda x=x, y=y: expected_of(function, x, y),
            ulps,
        )
        if x.dtype == y.dtype:
            check(f"numpy.{what}", lambda d=d, e=e: function(d, e), lambda x=x, y=y: expected_of(function, x, y), ulps)


@pytest.mark.parametrize("number", [True, 2, 2.5, 1 + 2j], ids=str)
@pytest.mark.parametrize("name", sorted(BINARY_NAMES))
def test_numbers_take_the_arrays_dtype(context, name, number):
    """Python's numbers: of no dtype of their own, on either side."""
    function, ulps = getattr(np, name), BINARY_NAMES[name]
    for seed, dtype in enumerate(DTYPES):
        x = numbers(dtype, 1, 4)
        d = dealt_out(context, x, seed)
        for what, ours, theirs in (
            (f"{name}({dtype}, {number})", (d, number), (x, number)),
            (f"{name}({number}, {dtype})", (number, d), (number, x)),
        ):
            if name in BOOL_TOO and number is True and dtype.kind == "b":
                continue
            check(
                what,
                lambda ours=ours: getattr(da, name)(*ours),
                lambda theirs=theirs: expected_of(function, *theirs),
                ulps,
            )


# Of two arrays: what is joined, multiplied, chosen from.
PAIRS = {
    "append": lambda m, x, y: m.append(x, y),
    "choose": lambda m, x, y: m.choose(x > 1, [x, y]),
    "concat": lambda m, x, y: m.concat([x, y], axis=1),
    "dot": lambda m, x, y: m.dot(x, y.T),
    "einsum": lambda m, x, y: m.einsum("ij,kj->ik", x, y),
    "inner": lambda m, x, y: m.inner(x, y),
    "kron": lambda m, x, y: m.kron(x[:2], y[:, :2]),
    "matmul": lambda m, x, y: m.matmul(x, y.T),
    "outer": lambda m, x, y: m.outer(x[0], y),
    "searchsorted": lambda m, x, y: m.searchsorted(m.sort(m.ravel(x)), y),
    "select": lambda m, x, y: m.select([x > 1, x > 2], [x, y], 0),
    "stack": lambda m, x, y: m.stack([x, y], axis=-1),
    "tensordot": lambda m, x, y: m.tensordot(x, y, axes=2),
    "vdot": lambda m, x, y: m.vdot(x, y),
    "vecdot": lambda m, x, y: m.vecdot(x, y),
    "where": lambda m, x, y: m.where(x > 1, x, y),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_of_dtypes(context, name):
    call = PAIRS[name]
    first, second = ([numbers(dtype, 0, 3, seed) for dtype in DTYPES] for seed in (2, 1))
    ours = [dealt_out(context, x, 0) for x in first], [dealt_out(context, y, seed) for seed, y in enumerate(second)]
    for (x, d), (y, e) in itertools.product(zip(first, ours[0], strict=True), zip(second, ours[1], strict=True)):
        what = f"{name}({x.dtype}, {y.dtype})"
        check(what, lambda d=d, e=e: call(da, d, e), lambda x=x, y=y: (call(np, x, y), 0), 4)


REDUCTIONS = """
    all amax amin any argmax argmin average count_nonzero cumprod cumsum cumulative_prod cumulative_sum diff max mean
    median min nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanprod nanstd nansum nanvar
    prod ptp sort std sum trace unique var
""".split()
WITH_DTYPE = (
    "cumprod cumsum cumulative_prod cumulative_sum mean nancumprod nancumsum nanmean nanprod nansum prod sum trace"
)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_dtypes_of_reductions(context, name):
    function = getattr(np, name)
    where = {"trace": [{}], "unique": [{}]}.get(name, [{"axis": 0}, {"axis": 1}])
    for seed, dtype in enumerate(DTYPES):
        if name == "nanmedian" and dtype.kind == "c":
            continue  # refused: there is the median
        x = numbers(dtype, 1, 2)
        d = dealt_out(context, x, seed)
        for options in where:
            check(
                f"{name}({dtype}, {options})",
                lambda d=d, options=options: getattr(da, name)(d, **options),
                lambda x=x, options=options: (function(x, **options), 64),
            )
            check(
                f"numpy.{name}({dtype}, {options})",
                lambda d=d, options=options: function(d, **options),
                lambda x=x, options=options: (function(x, **options), 64),
            )


@pytest.mark.parametrize("name", WITH_DTYPE.split())
def test_reductions_in_another_dtype(context, name):
    function = getattr(np, name)
    for dtype, other in itertools.product(DTYPES, DTYPES):
        if dtype.kind == "c" and other.kind != "c":
            continue  # NumPy drops imaginary parts, with a warning
        x = numbers(dtype, 1, 2)[:, :3]
        d = dealt_out(context, x, 1)
        check(
            f"{name}({dtype}, dtype={other})",
            lambda d=d, other=other: getattr(da, name)(d, **({} if name == "trace" else {"axis": 1}), dtype=other),
            lambda x=x, other=other: (function(x, **({} if name == "trace" else {"axis": 1}), dtype=other), 64),
        )


def test_every_elementwise_function_is_here():
    """Names that come to be are tried, too."""
    others = {"around", "clip", "divmod", "modf", "round", "where"}
    assert set(da.functions.__all__) == {*UNARY_NAMES, *BINARY_NAMES, *others}
