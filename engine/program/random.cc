#include "engine/program/random.h"

#include <sleef.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <type_traits>

namespace distarray {
namespace {

constexpr double kUnit = 0x1p-53;
constexpr double kTurn = 2 * std::numbers::pi;

double AsDouble(const Scalar& scalar) {
  double value = 0;
  StoreScalar(scalar, DType::kFloat64, &value);
  return value;
}

/// 64 bits of an integer, of either sign.
std::uint64_t AsBits(const Scalar& scalar) {
  std::uint64_t bits = 0;
  const bool is_unsigned = std::holds_alternative<std::uint64_t>(scalar.value);
  StoreScalar(scalar, is_unsigned ? DType::kUInt64 : DType::kInt64, &bits);
  return bits;
}

/// 53 bits: in [0, 1).
double Uniform(std::uint64_t bits) { return static_cast<double>(bits >> 11) * kUnit; }

template <typename T>
void DrawUniform(const RandomNumber& random, std::int64_t n, const std::uint64_t* bits, T* out) {
  const double low = AsDouble(random.low);
  const double high = AsDouble(random.high);
  const T end = static_cast<T>(high);
  const T last = std::nextafter(end, static_cast<T>(low));
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = static_cast<T>(low + (high - low) * Uniform(bits[i]));
    out[i] = value == end ? last : value;  // rounding reaches the end, which is not in the range
  }
}

/// Box and Muller's cosine, by SLEEF's functions that give the same bits on every processor.
template <typename T>
void DrawNormal(const RandomNumber& random, std::int64_t n, const std::uint64_t* first, const std::uint64_t* second,
                T* out) {
  const double mean = AsDouble(random.low);
  const double deviation = AsDouble(random.high);
  for (std::int64_t i = 0; i < n; i += 2) {
    const std::int64_t next = i + 1 < n ? i + 1 : i;
    const __m128d radius_from = _mm_set_pd(Uniform(first[next]) + kUnit, Uniform(first[i]) + kUnit);
    const __m128d angle = _mm_set_pd(kTurn * Uniform(second[next]), kTurn * Uniform(second[i]));
    const __m128d logarithm = Sleef_cinz_logd2_u35sse2(radius_from);
    const __m128d radius = _mm_sqrt_pd(_mm_mul_pd(_mm_set1_pd(-2), logarithm));
    double normal[2];
    _mm_storeu_pd(normal, _mm_mul_pd(radius, Sleef_cinz_cosd2_u35sse2(angle)));
    out[i] = static_cast<T>(mean + deviation * normal[0]);
    out[next] = static_cast<T>(mean + deviation * normal[next - i]);
  }
}

template <typename T>
void DrawIntegers(const RandomNumber& random, std::int64_t n, const std::uint64_t* bits, T* out) {
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t low = AsBits(random.low);
  const std::uint64_t range = AsBits(random.high) - low;
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<T>(low + static_cast<std::uint64_t>((static_cast<Wide>(bits[i]) * range) >> 64));
  }
}

/// As many of both ends' numbers as there may be, each as likely as the others up to 2^-64.
template <typename T>
void DrawClosedIntegers(const RandomNumber& random, std::int64_t n, const std::uint64_t* first,
                        const std::uint64_t* second, T* out) {
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t low = AsBits(random.low);
  const Wide count = static_cast<Wide>(AsBits(random.high) - low) + 1;  // at most 2^64
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t carried = static_cast<std::uint64_t>((second[i] * count) >> 64);
    const Wide drawn = (count >> 64) != 0 ? first[i] : (first[i] * count + carried) >> 64;
    out[i] = static_cast<T>(low + static_cast<std::uint64_t>(drawn));
  }
}

}  // namespace

void DrawRandom(const RandomNumber& random, DType dtype, std::int64_t n, const std::uint64_t* first,
                const std::uint64_t* second, void* out) {
  Visit(dtype, [&]<typename T>() {
    if constexpr (std::is_floating_point_v<T>) {
      if (random.kind == RandomNumber::Kind::kNormal) {
        DrawNormal(random, n, first, second, static_cast<T*>(out));
      } else {
        DrawUniform(random, n, first, static_cast<T*>(out));
      }
    } else if constexpr (std::is_integral_v<T>) {
      if (random.kind == RandomNumber::Kind::kClosedIntegers) {
        DrawClosedIntegers(random, n, first, second, static_cast<T*>(out));
        return;
      }
      DrawIntegers(random, n, first, static_cast<T*>(out));
    }
  });
}

}  // namespace distarray
