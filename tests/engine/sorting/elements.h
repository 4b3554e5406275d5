#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <type_traits>
#include <vector>

namespace distarray {

/// Whether a comes before b: NaNs last, complex numbers by their real parts first, as NumPy has it.
template <typename T>
bool Before(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(b) ? !std::isnan(a) : a < b;
  } else {
    return a < b;
  }
}
template <typename T>
bool Before(std::complex<T> a, std::complex<T> b) {
  // What is NaN counts first: nothing, the imaginary part, the real part, both.
  const auto rank = [](std::complex<T> x) { return 2 * std::isnan(x.real()) + std::isnan(x.imag()); };
  if (rank(a) != rank(b)) {
    return rank(a) < rank(b);
  }
  if (Before(a.real(), b.real()) || Before(b.real(), a.real())) {
    return Before(a.real(), b.real());
  }
  return Before(a.imag(), b.imag());
}

/// How elements are made: many values or few, in whatever order; kNearly...: but for the last.
enum class Kinds { kMany, kFew, kEqual, kNearlyEqual, kAscending, kNearlyAscending, kDescending, kSpecial };
inline constexpr Kinds kAllKinds[] = {Kinds::kMany,        Kinds::kFew,       Kinds::kEqual,
                                      Kinds::kNearlyEqual, Kinds::kAscending, Kinds::kNearlyAscending,
                                      Kinds::kDescending,  Kinds::kSpecial};

template <typename T>
T RandomElement(std::mt19937_64& random, Kinds kinds) {
  if constexpr (std::is_same_v<T, bool>) {
    return random() % 2 != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return kinds == Kinds::kFew ? static_cast<T>(random() % 5) : static_cast<T>(random());
  } else if constexpr (std::is_floating_point_v<T>) {
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
    if (kinds == Kinds::kSpecial) {
      const T special[] = {T{0},
                           -T{0},
                           kNan,
                           -kNan,
                           kInfinity,
                           -kInfinity,
                           std::numeric_limits<T>::denorm_min(),
                           std::numeric_limits<T>::lowest(),
                           std::numeric_limits<T>::max(),
                           T{1},
                           T{-1}};
      return special[random() % std::size(special)];
    }
    return kinds == Kinds::kFew ? static_cast<T>(random() % 5) - 2 : std::normal_distribution<T>()(random);
  } else {
    using Real = typename T::value_type;
    return {RandomElement<Real>(random, kinds), RandomElement<Real>(random, kinds)};
  }
}

template <typename T>
std::vector<T> RandomElements(std::int64_t count, Kinds kinds, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> elements(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const bool equal = kinds == Kinds::kEqual || (kinds == Kinds::kNearlyEqual && i + 1 < elements.size());
    elements[i] = i > 0 && equal ? static_cast<T>(elements[0]) : RandomElement<T>(random, kinds);
  }
  if (kinds == Kinds::kAscending || kinds == Kinds::kNearlyAscending || kinds == Kinds::kDescending) {
    std::sort(elements.begin(), elements.end(), [](T a, T b) { return Before(a, b); });
    if (kinds == Kinds::kDescending) {
      std::reverse(elements.begin(), elements.end());
    } else if (kinds == Kinds::kNearlyAscending && !elements.empty()) {
      std::iter_swap(elements.begin(), elements.end() - 1);
    }
  }
  return elements;
}

/// The positions in a stable order.
template <typename T>
std::vector<std::int64_t> ExpectedOrder(const std::vector<T>& elements, bool descending) {
  std::vector<std::int64_t> order(elements.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const T x = elements[static_cast<std::size_t>(a)];
    const T y = elements[static_cast<std::size_t>(b)];
    return descending ? Before(y, x) : Before(x, y);
  });
  return order;
}

/// Whether two elements are equal or both NaN (in the same parts).
template <typename T>
bool Same(T a, T b) {
  return !Before(a, b) && !Before(b, a);
}

}  // namespace distarray
