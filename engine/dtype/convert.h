#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace distarray {

/// x truncated; the minimum of Wide (int32 or int64) for NaN and what is out of range, as the processor's own
/// conversion gives it.
template <typename Wide, typename From>
constexpr Wide TruncateTo(From x) {
  constexpr From kBelow = static_cast<From>(std::numeric_limits<Wide>::min()) - 1;
  constexpr From kAbove = static_cast<From>(std::numeric_limits<Wide>::max() / 2 + 1) * 2;
  return x > kBelow && x < kAbove ? static_cast<Wide>(x) : std::numeric_limits<Wide>::min();
}

/// Floating to integer, defined for every value as NumPy has it on x86-64: through int32 (int64 for uint32 and the
/// 64-bit types), narrowed modulo. So -2.0 to uint8 is 254, and NaN 0 in the narrow types.
template <typename To, typename From>
constexpr To FloatToInteger(From x) {
  if constexpr (std::is_same_v<To, std::uint64_t>) {
    constexpr From kHalf = static_cast<From>(std::uint64_t{1} << 63);
    const bool upper = x >= kHalf;
    const auto lower = static_cast<std::uint64_t>(TruncateTo<std::int64_t>(upper ? x - kHalf : x));
    return upper ? lower ^ (std::uint64_t{1} << 63) : lower;
  } else {
    constexpr bool kNarrow = sizeof(To) < 4 || std::is_same_v<To, std::int32_t>;
    return static_cast<To>(TruncateTo<std::conditional_t<kNarrow, std::int32_t, std::int64_t>>(x));
  }
}

}  // namespace distarray
