#include "engine/scans/scan.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

using Bytes = std::vector<std::byte>;

template <typename T>
T* As(Bytes& bytes) {
  return reinterpret_cast<T*>(bytes.data());
}

template <typename T>
constexpr bool kComplexType = !std::is_arithmetic_v<T>;

template <typename T>
T RandomElement(std::mt19937& random, bool product) {
  if constexpr (std::is_same_v<T, bool>) {
    return random() % 3 == 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(random() * 0x9E3779B97F4A7C15U);
  } else if constexpr (std::is_floating_point_v<T>) {
    const double number = std::uniform_real_distribution<double>(-1, 1)(random);
    return static_cast<T>(product ? 1 + number / 100 : number * std::pow(10.0, static_cast<int>(random() % 8)));
  } else {
    using Part = typename T::value_type;
    return T(RandomElement<Part>(random, product), RandomElement<Part>(random, product));
  }
}

template <typename T>
T Combine(bool product, T x, T y) {
  if constexpr (std::is_same_v<T, bool>) {
    return product ? x && y : x || y;
  } else if constexpr (std::is_integral_v<T>) {
    const auto a = static_cast<std::uint64_t>(x);
    const auto b = static_cast<std::uint64_t>(y);
    return static_cast<T>(product ? a * b : a + b);
  } else {
    if constexpr (kComplexType<T>) {
      if (product) {
        return T(x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real());
      }
    }
    return product ? x * y : x + y;
  }
}

/// What sums of floating numbers are compared with: sums in more digits than two doubles have.
__extension__ using Quad = __float128;
template <typename T>
struct Exact {
  struct Sum {
    Quad sum = 0;
    void Add(T x) { sum += x; }
    T Round() const { return static_cast<T>(sum); }
  };
};
template <typename Part>
struct Exact<std::complex<Part>> {
  struct Sum {
    Quad real = 0;
    Quad imaginary = 0;
    void Add(std::complex<Part> x) {
      real += x.real();
      imaginary += x.imag();
    }
    std::complex<Part> Round() const { return {static_cast<Part>(real), static_cast<Part>(imaginary)}; }
  };
};

template <typename T>
Bytes Expected(const ScanKind& kind, std::int64_t outer, std::int64_t n, std::int64_t inner, Bytes& in, bool initial) {
  const std::int64_t rows = n + (initial ? 1 : 0);
  Bytes out(static_cast<std::size_t>(outer * rows * inner) * sizeof(T));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t j = 0; j < inner; ++j) {
      T running = T(kind.product ? 1 : 0);
      typename Exact<T>::Sum sum;
      if (initial) {
        As<T>(out)[o * rows * inner + j] = running;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        const T x = As<T>(in)[(o * n + i) * inner + j];
        running = i == 0 ? x : Combine(kind.product, running, x);
        T value = running;
        if constexpr (std::is_floating_point_v<T> || kComplexType<T>) {
          if (kind.compensated()) {
            sum.Add(x);
            value = sum.Round();
          }
        }
        As<T>(out)[(o * rows + i + (initial ? 1 : 0)) * inner + j] = value;
      }
    }
  }
  return out;
}

template <typename T>
void CheckSame(Bytes& got, Bytes& expected) {
  REQUIRE(got.size() == expected.size());
  const std::size_t count = got.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::memcmp(As<T>(got) + i, As<T>(expected) + i, sizeof(T)) != 0) {
      INFO("element " << i << ": " << As<T>(got)[i] << ", expected " << As<T>(expected)[i]);
      CHECK(false);
    }
  }
}

Bytes Scan(const ScanKind& kind, std::int64_t outer, std::int64_t n, std::int64_t inner, const Bytes& in,
           bool initial = false) {
  Bytes out(static_cast<std::size_t>(outer * (n + (initial ? 1 : 0)) * inner * SizeOf(kind.dtype)));
  BlockScan scan(kind, outer, n, inner, in.data(), out.data(), initial);
  while (scan.Advance()) {
  }
  return out;
}

/// The line in parts, as engines do it.
Bytes ScanParts(const ScanKind& kind, const std::vector<std::int64_t>& bounds, const Bytes& in) {
  Bytes out(in.size());
  const std::int64_t size = SizeOf(kind.dtype);
  ScanCarry carry{};
  for (std::size_t p = 0; p + 1 < bounds.size(); ++p) {
    if (bounds[p] == bounds[p + 1]) {
      continue;
    }
    LinePart part(kind, bounds[p], bounds[p + 1], in.data() + bounds[p] * size, out.data() + bounds[p] * size);
    if (part.head_count() > 0) {
      std::memcpy(part.head(), in.data() + (bounds[p] - part.head_count()) * size,
                  static_cast<std::size_t>(part.head_count() * size));
    }
    part.UseHead();
    while (part.AdvanceTotals()) {
    }
    const ScanCarry after = part.Start(carry);
    while (part.AdvanceScan()) {
    }
    carry = part.KnowsTotal() ? after : part.After();
  }
  return out;
}

