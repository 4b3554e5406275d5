#pragma once

// The arithmetic of single numbers, defined for every value: integers wrap, shifts may be of any size.

#include <cmath>
#include <complex>
#include <limits>
#include <type_traits>

#include "engine/kernels/kernel.h"

namespace distarray::DISTARRAY_KERNEL_SET {

/// An unsigned type in which T's sums and products wrap without promotion to int.
template <Integer T>
using Wide = std::conditional_t<(sizeof(T) < 4), std::uint32_t, std::make_unsigned_t<T>>;

template <typename T>
struct RealPartOf {
  using Type = T;
};
template <typename T>
struct RealPartOf<std::complex<T>> {
  using Type = T;
};
template <typename T>
using RealPart = typename RealPartOf<T>::Type;

template <Floating T>
constexpr bool IsNan(T x) {
  return x != x;
}
template <Complex T>
constexpr bool IsNan(T x) {
  return IsNan(x.real()) || IsNan(x.imag());
}
template <Floating T>
constexpr bool IsFinite(T x) {
  return x - x == 0;
}
template <Floating T>
constexpr bool IsInfinite(T x) {
  return !IsNan(x) && !IsFinite(x);
}

template <Element T>
constexpr bool IsTrue(T x) {
  if constexpr (Complex<T>) {
    return x.real() != 0 || x.imag() != 0;
  } else {
    return x != T{0};
  }
}

template <Number T>
constexpr T Add(T x, T y) {
  if constexpr (Integer<T>) {
    return static_cast<T>(static_cast<Wide<T>>(x) + static_cast<Wide<T>>(y));
  } else if constexpr (Complex<T>) {
    return T(x.real() + y.real(), x.imag() + y.imag());
  } else {
    return x + y;
  }
}

template <Number T>
constexpr T Subtract(T x, T y) {
  if constexpr (Integer<T>) {
    return static_cast<T>(static_cast<Wide<T>>(x) - static_cast<Wide<T>>(y));
  } else if constexpr (Complex<T>) {
    return T(x.real() - y.real(), x.imag() - y.imag());
  } else {
    return x - y;
  }
}

/// A product, rounded. GCC 12 fuses those of complex numbers with their sums even when told not to contract.
template <Floating T>
constexpr T RoundedProduct(T x, T y) {
#if __has_builtin(__builtin_assoc_barrier)
  return __builtin_assoc_barrier(x * y);
#else
  return x * y;
#endif
}

template <Number T>
constexpr T Multiply(T x, T y) {
  if constexpr (Integer<T>) {
    return static_cast<T>(static_cast<Wide<T>>(x) * static_cast<Wide<T>>(y));
  } else if constexpr (Complex<T>) {
    return T(RoundedProduct(x.real(), y.real()) - RoundedProduct(x.imag(), y.imag()),
             RoundedProduct(x.real(), y.imag()) + RoundedProduct(x.imag(), y.real()));
  } else {
    return x * y;
  }
}

template <Number T>
constexpr T Negative(T x) {
  if constexpr (Integer<T>) {
    return Subtract(T{0}, x);
  } else if constexpr (Complex<T>) {
    return T(-x.real(), -x.imag());
  } else {
    return -x;
  }
}

/// NumPy's order: real part first; a NaN anywhere makes every comparison false.
template <Element T>
constexpr bool Less(T x, T y) {
  if constexpr (Complex<T>) {
    return (x.real() < y.real() && !IsNan(x.imag()) && !IsNan(y.imag())) ||
           (x.real() == y.real() && x.imag() < y.imag());
  } else {
    return x < y;
  }
}

template <Element T>
constexpr bool Equal(T x, T y) {
  if constexpr (Complex<T>) {
    return (x.real() == y.real()) & (x.imag() == y.imag());
  } else {
    return x == y;
  }
}

template <Element T>
constexpr bool LessEqual(T x, T y) {
  if constexpr (Complex<T>) {
    return (x.real() < y.real() && !IsNan(x.imag()) && !IsNan(y.imag())) ||
           (x.real() == y.real() && x.imag() <= y.imag());
  } else {
    return x <= y;
  }
}

/// The larger; a NaN if there is one.
template <Element T>
constexpr T Maximum(T x, T y) {
  if constexpr (Inexact<T>) {
    return (LessEqual(y, x) || IsNan(x)) ? x : y;
  } else {
    return x > y ? x : y;
  }
}

template <Element T>
constexpr T Minimum(T x, T y) {
  if constexpr (Inexact<T>) {
    return (LessEqual(x, y) || IsNan(x)) ? x : y;
  } else {
    return x < y ? x : y;
  }
}

}  // namespace distarray::DISTARRAY_KERNEL_SET
