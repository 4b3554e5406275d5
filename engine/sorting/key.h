#pragma once

#include <bit>
#include <compare>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace distarray {

// Keys: signed integers whose order is the order of the elements, NaNs last. -1 - key reverses the order.

/// The key of a complex128 element: ordered by the real part, then by the imaginary one.
struct WideKey {
  std::int64_t high = 0;
  std::int64_t low = 0;

  friend constexpr auto operator<=>(const WideKey&, const WideKey&) = default;
  friend constexpr bool operator<(const WideKey& a, const WideKey& b) {
    return (a.high < b.high) | ((a.high == b.high) & (a.low < b.low));
  }
};

namespace internal {
template <typename T>
struct KeyType {
  using type = std::conditional_t<(sizeof(T) <= 4), std::int32_t, std::int64_t>;
};
template <>
struct KeyType<std::complex<double>> {
  using type = WideKey;
};

template <typename Integer>
constexpr Integer FlipNegative(Integer bits) {
  return bits ^ ((bits >> (8 * sizeof(Integer) - 1)) & std::numeric_limits<Integer>::max());
}
}  // namespace internal

template <typename T>
using KeyOf = typename internal::KeyType<T>::type;

/// Whether ElementOf gives an element back from its key. If not, elements travel themselves.
template <typename T>
inline constexpr bool kKeyIsElement =
    !std::is_same_v<T, std::complex<float>> && !std::is_same_v<T, std::complex<double>>;

/// The key of a real element. Differs from OrderKey in that -0.0 comes before 0.0 and NaNs keep what they carry, so
/// that the element can be had back.
template <typename T>
constexpr KeyOf<T> ElementKey(T x) {
  using Key = KeyOf<T>;
  if constexpr (std::is_floating_point_v<T>) {
    const auto bits = std::bit_cast<Key>(x);
    return internal::FlipNegative(x != x ? bits & std::numeric_limits<Key>::max() : bits);
  } else if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(Key)) {
    return static_cast<Key>(x ^ (T{1} << (8 * sizeof(T) - 1)));
  } else {
    return static_cast<Key>(x);
  }
}

/// The element of an ElementKey.
template <typename T>
constexpr T KeyElement(KeyOf<T> key) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<T>(internal::FlipNegative(key));
  } else if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(key)) {
    return static_cast<T>(key) ^ (T{1} << (8 * sizeof(T) - 1));
  } else {
    return static_cast<T>(key);
  }
}

/// The key by which elements are ordered: equal for those that compare as equal, and for all NaNs. Complex numbers as
/// NumPy has them: those whose imaginary part alone is NaN come behind all without NaN, ordered by the real part; then
/// those whose real part alone is, by the imaginary one; then those of which both are.
template <typename T>
constexpr KeyOf<T> OrderKey(T x) {
  if constexpr (!kKeyIsElement<T>) {
    using Real = typename T::value_type;
    auto high = OrderKey(x.real());
    auto low = OrderKey(x.imag());
    constexpr auto kNan = OrderKey(std::numeric_limits<Real>::quiet_NaN());
    if (low == kNan && high != kNan) {
      low = std::exchange(high, OrderKey(std::numeric_limits<Real>::infinity()) + 1);
    }
    if constexpr (std::is_same_v<Real, double>) {
      return {high, low};
    } else {
      return static_cast<std::int64_t>(high) * (std::int64_t{1} << 32) +
             (static_cast<std::int64_t>(low) + (std::int64_t{1} << 31));
    }
  } else if constexpr (std::is_floating_point_v<T>) {
    // -0.0 + 0.0 is 0.0.
    return x != x ? internal::FlipNegative(std::bit_cast<KeyOf<T>>(std::numeric_limits<T>::quiet_NaN()))
                  : internal::FlipNegative(std::bit_cast<KeyOf<T>>(x + T{0}));
  } else {
    return ElementKey(x);
  }
}

/// -1 - key: the key for the opposite order.
template <typename Key>
constexpr Key ReversedKey(Key key) {
  if constexpr (std::is_same_v<Key, WideKey>) {
    return {~key.high, ~key.low};
  } else {
    return ~key;
  }
}

}  // namespace distarray
