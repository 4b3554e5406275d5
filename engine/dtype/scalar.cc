#include "engine/dtype/scalar.h"

#include <absl/strings/str_cat.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "engine/base/error.h"
#include "engine/dtype/convert.h"

namespace distarray {
namespace {

bool IsInteger(DType dtype) { return KindOf(dtype) == Kind::kSigned || KindOf(dtype) == Kind::kUnsigned; }

/// Whether an integer scalar is a value of an integer dtype.
bool Fits(const Scalar& scalar, DType dtype) {
  const int bits = 8 * SizeOf(dtype) - (KindOf(dtype) == Kind::kSigned ? 1 : 0);
  const std::uint64_t most = ~std::uint64_t{0} >> (64 - bits);
  if (const auto* wide = std::get_if<std::uint64_t>(&scalar.value)) {
    return *wide <= most;
  }
  const auto value = std::get<std::int64_t>(scalar.value);
  if (value >= 0) {
    return static_cast<std::uint64_t>(value) <= most;
  }
  return KindOf(dtype) == Kind::kSigned && static_cast<std::uint64_t>(-(value + 1)) <= most;
}

std::string IntegerText(const Scalar& scalar) {
  if (const auto* wide = std::get_if<std::uint64_t>(&scalar.value)) {
    return std::to_string(*wide);
  }
  return std::to_string(std::get<std::int64_t>(scalar.value));
}

/// One conversion between arithmetic types, defined for every value.
template <typename To, typename From>
To ConvertReal(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return FloatToInteger<To>(value);
  } else if constexpr (std::is_same_v<From, double> && std::is_same_v<To, float>) {
    // Overflow to infinity is IEEE's, but undefined in the language.
    if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
      const float largest = std::numeric_limits<float>::max();
      const double halfway = static_cast<double>(largest) + std::ldexp(1.0, 103);
      const float magnitude = std::abs(value) < halfway ? largest : std::numeric_limits<float>::infinity();
      return std::copysign(magnitude, value < 0 ? -1.0F : 1.0F);
    }
    return static_cast<float>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <typename To, typename From>
To Convert(const From& value) {
  constexpr bool kFromComplex = std::is_same_v<From, std::complex<double>>;
  if constexpr (std::is_same_v<To, std::complex<float>> || std::is_same_v<To, std::complex<double>>) {
    using Real = typename To::value_type;
    if constexpr (kFromComplex) {
      return To(ConvertReal<Real>(value.real()), ConvertReal<Real>(value.imag()));
    } else {
      return To(ConvertReal<Real>(value), Real{0});
    }
  } else if constexpr (kFromComplex) {
    if constexpr (std::is_same_v<To, bool>) {
      return value != From{};
    } else {
      return ConvertReal<To>(value.real());
    }
  } else {
    return ConvertReal<To>(value);
  }
}

}  // namespace

Kind KindOf(const Scalar& scalar) {
  constexpr Kind kKinds[] = {Kind::kBool, Kind::kSigned, Kind::kUnsigned, Kind::kFloat, Kind::kComplex};
  return kKinds[scalar.value.index()];
}

absl::StatusOr<DType> WeakScalarType(const Scalar& scalar, DType array) {
  switch (KindOf(scalar)) {
    case Kind::kBool:
      return DType::kBool;
    case Kind::kFloat:
      return KindOf(array) < Kind::kFloat ? DType::kFloat64 : array;
    case Kind::kComplex:
      if (KindOf(array) == Kind::kComplex) {
        return array;
      }
      return array == DType::kFloat32 ? DType::kComplex64 : DType::kComplex128;
    case Kind::kSigned:
    case Kind::kUnsigned:
      break;
  }
  const DType dtype = array == DType::kBool ? DType::kInt64 : array;
  if (IsInteger(dtype) && !Fits(scalar, dtype)) {
    return Error(Reason::kInvalidValue, absl::StrCat("integer ", IntegerText(scalar), " is out of bounds for ",
                                                     absl::string_view(NameOf(dtype).data(), NameOf(dtype).size())));
  }
  return dtype;
}

DType DefaultType(const Scalar& scalar) {
  switch (KindOf(scalar)) {
    case Kind::kBool:
      return DType::kBool;
    case Kind::kSigned:
      return DType::kInt64;
    case Kind::kUnsigned:
      return Fits(scalar, DType::kInt64) ? DType::kInt64 : DType::kUInt64;
    case Kind::kFloat:
      return DType::kFloat64;
    case Kind::kComplex:
      break;
  }
  return DType::kComplex128;
}

void StoreScalar(const Scalar& scalar, DType dtype, void* out) {
  Visit(dtype, [&]<typename To>() {
    const To element = std::visit([](const auto& value) { return Convert<To>(value); }, scalar.value);
    std::memcpy(out, &element, sizeof element);
  });
}

}  // namespace distarray
