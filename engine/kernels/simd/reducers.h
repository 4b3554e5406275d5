#pragma once

// How numbers are accumulated. Each reducer's functions take numbers or vectors of them; `state` has one entry a plane.

#include <limits>

#if defined(__FMA__)
#include <immintrin.h>
#endif

#include "engine/kernels/simd/number.h"

namespace distarray::DISTARRAY_KERNEL_SET {

/// What x * y lost when it was rounded to `product`.
template <typename V>
inline V ProductError(V x, V y, V product) {
#if defined(__FMA__)
  if constexpr (sizeof(V) == sizeof(double)) {
    return __builtin_fma(x, y, -product);
#if defined(__AVX512F__)
  } else if constexpr (sizeof(V) == 64) {
    return reinterpret_cast<V>(_mm512_fmsub_pd(reinterpret_cast<__m512d>(x), reinterpret_cast<__m512d>(y),
                                               reinterpret_cast<__m512d>(product)));
#endif
  } else {
    return reinterpret_cast<V>(_mm256_fmsub_pd(reinterpret_cast<__m256d>(x), reinterpret_cast<__m256d>(y),
                                               reinterpret_cast<__m256d>(product)));
  }
#else
  // Dekker: products of halves are exact.
  constexpr double kSplit = 134217729;  // 2^27 + 1
  const V x_scaled = x * kSplit;
  const V x_high = x_scaled - (x_scaled - x);
  const V x_low = x - x_high;
  const V y_scaled = y * kSplit;
  const V y_high = y_scaled - (y_scaled - y);
  const V y_low = y - y_high;
  return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low;
#endif
}

/// x + y and x - y, on the units that multiply: in sums alone those have nothing to do.
template <typename V>
inline V AddElsewhere(V x, V y) {
#if defined(__AVX512F__)
  if constexpr (sizeof(V) == 64) {
    const __m512d sum = _mm512_fmadd_pd(reinterpret_cast<__m512d>(x), _mm512_set1_pd(1), reinterpret_cast<__m512d>(y));
    return reinterpret_cast<V>(sum);
  }
#endif
  return x + y;
}
template <typename V>
inline V SubtractElsewhere(V x, V y) {
#if defined(__AVX512F__)
  if constexpr (sizeof(V) == 64) {
    const __m512d difference =
        _mm512_fnmadd_pd(reinterpret_cast<__m512d>(y), _mm512_set1_pd(1), reinterpret_cast<__m512d>(x));
    return reinterpret_cast<V>(difference);
  }
#endif
  return x - y;
}

/// sum = sum + x; what rounding lost is added to error (Knuth's TwoSum).
template <typename V>
inline void TwoSum(V& sum, V& error, V x) {
  const V total = sum + x;
  const V part = total - sum;
  error = AddElsewhere(error, SubtractElsewhere(sum, total - part) + SubtractElsewhere(x, part));
  sum = total;
}

/// Sum2 of Ogita, Rump and Oishi: planes sum, error.
struct CompensatedSum {
  using Number = double;
  static constexpr int kPlanes = 2;
  static constexpr double kIdentity[kPlanes] = {0, 0};

  template <typename V>
  static void Step(V* state, V x) {
    TwoSum(state[0], state[1], x);
  }
  template <typename V>
  static void Merge(V* into, const V* from) {
    TwoSum(into[0], into[1], from[0]);
    into[1] += from[1];
  }
};

/// Sums of x and of x * x: planes sum, error, sum of squares, its error.
struct CompensatedSquares {
  using Number = double;
  static constexpr int kPlanes = 4;
  static constexpr double kIdentity[kPlanes] = {0, 0, 0, 0};

  template <typename V>
  static void Step(V* state, V x) {
    TwoSum(state[0], state[1], x);
    const V square = x * x;
    TwoSum(state[2], state[3], square);
    state[3] += ProductError(x, x, square);
  }
  template <typename V>
  static void Merge(V* into, const V* from) {
    CompensatedSum::Merge(into, from);
    CompensatedSum::Merge(into + 2, from + 2);
  }
};

/// Planes product, error.
struct CompensatedProduct {
  using Number = double;
  static constexpr int kPlanes = 2;
  static constexpr double kIdentity[kPlanes] = {1, 0};

  template <typename V>
  static void Step(V* state, V x) {
    const V product = state[0] * x;
    state[1] = state[1] * x + ProductError(state[0], x, product);
    state[0] = product;
  }
  template <typename V>
  static void Merge(V* into, const V* from) {
    const V product = into[0] * from[0];
    into[1] = (into[1] * from[0] + into[0] * from[1]) + ProductError(into[0], from[0], product);
    into[0] = product;
  }
};

/// Sums of integers, signed ones too: they wrap.
struct WrappingSum {
  using Number = std::uint64_t;
  static constexpr int kPlanes = 1;
  static constexpr std::uint64_t kIdentity[kPlanes] = {0};

  template <typename V>
  static void Step(V* state, V x) {
    state[0] += x;
  }
  template <typename V>
  static void Merge(V* into, const V* from) {
    into[0] += from[0];
  }
};

struct WrappingProduct {
  using Number = std::uint64_t;
  static constexpr int kPlanes = 1;
  static constexpr std::uint64_t kIdentity[kPlanes] = {1};

  template <typename V>
  static void Step(V* state, V x) {
    state[0] *= x;
  }
  template <typename V>
  static void Merge(V* into, const V* from) {
    into[0] *= from[0];
  }
};

/// The largest (kSign > 0) or smallest; a NaN if there is one.
template <typename T, int kSign>
struct Extreme {
  using Number = T;
  using Limits = std::numeric_limits<T>;
  static constexpr int kPlanes = 1;
  static constexpr T kIdentity[kPlanes] = {Floating<T> ? (kSign > 0 ? -Limits::infinity() : Limits::infinity())
                                                       : (kSign > 0 ? Limits::lowest() : Limits::max())};

  template <typename V>
  static void Step(V* state, V x) {
    if constexpr (Floating<T>) {
      const auto better = kSign > 0 ? (x > state[0]) | (x != x) : (x < state[0]) | (x != x);
      state[0] = better ? x : state[0];
    } else {
      const auto better = kSign > 0 ? x > state[0] : x < state[0];
      state[0] = better ? x : state[0];
    }
  }
  template <typename V>
  static void Merge(V* into, const V* from) {
    Step(into, from[0]);
  }
};

/// Complex numbers, one at a time.
template <typename T, int kSign>
struct ComplexExtreme {
  using Number = T;
  using Real = RealPart<T>;
  static constexpr int kPlanes = 1;
  static constexpr Real kEdge = kSign > 0 ? -std::numeric_limits<Real>::infinity()
                                          : std::numeric_limits<Real>::infinity();
  static constexpr T kIdentity[kPlanes] = {T(kEdge, kEdge)};

  static void Step(T* state, T x) { state[0] = kSign > 0 ? Maximum(state[0], x) : Minimum(state[0], x); }
  static void Merge(T* into, const T* from) { Step(into, from[0]); }
};

struct ComplexProduct {
  using Number = std::complex<double>;
  static constexpr int kPlanes = 1;
  static constexpr Number kIdentity[kPlanes] = {Number(1, 0)};

  static void Step(Number* state, Number x) { state[0] = Multiply(state[0], x); }
  static void Merge(Number* into, const Number* from) { Step(into, from[0]); }
};

}  // namespace distarray::DISTARRAY_KERNEL_SET
