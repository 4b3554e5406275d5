"""Elementwise functions on distributed arrays, by NumPy's names and those of the array API standard.

None of them waits for the server.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from distarray._arguments import as_integer
from distarray._dtypes import BOOL, FLOAT64, NUMBER, dtype_of
from distarray.globalapi._elementwise import assigned, convert, elementwise, elementwise_into
from distarray.globalapi._handle import Handle
from distarray.globalapi.dtypes import together

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "around",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_count",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "clip",
    "conj",
    "conjugate",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "divide",
    "divmod",
    "equal",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "gcd",
    "greater",
    "greater_equal",
    "heaviside",
    "hypot",
    "imag",
    "invert",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "lcm",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "modf",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "power",
    "rad2deg",
    "radians",
    "real",
    "reciprocal",
    "remainder",
    "right_shift",
    "rint",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "spacing",
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
    """A function of one array. out: an array that the result is written to, and which is then returned."""

    __name__: str

    def __call__(self, x: Any, /, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray: ...


class Binary(Protocol):
    """A function of two operands, broadcast: DistArrays, numbers, or what numpy.asarray takes; at least one
    DistArray. out: an array that the result is written to, and which is then returned.
    """

    __name__: str

    def __call__(self, x1: Any, x2: Any, /, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray: ...


def _unary(name: str, meaning: str) -> Unary:
    def function(x: Any, /, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray:
        return elementwise_into(name, (x,), dtype, out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{meaning}\n\nElementwise: a new array, dealt out as x is; dtype, if given, is what is computed in. "
        f"See numpy.{name}."
    )
    return function


def _binary(name: str, meaning: str) -> Binary:
    def function(x1: Any, x2: Any, /, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray:
        return elementwise_into(name, (x1, x2), dtype, out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{meaning}\n\nElementwise, broadcast: a new array, dealt out as the first operand of its shape is; dtype, if "
        f"given, is what is computed in. See numpy.{name}."
    )
    return function


def where(condition: Any, x: Any, y: Any, /) -> DistArray:
    """x where the condition is true, else y.

    Elementwise, broadcast: a new array, dealt out as the first operand of its shape is. See numpy.where.
    """
    return elementwise("where", (condition, x, y))


def positive(x: Any, /, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray:
    """+x: a copy. Not defined for bool.

    Elementwise: a new array, dealt out as x is; dtype, if given, is what is computed in. See numpy.positive.
    """
    return elementwise_into("positive", (x,), dtype, out)


def clip(
    x: Any, /, min: Any = None, max: Any = None, out: Any = None, *, dtype: npt.DTypeLike | None = None
) -> DistArray:
    """x where it is within [min, max], else the bound it is beyond; a NaN of any of the three gives NaN. None is no
    bound, and neither is a Python integer beyond the dtype of an integer x.

    Elementwise, broadcast: a new array, dealt out as x is. dtype, if given, is what is computed in. See numpy.clip.
    """
    if isinstance(x, Handle) and dtype_of(x._type).kind in "iu":
        limits = np.iinfo(dtype_of(x._type))
        min = None if type(min) is int and min <= limits.min else min
        max = None if type(max) is int and max >= limits.max else max
    if min is None and max is None:
        return assigned("clip", convert("copy", x, x._type), out)
    if max is None:
        return elementwise_into("maximum", (x, min), dtype, out)
    if min is None:
        return elementwise_into("minimum", (x, max), dtype, out)
    if dtype is None:
        dtype = together(x, min, max)
        x = convert("astype", x, NUMBER[dtype]) if isinstance(x, Handle) and x._type != NUMBER[dtype] else x
    # Two operations of one fused pass, each of which has vector instructions.
    return assigned("clip", elementwise("minimum", (elementwise("maximum", (x, min), dtype), max), dtype), out)


def round(x: Any, /, decimals: int = 0, out: Any = None) -> DistArray:
    """The nearest number with so many decimals, halves to even; integers stay integers.

    Elementwise: a new array, dealt out as x is. See numpy.round.
    """
    decimals = as_integer(decimals, "decimals")
    kind = dtype_of(x._type).kind if isinstance(x, Handle) else ""
    if kind in ("i", "u") and decimals >= 0:
        return positive(x, out)
    if decimals == 0:
        return elementwise_into("rint", (x,), None, out)
    scale = 10.0 ** builtins.abs(decimals)
    first, second = ("multiply", "divide") if decimals > 0 else ("divide", "multiply")
    rounded = elementwise(second, (elementwise("rint", (elementwise(first, (x, scale)),)), scale))
    return assigned("round", convert("astype", rounded, x._type) if kind in ("i", "u") else rounded, out)


def angle(x: Any, /, out: Any = None, *, dtype: npt.DTypeLike | None = None) -> DistArray:
    """The angle of a complex number, in radians; of a negative one, pi.

    Elementwise: a new array, dealt out as x is; dtype, if given, is what is computed in. See numpy.angle.
    """
    boolean = isinstance(x, Handle) and x._type == BOOL
    return elementwise_into("angle", (convert("astype", x, FLOAT64) if boolean else x,), dtype, out)


def isposinf(x: Any, /) -> DistArray:
    """Whether positive infinity.

    Elementwise: a new array, dealt out as x is; not defined for complex. See numpy.isposinf.
    """
    return elementwise("logical_and", (isinf(x), elementwise("logical_not", (signbit(x),))))


def isneginf(x: Any, /) -> DistArray:
    """Whether negative infinity.

    Elementwise: a new array, dealt out as x is; not defined for complex. See numpy.isneginf.
    """
    return elementwise("logical_and", (isinf(x), signbit(x)))


def modf(x: Any, /) -> tuple[DistArray, DistArray]:
    """The fractional and the whole part, floating, each with the sign of x.

    Elementwise: two new arrays, dealt out as x is. See numpy.modf.
    """
    number = elementwise("copysign", (x, x))  # as a floating number
    whole = trunc(number)
    part = where(isinf(number), 0.0, subtract(number, whole))
    return copysign(part, number), whole


def divmod(x1: Any, x2: Any, /) -> tuple[DistArray, DistArray]:
    """x1 // x2 and x1 % x2.

    Elementwise, broadcast: two new arrays, dealt out as the first operand of their shape is. See numpy.divmod.
    """
    return floor_divide(x1, x2), remainder(x1, x2)


absolute = _unary("absolute", "Absolute value; of complex numbers, their modulus.")
arccos = _unary("arccos", "Inverse cosine, in radians.")
arccosh = _unary("arccosh", "Inverse hyperbolic cosine.")
arcsin = _unary("arcsin", "Inverse sine, in radians.")
arcsinh = _unary("arcsinh", "Inverse hyperbolic sine.")
arctan = _unary("arctan", "Inverse tangent, in radians.")
arctanh = _unary("arctanh", "Inverse hyperbolic tangent.")
bitwise_count = _unary("bitwise_count", "The number of bits that are one in the absolute value; uint8.")
cbrt = _unary("cbrt", "Cube root.")
ceil = _unary("ceil", "Least integer not below.")
conjugate = _unary("conjugate", "Complex conjugate.")
cos = _unary("cos", "Cosine of radians.")
cosh = _unary("cosh", "Hyperbolic cosine.")
deg2rad = _unary("deg2rad", "Degrees to radians.")
degrees = _unary("degrees", "Radians to degrees.")
exp = _unary("exp", "Exponential.")
exp2 = _unary("exp2", "2 ** x.")
expm1 = _unary("expm1", "exp(x) - 1, precise near 0.")
fabs = _unary("fabs", "Absolute value, as a floating number.")
floor = _unary("floor", "Greatest integer not above.")
imag = _unary("imag", "Imaginary part; of real numbers 0.")
invert = _unary("invert", "Bitwise not; of bool, logical not.")
isfinite = _unary("isfinite", "Whether neither infinite nor NaN.")
isinf = _unary("isinf", "Whether infinite.")
isnan = _unary("isnan", "Whether NaN.")
log = _unary("log", "Natural logarithm.")
log10 = _unary("log10", "Logarithm to base 10.")
log1p = _unary("log1p", "log(1 + x), precise near 0.")
log2 = _unary("log2", "Logarithm to base 2.")
logical_not = _unary("logical_not", "Whether zero.")
negative = _unary("negative", "-x.")
rad2deg = _unary("rad2deg", "Radians to degrees.")
radians = _unary("radians", "Degrees to radians.")
real = _unary("real", "Real part.")
reciprocal = _unary("reciprocal", "1 / x.")
rint = _unary("rint", "Nearest integer, halves to even.")
sign = _unary("sign", "-1, 0 or 1; of complex numbers x / |x|.")
signbit = _unary("signbit", "Whether the sign is negative; also of -0.0 and of NaN.")
sin = _unary("sin", "Sine of radians.")
sinh = _unary("sinh", "Hyperbolic sine.")
spacing = _unary("spacing", "The distance to the next number away from 0.")
sqrt = _unary("sqrt", "Square root.")
square = _unary("square", "x * x.")
tan = _unary("tan", "Tangent of radians.")
tanh = _unary("tanh", "Hyperbolic tangent.")
trunc = _unary("trunc", "Integer part.")

add = _binary("add", "x1 + x2; of bool, logical or.")
arctan2 = _binary("arctan2", "Angle of the point (x2, x1), in radians.")
bitwise_and = _binary("bitwise_and", "x1 & x2.")
bitwise_or = _binary("bitwise_or", "x1 | x2.")
bitwise_xor = _binary("bitwise_xor", "x1 ^ x2.")
copysign = _binary("copysign", "The magnitude of x1 with the sign of x2.")
divide = _binary("divide", "x1 / x2, floating.")
equal = _binary("equal", "x1 == x2.")
float_power = _binary("float_power", "x1 ** x2 in float64 or complex128.")
floor_divide = _binary("floor_divide", "x1 // x2, rounded down.")
fmax = _binary("fmax", "The greater of two; the other one if one is NaN.")
fmin = _binary("fmin", "The lesser of two; the other one if one is NaN.")
fmod = _binary("fmod", "Remainder with the sign of x1, as in C.")
gcd = _binary("gcd", "Greatest common divisor of integers.")
greater = _binary("greater", "x1 > x2.")
greater_equal = _binary("greater_equal", "x1 >= x2.")
heaviside = _binary("heaviside", "0 where x1 is negative, 1 where it is positive, x2 where it is 0.")
hypot = _binary("hypot", "sqrt(x1^2 + x2^2) without overflow.")
lcm = _binary("lcm", "Least common multiple of integers.")
left_shift = _binary("left_shift", "x1 << x2.")
less = _binary("less", "x1 < x2.")
less_equal = _binary("less_equal", "x1 <= x2.")
logaddexp = _binary("logaddexp", "log(exp(x1) + exp(x2)) without overflow.")
logaddexp2 = _binary("logaddexp2", "log2(2 ** x1 + 2 ** x2) without overflow.")
logical_and = _binary("logical_and", "Whether both are nonzero.")
logical_or = _binary("logical_or", "Whether one is nonzero.")
logical_xor = _binary("logical_xor", "Whether exactly one is nonzero.")
maximum = _binary("maximum", "The greater of two; NaN if one is.")
minimum = _binary("minimum", "The lesser of two; NaN if one is.")
mod = _binary("mod", "Remainder with the sign of x2.")
multiply = _binary("multiply", "x1 * x2.")
nextafter = _binary("nextafter", "The next number after x1 towards x2.")
not_equal = _binary("not_equal", "x1 != x2.")
power = _binary("power", "x1 ** x2; integers to a negative integer power are a ValueError.")
remainder = _binary("remainder", "Remainder with the sign of x2.")
right_shift = _binary("right_shift", "x1 >> x2.")
subtract = _binary("subtract", "x1 - x2.")
true_divide = _binary("true_divide", "x1 / x2, floating.")

# Other names of NumPy's, and those of the Array API standard.
abs = absolute
acos = arccos
acosh = arccosh
asin = arcsin
asinh = arcsinh
atan = arctan
atan2 = arctan2
atanh = arctanh
bitwise_invert = invert
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift
bitwise_not = invert
conj = conjugate
pow = power
around = round
