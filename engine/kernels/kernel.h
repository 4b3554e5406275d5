#pragma once

#include <array>
#include <complex>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/dtype/dtype.h"

namespace distarray {

/// out[i] = operation(in[0][i], ...) for 0 <= i < n over dense, aligned elements; out overlaps no operand. 0, or the
/// failures met.
using Kernel = std::uint32_t (*)(std::int64_t n, const void* const* in, void* out);

/// A failure of a kernel: an integer was raised to a negative integer power.
inline constexpr std::uint32_t kNegativeExponent = 1;

/// The kernels of one operation, and what its name, dtypes and rules are.
struct OperationRow {
  std::string_view name;
  int operand_count = 0;
  std::array<Kernel, kDTypeCount> kernels{};  // by the operands' dtype; null where there is none
  std::array<DType, kDTypeCount> results{};
  bool condition_first = false;
  bool may_fail = false;
  bool integers_as_double = false;  // integers and bool compute as float64, as NumPy's divide does
  bool no_bool = false;             // not defined on bool, though it would promote
};

/// Number types by their kind: the concept on an operation's lambda is the list of its dtypes.
template <typename T>
concept Boolean = std::same_as<T, bool>;
template <typename T>
concept Signed = std::signed_integral<T> && !Boolean<T>;
template <typename T>
concept Unsigned = std::unsigned_integral<T> && !Boolean<T>;
template <typename T>
concept Integer = Signed<T> || Unsigned<T>;
template <typename T>
concept Floating = std::floating_point<T>;
template <typename T>
concept Real = Integer<T> || Floating<T>;
template <typename T>
concept Complex = std::same_as<T, std::complex<float>> || std::same_as<T, std::complex<double>>;
template <typename T>
concept Inexact = Floating<T> || Complex<T>;
template <typename T>
concept Number = Real<T> || Complex<T>;
template <typename T>
concept Element = Boolean<T> || Number<T>;

}  // namespace distarray
