#include "distarray/functions.h"

#include <cmath>
#include <cstdlib>

namespace distarray::inline client {
namespace {

Array Unary(std::string_view name, const Operand& x) { return Ufunc(name, std::span(&x, 1)); }

Array Binary(std::string_view name, const Operand& x1, const Operand& x2) {
  const Operand operands[] = {x1, x2};
  return Ufunc(name, operands);
}

}  // namespace

Array Absolute(const Operand& x) { return Unary("absolute", x); }
Array Angle(const Operand& x) { return Unary("angle", x); }
Array Arccos(const Operand& x) { return Unary("arccos", x); }
Array Arccosh(const Operand& x) { return Unary("arccosh", x); }
Array Arcsin(const Operand& x) { return Unary("arcsin", x); }
Array Arcsinh(const Operand& x) { return Unary("arcsinh", x); }
Array Arctan(const Operand& x) { return Unary("arctan", x); }
Array Arctanh(const Operand& x) { return Unary("arctanh", x); }
Array BitwiseCount(const Operand& x) { return Unary("bitwise_count", x); }
Array Cbrt(const Operand& x) { return Unary("cbrt", x); }
Array Ceil(const Operand& x) { return Unary("ceil", x); }
Array Conjugate(const Operand& x) { return Unary("conjugate", x); }
Array Cos(const Operand& x) { return Unary("cos", x); }
Array Cosh(const Operand& x) { return Unary("cosh", x); }
Array Deg2rad(const Operand& x) { return Unary("deg2rad", x); }
Array Exp(const Operand& x) { return Unary("exp", x); }
Array Exp2(const Operand& x) { return Unary("exp2", x); }
Array Expm1(const Operand& x) { return Unary("expm1", x); }
Array Fabs(const Operand& x) { return Unary("fabs", x); }
Array Floor(const Operand& x) { return Unary("floor", x); }
Array Imag(const Operand& x) { return Unary("imag", x); }
Array Invert(const Operand& x) { return Unary("invert", x); }
Array IsFinite(const Operand& x) { return Unary("isfinite", x); }
Array IsInf(const Operand& x) { return Unary("isinf", x); }
Array IsNan(const Operand& x) { return Unary("isnan", x); }
Array Log(const Operand& x) { return Unary("log", x); }
Array Log10(const Operand& x) { return Unary("log10", x); }
Array Log1p(const Operand& x) { return Unary("log1p", x); }
Array Log2(const Operand& x) { return Unary("log2", x); }
Array LogicalNot(const Operand& x) { return Unary("logical_not", x); }
Array Negative(const Operand& x) { return Unary("negative", x); }
Array Positive(const Operand& x) { return Unary("positive", x); }
Array Rad2deg(const Operand& x) { return Unary("rad2deg", x); }
Array Real(const Operand& x) { return Unary("real", x); }
Array Reciprocal(const Operand& x) { return Unary("reciprocal", x); }
Array Rint(const Operand& x) { return Unary("rint", x); }
Array Sign(const Operand& x) { return Unary("sign", x); }
Array Signbit(const Operand& x) { return Unary("signbit", x); }
Array Sin(const Operand& x) { return Unary("sin", x); }
Array Sinh(const Operand& x) { return Unary("sinh", x); }
Array Spacing(const Operand& x) { return Unary("spacing", x); }
Array Sqrt(const Operand& x) { return Unary("sqrt", x); }
Array Square(const Operand& x) { return Unary("square", x); }
Array Tan(const Operand& x) { return Unary("tan", x); }
Array Tanh(const Operand& x) { return Unary("tanh", x); }
Array Trunc(const Operand& x) { return Unary("trunc", x); }

Array Add(const Operand& x1, const Operand& x2) { return Binary("add", x1, x2); }
Array Arctan2(const Operand& x1, const Operand& x2) { return Binary("arctan2", x1, x2); }
Array BitwiseAnd(const Operand& x1, const Operand& x2) { return Binary("bitwise_and", x1, x2); }
Array BitwiseOr(const Operand& x1, const Operand& x2) { return Binary("bitwise_or", x1, x2); }
Array BitwiseXor(const Operand& x1, const Operand& x2) { return Binary("bitwise_xor", x1, x2); }
Array Copysign(const Operand& x1, const Operand& x2) { return Binary("copysign", x1, x2); }
Array Divide(const Operand& x1, const Operand& x2) { return Binary("divide", x1, x2); }
Array Equal(const Operand& x1, const Operand& x2) { return Binary("equal", x1, x2); }
Array FloatPower(const Operand& x1, const Operand& x2) { return Binary("float_power", x1, x2); }
Array FloorDivide(const Operand& x1, const Operand& x2) { return Binary("floor_divide", x1, x2); }
Array Fmax(const Operand& x1, const Operand& x2) { return Binary("fmax", x1, x2); }
Array Fmin(const Operand& x1, const Operand& x2) { return Binary("fmin", x1, x2); }
Array Fmod(const Operand& x1, const Operand& x2) { return Binary("fmod", x1, x2); }
Array Gcd(const Operand& x1, const Operand& x2) { return Binary("gcd", x1, x2); }
Array Greater(const Operand& x1, const Operand& x2) { return Binary("greater", x1, x2); }
Array GreaterEqual(const Operand& x1, const Operand& x2) { return Binary("greater_equal", x1, x2); }
Array Heaviside(const Operand& x1, const Operand& x2) { return Binary("heaviside", x1, x2); }
Array Hypot(const Operand& x1, const Operand& x2) { return Binary("hypot", x1, x2); }
Array Lcm(const Operand& x1, const Operand& x2) { return Binary("lcm", x1, x2); }
Array LeftShift(const Operand& x1, const Operand& x2) { return Binary("left_shift", x1, x2); }
Array Less(const Operand& x1, const Operand& x2) { return Binary("less", x1, x2); }
Array LessEqual(const Operand& x1, const Operand& x2) { return Binary("less_equal", x1, x2); }
Array Logaddexp(const Operand& x1, const Operand& x2) { return Binary("logaddexp", x1, x2); }
Array Logaddexp2(const Operand& x1, const Operand& x2) { return Binary("logaddexp2", x1, x2); }
Array LogicalAnd(const Operand& x1, const Operand& x2) { return Binary("logical_and", x1, x2); }
Array LogicalOr(const Operand& x1, const Operand& x2) { return Binary("logical_or", x1, x2); }
Array LogicalXor(const Operand& x1, const Operand& x2) { return Binary("logical_xor", x1, x2); }
Array Maximum(const Operand& x1, const Operand& x2) { return Binary("maximum", x1, x2); }
Array Minimum(const Operand& x1, const Operand& x2) { return Binary("minimum", x1, x2); }
Array Multiply(const Operand& x1, const Operand& x2) { return Binary("multiply", x1, x2); }
Array Nextafter(const Operand& x1, const Operand& x2) { return Binary("nextafter", x1, x2); }
Array NotEqual(const Operand& x1, const Operand& x2) { return Binary("not_equal", x1, x2); }
Array Power(const Operand& x1, const Operand& x2) { return Binary("power", x1, x2); }
Array Remainder(const Operand& x1, const Operand& x2) { return Binary("remainder", x1, x2); }
Array RightShift(const Operand& x1, const Operand& x2) { return Binary("right_shift", x1, x2); }
Array Subtract(const Operand& x1, const Operand& x2) { return Binary("subtract", x1, x2); }

Array Clip(const Operand& x, const Operand& low, const Operand& high) {
  const Operand operands[] = {x, low, high};
  return Ufunc("clip", operands);
}

Array Where(const Operand& condition, const Operand& x, const Operand& y) {
  const Operand operands[] = {condition, x, y};
  return Ufunc("where", operands);
}

Array Round(const Array& x, int decimals) {
  const bool integers = KindOf(x.dtype()) == Kind::kSigned || KindOf(x.dtype()) == Kind::kUnsigned;
  if (integers && decimals >= 0) {
    return Positive(x);
  }
  if (decimals == 0) {
    return Rint(x);
  }
  const double scale = std::pow(10.0, std::abs(decimals));
  const Array rounded =
      decimals > 0 ? Divide(Rint(Multiply(x, scale)), scale) : Multiply(Rint(Divide(x, scale)), scale);
  return integers ? rounded.AsType(x.dtype()) : rounded;
}

Array IsPosInf(const Array& x) { return LogicalAnd(IsInf(x), LogicalNot(Signbit(x))); }

Array IsNegInf(const Array& x) { return LogicalAnd(IsInf(x), Signbit(x)); }

std::pair<Array, Array> Modf(const Array& x) {
  const Array number = Copysign(x, x);  // as a floating number
  const Array whole = Trunc(number);
  return {Copysign(Where(IsInf(number), 0.0, Subtract(number, whole)), number), whole};
}

std::pair<Array, Array> DivMod(const Operand& x1, const Operand& x2) {
  return {FloorDivide(x1, x2), Remainder(x1, x2)};
}

}  // namespace distarray::inline client
