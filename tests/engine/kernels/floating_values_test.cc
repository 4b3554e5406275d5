#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "tests/engine/kernels/run_kernel.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

template <typename T>
std::vector<T> SpecialValues() {
  using Limits = std::numeric_limits<T>;
  const T values[] = {T{0},
                      T{0.25},
                      T{0.5},
                      T{1},
                      T{1.5},
                      T{2},
                      T{2.5},
                      T{3},
                      T{1e10},
                      T{7.75},
                      Limits::max(),
                      Limits::min(),
                      T{100},
                      T{89.5},
                      T{709.5},
                      T{710.25},
                      Limits::denorm_min(),
                      Limits::infinity(),
                      T(1e-5),
                      std::numbers::pi_v<T>,
                      Limits::epsilon()};
  std::vector<T> all;
  for (const T value : values) {
    all.push_back(value);
    all.push_back(-value);
  }
  all.push_back(Limits::quiet_NaN());
  return all;
}

/// Special values, and random ones of every magnitude.
template <typename T>
std::vector<T> ManyValues() {
  std::vector<T> values = SpecialValues<T>();
  std::mt19937_64 random(12345);
  std::uniform_real_distribution<double> unit(-1, 1);
  const int most = std::numeric_limits<T>::max_exponent;
  std::uniform_int_distribution<int> exponents(-most, most - 1);
  for (int i = 0; i < 3000; ++i) {
    values.push_back(static_cast<T>(std::ldexp(unit(random), exponents(random))));
    values.push_back(static_cast<T>(unit(random) * 20));
    values.push_back(static_cast<T>(unit(random)));
  }
  return values;
}

template <typename T>
using Precise = std::conditional_t<std::is_same_v<T, float>, double, long double>;

/// The distance of `value` from `exact` in units of the last place of T; 0 for equal special values.
template <typename T>
double Ulps(T value, Precise<T> exact) {
  const auto rounded = static_cast<T>(exact);
  if (Same(value, rounded)) {
    return 0;
  }
  if (!std::isfinite(value) || !std::isfinite(rounded)) {
    // The largest number and infinity are neighbours.
    const bool neighbours = std::fabs(value) >= std::numeric_limits<T>::max() &&
                            std::fabs(rounded) >= std::numeric_limits<T>::max() &&
                            std::signbit(value) == std::signbit(rounded);
    return neighbours ? 1 : std::numeric_limits<double>::infinity();
  }
  int exponent = 0;
  std::frexp(rounded, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  const Precise<T> unit = std::ldexp(Precise<T>{1}, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs((static_cast<Precise<T>>(value) - exact) / unit));
}

using Floats = std::tuple<float, double>;

template <typename T, typename R>
void CompareUnary(const char* name, R (*reference)(T)) {
  const Elements<T> x(ManyValues<T>());
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunUnary<R>(*set, name, x);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const R expected = reference(x[i]);
      CAPTURE(set->name, name, x[i], out[i], expected);
      REQUIRE(Same(out[i], expected));
      REQUIRE((!std::is_same_v<R, T> || out[i] != out[i] || std::signbit(T(out[i])) == std::signbit(T(expected))));
    }
  }
}

template <typename T, typename R>
void CompareBinary(const char* name, R (*reference)(T, T)) {
  const auto [x, y] = AllPairs(SpecialValues<T>());
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunBinary<R>(*set, name, x, y);
    for (std::size_t i = 0; i < out.size(); ++i) {
      CAPTURE(set->name, name, x[i], y[i], out[i], reference(x[i], y[i]));
      REQUIRE(Same(out[i], reference(x[i], y[i])));
    }
  }
}

/// `reference` is a lambda that captures nothing.
template <typename T, typename F>
void CheckExactly(const char* name, F reference) {
  if constexpr (std::is_invocable_v<F, T>) {
    CompareUnary<T, std::invoke_result_t<F, T>>(name, reference);
  } else {
    CompareBinary<T, std::invoke_result_t<F, T, T>>(name, reference);
  }
}