template <typename F>
void ForEachKind(F&& check) {
  for (int type = 0; type < kDTypeCount; ++type) {
    for (const bool product : {false, true}) {
      const ScanKind kind{product, static_cast<DType>(type)};
      INFO((product ? "product of " : "sum of ") << NameOf(kind.dtype));
      Visit(kind.dtype, [&]<typename T>() { check.template operator()<T>(kind); });
    }
  }
}

template <typename T>
Bytes RandomBytes(const ScanKind& kind, std::int64_t count, std::mt19937& random) {
  Bytes bytes(static_cast<std::size_t>(count) * sizeof(T));
  for (std::int64_t i = 0; i < count; ++i) {
    As<T>(bytes)[i] = RandomElement<T>(random, kind.product);
  }
  return bytes;
}

TEST_CASE("running totals of every type along the middle of three dimensions") {
  std::mt19937 random(3);
  ForEachKind([&]<typename T>(const ScanKind& kind) {
    for (const auto& [outer, n, inner] : std::vector<std::array<std::int64_t, 3>>{{1, 1, 1},
                                                                                  {1, 5, 1},
                                                                                  {3, 40, 1},
                                                                                  {19, 300, 1},
                                                                                  {1, 5000, 1},
                                                                                  {2, 2048, 1},
                                                                                  {2, 70, 3},
                                                                                  {1, 40, 40},
                                                                                  {3, 33, 17},
                                                                                  {1, 9, 1500},
                                                                                  {4, 0, 3},
                                                                                  {0, 4, 3},
                                                                                  {2, 3, 0}}) {
      for (const bool initial : {false, true}) {
        INFO(outer << " x " << n << " x " << inner << (initial ? " with an initial row" : ""));
        Bytes in = RandomBytes<T>(kind, outer * n * inner, random);
        Bytes got = Scan(kind, outer, n, inner, in, initial);
        Bytes expected = Expected<T>(kind, outer, n, inner, in, initial);
        CheckSame<T>(got, expected);
      }
    }
  });
}

TEST_CASE("a line in parts gives the bits of the whole line") {
  std::mt19937 random(4);
  ForEachKind([&]<typename T>(const ScanKind& kind) {
    for (const std::int64_t n : {1, 2, 255, 256, 257, 1000, 5000, 20000}) {
      Bytes in = RandomBytes<T>(kind, n, random);
      const Bytes whole = Scan(kind, 1, n, 1, in);
      for (int repeat = 0; repeat < 6; ++repeat) {
        std::vector<std::int64_t> bounds{0, n};
        for (auto cuts = random() % 6; cuts > 0; --cuts) {
          // Sometimes close to each other, within a chunk.
          const auto near = static_cast<std::int64_t>(random() % 3 == 0 ? random() % 300 : random());
          bounds.push_back(near % (n + 1));
        }
        std::sort(bounds.begin(), bounds.end());
        INFO(n << " elements in " << bounds.size() - 1 << " parts");
        CHECK(ScanParts(kind, bounds, in) == whole);
      }
    }
  });
}

TEST_CASE("numbers of every size in every order give the same bits in parts") {
  std::mt19937 random(5);
  const std::int64_t n = 4000;
  Bytes in(n * sizeof(double));
  for (std::int64_t i = 0; i < n; ++i) {
    As<double>(in)[i] =
        std::ldexp(std::uniform_real_distribution<double>(-1, 1)(random), static_cast<int>(random() % 1200) - 600);
  }
  const ScanKind kind{false, DType::kFloat64};
  const Bytes whole = Scan(kind, 1, n, 1, in);
  for (std::int64_t cut = 1; cut < n; cut += 37) {
    CHECK(ScanParts(kind, {0, cut / 2, cut, n}, in) == whole);
  }
}

TEST_CASE("infinities, NaN and negative zeros") {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const ScanKind kind{false, DType::kFloat64};
  const auto scan = [&](std::vector<double> numbers) {
    Bytes in(numbers.size() * sizeof(double));
    std::memcpy(in.data(), numbers.data(), in.size());
    Bytes out = Scan(kind, 1, static_cast<std::int64_t>(numbers.size()), 1, in);
    return std::vector<double>(As<double>(out), As<double>(out) + numbers.size());
  };
  CHECK(scan({1, kInf, 2, 3})[3] == kInf);
  CHECK(std::isnan(scan({1, kInf, -kInf, 3})[3]));
  CHECK(scan({1e308, 1e308, -1e308})[1] == kInf);
  CHECK(scan({1, 1e100, 1, -1e100})[3] == 2);
  for (const std::size_t n : {3U, 300U, 5000U}) {
    std::vector<double> zeros(n, -0.0);
    CHECK(std::signbit(scan(zeros).back()));
    zeros[1] = kInf;
    CHECK(scan(zeros).back() == kInf);
    zeros.back() = 0;
    zeros[1] = 0.0;
    CHECK_FALSE(std::signbit(scan(zeros).back()));
  }
}

TEST_CASE("a long scan takes many slices") {
  Bytes in(std::size_t{4} << 20);
  Bytes out(in.size());
  BlockScan scan({false, DType::kInt8}, 1, static_cast<std::int64_t>(in.size()), 1, in.data(), out.data(), false);
  int slices = 0;
  while (scan.Advance()) {
    ++slices;
  }
  CHECK(slices >= 8);
}

}  // namespace
}  // namespace distarray
