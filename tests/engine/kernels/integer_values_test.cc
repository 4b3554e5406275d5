#include <algorithm>
#include <limits>
#include <tuple>

#include "tests/engine/kernels/run_kernel.h"
#include "tests/support/catch.h"

// The reference computes in 128 bits and cuts the result to the dtype.

namespace distarray {
namespace {

__extension__ using Wide = __int128;
__extension__ using Natural = unsigned __int128;

template <typename T>
std::vector<T> SpecialValues() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {
      0, 1, 2, 3, 5, 7, 8, 31, 32, 63, 64, 100, Limits::max(), Limits::max() - 1, Limits::max() / 2};
  if constexpr (std::is_signed_v<T>) {
    for (const int negative : {-1, -2, -3, -7, -64, -100}) {
      values.push_back(static_cast<T>(negative));
    }
    values.push_back(Limits::min());
    values.push_back(Limits::min() + 1);
  }
  return values;
}

template <typename T>
Wide FloorDivide(Wide x, Wide y) {
  if (y == 0) {
    return 0;
  }
  const Wide quotient = x / y;
  return quotient - ((x % y != 0 && (x < 0) != (y < 0)) ? 1 : 0);
}

Wide Gcd(Wide x, Wide y) {
  x = x < 0 ? -x : x;
  y = y < 0 ? -y : y;
  while (y != 0) {
    const Wide rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}

template <typename T>
void CheckBinary(const char* name, Wide (*reference)(Wide, Wide)) {
  const auto [x, y] = AllPairs(SpecialValues<T>());
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunBinary<T>(*set, name, x, y);
    for (std::size_t i = 0; i < out.size(); ++i) {
      CAPTURE(set->name, name, static_cast<std::int64_t>(x[i]), static_cast<std::int64_t>(y[i]));
      REQUIRE(out[i] == static_cast<T>(reference(Wide{x[i]}, Wide{y[i]})));
    }
  }
}

template <typename T>
void CheckUnary(const char* name, Wide (*reference)(Wide)) {
  const Elements<T> x(SpecialValues<T>());
  for (const KernelTable* set : RunnableSets()) {
    const auto out = RunUnary<T>(*set, name, x);
    for (std::size_t i = 0; i < out.size(); ++i) {
      CAPTURE(set->name, name, static_cast<std::int64_t>(x[i]));
      REQUIRE(out[i] == static_cast<T>(reference(Wide{x[i]})));
    }
  }
}

using Integers = std::tuple<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                            std::uint32_t, std::uint64_t>;

TEMPLATE_LIST_TEST_CASE("Integer arithmetic wraps and is defined everywhere", "", Integers) {
  using T = TestType;
  constexpr Wide kBits = sizeof(T) * 8;
  CheckBinary<T>("add", [](Wide x, Wide y) -> Wide { return x + y; });
  CheckBinary<T>("subtract", [](Wide x, Wide y) -> Wide { return x - y; });
  CheckBinary<T>("multiply", [](Wide x, Wide y) -> Wide { return static_cast<Wide>(Natural(x) * Natural(y)); });
  CheckBinary<T>("floor_divide", [](Wide x, Wide y) -> Wide { return FloorDivide<T>(x, y); });
  CheckBinary<T>("remainder", [](Wide x, Wide y) -> Wide { return y == 0 ? 0 : x - FloorDivide<T>(x, y) * y; });
  CheckBinary<T>("mod", [](Wide x, Wide y) -> Wide { return y == 0 ? 0 : x - FloorDivide<T>(x, y) * y; });
  CheckBinary<T>("fmod", [](Wide x, Wide y) -> Wide { return y == 0 ? 0 : x % y; });
  CheckBinary<T>("maximum", [](Wide x, Wide y) -> Wide { return x > y ? x : y; });
  CheckBinary<T>("minimum", [](Wide x, Wide y) -> Wide { return x < y ? x : y; });
  CheckBinary<T>("fmax", [](Wide x, Wide y) -> Wide { return x > y ? x : y; });
  CheckBinary<T>("fmin", [](Wide x, Wide y) -> Wide { return x < y ? x : y; });
  CheckBinary<T>("bitwise_and", [](Wide x, Wide y) -> Wide { return x & y; });
  CheckBinary<T>("bitwise_or", [](Wide x, Wide y) -> Wide { return x | y; });
  CheckBinary<T>("bitwise_xor", [](Wide x, Wide y) -> Wide { return x ^ y; });
  CheckBinary<T>("left_shift", [](Wide x, Wide y) -> Wide {
    return y < 0 || y >= kBits ? Wide{0} : static_cast<Wide>(Natural(x) << static_cast<int>(y));
  });
  CheckBinary<T>("right_shift", [](Wide x, Wide y) -> Wide {
    return y < 0 || y >= kBits ? (x < 0 ? Wide{-1} : Wide{0}) : x >> static_cast<int>(y);
  });
  CheckBinary<T>("gcd", [](Wide x, Wide y) -> Wide { return Gcd(x, y); });
  CheckBinary<T>("lcm", [](Wide x, Wide y) -> Wide {
    const Wide divisor = Gcd(x, y);
    return divisor == 0 ? Wide{0}
                        : static_cast<Wide>(Natural(x < 0 ? -x : x) / Natural(divisor) * Natural(y < 0 ? -y : y));
  });
  CheckUnary<T>("negative", [](Wide x) -> Wide { return -x; });
  CheckUnary<T>("absolute", [](Wide x) -> Wide { return x < 0 ? -x : x; });
  CheckUnary<T>("positive", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("copy", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("conjugate", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("real", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("imag", [](Wide) -> Wide { return Wide{0}; });
  CheckUnary<T>("square", [](Wide x) -> Wide { return static_cast<Wide>(Natural(x) * Natural(x)); });
  CheckUnary<T>("sign", [](Wide x) -> Wide { return Wide{x > 0} - Wide{x < 0}; });
  CheckUnary<T>("invert", [](Wide x) -> Wide { return ~x; });
  CheckUnary<T>("floor", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("ceil", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("trunc", [](Wide x) -> Wide { return x; });
  CheckUnary<T>("reciprocal", [](Wide x) -> Wide {
    constexpr bool kMinimumOfZero = std::is_signed_v<T> && sizeof(T) >= 4;
    return x == 0 ? (kMinimumOfZero ? Wide{std::numeric_limits<T>::min()} : Wide{0}) : 1 / x;
  });
}

TEMPLATE_LIST_TEST_CASE("Integer powers wrap; negative exponents fail", "", Integers) {
  using T = TestType;
  const auto [x, y] = AllPairs(SpecialValues<T>());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const void* in[] = {&x[i], &y[i]};
    T out{};
    const std::uint32_t failures = FindKernel(*FindKernelSet("baseline"), "power", kDTypeOf<T>)(1, in, &out);
    CAPTURE(static_cast<std::int64_t>(x[i]), static_cast<std::int64_t>(y[i]));
    if (y[i] < 0) {
      REQUIRE(failures == kNegativeExponent);
      continue;
    }
    REQUIRE(failures == 0);
    if (y[i] <= 100) {
      std::uint64_t power = 1;
      for (T k = 0; k < y[i]; ++k) {
        power *= static_cast<std::uint64_t>(x[i]);
      }
      REQUIRE(out == static_cast<T>(power));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Integers compare and have truth values", "", Integers) {
  using T = TestType;
  const auto [x, y] = AllPairs(SpecialValues<T>());
  for (const KernelTable* set : RunnableSets()) {
    const auto less = RunBinary<bool>(*set, "less", x, y);
    const auto less_equal = RunBinary<bool>(*set, "less_equal", x, y);
    const auto equal = RunBinary<bool>(*set, "equal", x, y);
    const auto not_equal = RunBinary<bool>(*set, "not_equal", x, y);
    const auto greater = RunBinary<bool>(*set, "greater", x, y);
    const auto greater_equal = RunBinary<bool>(*set, "greater_equal", x, y);
    const auto both = RunBinary<bool>(*set, "logical_and", x, y);
    const auto either = RunBinary<bool>(*set, "logical_or", x, y);
    const auto one = RunBinary<bool>(*set, "logical_xor", x, y);
    const auto none = RunUnary<bool>(*set, "logical_not", x);
    const auto nan = RunUnary<bool>(*set, "isnan", x);
    const auto infinite = RunUnary<bool>(*set, "isinf", x);
    const auto finite = RunUnary<bool>(*set, "isfinite", x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      REQUIRE(less[i] == (x[i] < y[i]));
      REQUIRE(less_equal[i] == (x[i] <= y[i]));
      REQUIRE(equal[i] == (x[i] == y[i]));
      REQUIRE(not_equal[i] == (x[i] != y[i]));
      REQUIRE(greater[i] == (x[i] > y[i]));
      REQUIRE(greater_equal[i] == (x[i] >= y[i]));
      REQUIRE(both[i] == (x[i] != 0 && y[i] != 0));
      REQUIRE(either[i] == (x[i] != 0 || y[i] != 0));
      REQUIRE(one[i] == ((x[i] != 0) != (y[i] != 0)));
      REQUIRE(none[i] == (x[i] == 0));
      REQUIRE_FALSE(nan[i]);
      REQUIRE_FALSE(infinite[i]);
      REQUIRE(finite[i]);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Bits are counted, clip keeps within bounds", "", Integers) {
  using T = TestType;
  const Elements<T> x(SpecialValues<T>());
  Elements<T> low(x.size());
  Elements<T> high(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    low[i] = T(i % 3);
    high[i] = T(i % 5);  // at times below `low`: then it wins
  }
  for (const KernelTable* set : RunnableSets()) {
    const auto count = RunUnary<std::uint8_t>(*set, "bitwise_count", x);
    Elements<T> clipped(x.size());
    const void* in[] = {x.begin(), low.begin(), high.begin()};
    FindKernel(*set, "clip", kDTypeOf<T>)(static_cast<std::int64_t>(x.size()), in, clipped.begin());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Wide magnitude = x[i] < 0 ? -Wide{x[i]} : Wide{x[i]};
      int bits = 0;
      for (int bit = 0; bit < 64; ++bit) {
        bits += (magnitude >> bit & 1) != 0 ? 1 : 0;
      }
      REQUIRE(count[i] == bits);
      REQUIRE(clipped[i] == std::min(std::max(x[i], low[i]), high[i]));
    }
  }
}

TEST_CASE("bool adds as or, multiplies as and") {
  const Elements<bool> x = {false, false, true, true};
  const Elements<bool> y = {false, true, false, true};
  const auto expect = [&](const char* name, std::array<bool, 4> expected) {
    for (const KernelTable* set : RunnableSets()) {
      const auto out = RunBinary<bool>(*set, name, x, y);
      CAPTURE(name, set->name);
      CHECK(std::equal(out.begin(), out.end(), expected.begin()));
    }
  };
  expect("add", {false, true, true, true});
  expect("multiply", {false, false, false, true});
  expect("maximum", {false, true, true, true});
  expect("minimum", {false, false, false, true});
  expect("bitwise_xor", {false, true, true, false});
  expect("logical_xor", {false, true, true, false});
  expect("less", {false, true, false, false});
  expect("equal", {true, false, false, true});
  for (const KernelTable* set : RunnableSets()) {
    const auto inverted = RunUnary<bool>(*set, "invert", x);
    CHECK(inverted[0]);
    CHECK_FALSE(inverted[2]);
  }
}

}  // namespace
}  // namespace distarray
