#include <cmath>
#include <complex>
#include <limits>

#include "tests/engine/kernels/run_kernel.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Complexes = std::tuple<std::complex<float>, std::complex<double>>;

template <typename T>
std::vector<T> SomeValues() {
  using R = typename T::value_type;
  std::vector<T> values;
  for (const R real : {R{0}, R{1}, R{-2.5}, R{0.125}, R{30}}) {
    for (const R imag : {R{0}, R{1}, R{-0.75}, R{3}}) {
      values.emplace_back(real, imag);
    }
  }
  return values;
}

/// Close, relative to the length.
template <typename T>
bool Near(T value, std::complex<double> exact, double units = 16) {
  const double epsilon = std::numeric_limits<typename T::value_type>::epsilon();
  return std::abs(std::complex<double>(value) - exact) <= units * epsilon * std::max(std::abs(exact), 1e-30);
}

TEMPLATE_LIST_TEST_CASE("Complex arithmetic", "", Complexes) {
  using T = TestType;
  const auto [x, y] = AllPairs(SomeValues<T>());
  using D = std::complex<double>;
  for (const KernelTable* set : RunnableSets()) {
    const auto sum = RunBinary<T>(*set, "add", x, y);
    const auto difference = RunBinary<T>(*set, "subtract", x, y);
    const auto product = RunBinary<T>(*set, "multiply", x, y);
    const auto quotient = RunBinary<T>(*set, "divide", x, y);
    const auto power = RunBinary<T>(*set, "power", x, y);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(set->name, x[i], y[i]);
      REQUIRE(sum[i] == x[i] + y[i]);
      REQUIRE(difference[i] == x[i] - y[i]);
      REQUIRE(Near(product[i], D(x[i]) * D(y[i])));
      if (y[i] != T{}) {
        REQUIRE(Near(quotient[i], D(x[i]) / D(y[i])));
      } else {
        REQUIRE((!std::isfinite(quotient[i].real()) && !std::isfinite(quotient[i].imag())));
      }
      const D exact = std::pow(D(x[i]), D(y[i]));
      if (x[i] != T{} && std::abs(exact) < std::numeric_limits<typename T::value_type>::max()) {
        REQUIRE(Near(power[i], exact, 2000));
      }
    }
  }
}

