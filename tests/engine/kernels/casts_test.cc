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

// Made with NumPy 2.4 on x86-64 from single numbers (its arrays of uint32 differ with the vector instructions in use).
constexpr double kNumbers[] = {0.0,    -0.9,  1.5,          -1.5,         127.5,   128.0,   -129.0,
                               255.0,  256.0, 300.7,        -5.0,         65536.0, 70000.0, 1e9,
                               1e10,   -1e10, 2147483648.0, 4294967301.0, 1e18,    -1e18,   9223372036854775808.0,
                               1.5e19, -1e19, 1e20};

template <typename To>
constexpr To kNumPys[] = {};
template <>
constexpr std::int8_t kNumPys<std::int8_t>[] = {0,   0, 1, -1, 127, -128, 127, -1, 0, 44, -5, 0,
                                                112, 0, 0, 0,  0,   0,    0,   0,  0, 0,  0,  0};
template <>
constexpr std::int16_t kNumPys<std::int16_t>[] = {0,    0,      1, -1, 127, 128, -129, 255, 256, 300, -5, 0,
                                                  4464, -13824, 0, 0,  0,   0,   0,    0,   0,   0,   0,  0};
template <>
constexpr std::int32_t kNumPys<std::int32_t>[] = {
    0,           0,           1,           -1,          127,         128,         -129,        255,
    256,         300,         -5,          65536,       70000,       1000000000,  -2147483648, -2147483648,
    -2147483648, -2147483648, -2147483648, -2147483648, -2147483648, -2147483648, -2147483648, -2147483648};
template <>
constexpr std::int64_t kNumPys<std::int64_t>[] = {0,
                                                  0,
                                                  1,
                                                  -1,
                                                  127,
                                                  128,
                                                  -129,
                                                  255,
                                                  256,
                                                  300,
                                                  -5,
                                                  65536,
                                                  70000,
                                                  1000000000,
                                                  10000000000,
                                                  -10000000000,
                                                  2147483648,
                                                  4294967301,
                                                  1000000000000000000,
                                                  -1000000000000000000,
                                                  std::numeric_limits<std::int64_t>::min(),
                                                  std::numeric_limits<std::int64_t>::min(),
                                                  std::numeric_limits<std::int64_t>::min(),
                                                  std::numeric_limits<std::int64_t>::min()};
template <>
constexpr std::uint8_t kNumPys<std::uint8_t>[] = {0,   0, 1, 255, 127, 128, 127, 255, 0, 44, 251, 0,
                                                  112, 0, 0, 0,   0,   0,   0,   0,   0, 0,  0,   0};
template <>
constexpr std::uint16_t kNumPys<std::uint16_t>[] = {0,    0,     1, 65535, 127, 128, 65407, 255, 256, 300, 65531, 0,
                                                    4464, 51712, 0, 0,     0,   0,   0,     0,   0,   0,   0,     0};
template <>
constexpr std::uint32_t kNumPys<std::uint32_t>[] = {
    0,     0,          1,          4294967295, 127,        128, 4294967167, 255,        256, 300, 4294967291, 65536,
    70000, 1000000000, 1410065408, 2884901888, 2147483648, 5,   2808348672, 1486618624, 0,   0,   0,          0};
template <>
constexpr std::uint64_t kNumPys<std::uint64_t>[] = {0U,
                                                    0U,
                                                    1U,
                                                    18446744073709551615U,
                                                    127U,
                                                    128U,
                                                    18446744073709551487U,
                                                    255U,
                                                    256U,
                                                    300U,
                                                    18446744073709551611U,
                                                    65536U,
                                                    70000U,
                                                    1000000000U,
                                                    10000000000U,
                                                    18446744063709551616U,
                                                    2147483648U,
                                                    4294967301U,
                                                    1000000000000000000U,
                                                    17446744073709551616U,
                                                    9223372036854775808U,
                                                    15000000000000000000U,
                                                    9223372036854775808U,
                                                    0U};

TEMPLATE_LIST_TEST_CASE("Floating to integer gives NumPy's answer for every value", "", Integers) {
  using To = TestType;
  const Elements<double> x(std::vector<double>(std::begin(kNumbers), std::end(kNumbers)));
  const double infinity = std::numeric_limits<double>::infinity();
  const Elements<double> none({std::numeric_limits<double>::quiet_NaN(), infinity, -infinity});
  std::vector<To> of_none(
      3, std::is_same_v<To, std::int32_t> || std::is_same_v<To, std::int64_t> ? std::numeric_limits<To>::min() : To{0});
  if (std::is_same_v<To, std::uint64_t>) {
    of_none[0] = of_none[2] = static_cast<To>(std::uint64_t{1} << 63);
  }
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunCast<To>(*set, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(set->name, x[i], NameOf(kDTypeOf<To>));
      REQUIRE(out[i] == kNumPys<To>[i]);
    }
    const auto rest = RunCast<To>(*set, none);
    for (std::size_t i = 0; i < none.size(); ++i) {
      CAPTURE(set->name, none[i], NameOf(kDTypeOf<To>));
      REQUIRE(rest[i] == of_none[i]);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Integer to anything", "", Integers) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  const Elements<T> x = {
      0, 1, 2, 100, Limits::max(), Limits::min(), static_cast<T>(Limits::max() / 3), static_cast<T>(-1)};
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
    const std::uint8_t naturals[] = {1, 0, 0, 253, 0, 44};
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
