#include "engine/linear_algebra/product.h"

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstring>
#include <random>
#include <type_traits>
#include <vector>

#include "engine/linear_algebra/blas.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// Small whole numbers, so that floating sums are exact; for integers any bits.
template <typename T>
T RandomNumber(std::mt19937& random) {
  if constexpr (std::is_same_v<T, bool>) {
    return random() % 4 == 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(random() * 0x9E3779B97F4A7C15U);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(static_cast<int>(random() % 17) - 8);
  } else {
    using Part = typename T::value_type;
    return T(RandomNumber<Part>(random), RandomNumber<Part>(random));
  }
}

template <typename T>
T AddProduct(T sum, T x, T y) {
  if constexpr (std::is_same_v<T, bool>) {
    return sum || (x && y);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint64_t>(sum) +
                          static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(y));
  } else {
    return sum + x * y;
  }
}

struct Case {
  std::int64_t m, n, k;
  bool a_transposed, b_transposed, accumulate;
  std::int64_t padding;  // of each row in memory
};

/// A matrix in memory; vector<bool> is no memory.
template <typename T>
struct Matrix {
  Matrix(std::int64_t rows, std::int64_t columns, bool is_transposed, std::int64_t padding, std::mt19937& random)
      : transposed(is_transposed),
        stride((is_transposed ? rows : columns) + padding),
        bytes(static_cast<std::size_t>((is_transposed ? columns : rows) * stride) * sizeof(T)) {
    for (std::size_t i = 0; i < bytes.size() / sizeof(T); ++i) {
      Data()[i] = RandomNumber<T>(random);
    }
  }
  T* Data() { return reinterpret_cast<T*>(bytes.data()); }
  T At(std::int64_t i, std::int64_t j) { return Data()[transposed ? j * stride + i : i * stride + j]; }
  Factor AsFactor() const { return {bytes.data(), stride, transposed}; }

  bool transposed;
  std::int64_t stride;
  std::vector<std::byte> bytes;
};

template <typename T>
void Check(const Case& test, std::mt19937& random) {
  Matrix<T> a(test.m, test.k, test.a_transposed, test.padding, random);
  Matrix<T> b(test.k, test.n, test.b_transposed, test.padding, random);
  Matrix<T> c(test.m, test.n, false, test.padding, random);
  Matrix<T> expected = c;
  for (std::int64_t i = 0; i < test.m; ++i) {
    for (std::int64_t j = 0; j < test.n; ++j) {
      T sum = test.accumulate ? c.At(i, j) : T(0);
      for (std::int64_t l = 0; l < test.k; ++l) {
        sum = AddProduct(sum, a.At(i, l), b.At(l, j));
      }
      expected.Data()[i * c.stride + j] = sum;
    }
  }
  Multiply(
      {kDTypeOf<T>, test.m, test.n, test.k, a.AsFactor(), b.AsFactor(), c.bytes.data(), c.stride, test.accumulate});
  // What lies between the rows is not touched.
  CHECK(c.bytes == expected.bytes);
}

TEST_CASE("products of every type, on memory of every form") {
  std::mt19937 random(7);
  const std::vector<std::int64_t> sizes{0, 1, 2, 3, 5, 17, 40, 130};
  const auto pick = [&] { return sizes[random() % sizes.size()]; };
  for (int type = 0; type < kDTypeCount; ++type) {
    for (int repeat = 0; repeat < 60; ++repeat) {
      const Case test{pick(),
                      pick(),
                      pick(),
                      random() % 2 == 0,
                      random() % 2 == 0,
                      random() % 2 == 0,
                      static_cast<std::int64_t>(random() % 3)};
      INFO("dtype " << NameOf(static_cast<DType>(type)) << " m " << test.m << " n " << test.n << " k " << test.k
                    << " transposed " << test.a_transposed << test.b_transposed << " accumulate " << test.accumulate
                    << " padding " << test.padding);
      Visit(static_cast<DType>(type), [&]<typename T>() { Check<T>(test, random); });
    }
  }
}

TEST_CASE("products longer than a slice and than a packed block") {
  std::mt19937 random(8);
  for (const DType dtype : {DType::kFloat64, DType::kFloat32, DType::kInt8, DType::kInt64, DType::kComplex64}) {
    for (const Case& test : {Case{700, 3, 1100, false, false, false, 0}, Case{3, 600, 700, true, true, true, 1},
                             Case{520, 530, 540, false, true, false, 0}, Case{1, 1, 5'000'000, false, false, false, 0},
                             Case{1, 3000, 900, false, false, true, 0}}) {
      INFO("dtype " << NameOf(dtype) << " m " << test.m << " n " << test.n << " k " << test.k);
      Visit(dtype, [&]<typename T>() { Check<T>(test, random); });
    }
  }
}

TEST_CASE("a large product takes many slices, a product of nothing takes none") {
  std::vector<double> matrix(1024 * 1024, 1.0);
  std::vector<double> result(1024 * 1024);
  auto* const bytes = reinterpret_cast<std::byte*>(matrix.data());
  ProductRun run({DType::kFloat64,
                  1024,
                  1024,
                  1024,
                  {bytes, 1024},
                  {bytes, 1024},
                  reinterpret_cast<std::byte*>(result.data()),
                  1024});
  int slices = 0;
  while (run.Advance()) {
    ++slices;
  }
  CHECK(slices >= 8);
  CHECK(std::all_of(result.begin(), result.end(), [](double x) { return x == 1024; }));
  ProductRun none({DType::kFloat64, 4, 4, 0, {bytes, 4}, {bytes, 4}, reinterpret_cast<std::byte*>(result.data()), 4});
  CHECK_FALSE(none.Advance());
  CHECK(std::count(result.begin(), result.end(), 0.0) == 16);
}

TEST_CASE("OpenBLAS is there, with as many threads as it was told") {
  REQUIRE(Blas::Get() != nullptr);
  CHECK_FALSE(Blas::Get()->kernels().empty());
  CHECK(Blas::Get()->threads() == 1);
}

TEST_CASE("partial products are added as their type has it") {
  const std::vector<std::int8_t> from{100, -100, 3};
  std::vector<std::int8_t> into{100, -100, 4};
  AddProducts(DType::kInt8, 3, reinterpret_cast<const std::byte*>(from.data()),
              reinterpret_cast<std::byte*>(into.data()));
  CHECK(into == std::vector<std::int8_t>{-56, 56, 7});
  const bool some[] = {true, false, true, false};
  bool all[] = {true, true, false, false};
  AddProducts(DType::kBool, 4, reinterpret_cast<const std::byte*>(some), reinterpret_cast<std::byte*>(all));
  CHECK((all[0] && all[1] && all[2] && !all[3]));
}

}  // namespace
}  // namespace distarray
