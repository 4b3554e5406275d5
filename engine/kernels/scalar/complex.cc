#include <complex>
#include <numbers>

#include "engine/kernels/scalar/tables.h"
#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"

namespace distarray::scalar {
namespace {

/// Smith's algorithm, as NumPy has it.
template <Complex T>
T Divide(T x, T y) {
  using R = RealPart<T>;
  const R real = std::fabs(y.real());
  const R imag = std::fabs(y.imag());
  if (real >= imag) {
    if (real == 0 && imag == 0) {
      return T(x.real() / real, x.imag() / imag);
    }
    const R ratio = y.imag() / y.real();
    const R scale = R{1} / (y.real() + y.imag() * ratio);
    return T((x.real() + x.imag() * ratio) * scale, (x.imag() - x.real() * ratio) * scale);
  }
  const R ratio = y.real() / y.imag();
  const R scale = R{1} / (y.imag() + y.real() * ratio);
  return T((x.real() * ratio + x.imag()) * scale, (x.imag() * ratio - x.real()) * scale);
}

template <Complex T>
T Reciprocal(T x) {
  using R = RealPart<T>;
  if (std::fabs(x.imag()) <= std::fabs(x.real())) {
    const R ratio = x.imag() / x.real();
    const R divisor = x.real() + x.imag() * ratio;
    return T(R{1} / divisor, -ratio / divisor);
  }
  const R ratio = x.real() / x.imag();
  const R divisor = x.real() * ratio + x.imag();
  return T(ratio / divisor, R{-1} / divisor);
}

template <Complex T>
T Sign(T x) {
  using R = RealPart<T>;
  constexpr R kNan = std::numeric_limits<R>::quiet_NaN();
  const R length = std::hypot(x.real(), x.imag());
  if (IsNan(length) || (IsInfinite(x.real()) && IsInfinite(x.imag()))) {
    return T(kNan, kNan);
  }
  if (IsInfinite(x.real())) {
    return T(std::copysign(R{1}, x.real()), 0);
  }
  if (IsInfinite(x.imag())) {
    return T(0, std::copysign(R{1}, x.imag()));
  }
  return length == 0 ? T(0, 0) : T(x.real() / length, x.imag() / length);
}

template <Complex T>
T Power(T x, T y) {
  using R = RealPart<T>;
  if (y.real() == 0 && y.imag() == 0) {
    return T(1, 0);
  }
  if (x.real() == 0 && x.imag() == 0) {
    constexpr R kNan = std::numeric_limits<R>::quiet_NaN();
    return y.real() > 0 ? T(0, 0) : T(kNan, kNan);
  }
  if (y.imag() == 0 && (y.real() == 1 || y.real() == 2 || y.real() == 3)) {
    return y.real() == 1 ? x : (y.real() == 2 ? x * x : x * (x * x));
  }
  // Small whole exponents by squaring, as NumPy: exact where the numbers are.
  if (y.imag() == 0 && std::fabs(y.real()) < 100 && std::trunc(y.real()) == y.real()) {
    T result(1, 0);
    T square = x;
    for (auto exponent = static_cast<unsigned>(std::fabs(y.real())); exponent != 0; exponent >>= 1) {
      if ((exponent & 1) != 0) {
        result = Multiply(result, square);
      }
      square = Multiply(square, square);
    }
    return y.real() < 0 ? Divide(T(1, 0), result) : result;
  }
  return std::pow(x, y);
}

/// As NumPy computes it.
template <Complex T>
T Log1p(T x) {
  const auto length = std::hypot(x.real() + 1, x.imag());
  return T(std::log(length), std::atan2(x.imag(), x.real() + 1));
}

template <Complex T>
T Expm1(T x) {
  const auto half_sine = std::sin(x.imag() / 2);
  return T(std::expm1(x.real()) * std::cos(x.imag()) - 2 * half_sine * half_sine,
           std::exp(x.real()) * std::sin(x.imag()));
}

template <Complex T>
T Scaled(T x, RealPart<T> by) {
  return T(x.real() * by, x.imag() * by);
}

constexpr OperationRow kRows[] = {
    Row("divide", []<Complex T>(T x, T y) { return Divide(x, y); }),
    Row("reciprocal", []<Complex T>(T x) { return Reciprocal(x); }),
    Row("sign", []<Complex T>(T x) { return Sign(x); }),
    Row("rint", []<Complex T>(T x) { return T(std::rint(x.real()), std::rint(x.imag())); }),
    Row("power", []<Complex T>(T x, T y) { return Power(x, y); }),
    Row("float_power", []<std::same_as<std::complex<double>> T>(T x, T y) { return Power(x, y); }),
    Row("sqrt", []<Complex T>(T x) { return std::sqrt(x); }),
    Row("exp", []<Complex T>(T x) { return std::exp(x); }),
    Row("exp2", []<Complex T>(T x) { return std::exp(Scaled(x, std::numbers::ln2_v<RealPart<T>>)); }),
    Row("expm1", []<Complex T>(T x) { return Expm1(x); }),
    Row("log", []<Complex T>(T x) { return std::log(x); }),
    Row("log2", []<Complex T>(T x) { return Scaled(std::log(x), std::numbers::log2e_v<RealPart<T>>); }),
    Row("log10", []<Complex T>(T x) { return Scaled(std::log(x), std::numbers::log10e_v<RealPart<T>>); }),
    Row("log1p", []<Complex T>(T x) { return Log1p(x); }),
    Row("sin", []<Complex T>(T x) { return std::sin(x); }),
    Row("cos", []<Complex T>(T x) { return std::cos(x); }),
    Row("tan", []<Complex T>(T x) { return std::tan(x); }),
    Row("arcsin", []<Complex T>(T x) { return std::asin(x); }),
    Row("arccos", []<Complex T>(T x) { return std::acos(x); }),
    Row("arctan", []<Complex T>(T x) { return std::atan(x); }),
    Row("sinh", []<Complex T>(T x) { return std::sinh(x); }),
    Row("cosh", []<Complex T>(T x) { return std::cosh(x); }),
    Row("tanh", []<Complex T>(T x) { return std::tanh(x); }),
    Row("arcsinh", []<Complex T>(T x) { return std::asinh(x); }),
    Row("arccosh", []<Complex T>(T x) { return std::acosh(x); }),
    Row("arctanh", []<Complex T>(T x) { return std::atanh(x); }),
};

}  // namespace

std::span<const OperationRow> ComplexRows() { return kRows; }

}  // namespace distarray::scalar
