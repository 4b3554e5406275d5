#pragma once

#include <complex>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <variant>

#include "distarray/dtype.h"

namespace distarray::inline client {

/// One number. A C++ number converts to a *weak* scalar (NumPy 2's rule for Python numbers): beside an array it takes
/// the array's dtype if its kind (bool < integer < floating < complex) does not exceed the array's, so float32_array
/// * 2.0 is float32. A typed scalar promotes as an array of its dtype does.
class Scalar {
 public:
  using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::complex<double>>;

  /// A weak scalar.
  template <typename T>
  requires std::is_arithmetic_v<T> Scalar(T value)
      : value_(Widen(value)) {}  // NOLINT(google-explicit-constructor): numbers stand for themselves
  template <std::floating_point T>
  Scalar(std::complex<T> value)  // NOLINT(google-explicit-constructor)
      : value_(std::complex<double>(static_cast<double>(value.real()), static_cast<double>(value.imag()))) {}

  /// A scalar that promotes as an array of T does.
  template <Element T>
  static Scalar Typed(T value) {
    Scalar scalar(value);
    scalar.dtype_ = kDTypeOf<T>;
    return scalar;
  }

  const Value& value() const { return value_; }
  /// Of a typed scalar; none: weak.
  std::optional<DType> dtype() const { return dtype_; }
  /// Kind of the value; every integer that fits int64 is kSigned.
  Kind kind() const;
  /// The dtype that a weak scalar has by itself: bool, int64 (uint64 from 2^63), float64, complex128.
  DType DefaultDType() const;

 private:
  template <typename T>
  static Value Widen(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<std::int64_t>(value);
    } else {
      const auto wide = static_cast<std::uint64_t>(value);
      return wide >> 63U == 0 ? Value(static_cast<std::int64_t>(wide)) : Value(wide);
    }
  }

  Value value_;
  std::optional<DType> dtype_;
};

}  // namespace distarray::inline client
