#include <cmath>
#include <numbers>

#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"
#include "engine/kernels/simd/tables.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

constexpr OperationRow kRows[] = {
    Row("copy", []<Element T>(T x) { return x; }),
    Row("add",
        []<Element T>(T x, T y) {
          if constexpr (Boolean<T>) {
            return x || y;
          } else {
            return Add(x, y);
          }
        }),
    NotOnBool(Row("subtract", []<Number T>(T x, T y) { return Subtract(x, y); })),
    Row("multiply",
        []<Element T>(T x, T y) {
          if constexpr (Boolean<T>) {
            return x && y;
          } else {
            return Multiply(x, y);
          }
        }),
    IntegersAsDouble(Row("divide", []<Floating T>(T x, T y) { return x / y; })),
    NotOnBool(Row("negative", []<Number T>(T x) { return Negative(x); })),
    NotOnBool(Row("positive", []<Number T>(T x) { return x; })),
    Row("conjugate",
        []<Number T>(T x) {
          if constexpr (Complex<T>) {
            return T(x.real(), -x.imag());
          } else {
            return x;
          }
        }),
    Row("real",
        []<Element T>(T x) {
          if constexpr (Complex<T>) {
            return x.real();
          } else {
            return x;
          }
        }),
    Row("imag",
        []<Element T>(T x) {
          if constexpr (Complex<T>) {
            return x.imag();
          } else {
            return T{0};
          }
        }),
    Row("absolute",
        []<Element T>(T x) {
          if constexpr (Signed<T>) {
            return x < 0 ? Negative(x) : x;
          } else if constexpr (Floating<T>) {
            return std::fabs(x);
          } else if constexpr (!Complex<T>) {
            return x;
          } else if constexpr (std::same_as<T, std::complex<float>>) {
            // Squares of float32 neither overflow nor vanish in float64.
            const double real = x.real();
            const double imag = x.imag();
            const auto length = static_cast<float>(std::sqrt(real * real + imag * imag));
            return (IsInfinite(x.real()) || IsInfinite(x.imag())) ? std::numeric_limits<float>::infinity() : length;
          } else {
            return std::hypot(x.real(), x.imag());
          }
        }),
    Row("fabs", []<Floating T>(T x) { return std::fabs(x); }),
    Row("square", []<Number T>(T x) { return Multiply(x, x); }),
    NotOnBool(Row("sign",
                  []<Real T>(T x) {
                    const T sign = x > 0 ? T{1} : (x < 0 ? static_cast<T>(-1) : T{0});
                    if constexpr (Floating<T>) {
                      return IsNan(x) ? x : sign;
                    } else {
                      return sign;
                    }
                  })),
    Row("reciprocal", []<Floating T>(T x) { return T{1} / x; }),
    Row("sqrt", []<Floating T>(T x) { return std::sqrt(x); }),
    Row("rint", []<Floating T>(T x) { return std::rint(x); }),
    Row(
        "floor", []<typename T>(T x) requires(!Complex<T>) {
          if constexpr (Floating<T>) {
            return std::floor(x);
          } else {
            return x;
          }
        }),
    Row(
        "ceil", []<typename T>(T x) requires(!Complex<T>) {
          if constexpr (Floating<T>) {
            return std::ceil(x);
          } else {
            return x;
          }
        }),
    Row(
        "trunc", []<typename T>(T x) requires(!Complex<T>) {
          if constexpr (Floating<T>) {
            return std::trunc(x);
          } else {
            return x;
          }
        }),
    Row("maximum", []<Element T>(T x, T y) { return Maximum(x, y); }),
    Row("minimum", []<Element T>(T x, T y) { return Minimum(x, y); }),
    Row("fmax",
        []<Element T>(T x, T y) {
          if constexpr (Inexact<T>) {
            return (LessEqual(y, x) || IsNan(y)) ? x : y;
          } else {
            return x > y ? x : y;
          }
        }),
    Row("fmin",
        []<Element T>(T x, T y) {
          if constexpr (Inexact<T>) {
            return (LessEqual(x, y) || IsNan(y)) ? x : y;
          } else {
            return x < y ? x : y;
          }
        }),
    Row("copysign", []<Floating T>(T x, T y) { return std::copysign(x, y); }),
    Row("deg2rad", []<Floating T>(T x) { return x * (std::numbers::pi_v<T> / T{180}); }),
    Row("rad2deg", []<Floating T>(T x) { return x * (T{180} / std::numbers::pi_v<T>); }),
    Row("clip", []<Number T>(T x, T low, T high) { return Minimum(Maximum(x, low), high); }),
    SelectRow("where"),
};

}  // namespace

std::span<const OperationRow> ArithmeticRows() { return kRows; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
