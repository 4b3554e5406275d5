#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "distarray/array.h"

namespace distarray::inline client {

// Elementwise functions, computed as NumPy 2 computes the function of the same name: operands are broadcast against
// each other and promoted; the result has the distribution of the first operand of its shape. At least one operand is
// an array. Failed: INVALID_ARGUMENT/kInvalidValue shapes that do not broadcast, a number that does not fit an integer
// dtype; /kInvalidType not defined for the dtypes.

/// An elementwise function by NumPy's name, also those that the daemon has and this header does not name. `dtype`: of
/// the computation (numpy's dtype=). Failed also: INVALID_ARGUMENT/kUnknownOperation.
Array Ufunc(std::string_view name, std::span<const Operand> operands, std::optional<DType> dtype = {});

/// Of complex numbers: their modulus, real.
Array Absolute(const Operand& x);
/// In radians.
Array Angle(const Operand& x);
Array Arccos(const Operand& x);
Array Arccosh(const Operand& x);
Array Arcsin(const Operand& x);
Array Arcsinh(const Operand& x);
Array Arctan(const Operand& x);
Array Arctanh(const Operand& x);
/// uint8: the ones in the absolute value.
Array BitwiseCount(const Operand& x);
Array Cbrt(const Operand& x);
Array Ceil(const Operand& x);
Array Conjugate(const Operand& x);
Array Cos(const Operand& x);
Array Cosh(const Operand& x);
Array Deg2rad(const Operand& x);
Array Exp(const Operand& x);
Array Exp2(const Operand& x);
Array Expm1(const Operand& x);
Array Fabs(const Operand& x);
Array Floor(const Operand& x);
Array Imag(const Operand& x);
Array Invert(const Operand& x);
/// bool.
Array IsFinite(const Operand& x);
/// bool.
Array IsInf(const Operand& x);
/// bool.
Array IsNan(const Operand& x);
Array Log(const Operand& x);
Array Log10(const Operand& x);
Array Log1p(const Operand& x);
Array Log2(const Operand& x);
/// bool, of truth values.
Array LogicalNot(const Operand& x);
Array Negative(const Operand& x);
Array Positive(const Operand& x);
Array Rad2deg(const Operand& x);
Array Real(const Operand& x);
Array Reciprocal(const Operand& x);
/// To the nearest even.
Array Rint(const Operand& x);
Array Sign(const Operand& x);
/// bool; true also of -0.0.
Array Signbit(const Operand& x);
Array Sin(const Operand& x);
Array Sinh(const Operand& x);
/// To the next number away from 0.
Array Spacing(const Operand& x);
Array Sqrt(const Operand& x);
Array Square(const Operand& x);
Array Tan(const Operand& x);
Array Tanh(const Operand& x);
Array Trunc(const Operand& x);

Array Add(const Operand& x1, const Operand& x2);
/// The angle of the point (x2, x1).
Array Arctan2(const Operand& x1, const Operand& x2);
Array BitwiseAnd(const Operand& x1, const Operand& x2);
Array BitwiseOr(const Operand& x1, const Operand& x2);
Array BitwiseXor(const Operand& x1, const Operand& x2);
Array Copysign(const Operand& x1, const Operand& x2);
/// True division: integers give float64.
Array Divide(const Operand& x1, const Operand& x2);
/// bool, as the comparisons below.
Array Equal(const Operand& x1, const Operand& x2);
/// In float64 or complex128.
Array FloatPower(const Operand& x1, const Operand& x2);
/// Rounded down; integers by 0 give 0.
Array FloorDivide(const Operand& x1, const Operand& x2);
/// NaN only where both are.
Array Fmax(const Operand& x1, const Operand& x2);
/// NaN only where both are.
Array Fmin(const Operand& x1, const Operand& x2);
/// With the sign of the dividend, as in C.
Array Fmod(const Operand& x1, const Operand& x2);
Array Gcd(const Operand& x1, const Operand& x2);
Array Greater(const Operand& x1, const Operand& x2);
Array GreaterEqual(const Operand& x1, const Operand& x2);
Array Heaviside(const Operand& x1, const Operand& x2);
Array Hypot(const Operand& x1, const Operand& x2);
Array Lcm(const Operand& x1, const Operand& x2);
/// Shifts of the dtype's width and more give 0.
Array LeftShift(const Operand& x1, const Operand& x2);
Array Less(const Operand& x1, const Operand& x2);
Array LessEqual(const Operand& x1, const Operand& x2);
Array Logaddexp(const Operand& x1, const Operand& x2);
Array Logaddexp2(const Operand& x1, const Operand& x2);
/// bool, of truth values.
Array LogicalAnd(const Operand& x1, const Operand& x2);
/// bool, of truth values.
Array LogicalOr(const Operand& x1, const Operand& x2);
/// bool, of truth values.
Array LogicalXor(const Operand& x1, const Operand& x2);
/// NaN where one is.
Array Maximum(const Operand& x1, const Operand& x2);
/// NaN where one is.
Array Minimum(const Operand& x1, const Operand& x2);
Array Multiply(const Operand& x1, const Operand& x2);
/// The next number after x1 towards x2.
Array Nextafter(const Operand& x1, const Operand& x2);
Array NotEqual(const Operand& x1, const Operand& x2);
/// An integer to a negative integer power is kInvalidValue: at the call if the exponent is a number, else when it is
/// computed.
Array Power(const Operand& x1, const Operand& x2);
/// With the sign of the divisor (numpy.remainder, Python's %); integers by 0 give 0.
Array Remainder(const Operand& x1, const Operand& x2);
/// Shifts of the dtype's width and more give 0, or -1 for negative numbers.
Array RightShift(const Operand& x1, const Operand& x2);
Array Subtract(const Operand& x1, const Operand& x2);

/// x within [low, high]: below, low; above, high. NaN where one of the three is.
Array Clip(const Operand& x, const Operand& low, const Operand& high);
/// x where condition is true (not zero), else y.
Array Where(const Operand& condition, const Operand& x, const Operand& y);

// Made of those above, in one pass.

/// The nearest number with so many decimals, halves to even; integers stay integers.
Array Round(const Array& x, int decimals = 0);
/// bool; not defined for complex numbers.
Array IsPosInf(const Array& x);
Array IsNegInf(const Array& x);
/// The fractional and the whole part, floating, each with the sign of x.
std::pair<Array, Array> Modf(const Array& x);
/// FloorDivide and Remainder.
std::pair<Array, Array> DivMod(const Operand& x1, const Operand& x2);

}  // namespace distarray::inline client
