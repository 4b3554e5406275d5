#include <cmath>
#include <cstring>

#include "engine/kernels/simd/exponentials.h"
#include "engine/kernels/simd/number.h"
#include "engine/kernels/simd/row.h"
#include "engine/kernels/simd/tables.h"
#include "instruction_set.h"

namespace distarray::DISTARRAY_KERNEL_SET {
namespace {

template <typename T>
struct Vector;
template <>
struct Vector<double> {
  using Type = Doubles;
};
template <>
struct Vector<float> {
  using Type = Floats;
};
template <Floating T>
using VectorOf = typename Vector<T>::Type;

template <typename T>
VectorOf<T> LoadVector(const T* from) {
  VectorOf<T> vector;
  std::memcpy(&vector, from, sizeof(vector));
  return vector;
}

/// Applies f to whole vectors, the last of them padded with copies of the first element that is left.
template <typename F, typename T, int kOperands>
std::uint32_t RunVectors(std::int64_t n, const void* const* in, void* out) {
  constexpr std::int64_t kLanes = sizeof(VectorOf<T>) / sizeof(T);
  const auto apply = [](const T* x, const T* y, T* z) {
    VectorOf<T> result;
    if constexpr (kOperands == 1) {
      result = F{}(LoadVector(x));
    } else {
      result = F{}(LoadVector(x), LoadVector(y));
    }
    std::memcpy(z, &result, sizeof(result));
  };
  const T* x = static_cast<const T*>(in[0]);
  const T* y = kOperands == 2 ? static_cast<const T*>(in[1]) : x;
  T* z = static_cast<T*>(out);
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    apply(x + i, y + i, z + i);
  }
  if (i < n) {
    T padded[3][kLanes];
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const std::int64_t from = i + lane < n ? i + lane : i;
      padded[0][lane] = x[from];
      padded[1][lane] = y[from];
    }
    apply(padded[0], padded[1], padded[2]);
    std::memcpy(z + i, padded[2], static_cast<std::size_t>(n - i) * sizeof(T));
  }
  return 0;
}

/// As RunVectors<F>, but elements beyond the range in which SLEEF's function keeps its bound are computed by G, of the
/// C library.
template <typename F, typename G, typename T>
std::uint32_t RunVectorsWithin(std::int64_t n, const void* const* in, void* out) {
  RunVectors<F, T, 1>(n, in, out);
  const T* __restrict x = static_cast<const T*>(in[0]);
  T* __restrict z = static_cast<T*>(out);
  const T limit = G::template kLimit<T>;
  int beyond = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    beyond |= std::fabs(x[i]) > limit;
  }
  for (std::int64_t i = 0; beyond != 0 && i < n; ++i) {
    if (std::fabs(x[i]) > limit) {
      z[i] = G::Compute(x[i]);
    }
  }
  return 0;
}

constexpr OperationRow FloatRow(std::string_view name, int operand_count, Kernel on_float, Kernel on_double) {
  OperationRow row{.name = name, .operand_count = operand_count};
  row.kernels[static_cast<std::size_t>(DType::kFloat32)] = on_float;
  row.kernels[static_cast<std::size_t>(DType::kFloat64)] = on_double;
  row.results[static_cast<std::size_t>(DType::kFloat32)] = DType::kFloat32;
  row.results[static_cast<std::size_t>(DType::kFloat64)] = DType::kFloat64;
  return row;
}

/// An operation by its function on vectors of float or double.
template <typename F>
constexpr OperationRow Unary(std::string_view name, F) {
  return FloatRow(name, 1, &RunVectors<F, float, 1>, &RunVectors<F, double, 1>);
}

template <typename F>
constexpr OperationRow Binary(std::string_view name, F) {
  return FloatRow(name, 2, &RunVectors<F, float, 2>, &RunVectors<F, double, 2>);
}

