#include <cmath>
#include <limits>

#include "tests/engine/kernels/run_kernel.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

template <typename To, typename From>
Elements<To> RunCast(const KernelTable& set, const Elements<From>& x) {
  Elements<To> out(x.size());
  set.casts[static_cast<std::size_t>(kDTypeOf<From>)][static_cast<std::size_t>(kDTypeOf<To>)](
      static_cast<std::int64_t>(x.size()), x.begin(), out.begin());
  return out;
}

using Integers = std::tuple<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                            std::uint32_t, std::uint64_t>;

template <typename From, typename To>
void CheckFloatingToInteger() {
  using Limits = std::numeric_limits<To>;
  std::vector<From> values = {0,    From(0.9), From(-0.9), From(1.5), From(-1.5),       From(127), From(127.5),
                              128,  -128,      From(-128.5), -129,    255,              256,       65535,
                              From(1e9), From(-1e9), From(4e9), From(1e18), From(-1e18), From(1e19), From(1e30), From(-1e30),
                              std::numeric_limits<From>::infinity(), -std::numeric_limits<From>::infinity(),
                              std::numeric_limits<From>::quiet_NaN(), static_cast<From>(Limits::max()),
                              static_cast<From>(Limits::min()), From(-0.0)};
  const Elements<From> x(values);
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunCast<To>(*set, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const From whole = std::trunc(x[i]);
      const From end = std::ldexp(From{1}, Limits::digits);
      const bool fits = whole < end && whole >= (std::is_signed_v<To> ? -end : From{0});
      CAPTURE(set->name, x[i], NameOf(kDTypeOf<To>));
      REQUIRE(out[i] == (fits ? static_cast<To>(whole) : Limits::min()));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Floating to integer: exact where it fits, else the minimum", "", Integers) {
  CheckFloatingToInteger<float, TestType>();
  CheckFloatingToInteger<double, TestType>();
}

TEMPLATE_LIST_TEST_CASE("Integer to anything", "", Integers) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  const Elements<T> x = {0, 1, 2, 100, Limits::max(), Limits::min(), static_cast<T>(Limits::max() / 3), static_cast<T>(-1)};
  for (const KernelTable* set : RunnableSets()) {
    const auto truth = RunCast<bool>(*set, x);
    const auto small = RunCast<std::int8_t>(*set, x);
    const auto natural = RunCast<std::uint32_t>(*set, x);
    const auto large = RunCast<std::uint64_t>(*set, x);
    const auto single = RunCast<float>(*set, x);
    const auto real = RunCast<double>(*set, x);
    const auto complex = RunCast<std::complex<float>>(*set, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(set->name, static_cast<std::int64_t>(x[i]));
      CHECK(truth[i] == (x[i] != 0));
      CHECK(small[i] == static_cast<std::int8_t>(x[i]));
      CHECK(natural[i] == static_cast<std::uint32_t>(x[i]));
      CHECK(large[i] == static_cast<std::uint64_t>(x[i]));
      CHECK(single[i] == static_cast<float>(x[i]));
      CHECK(real[i] == static_cast<double>(x[i]));
      CHECK(complex[i] == std::complex<float>(static_cast<float>(x[i]), 0));
    }
  }
}

TEST_CASE("Between floating and complex, and to bool") {
  using C = std::complex<double>;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Elements<C> x = {C(1.5, 2), C(0, 0), C(0, 1), C(-3, 0), C(nan, 0), C(300, 1)};
  for (const KernelTable* set : RunnableSets()) {
    const auto real = RunCast<double>(*set, x);
    const auto narrow = RunCast<std::complex<float>>(*set, x);
    const auto truth = RunCast<bool>(*set, x);
    const auto natural = RunCast<std::uint8_t>(*set, x);
    const bool truths[] = {true, false, true, true, true, true};
    const std::uint8_t naturals[] = {1, 0, 0, 0, 0, 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(Same(real[i], x[i].real()));
      CHECK(Same(narrow[i], std::complex<float>(x[i])));
      CHECK(truth[i] == truths[i]);
      CHECK(natural[i] == naturals[i]);
    }
    const auto from_bool = RunCast<C>(*set, Elements<bool>{true, false});
    CHECK(from_bool[0] == C(1, 0));
    CHECK(from_bool[1] == C(0, 0));
  }
}

}  // namespace
}  // namespace distarray
