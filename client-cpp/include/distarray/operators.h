#pragma once

#include "distarray/functions.h"

namespace distarray::inline client {

// Operators: elementwise, the functions of functions.h. NumPy's meaning where C++'s differs: / of integers gives
// float64, % has the sign of the divisor, comparisons give arrays of bool (so arrays cannot be compared for identity;
// use key()).

inline Array operator+(const Array& x1, const Array& x2) { return Add(x1, x2); }
inline Array operator+(const Array& x1, const Scalar& x2) { return Add(x1, x2); }
inline Array operator+(const Scalar& x1, const Array& x2) { return Add(x1, x2); }
inline Array operator-(const Array& x1, const Array& x2) { return Subtract(x1, x2); }
inline Array operator-(const Array& x1, const Scalar& x2) { return Subtract(x1, x2); }
inline Array operator-(const Scalar& x1, const Array& x2) { return Subtract(x1, x2); }
inline Array operator*(const Array& x1, const Array& x2) { return Multiply(x1, x2); }
inline Array operator*(const Array& x1, const Scalar& x2) { return Multiply(x1, x2); }
inline Array operator*(const Scalar& x1, const Array& x2) { return Multiply(x1, x2); }
inline Array operator/(const Array& x1, const Array& x2) { return Divide(x1, x2); }
inline Array operator/(const Array& x1, const Scalar& x2) { return Divide(x1, x2); }
inline Array operator/(const Scalar& x1, const Array& x2) { return Divide(x1, x2); }
inline Array operator%(const Array& x1, const Array& x2) { return Remainder(x1, x2); }
inline Array operator%(const Array& x1, const Scalar& x2) { return Remainder(x1, x2); }
inline Array operator%(const Scalar& x1, const Array& x2) { return Remainder(x1, x2); }
inline Array operator&(const Array& x1, const Array& x2) { return BitwiseAnd(x1, x2); }
inline Array operator&(const Array& x1, const Scalar& x2) { return BitwiseAnd(x1, x2); }
inline Array operator&(const Scalar& x1, const Array& x2) { return BitwiseAnd(x1, x2); }
inline Array operator|(const Array& x1, const Array& x2) { return BitwiseOr(x1, x2); }
inline Array operator|(const Array& x1, const Scalar& x2) { return BitwiseOr(x1, x2); }
inline Array operator|(const Scalar& x1, const Array& x2) { return BitwiseOr(x1, x2); }
inline Array operator^(const Array& x1, const Array& x2) { return BitwiseXor(x1, x2); }
inline Array operator^(const Array& x1, const Scalar& x2) { return BitwiseXor(x1, x2); }
inline Array operator^(const Scalar& x1, const Array& x2) { return BitwiseXor(x1, x2); }
inline Array operator<<(const Array& x1, const Array& x2) { return LeftShift(x1, x2); }
inline Array operator<<(const Array& x1, const Scalar& x2) { return LeftShift(x1, x2); }
inline Array operator<<(const Scalar& x1, const Array& x2) { return LeftShift(x1, x2); }
inline Array operator>>(const Array& x1, const Array& x2) { return RightShift(x1, x2); }
inline Array operator>>(const Array& x1, const Scalar& x2) { return RightShift(x1, x2); }
inline Array operator>>(const Scalar& x1, const Array& x2) { return RightShift(x1, x2); }
inline Array operator==(const Array& x1, const Array& x2) { return Equal(x1, x2); }
inline Array operator==(const Array& x1, const Scalar& x2) { return Equal(x1, x2); }
inline Array operator==(const Scalar& x1, const Array& x2) { return Equal(x1, x2); }
inline Array operator!=(const Array& x1, const Array& x2) { return NotEqual(x1, x2); }
inline Array operator!=(const Array& x1, const Scalar& x2) { return NotEqual(x1, x2); }
inline Array operator!=(const Scalar& x1, const Array& x2) { return NotEqual(x1, x2); }
inline Array operator<(const Array& x1, const Array& x2) { return Less(x1, x2); }
inline Array operator<(const Array& x1, const Scalar& x2) { return Less(x1, x2); }
inline Array operator<(const Scalar& x1, const Array& x2) { return Less(x1, x2); }
inline Array operator<=(const Array& x1, const Array& x2) { return LessEqual(x1, x2); }
inline Array operator<=(const Array& x1, const Scalar& x2) { return LessEqual(x1, x2); }
inline Array operator<=(const Scalar& x1, const Array& x2) { return LessEqual(x1, x2); }
inline Array operator>(const Array& x1, const Array& x2) { return Greater(x1, x2); }
inline Array operator>(const Array& x1, const Scalar& x2) { return Greater(x1, x2); }
inline Array operator>(const Scalar& x1, const Array& x2) { return Greater(x1, x2); }
inline Array operator>=(const Array& x1, const Array& x2) { return GreaterEqual(x1, x2); }
inline Array operator>=(const Array& x1, const Scalar& x2) { return GreaterEqual(x1, x2); }
inline Array operator>=(const Scalar& x1, const Array& x2) { return GreaterEqual(x1, x2); }

inline Array operator-(const Array& x) { return Negative(x); }
inline Array operator+(const Array& x) { return Positive(x); }
inline Array operator~(const Array& x) { return Invert(x); }
/// logical_not.
inline Array operator!(const Array& x) { return LogicalNot(x); }

}  // namespace distarray::inline client
