#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace distarray {

/// Element types; the number of a type is its position in ElementTypes and distarray.v1.DType minus one.
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

using ElementTypes =
    std::tuple<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
               std::uint64_t, float, double, std::complex<float>, std::complex<double>>;
inline constexpr int kDTypeCount = static_cast<int>(std::tuple_size_v<ElementTypes>);

/// The C++ type of an element type.
template <DType kType>
using ElementOf = std::tuple_element_t<static_cast<std::size_t>(kType), ElementTypes>;

namespace internal {
template <typename T, std::size_t kIndex = 0>
constexpr DType DTypeOfImpl() {
  static_assert(kIndex < std::tuple_size_v<ElementTypes>, "not an element type");
  if constexpr (std::is_same_v<T, std::tuple_element_t<kIndex, ElementTypes>>) {
    return static_cast<DType>(kIndex);
  } else {
    return DTypeOfImpl<T, kIndex + 1>();
  }
}
}  // namespace internal

/// The element type of a C++ type.
template <typename T>
inline constexpr DType kDTypeOf = internal::DTypeOfImpl<T>();

/// NumPy's kinds, in the order of promotion.
enum class Kind : std::uint8_t { kBool, kUnsigned, kSigned, kFloat, kComplex };

struct DTypeInfo {
  std::string_view name;  // NumPy's
  int size;               // bytes an element
  Kind kind;
};
const DTypeInfo& InfoOf(DType dtype);
inline int SizeOf(DType dtype) { return InfoOf(dtype).size; }
inline std::string_view NameOf(DType dtype) { return InfoOf(dtype).name; }
inline Kind KindOf(DType dtype) { return InfoOf(dtype).kind; }
std::optional<DType> DTypeFromName(std::string_view name);

/// NumPy 2's result_type of two arrays.
DType ResultType(DType a, DType b);

/// numpy.can_cast(from, to, "same_kind").
bool CanCastSameKind(DType from, DType to);

/// Real part's type of a complex type; itself for others.
DType RealOf(DType dtype);

/// Calls f.template operator()<T>() with the C++ type of dtype. The one place where a dtype known at run time becomes a
/// type.
template <typename F>
decltype(auto) Visit(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool:
      return f.template operator()<bool>();
    case DType::kInt8:
      return f.template operator()<std::int8_t>();
    case DType::kInt16:
      return f.template operator()<std::int16_t>();
    case DType::kInt32:
      return f.template operator()<std::int32_t>();
    case DType::kInt64:
      return f.template operator()<std::int64_t>();
    case DType::kUInt8:
      return f.template operator()<std::uint8_t>();
    case DType::kUInt16:
      return f.template operator()<std::uint16_t>();
    case DType::kUInt32:
      return f.template operator()<std::uint32_t>();
    case DType::kUInt64:
      return f.template operator()<std::uint64_t>();
    case DType::kFloat32:
      return f.template operator()<float>();
    case DType::kFloat64:
      return f.template operator()<double>();
    case DType::kComplex64:
      return f.template operator()<std::complex<float>>();
    case DType::kComplex128:
      break;
  }
  return f.template operator()<std::complex<double>>();
}

}  // namespace distarray
