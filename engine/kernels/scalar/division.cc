#include <cmath>
#include <numeric>

#include "engine/kernels/scalar/tables.h"
#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"

namespace distarray::scalar {
namespace {

// Integers: division by zero gives 0, the minimum divided by -1 itself, as in NumPy.

template <Integer T>
constexpr T Fmod(T x, T y) {
  if (y == 0) {
    return 0;
  }
  if constexpr (Signed<T>) {
    if (y == -1) {
      return 0;
    }
  }
  return static_cast<T>(x % y);
}

template <Integer T>
constexpr T FloorDivide(T x, T y) {
  if (y == 0) {
    return 0;
  }
  if constexpr (Signed<T>) {
    if (y == -1) {
      return Negative(x);
    }
    const T quotient = static_cast<T>(x / y);
    return static_cast<T>(quotient - ((x < 0) != (y < 0) && quotient * y != x));
  } else {
    return static_cast<T>(x / y);
  }
}

template <Integer T>
constexpr T Remainder(T x, T y) {
  const T remainder = Fmod(x, y);
  if constexpr (Signed<T>) {
    if (remainder != 0 && (x < 0) != (y < 0)) {
      return static_cast<T>(remainder + y);
    }
  }
  return remainder;
}

/// The C library's, without its loop over bits while the quotient is exact in T.
template <Floating T>
T Fmod(T x, T y) {
  constexpr T kExact = std::same_as<T, double> ? T(4503599627370496) : T(8388608);
  const T quotient = std::trunc(x / y);
  if (std::fabs(quotient) < kExact && IsFinite(y)) {
    // Exact, and at most one y too far, where x / y was rounded up to a whole number.
    T remainder = std::fma(-quotient, y, x);
    if (remainder != 0 && std::signbit(remainder) != std::signbit(x)) {
      remainder += std::copysign(y, x);
    }
    return std::copysign(remainder, x);
  }
  return std::fmod(x, y);
}

template <Floating T>
T Remainder(T x, T y) {
  const T remainder = Fmod(x, y);
  if (y == 0) {
    return remainder;
  }
  if (remainder == 0) {
    return std::copysign(T{0}, y);
  }
  return (y < 0) != (remainder < 0) ? remainder + y : remainder;
}

/// NumPy's npy_divmod: the quotient that goes with Remainder, rounded to a whole number.
template <Floating T>
T FloorDivide(T x, T y) {
  if (y == 0) {
    return x / y;
  }
  const T remainder = Fmod(x, y);
  T quotient = (x - remainder) / y;
  if (remainder != 0 && (y < 0) != (remainder < 0)) {
    quotient -= 1;
  }
  if (quotient == 0) {
    return std::copysign(T{0}, x / y);
  }
  const T whole = std::floor(quotient);
  return quotient - whole > T(0.5) ? whole + 1 : whole;
}

template <Integer T>
constexpr std::make_unsigned_t<T> Magnitude(T x) {
  return static_cast<std::make_unsigned_t<T>>(Signed<T> && x < 0 ? Negative(x) : x);
}

/// The greatest common divisor; 0 of two zeros. One that T cannot hold wraps.
template <Integer T>
constexpr T Gcd(T x, T y) {
  return static_cast<T>(std::gcd(Magnitude(x), Magnitude(y)));
}

template <Integer T>
constexpr T Lcm(T x, T y) {
  using Unsigned = std::make_unsigned_t<T>;
  const Unsigned divisor = std::gcd(Magnitude(x), Magnitude(y));
  return divisor == 0 ? T{0}
                      : static_cast<T>(Multiply<Unsigned>(static_cast<Unsigned>(Magnitude(x) / divisor), Magnitude(y)));
}

template <Integer T>
constexpr T PowerBySquaring(T base, std::make_unsigned_t<T> exponent) {
  T result = 1;
  for (; exponent != 0; exponent = static_cast<std::make_unsigned_t<T>>(exponent >> 1)) {
    if ((exponent & 1) != 0) {
      result = Multiply(result, base);
    }
    base = Multiply(base, base);
  }
  return result;
}

template <Integer T>
std::uint32_t PowerKernel(std::int64_t n, const void* const* in, void* out) {
  const T* base = static_cast<const T*>(in[0]);
  const T* exponent = static_cast<const T*>(in[1]);
  T* result = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (Signed<T>) {
      if (exponent[i] < 0) {
        return kNegativeExponent;
      }
    }
    result[i] = PowerBySquaring(base[i], static_cast<std::make_unsigned_t<T>>(exponent[i]));
  }
  return 0;
}

constexpr OperationRow PowerRow() {
  OperationRow row{.name = "power", .operand_count = 2, .may_fail = true};
  [&]<typename... Ts>(std::type_identity<std::tuple<Ts...>>) {
    const auto add = [&]<typename T>(std::type_identity<T>) {
      if constexpr (Integer<T>) {
        row.kernels[static_cast<std::size_t>(kDTypeOf<T>)] = &PowerKernel<T>;
        row.results[static_cast<std::size_t>(kDTypeOf<T>)] = kDTypeOf<T>;
      }
    };
    (add(std::type_identity<Ts>{}), ...);
  }(std::type_identity<ElementTypes>{});
  return row;
}

constexpr OperationRow kRows[] = {
    Row("floor_divide", []<Real T>(T x, T y) { return FloorDivide(x, y); }),
    Row("remainder", []<Real T>(T x, T y) { return Remainder(x, y); }),
    Row("fmod", []<Real T>(T x, T y) { return Fmod(x, y); }),
    Row("reciprocal",
        []<Integer T>(T x) {
          // 1 / 0 is NumPy's conversion of infinity: the minimum of the wide signed types, else 0.
          constexpr T kOfZero = Signed<T> && sizeof(T) >= 4 ? std::numeric_limits<T>::min() : T{0};
          const bool is_minus_one = Signed<T> && Negative(x) == 1;
          return x == 0 ? kOfZero : static_cast<T>((x == 1) - is_minus_one);
        }),
    Row("gcd", []<Integer T>(T x, T y) { return Gcd(x, y); }),
    Row("lcm", []<Integer T>(T x, T y) { return Lcm(x, y); }),
    PowerRow(),
};

}  // namespace

std::span<const OperationRow> DivisionRows() { return kRows; }

}  // namespace distarray::scalar
