#include <bit>

#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"
#include "engine/kernels/simd/tables.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

constexpr OperationRow kRows[] = {
    Row("equal", []<Element T>(T x, T y) { return Equal(x, y); }),
    Row("not_equal", []<Element T>(T x, T y) { return !Equal(x, y); }),
    Row("less", []<Element T>(T x, T y) { return Less(x, y); }),
    Row("less_equal", []<Element T>(T x, T y) { return LessEqual(x, y); }),
    Row("greater", []<Element T>(T x, T y) { return Less(y, x); }),
    Row("greater_equal", []<Element T>(T x, T y) { return LessEqual(y, x); }),
    Row("logical_and", []<Element T>(T x, T y) { return static_cast<bool>(IsTrue(x) & IsTrue(y)); }),
    Row("logical_or", []<Element T>(T x, T y) { return static_cast<bool>(IsTrue(x) | IsTrue(y)); }),
    Row("logical_xor", []<Element T>(T x, T y) { return IsTrue(x) != IsTrue(y); }),
    Row("logical_not", []<Element T>(T x) { return !IsTrue(x); }),
    Row("isnan",
        []<Element T>(T x) {
          if constexpr (Inexact<T>) {
            return IsNan(x);
          } else {
            return false;
          }
        }),
    Row("isinf",
        []<Element T>(T x) {
          if constexpr (Complex<T>) {
            return static_cast<bool>(IsInfinite(x.real()) | IsInfinite(x.imag()));
          } else if constexpr (Floating<T>) {
            return IsInfinite(x);
          } else {
            return false;
          }
        }),
    Row("isfinite",
        []<Element T>(T x) {
          if constexpr (Complex<T>) {
            return static_cast<bool>(IsFinite(x.real()) & IsFinite(x.imag()));
          } else if constexpr (Floating<T>) {
            return IsFinite(x);
          } else {
            return true;
          }
        }),
    Row("signbit",
        []<Floating T>(T x) {
          using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
          return std::bit_cast<Bits>(x) < 0;
        }),
};

}  // namespace

std::span<const OperationRow> ComparisonRows() { return kRows; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
