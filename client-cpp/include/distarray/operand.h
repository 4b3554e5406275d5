#pragma once

#include <concepts>
#include <variant>

#include "distarray/scalar.h"

namespace distarray::inline client {

class Array;

/// What functions take: an array or a number. Borrows the array: only for arguments.
class Operand {
 public:
  Operand(const Array& array) : value_(&array) {}  // NOLINT(google-explicit-constructor)
  template <typename T>
  requires std::convertible_to<T, Scalar> Operand(const T& scalar)
      : value_(Scalar(scalar)) {}  // NOLINT(google-explicit-constructor)

  /// Null: a number.
  const Array* array() const {
    const auto* const array = std::get_if<const Array*>(&value_);
    return array == nullptr ? nullptr : *array;
  }
  /// Null: an array.
  const Scalar* scalar() const { return std::get_if<Scalar>(&value_); }

 private:
  std::variant<const Array*, Scalar> value_;
};

}  // namespace distarray::inline client
