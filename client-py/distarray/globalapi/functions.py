"""NumPy's elementwise functions on distributed arrays, by NumPy's names. None of them waits for the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from distarray.globalapi._elementwise import elementwise

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray

__all__ = [
    "abs",
    "absolute",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "ceil",
    "conjugate",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "fmod",
    "greater",
    "greater_equal",
    "hypot",
    "invert",
    "isfinite",
    "isinf",
    "isnan",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "not_equal",
    "power",
    "reciprocal",
    "remainder",
    "right_shift",
    "rint",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
    "where",
]


class Unary(Protocol):
    """A function of one array."""

    __name__: str

    def __call__(self, x: Any, /, *, dtype: npt.DTypeLike | None = None) -> DistArray: ...


class Binary(Protocol):
    """A function of two operands, broadcast: DistArrays, numbers, or what numpy.asarray takes; at least one
    DistArray.
    """

    __name__: str

    def __call__(self, x1: Any, x2: Any, /, *, dtype: npt.DTypeLike | None = None) -> DistArray: ...


def _unary(name: str, meaning: str) -> Unary:
    def function(x: Any, /, *, dtype: npt.DTypeLike | None = None) -> DistArray:
        return elementwise(name, (x,), dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{meaning}\n\nElementwise; dtype, if given, is what is computed in. See numpy.{name}."
    return function


def _binary(name: str, meaning: str) -> Binary:
    def function(x1: Any, x2: Any, /, *, dtype: npt.DTypeLike | None = None) -> DistArray:
        return elementwise(name, (x1, x2), dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{meaning}\n\nElementwise, broadcast; dtype, if given, is what is computed in. See numpy.{name}."
    )
    return function


def where(condition: Any, x: Any, y: Any, /) -> DistArray:
    """x where the condition is true, else y.

    Elementwise, broadcast. See numpy.where.
    """
    return elementwise("where", (condition, x, y))


absolute = _unary("absolute", "Absolute value; of complex numbers, their modulus.")
arccos = _unary("arccos", "Inverse cosine, in radians.")
arccosh = _unary("arccosh", "Inverse hyperbolic cosine.")
arcsin = _unary("arcsin", "Inverse sine, in radians.")
arcsinh = _unary("arcsinh", "Inverse hyperbolic sine.")
arctan = _unary("arctan", "Inverse tangent, in radians.")
arctanh = _unary("arctanh", "Inverse hyperbolic tangent.")
ceil = _unary("ceil", "Least integer not below.")
conjugate = _unary("conjugate", "Complex conjugate.")
cos = _unary("cos", "Cosine of radians.")
cosh = _unary("cosh", "Hyperbolic cosine.")
exp = _unary("exp", "Exponential.")
expm1 = _unary("expm1", "exp(x) - 1, precise near 0.")
floor = _unary("floor", "Greatest integer not above.")
invert = _unary("invert", "Bitwise not; of bool, logical not.")
isfinite = _unary("isfinite", "Whether neither infinite nor NaN.")
isinf = _unary("isinf", "Whether infinite.")
isnan = _unary("isnan", "Whether NaN.")
log = _unary("log", "Natural logarithm.")
log10 = _unary("log10", "Logarithm to base 10.")
log1p = _unary("log1p", "log(1 + x), precise near 0.")
logical_not = _unary("logical_not", "Whether zero.")
negative = _unary("negative", "-x.")
reciprocal = _unary("reciprocal", "1 / x.")
rint = _unary("rint", "Nearest integer, halves to even.")
sign = _unary("sign", "-1, 0 or 1; of complex numbers x / |x|.")
sin = _unary("sin", "Sine of radians.")
sinh = _unary("sinh", "Hyperbolic sine.")
sqrt = _unary("sqrt", "Square root.")
square = _unary("square", "x * x.")
tan = _unary("tan", "Tangent of radians.")
tanh = _unary("tanh", "Hyperbolic tangent.")
trunc = _unary("trunc", "Integer part.")
abs = absolute

add = _binary("add", "x1 + x2; of bool, logical or.")
arctan2 = _binary("arctan2", "Angle of the point (x2, x1), in radians.")
bitwise_and = _binary("bitwise_and", "x1 & x2.")
bitwise_or = _binary("bitwise_or", "x1 | x2.")
bitwise_xor = _binary("bitwise_xor", "x1 ^ x2.")
divide = _binary("divide", "x1 / x2, floating.")
equal = _binary("equal", "x1 == x2.")
floor_divide = _binary("floor_divide", "x1 // x2, rounded down.")
fmod = _binary("fmod", "Remainder with the sign of x1, as in C.")
greater = _binary("greater", "x1 > x2.")
greater_equal = _binary("greater_equal", "x1 >= x2.")
hypot = _binary("hypot", "sqrt(x1^2 + x2^2) without overflow.")
left_shift = _binary("left_shift", "x1 << x2.")
less = _binary("less", "x1 < x2.")
less_equal = _binary("less_equal", "x1 <= x2.")
logical_and = _binary("logical_and", "Whether both are nonzero.")
logical_or = _binary("logical_or", "Whether one is nonzero.")
logical_xor = _binary("logical_xor", "Whether exactly one is nonzero.")
maximum = _binary("maximum", "The greater of two; NaN if one is.")
minimum = _binary("minimum", "The lesser of two; NaN if one is.")
mod = _binary("mod", "Remainder with the sign of x2.")
multiply = _binary("multiply", "x1 * x2.")
not_equal = _binary("not_equal", "x1 != x2.")
power = _binary("power", "x1 ** x2; integers to a negative integer power are a ValueError.")
remainder = _binary("remainder", "Remainder with the sign of x2.")
right_shift = _binary("right_shift", "x1 >> x2.")
subtract = _binary("subtract", "x1 - x2.")
true_divide = _binary("true_divide", "x1 / x2, floating.")
