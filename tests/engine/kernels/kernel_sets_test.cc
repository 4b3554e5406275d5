#include <cmath>
#include <limits>
#include <random>

#include "tests/engine/kernels/run_kernel.h"
#include "tests/support/catch.h"

// Sizes that leave every remainder beside the vectors' widths; all sets against the baseline.

namespace distarray {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 127, 128, 129, 1000};

template <typename T>
T RandomElement(std::mt19937_64& random) {
  if constexpr (std::is_same_v<T, bool>) {
    return (random() & 1) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(random());
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(std::uniform_real_distribution<double>(-10, 10)(random));
  } else {
    using R = typename T::value_type;
    return T(RandomElement<R>(random), RandomElement<R>(random));
  }
}

/// How far apart, in units of the last place, results of one operation may be on two sets.
double AllowedUlps(std::string_view name) {
  for (const std::string_view exact :
       {"absolute",   "add",      "angle",    "bitwise_count", "ceil",      "clip",     "conj",      "conjugate",
        "copy",       "copysign", "deg2rad",  "degrees",       "divide",    "fabs",     "floor",     "floor_divide",
        "fmax",       "fmin",     "fmod",     "gcd",           "heaviside", "imag",     "lcm",       "logaddexp",
        "logaddexp2", "maximum",  "minimum",  "mod",           "multiply",  "negative", "nextafter", "positive",
        "rad2deg",    "radians",  "real",     "reciprocal",    "remainder", "rint",     "sign",      "spacing",
        "sqrt",       "square",   "subtract", "true_divide",   "trunc",     "where"}) {
    if (name == exact) {
      return 0;
    }
  }
  return 8;
}

template <typename T>
bool WithinUlps(T a, T b, double ulps) {
  if constexpr (std::is_floating_point_v<T>) {
    return Same(a, b) || std::fabs(a - b) <= static_cast<T>(ulps) * std::numeric_limits<T>::epsilon() * std::fabs(a);
  } else {
    return Same(a, b);
  }
}

/// Elements of any dtype.
struct AnyElements {
  AnyElements(DType its_dtype, std::size_t its_size) : dtype(its_dtype), size(its_size), memory(its_size + 1) {}
  void* data() { return memory.begin(); }
  const void* data() const { return memory.begin(); }

  DType dtype;
  std::size_t size;
  Elements<std::complex<double>> memory;  // the widest, one more than needed
};

AnyElements RandomElements(DType dtype, std::size_t size, std::mt19937_64& random) {
  AnyElements elements(dtype, size);
  Visit(dtype, [&]<typename T>() {
    for (std::size_t i = 0; i < size; ++i) {
      static_cast<T*>(elements.data())[i] = RandomElement<T>(random);
    }
  });
  return elements;
}

/// The first position at which two arrays differ by more; -1: none. Past its end nothing may have been written.
std::int64_t FirstDifference(const AnyElements& a, const AnyElements& b, double ulps) {
  return Visit(a.dtype, [&]<typename T>() -> std::int64_t {
    for (std::size_t i = 0; i <= a.size; ++i) {
      const T untouched{};
      const T x = static_cast<const T*>(a.data())[i];
      if (!(i < a.size ? WithinUlps(x, static_cast<const T*>(b.data())[i], ulps) : x == untouched)) {
        return static_cast<std::int64_t>(i);
      }
    }
    return -1;
  });
}

void CompareOperation(const KernelTable& set, std::size_t number, DType compute, std::size_t size,
                      std::mt19937_64& random) {
  const Operation& operation = Operations()[number];
  const auto dtype = static_cast<std::size_t>(compute);
  const AnyElements condition = RandomElements(DType::kBool, size, random);
  const AnyElements x = RandomElements(compute, size, random);
  AnyElements y = RandomElements(compute, size, random);
  if (operation.may_fail && KindOf(compute) < Kind::kFloat) {
    y = AnyElements(compute, size);  // exponents that are not negative
  }
  const AnyElements third = RandomElements(compute, size, random);
  const void* in[3] = {x.data(), y.data(), third.data()};
  if (operation.condition_first) {
    in[0] = condition.data();
    in[1] = x.data();
    in[2] = y.data();
  }
  AnyElements expected(operation.loops[dtype]->result, size);
  AnyElements out(operation.loops[dtype]->result, size);
  const auto n = static_cast<std::int64_t>(size);
  CAPTURE(set.name, operation.name, NameOf(compute), size);
  REQUIRE(FindKernelSet("baseline")->operations[number][dtype](n, in, expected.data()) == 0);
  REQUIRE(set.operations[number][dtype](n, in, out.data()) == 0);
  REQUIRE(FirstDifference(out, expected, AllowedUlps(operation.name)) == -1);
}