template <typename F>
constexpr OperationRow BinaryInDouble(std::string_view name, F) {
  return IntegersAsDouble(FloatRow(name, 2, nullptr, &RunVectors<F, double, 2>));
}

template <typename G, typename F>
constexpr OperationRow UnaryWithin(std::string_view name, F) {
  return FloatRow(name, 1, &RunVectorsWithin<F, G, float>, &RunVectorsWithin<F, G, double>);
}

// SLEEF's documented ranges.
struct LibrarySinh {
  template <typename T>
  static constexpr T kLimit = std::same_as<T, double> ? T(709) : T(88.5);
  static auto Compute(auto x) { return std::sinh(x); }
};
struct LibraryCosh : LibrarySinh {
  static auto Compute(auto x) { return std::cosh(x); }
};
struct LibraryArcsinh {
  template <typename T>
  static constexpr T kLimit = std::same_as<T, double> ? T(1.34e+154) : T(1.84e+19);
  static auto Compute(auto x) { return std::asinh(x); }
};
struct LibraryArccosh : LibraryArcsinh {
  static auto Compute(auto x) { return std::acosh(x); }
};
struct LibraryLog1p {
  template <typename T>
  static constexpr T kLimit = std::same_as<T, double> ? T(1e+307) : T(1e+38);
  static auto Compute(auto x) { return std::log1p(x); }
};

#ifdef __AVX512F__
Floats FastExp(Floats x) { return Exp(x); }
Doubles FastExp(Doubles x) { return ExpOf(x); }
Floats FastExp2(Floats x) { return Exp2(x); }
Doubles FastExp2(Doubles x) { return Exp2Of(x, Doubles{}); }
auto FastPower(auto x, auto y) { return PowerOf(x, y); }
#else
auto FastExp(auto x) { return Exp(x); }
auto FastExp2(auto x) { return Exp2(x); }
auto FastPower(auto x, auto y) { return Power(x, y); }
#endif

constexpr OperationRow kRows[] = {
    Unary("sin", [](auto x) { return Sin(x); }),
    Unary("cos", [](auto x) { return Cos(x); }),
    Unary("tan", [](auto x) { return Tan(x); }),
    Unary("arcsin", [](auto x) { return Arcsin(x); }),
    Unary("arccos", [](auto x) { return Arccos(x); }),
    Unary("arctan", [](auto x) { return Arctan(x); }),
    UnaryWithin<LibrarySinh>("sinh", [](auto x) { return Sinh(x); }),
    UnaryWithin<LibraryCosh>("cosh", [](auto x) { return Cosh(x); }),
    Unary("tanh", [](auto x) { return Tanh(x); }),
    UnaryWithin<LibraryArcsinh>("arcsinh", [](auto x) { return Arcsinh(x); }),
    UnaryWithin<LibraryArccosh>("arccosh", [](auto x) { return Arccosh(x); }),
    Unary("arctanh", [](auto x) { return Arctanh(x); }),
    Unary("exp", [](auto x) { return FastExp(x); }),
    Unary("exp2", [](auto x) { return FastExp2(x); }),
    Unary("expm1", [](auto x) { return Expm1(x); }),
    Unary("log", [](auto x) { return Log(x); }),
    Unary("log2", [](auto x) { return Log2(x); }),
    Unary("log10", [](auto x) { return Log10(x); }),
    UnaryWithin<LibraryLog1p>("log1p", [](auto x) { return Log1p(x); }),
    Unary("cbrt", [](auto x) { return Cbrt(x); }),
    Binary("arctan2", [](auto x, auto y) { return Arctan2(x, y); }),
    Binary("hypot", [](auto x, auto y) { return Hypot(x, y); }),
    Binary("power", [](auto x, auto y) { return FastPower(x, y); }),
    BinaryInDouble("float_power", [](auto x, auto y) { return FastPower(x, y); }),
};

}  // namespace

std::span<const OperationRow> MathematicsRows() { return kRows; }

}  // namespace distarray::DISTARRAY_KERNEL_SET