TEMPLATE_LIST_TEST_CASE("Floating arithmetic is IEEE's, bit for bit", "", Floats) {
  using T = TestType;
  CheckExactly<T>("add", [](T x, T y) { return x + y; });
  CheckExactly<T>("subtract", [](T x, T y) { return x - y; });
  CheckExactly<T>("multiply", [](T x, T y) { return x * y; });
  CheckExactly<T>("divide", [](T x, T y) { return x / y; });
  CheckExactly<T>("true_divide", [](T x, T y) { return x / y; });
  CheckExactly<T>("sqrt", [](T x) { return std::sqrt(x); });
  CheckExactly<T>("square", [](T x) { return x * x; });
  CheckExactly<T>("reciprocal", [](T x) { return 1 / x; });
  CheckExactly<T>("negative", [](T x) { return -x; });
  CheckExactly<T>("absolute", [](T x) { return std::fabs(x); });
  CheckExactly<T>("copy", [](T x) { return x; });
  CheckExactly<T>("rint", [](T x) { return std::rint(x); });
  CheckExactly<T>("floor", [](T x) { return std::floor(x); });
  CheckExactly<T>("ceil", [](T x) { return std::ceil(x); });
  CheckExactly<T>("trunc", [](T x) { return std::trunc(x); });
  CheckExactly<T>("copysign", [](T x, T y) { return std::copysign(x, y); });
  CheckExactly<T>("nextafter", [](T x, T y) { return std::nextafter(x, y); });
  CheckExactly<T>("sign", [](T x) { return std::isnan(x) ? x : T(x > 0) - T(x < 0); });
  CheckExactly<T>("deg2rad", [](T x) { return x * (std::numbers::pi_v<T> / T{180}); });
  CheckExactly<T>("rad2deg", [](T x) { return x * (T{180} / std::numbers::pi_v<T>); });
}

TEMPLATE_LIST_TEST_CASE("Floating comparison, and what NaN does", "", Floats) {
  using T = TestType;
  CheckExactly<T>("equal", [](T x, T y) { return x == y; });
  CheckExactly<T>("not_equal", [](T x, T y) { return x != y; });
  CheckExactly<T>("less", [](T x, T y) { return x < y; });
  CheckExactly<T>("less_equal", [](T x, T y) { return x <= y; });
  CheckExactly<T>("greater", [](T x, T y) { return x > y; });
  CheckExactly<T>("greater_equal", [](T x, T y) { return x >= y; });
  CheckExactly<T>("isnan", [](T x) { return std::isnan(x); });
  CheckExactly<T>("isinf", [](T x) { return std::isinf(x); });
  CheckExactly<T>("isfinite", [](T x) { return std::isfinite(x); });
  CheckExactly<T>("signbit", [](T x) { return std::signbit(x); });
  CheckExactly<T>("logical_not", [](T x) { return x == 0; });
  CheckExactly<T>("logical_and", [](T x, T y) { return x != 0 && y != 0; });
  CheckExactly<T>("logical_or", [](T x, T y) { return x != 0 || y != 0; });
  CheckExactly<T>("logical_xor", [](T x, T y) { return (x != 0) != (y != 0); });
  CheckExactly<T>("maximum", [](T x, T y) { return std::isnan(x) || std::isnan(y) ? T(NAN) : std::max(x, y); });
  CheckExactly<T>("minimum", [](T x, T y) { return std::isnan(x) || std::isnan(y) ? T(NAN) : std::min(x, y); });
  CheckExactly<T>("fmax", [](T x, T y) { return std::fmax(x, y); });
  CheckExactly<T>("fmin", [](T x, T y) { return std::fmin(x, y); });
  CheckExactly<T>("heaviside", [](T x, T y) { return std::isnan(x) ? x : x == 0 ? y : x < 0 ? T{0} : T{1}; });
}

/// NumPy's npy_divmod, with the C library's fmod.
template <typename T>
std::pair<T, T> DivMod(T x, T y) {
  T remainder = std::fmod(x, y);
  if (y == 0) {
    return {x / y, remainder};
  }
  T quotient = (x - remainder) / y;
  if (remainder != 0) {
    if ((y < 0) != (remainder < 0)) {
      remainder += y;
      quotient -= 1;
    }
  } else {
    remainder = std::copysign(T{0}, y);
  }
  if (quotient == 0) {
    return {std::copysign(T{0}, x / y), remainder};
  }
  const T whole = std::floor(quotient);
  return {quotient - whole > T(0.5) ? whole + 1 : whole, remainder};
}

TEMPLATE_LIST_TEST_CASE("Floor division and remainders are NumPy's", "", Floats) {
  using T = TestType;
  CheckExactly<T>("fmod", [](T x, T y) { return std::fmod(x, y); });
  CheckExactly<T>("remainder", [](T x, T y) { return DivMod(x, y).second; });
  CheckExactly<T>("floor_divide", [](T x, T y) { return DivMod(x, y).first; });
  std::vector<T> values = ManyValues<T>();
  std::vector<T> reversed(values.rbegin(), values.rend());
  const auto out = RunBinary<T>(*FindKernelSet("baseline"), "fmod", Elements<T>(values), Elements<T>(reversed));
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(values[i], reversed[i]);
    REQUIRE(Same(out[i], std::fmod(values[i], reversed[i])));
  }
}