TEST_CASE("Operations agree on all kernel sets") {
  std::mt19937_64 random(7);
  for (const KernelTable* set : RunnableSets()) {
    for (std::size_t number = 0; number < Operations().size(); ++number) {
      for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
        const auto loop = Operations()[number].loops[static_cast<std::size_t>(dtype)];
        for (const std::size_t size : kSizes) {
          if (loop.has_value() && loop->compute == static_cast<DType>(dtype)) {
            CompareOperation(*set, number, loop->compute, size, random);
          }
        }
      }
    }
  }
}

TEST_CASE("Casts agree on all kernel sets") {
  std::mt19937_64 random(8);
  for (const KernelTable* set : RunnableSets()) {
    for (int from = 0; from < kDTypeCount; ++from) {
      for (int to = 0; to < kDTypeCount; ++to) {
        for (const std::size_t size : kSizes) {
          const AnyElements x = RandomElements(static_cast<DType>(from), size, random);
          AnyElements expected(static_cast<DType>(to), size);
          AnyElements out(static_cast<DType>(to), size);
          const auto f = static_cast<std::size_t>(from);
          const auto t = static_cast<std::size_t>(to);
          FindKernelSet("baseline")->casts[f][t](static_cast<std::int64_t>(size), x.data(), expected.data());
          set->casts[f][t](static_cast<std::int64_t>(size), x.data(), out.data());
          CAPTURE(set->name, size, NameOf(x.dtype), NameOf(out.dtype));
          REQUIRE(FirstDifference(out, expected, 0) == -1);
        }
      }
    }
  }
}

TEST_CASE("Gather, scatter and streaming copies") {
  for (const KernelTable* set : RunnableSets()) {
    Elements<std::int32_t> block(1000);
    for (std::size_t i = 0; i < block.size(); ++i) {
      block[i] = static_cast<std::int32_t>(i);
    }
    for (const std::int64_t stride : {1, 0, 3, -2}) {
      Elements<std::int32_t> dense(60);
      set->memory.gather[2](3, 20, block.begin() + 500, 100, stride, dense.begin());
      for (std::int64_t r = 0; r < 3; ++r) {
        for (std::int64_t i = 0; i < 20; ++i) {
          REQUIRE(dense[static_cast<std::size_t>(r * 20 + i)] == 500 + r * 100 + i * stride);
        }
      }
      if (stride != 0) {
        Elements<std::int32_t> back(1000);
        set->memory.scatter[2](3, 20, dense.begin(), back.begin() + 500, 100, stride);
        for (std::int64_t r = 0; r < 3; ++r) {
          for (std::int64_t i = 0; i < 20; ++i) {
            const auto at = static_cast<std::size_t>(500 + r * 100 + i * stride);
            REQUIRE(back[at] == static_cast<std::int32_t>(at));
          }
        }
      }
    }
    for (const std::int64_t offset : {0, 1, 5}) {
      for (const std::int64_t count : {0, 1, 3, 4, 100, 257}) {
        Elements<std::int32_t> copy(300);
        set->memory.stream(count * 4, block.begin(), copy.begin() + offset);
        REQUIRE(std::equal(block.begin(), block.begin() + count, copy.begin() + offset));
        REQUIRE(copy[static_cast<std::size_t>(offset + count)] == 0);
      }
    }
  }
}

TEST_CASE("Philox gives the published numbers") {
  // From Random123's kat_vectors, philox4x32-10: counter, key and result.
  struct Vector {
    std::uint32_t counter[4];
    std::uint32_t key[2];
    std::uint32_t result[4];
  };
  constexpr Vector kVectors[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  const auto join = [](std::uint32_t low, std::uint32_t high) { return low | (std::uint64_t{high} << 32); };
  for (const KernelTable* set : RunnableSets()) {
    for (const Vector& v : kVectors) {
      std::int64_t index[5];
      std::fill(std::begin(index), std::end(index), static_cast<std::int64_t>(join(v.counter[0], v.counter[1])));
      std::uint64_t first[5];
      std::uint64_t second[5];
      set->memory.philox(5, index, join(v.counter[2], v.counter[3]), join(v.key[0], v.key[1]), first, second);
      for (int i = 0; i < 5; ++i) {
        CHECK(first[i] == join(v.result[0], v.result[1]));
        CHECK(second[i] == join(v.result[2], v.result[3]));
      }
    }
  }
}

}  // namespace
}  // namespace distarray
