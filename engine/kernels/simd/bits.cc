#include <bit>

#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"
#include "engine/kernels/simd/tables.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

template <typename T>
concept Bits = Boolean<T> || Integer<T>;

/// Whether T can be shifted by `by` without shifting everything out. Negative shifts count as huge ones.
template <Integer T>
constexpr bool IsWithin(T by) {
  return static_cast<std::make_unsigned_t<T>>(by) < sizeof(T) * 8;
}

constexpr OperationRow kRows[] = {
    Row("bitwise_and", []<Bits T>(T x, T y) { return static_cast<T>(x & y); }),
    Row("bitwise_or", []<Bits T>(T x, T y) { return static_cast<T>(x | y); }),
    Row("bitwise_xor", []<Bits T>(T x, T y) { return static_cast<T>(x ^ y); }),
    Row("invert",
        []<Bits T>(T x) {
          if constexpr (Boolean<T>) {
            return !x;
          } else {
            return static_cast<T>(~x);
          }
        }),
    Row("left_shift",
        []<Integer T>(T x, T by) {
          const Wide<T> shifted = static_cast<Wide<T>>(x) << (IsWithin(by) ? static_cast<Wide<T>>(by) : Wide<T>{0});
          return IsWithin(by) ? static_cast<T>(shifted) : T{0};
        }),
    Row("right_shift",
        []<Integer T>(T x, T by) {
          constexpr Wide<T> kLast = sizeof(T) * 8 - 1;
          if constexpr (Signed<T>) {
            return static_cast<T>(x >> (IsWithin(by) ? static_cast<Wide<T>>(by) : kLast));
          } else {
            const T shifted = static_cast<T>(x >> (IsWithin(by) ? static_cast<Wide<T>>(by) : kLast));
            return IsWithin(by) ? shifted : T{0};
          }
        }),
    // Of negative numbers, the bits of the absolute value.
    Row("bitwise_count",
        []<Integer T>(T x) {
          const T magnitude = Signed<T> && x < 0 ? Negative(x) : x;
          return static_cast<std::uint8_t>(std::popcount(static_cast<std::make_unsigned_t<T>>(magnitude)));
        }),
};

}  // namespace

std::span<const OperationRow> BitRows() { return kRows; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
