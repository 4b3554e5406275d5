#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace distarray::inline client {

/// Element types of arrays.
enum class DType : std::uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
};

/// The C++ types of elements, in the order of DType.
using ElementTypes =
    std::tuple<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
               std::uint64_t, float, double, std::complex<float>, std::complex<double>>;
inline constexpr int kDTypeCount = static_cast<int>(std::tuple_size_v<ElementTypes>);

/// NumPy's kinds of numbers, in the order of promotion.
enum class Kind : std::uint8_t { kBool, kUnsigned, kSigned, kFloat, kComplex };

/// NumPy's name: "float64", "complex128", ...
std::string_view NameOf(DType dtype);
/// Bytes of one element.
std::int64_t SizeOf(DType dtype);
Kind KindOf(DType dtype);

namespace internal {

template <typename T, typename Tuple>
struct Position;
template <typename T, typename... Types>
struct Position<T, std::tuple<Types...>> {
  static constexpr int kValue = [] {
    constexpr std::array<bool, sizeof...(Types)> kSame = {std::is_same_v<T, Types>...};
    for (std::size_t i = 0; i < kSame.size(); ++i) {
      if (kSame[i]) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }();
};

}  // namespace internal

/// A C++ type that arrays can have as elements.
template <typename T>
concept Element = internal::Position<T, ElementTypes>::kValue >= 0;

/// The element type of a C++ type.
template <Element T>
inline constexpr DType kDTypeOf = static_cast<DType>(internal::Position<T, ElementTypes>::kValue);

}  // namespace distarray::inline client
