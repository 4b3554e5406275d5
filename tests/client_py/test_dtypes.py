"""Promotion in the client, against NumPy 2's answers."""

import numpy as np
import pytest
from checks import NUMPY_2
from distarray import error
from distarray._dtypes import DTYPES, NUMBER, Tables, Weak, dtype_of, supported, to_element, weak
from fake_server import server_info

TABLES = Tables(server_info(1))


def planned(name, *operands):
    types = [NUMBER[x] if isinstance(x, np.dtype) else weak(x) for x in operands]
    return TABLES.plan(name, types)


@pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 promotes by value")
@pytest.mark.parametrize("number", [True, 1, 1.5, 1j])
@pytest.mark.parametrize("name", ["add", "multiply", "true_divide", "less", "maximum"])
def test_weak_numbers(name, number):
    for dtype in DTYPES:
        expected = getattr(np, name)(np.ones(1, dtype), number).dtype
        if expected == np.float16:
            continue
        assert dtype_of(planned(name, dtype, number).result) == expected, dtype
        assert dtype_of(planned(name, number, dtype).result) == expected, dtype


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("int8", 1, "int8"),
        ("int8", 1.0, "float64"),
        ("float32", 1.0, "float32"),
        ("float32", 1 << 70, "float32"),
        ("float32", 1j, "complex64"),
        ("int32", 1j, "complex128"),
        ("bool", 1, "int64"),
        ("uint8", True, "uint8"),
    ],
)
def test_weak_numbers_table(dtype, number, expected):
    assert dtype_of(planned("add", np.dtype(dtype), number).result) == expected


@pytest.mark.parametrize(
    ("dtype", "number"), [("int8", 128), ("int8", -129), ("uint8", -1), ("uint64", 1 << 64), ("bool", 1 << 63)]
)
def test_integers_out_of_range(dtype, number):
    with pytest.raises(OverflowError, match="out of bounds"):
        planned("add", np.dtype(dtype), number)
    with pytest.raises(ValueError, match="out of bounds"):
        planned("add", number, np.dtype(dtype))


@pytest.mark.parametrize("number", [-1000, 1000])
@pytest.mark.parametrize("name", ["less", "less_equal", "equal", "not_equal", "greater", "greater_equal"])
def test_comparisons_with_integers_out_of_range(name, number):
    array = np.array([-128, 0, 127], np.int8)
    for operands in ((array, number), (number, array)):
        expected = getattr(np, name)(*(np.asarray(x, np.int64) for x in operands))
        types = [weak(x) if isinstance(x, int) else NUMBER[x.dtype] for x in operands]
        plan = TABLES.plan(name, types)
        (limit,) = [x.value for x in plan.operands if isinstance(x, Weak)]
        np.testing.assert_array_equal(getattr(np, plan.name)(array, np.int8(limit)), expected)


def test_where_of_numbers_is_sent_with_the_dtype_they_decide():
    plan = planned("where", np.dtype(bool), 1, 2.5)
    assert dtype_of(plan.result) == np.float64
    assert plan.operands[1:] == [(1.0, NUMBER[np.dtype(float)]), (2.5, NUMBER[np.dtype(float)])]
    assert dtype_of(planned("where", np.dtype(float), np.dtype("int8"), 3).result) == np.int8


def test_functions_without_a_loop():
    with pytest.raises(TypeError, match="invert is not defined for float64"):
        planned("invert", np.dtype(float))
    with pytest.raises(TypeError, match="subtract is not defined for bool"):
        planned("subtract", np.dtype(bool), np.dtype(bool))
    with pytest.raises(error.UnknownOperationError, match="no function 'frobnicate'"):
        planned("frobnicate", np.dtype(float))


def test_supported_dtypes():
    assert supported(">f8") == np.dtype("float64") and supported(int) == np.dtype("int64")
    for bad in ("float16", "longdouble", "U3", "M8[s]", object):
        with pytest.raises(TypeError, match="not supported"):
            supported(bad)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (2.9, "int32", 2),
        (True, "float32", 1.0),
        (3, "bool", True),
        (3, "complex64", 3 + 0j),
        (np.float64(-2.9), "int8", -2),
        (np.int64(300), "uint8", 44),
        (np.complex128(2 + 3j), "float64", 2.0),
    ],
)
def test_elements(value, dtype, expected):
    element = to_element(value, np.dtype(dtype))
    assert element == expected and type(element) is type(expected)


@pytest.mark.parametrize(
    ("value", "dtype", "kind"),
    [
        (float("nan"), "int32", ValueError),
        (float("inf"), "int32", OverflowError),
        (1j, "float64", TypeError),
        (300, "int8", OverflowError),
        ("text", "float64", TypeError),
        (None, "float64", TypeError),
    ],
)
def test_elements_that_do_not_fit(value, dtype, kind):
    with pytest.raises(kind):
        to_element(value, np.dtype(dtype))