template <typename T>
void CheckNearly(const char* name, Precise<T> (*reference)(Precise<T>)) {
  const Elements<T> x(ManyValues<T>());
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunUnary<T>(*set, name, x);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto exact = reference(static_cast<Precise<T>>(x[i]));
      CAPTURE(set->name, name, x[i], out[i], exact);
      REQUIRE(Ulps(out[i], exact) <= 4);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Mathematics is within 4 units of the last place, special values exactly", "", Floats) {
  using T = TestType;
  using P = Precise<T>;
  CheckNearly<T>("sin", [](P x) { return std::sin(x); });
  CheckNearly<T>("cos", [](P x) { return std::cos(x); });
  CheckNearly<T>("tan", [](P x) { return std::tan(x); });
  CheckNearly<T>("arcsin", [](P x) { return std::asin(x); });
  CheckNearly<T>("arccos", [](P x) { return std::acos(x); });
  CheckNearly<T>("arctan", [](P x) { return std::atan(x); });
  CheckNearly<T>("sinh", [](P x) { return std::sinh(x); });
  CheckNearly<T>("cosh", [](P x) { return std::cosh(x); });
  CheckNearly<T>("tanh", [](P x) { return std::tanh(x); });
  CheckNearly<T>("arcsinh", [](P x) { return std::asinh(x); });
  CheckNearly<T>("arccosh", [](P x) { return std::acosh(x); });
  CheckNearly<T>("arctanh", [](P x) { return std::atanh(x); });
  CheckNearly<T>("exp", [](P x) { return std::exp(x); });
  CheckNearly<T>("exp2", [](P x) { return std::exp2(x); });
  CheckNearly<T>("expm1", [](P x) { return std::expm1(x); });
  CheckNearly<T>("log", [](P x) { return std::log(x); });
  CheckNearly<T>("log2", [](P x) { return std::log2(x); });
  CheckNearly<T>("log10", [](P x) { return std::log10(x); });
  CheckNearly<T>("log1p", [](P x) { return std::log1p(x); });
  CheckNearly<T>("cbrt", [](P x) { return std::cbrt(x); });
}

template <typename T>
void CheckPairsNearly(const char* name, Precise<T> (*reference)(Precise<T>, Precise<T>)) {
  std::vector<T> values = ManyValues<T>();
  std::vector<T> reversed(values.rbegin(), values.rend());
  const auto [special_x, special_y] = AllPairs(SpecialValues<T>());
  values.insert(values.end(), special_x.begin(), special_x.end());
  reversed.insert(reversed.end(), special_y.begin(), special_y.end());
  const Elements<T> x(values);
  const Elements<T> y(reversed);
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunBinary<T>(*set, name, x, y);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto exact = reference(static_cast<Precise<T>>(x[i]), static_cast<Precise<T>>(y[i]));
      CAPTURE(set->name, name, x[i], y[i], out[i], exact);
      REQUIRE(Ulps(out[i], exact) <= 4);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Mathematics of two operands", "", Floats) {
  using T = TestType;
  using P = Precise<T>;
  CheckPairsNearly<T>("arctan2", [](P x, P y) { return std::atan2(x, y); });
  CheckPairsNearly<T>("hypot", [](P x, P y) { return std::hypot(x, y); });
  CheckPairsNearly<T>("power", [](P x, P y) { return std::pow(x, y); });
  // Cancellation is part of the definition in the operands' precision.
  const auto [x, y] = AllPairs(std::vector<T>{T{-3}, T{0}, T{0.5}, T{20}, std::numeric_limits<T>::infinity(),
                                              -std::numeric_limits<T>::infinity()});
  const auto sums = RunBinary<T>(*FindKernelSet("baseline"), "logaddexp", x, y);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    CAPTURE(x[i], y[i]);
    const P exact = std::log(std::exp(P{x[i]}) + std::exp(P{y[i]}));
    CHECK(Ulps(sums[i], exact) <= 4);
  }
}

TEST_CASE("float_power computes in float64") {
  const Elements<double> x = {2, 0.5, -1};
  const Elements<double> y = {10, 2, 3};
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunBinary<double>(*set, "float_power", x, y);
    CHECK(out[0] == 1024);
    CHECK(out[1] == 0.25);
    CHECK(out[2] == -1);
    CHECK(FindKernel(*set, "float_power", DType::kFloat32) == nullptr);
  }
}

}  // namespace
}  // namespace distarray
