#include <cmath>
#include <limits>
#include <numbers>

#include "engine/kernels/scalar/tables.h"
#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"

namespace distarray::scalar {
namespace {

constexpr OperationRow kRows[] = {
    Row("nextafter", []<Floating T>(T x, T y) { return std::nextafter(x, y); }),
    Row("spacing",
        []<Floating T>(T x) { return std::nextafter(x, std::copysign(std::numeric_limits<T>::infinity(), x)) - x; }),
    Row("heaviside",
        []<Floating T>(T x, T at_zero) {
          if (IsNan(x)) {
            return x;
          }
          return x == 0 ? at_zero : (x < 0 ? T{0} : T{1});
        }),
    Row("logaddexp",
        []<Floating T>(T x, T y) {
          if (x == y) {
            return x + std::numbers::ln2_v<T>;
          }
          const T difference = x - y;
          if (IsNan(difference)) {
            return difference;
          }
          return difference > 0 ? x + std::log1p(std::exp(-difference)) : y + std::log1p(std::exp(difference));
        }),
    Row("logaddexp2",
        []<Floating T>(T x, T y) {
          if (x == y) {
            return x + T{1};
          }
          const T difference = x - y;
          if (IsNan(difference)) {
            return difference;
          }
          const T ratio = std::exp2(difference > 0 ? -difference : difference);
          return (difference > 0 ? x : y) + std::numbers::log2e_v<T> * std::log1p(ratio);
        }),
    Row("angle",
        []<Inexact T>(T z) {
          if constexpr (Complex<T>) {
            return std::atan2(z.imag(), z.real());
          } else {
            return std::atan2(T{0}, z);
          }
        }),
};

}  // namespace

std::span<const OperationRow> FloatingRows() { return kRows; }

}  // namespace distarray::scalar