template <typename T, typename F>
void CheckFunction(const char* name, F reference) {
  const Elements<T> x(SomeValues<T>());
  const auto out = RunUnary<T>(*FindKernelSet("baseline"), name, x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::complex<double> exact = reference(std::complex<double>(x[i]));
    CAPTURE(name, x[i], out[i], exact);
    if (std::isfinite(exact.real()) && std::isfinite(exact.imag()) && x[i] != T{}) {
      REQUIRE(Near(out[i], exact, 64));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Complex mathematics", "", Complexes) {
  using T = TestType;
  using D = std::complex<double>;
  CheckFunction<T>("sqrt", [](D x) { return std::sqrt(x); });
  CheckFunction<T>("exp", [](D x) { return std::exp(x); });
  CheckFunction<T>("log", [](D x) { return std::log(x); });
  CheckFunction<T>("log10", [](D x) { return std::log10(x); });
  CheckFunction<T>("log2", [](D x) { return std::log(x) / std::log(2.0); });
  CheckFunction<T>("exp2", [](D x) { return std::exp(x * std::log(2.0)); });
  CheckFunction<T>("sin", [](D x) { return std::sin(x); });
  CheckFunction<T>("cos", [](D x) { return std::cos(x); });
  CheckFunction<T>("tan", [](D x) { return std::tan(x); });
  CheckFunction<T>("sinh", [](D x) { return std::sinh(x); });
  CheckFunction<T>("cosh", [](D x) { return std::cosh(x); });
  CheckFunction<T>("tanh", [](D x) { return std::tanh(x); });
  CheckFunction<T>("arcsin", [](D x) { return std::asin(x); });
  CheckFunction<T>("arctan", [](D x) { return std::atan(x); });
  CheckFunction<T>("square", [](D x) { return x * x; });
  CheckFunction<T>("reciprocal", [](D x) { return 1.0 / x; });
  CheckFunction<T>("negative", [](D x) { return -x; });
  CheckFunction<T>("conjugate", [](D x) { return std::conj(x); });
  CheckFunction<T>("expm1", [](D x) { return std::exp(x) - 1.0; });
  CheckFunction<T>("log1p", [](D x) { return std::log(x + 1.0); });
}

TEMPLATE_LIST_TEST_CASE("Parts, length and direction of complex numbers", "", Complexes) {
  using T = TestType;
  using R = typename T::value_type;
  const R inf = std::numeric_limits<R>::infinity();
  const R nan = std::numeric_limits<R>::quiet_NaN();
  const Elements<T> x = {T(3, 4), T(-3, 0), T(0, 0), T(inf, 1), T(1, -inf), T(nan, 1), T(inf, inf), T(inf, nan)};
  for (const KernelTable* set : RunnableSets()) {
    const auto length = RunUnary<R>(*set, "absolute", x);
    const auto sign = RunUnary<T>(*set, "sign", x);
    const auto real = RunUnary<R>(*set, "real", x);
    const auto imag = RunUnary<R>(*set, "imag", x);
    const auto angle = RunUnary<R>(*set, "angle", x);
    const auto is_nan = RunUnary<bool>(*set, "isnan", x);
    const auto is_inf = RunUnary<bool>(*set, "isinf", x);
    const auto is_finite = RunUnary<bool>(*set, "isfinite", x);
    const R lengths[] = {5, 3, 0, inf, inf, nan, inf, inf};
    const T signs[] = {T(R(3) / R(5), R(4) / R(5)), T(-1, 0), T(0, 0), T(1, 0), T(0, -1), T(nan, nan), T(nan, nan)};
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(set->name, x[i]);
      CHECK(Same(length[i], lengths[i]));
      CHECK((i == 7 || Same(sign[i], signs[i])));
      CHECK(Same(real[i], x[i].real()));
      CHECK(Same(imag[i], x[i].imag()));
      CHECK(Same(angle[i], std::atan2(x[i].imag(), x[i].real())));
      CHECK(is_nan[i] == (i == 5 || i == 7));
      CHECK(is_inf[i] == (i == 3 || i == 4 || i >= 6));
      CHECK(is_finite[i] == (i < 3));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Complex numbers compare by real, then imaginary part", "", Complexes) {
  using T = TestType;
  using R = typename T::value_type;
  const R nan = std::numeric_limits<R>::quiet_NaN();
  const Elements<T> x = {T(1, 2), T(1, 2), T(1, 3), T(2, 0), T(nan, 0), T(0, nan)};
  const Elements<T> y = {T(1, 2), T(1, 3), T(1, 2), T(1, 9), T(0, 0), T(1, 0)};
  for (const KernelTable* set : RunnableSets()) {
    const auto check = [&](const char* name, std::array<bool, 6> expected) {
      const auto out = RunBinary<bool>(*set, name, x, y);
      CAPTURE(name, set->name);
      CHECK(std::equal(out.begin(), out.end(), expected.begin()));
    };
    check("less", {false, true, false, false, false, false});
    check("less_equal", {true, true, false, false, false, false});
    check("greater", {false, false, true, true, false, false});
    check("greater_equal", {true, false, true, true, false, false});
    check("equal", {true, false, false, false, false, false});
    check("not_equal", {false, true, true, true, true, true});
    const auto larger = RunBinary<T>(*set, "maximum", x, y);
    const auto larger_number = RunBinary<T>(*set, "fmax", x, y);
    CHECK(larger[1] == T(1, 3));
    CHECK(larger[3] == T(2, 0));
    CHECK(std::isnan(larger[4].real()));
    CHECK(larger_number[4] == T(0, 0));
  }
}

}  // namespace
}  // namespace distarray
