#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <complex>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "distarray/array.h"
#include "distarray/scalar.h"

namespace distarray::inline client {

/// An array that a function gets to read, not to write: its elements may be read by others meanwhile.
struct ReadOnly {
  explicit ReadOnly(Array its_array) : array(std::move(its_array)) {}

  Array array;
};

/// What functions of the user's take and return: None, a bool or number, str, bytes, a list or a dict with str as keys;
/// among arguments also arrays, of which the function gets its target's part.
class Value {
 public:
  struct Nothing {};
  struct Bytes {
    std::string data;
  };
  /// List(numbers.begin(), numbers.end()) makes one of a vector of numbers.
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value>;
  using Held = std::variant<Nothing, Scalar, std::string, Bytes, List, Map, Array, ReadOnly>;

  /// None.
  Value() = default;
  template <typename T>
  requires std::convertible_to<T, Scalar> Value(const T& number)
      : held_(Scalar(number)) {}                            // NOLINT(google-explicit-constructor)
  Value(std::string text) : held_(std::move(text)) {}       // NOLINT(google-explicit-constructor): UTF-8
  Value(const char* text) : held_(std::string(text)) {}     // NOLINT(google-explicit-constructor): UTF-8
  Value(Bytes bytes) : held_(std::move(bytes)) {}           // NOLINT(google-explicit-constructor)
  Value(List list) : held_(std::move(list)) {}              // NOLINT(google-explicit-constructor)
  Value(Map map) : held_(std::move(map)) {}                 // NOLINT(google-explicit-constructor)
  Value(Array array) : held_(std::move(array)) {}           // NOLINT(google-explicit-constructor)
  Value(ReadOnly readonly) : held_(std::move(readonly)) {}  // NOLINT(google-explicit-constructor)

  const Held& held() const { return held_; }
  bool is_nothing() const { return std::holds_alternative<Nothing>(held_); }
  // What it holds; null: something else.
  const Scalar* scalar() const { return std::get_if<Scalar>(&held_); }
  const std::string* text() const { return std::get_if<std::string>(&held_); }
  const std::string* bytes() const {
    const auto* const bytes = std::get_if<Bytes>(&held_);
    return bytes == nullptr ? nullptr : &bytes->data;
  }
  const List* list() const { return std::get_if<List>(&held_); }
  const Map* map() const { return std::get_if<Map>(&held_); }

  /// The number as a T: a bool as any, an integer as one that has room for it, as a floating or complex number, and so
  /// on. Errors: INVALID_ARGUMENT/kInvalidType no number, or one of a kind that T is not; /kInvalidValue an integer
  /// that does not fit.
  template <Element T>
  absl::StatusOr<T> To() const;
  /// The numbers of a list (or NumPy array, of one dimension) that was returned. Errors: kInvalidType no list; as To.
  template <Element T>
  absl::StatusOr<std::vector<T>> ToVector() const;

 private:
  /// Why To<T> gives nothing.
  absl::Status NoNumber(DType dtype) const;
  absl::Status NoList() const;

  Held held_;
};

namespace internal {

template <typename T>
inline constexpr bool kIsComplex = false;
template <typename T>
inline constexpr bool kIsComplex<std::complex<T>> = true;

/// None: T does not hold such a number.
template <typename T, typename From>
std::optional<T> ConvertNumber(const From& number) {
  if constexpr (kIsComplex<T>) {
    using Part = typename T::value_type;
    if constexpr (kIsComplex<From>) {
      return T(static_cast<Part>(number.real()), static_cast<Part>(number.imag()));
    } else {
      return T(static_cast<Part>(number));
    }
  } else if constexpr (kIsComplex<From> || (std::is_same_v<T, bool> && !std::is_same_v<From, bool>) ||
                       (std::is_integral_v<T> && std::is_floating_point_v<From>)) {
    return std::nullopt;
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<From, bool>) {
    return std::in_range<T>(number) ? std::optional(static_cast<T>(number)) : std::nullopt;
  } else {
    return static_cast<T>(number);
  }
}

}  // namespace internal

template <Element T>
absl::StatusOr<T> Value::To() const {
  if (const Scalar* const number = scalar()) {
    const auto converted =
        std::visit([](const auto& value) { return internal::ConvertNumber<T>(value); }, number->value());
    if (converted.has_value()) {
      return *converted;
    }
  }
  return NoNumber(kDTypeOf<T>);
}

template <Element T>
absl::StatusOr<std::vector<T>> Value::ToVector() const {
  if (list() == nullptr) {
    return NoList();
  }
  std::vector<T> numbers;
  for (const Value& item : *list()) {
    const absl::StatusOr<T> number = item.To<T>();
    if (!number.ok()) {
      return number.status();
    }
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace distarray::inline client
