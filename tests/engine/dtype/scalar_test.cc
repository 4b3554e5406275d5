#include "engine/dtype/scalar.h"

#include <cmath>
#include <limits>
#include <string>

#include "engine/base/error.h"
#include "tests/engine/dtype/numpy_promotion.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::int64_t kMin64 = std::numeric_limits<std::int64_t>::min();

template <typename T>
T Stored(const Scalar& scalar) {
  T element{};
  StoreScalar(scalar, kDTypeOf<T>, &element);
  return element;
}

TEST_CASE("weak scalars promote as Python numbers beside NumPy arrays") {
  const Scalar scalars[] = {{true}, {std::int64_t{1}}, {1.0}, {std::complex<double>(0, 1)}};
  for (int a = 0; a < kDTypeCount; ++a) {
    for (int s = 0; s < 4; ++s) {
      const auto array = static_cast<DType>(a);
      INFO(NameOf(array) << " with scalar " << s);
      const auto weak = WeakScalarType(scalars[s], array);
      REQUIRE(weak.ok());
      CHECK(static_cast<int>(ResultType(array, *weak)) == kNumPyWeak[a][s]);
    }
  }
}

struct Bounds {
  DType dtype;
  Scalar least, below, most, above;
};

TEST_CASE("integer scalars must fit an integer dtype") {
  const auto i = [](std::int64_t v) { return Scalar{v}; };
  const auto u = [](std::uint64_t v) { return Scalar{v}; };
  const Bounds table[] = {
      {DType::kInt8, i(-128), i(-129), i(127), i(128)},
      {DType::kInt16, i(-32768), i(-32769), i(32767), u(32768)},
      {DType::kInt32, i(-2147483648LL), i(-2147483649LL), i(2147483647), i(2147483648LL)},
      {DType::kInt64, i(kMin64), u(~0ULL), u(9223372036854775807ULL), u(9223372036854775808ULL)},
      {DType::kUInt8, i(0), i(-1), u(255), i(256)},
      {DType::kUInt32, i(0), i(kMin64), i(4294967295LL), i(4294967296LL)},
      {DType::kUInt64, i(0), i(-1), u(~0ULL), i(-5)},
  };
  for (const Bounds& row : table) {
    INFO(NameOf(row.dtype));
    CHECK(WeakScalarType(row.least, row.dtype).ok());
    CHECK(WeakScalarType(row.most, row.dtype).ok());
    CHECK_FALSE(WeakScalarType(row.below, row.dtype).ok());
    CHECK_FALSE(WeakScalarType(row.above, row.dtype).ok());
  }
  const auto status = WeakScalarType(i(300), DType::kInt8).status();
  CHECK(ReasonOf(status) == Reason::kInvalidValue);
  CHECK(std::string(status.message()) == "integer 300 is out of bounds for int8");
  CHECK_FALSE(WeakScalarType(u(1ULL << 63), DType::kBool).ok());
  CHECK(*WeakScalarType(u(1ULL << 63), DType::kFloat32) == DType::kFloat32);
}

TEST_CASE("scalars by themselves") {
  CHECK(DefaultType({true}) == DType::kBool);
  CHECK(DefaultType({std::int64_t{-3}}) == DType::kInt64);
  CHECK(DefaultType({std::uint64_t{3}}) == DType::kInt64);
  CHECK(DefaultType({std::uint64_t{1} << 63}) == DType::kUInt64);
  CHECK(DefaultType({0.5}) == DType::kFloat64);
  CHECK(DefaultType({std::complex<double>(1, 2)}) == DType::kComplex128);
}

TEST_CASE("scalars are stored as NumPy casts them") {
  CHECK(Stored<std::int8_t>({std::int64_t{300}}) == 44);
  CHECK(Stored<std::uint8_t>({std::int64_t{-1}}) == 255);
  CHECK(Stored<std::int64_t>({~std::uint64_t{0}}) == -1);
  CHECK(Stored<std::uint64_t>({kMin64}) == std::uint64_t{1} << 63);
  CHECK(Stored<std::int32_t>({-2.9}) == -2);
  CHECK(Stored<std::int32_t>({2147483647.5}) == 2147483647);
  CHECK(Stored<std::int32_t>({2147483648.0}) == std::numeric_limits<std::int32_t>::min());
  CHECK(Stored<std::int32_t>({-2147483648.5}) == std::numeric_limits<std::int32_t>::min());
  CHECK(Stored<std::int64_t>({9223372036854775808.0}) == kMin64);
  CHECK(Stored<std::int64_t>({std::nan("")}) == kMin64);
  CHECK(Stored<std::uint16_t>({std::nan("")}) == 0);
  CHECK(Stored<std::uint16_t>({-3.0}) == 65533);
  CHECK(Stored<std::uint8_t>({-0.5}) == 0);
  CHECK(Stored<std::uint64_t>({kInf}) == 0);
  CHECK(Stored<std::uint64_t>({std::nan("")}) == std::uint64_t{1} << 63);
  CHECK(Stored<bool>({std::nan("")}));
  CHECK_FALSE(Stored<bool>({-0.0}));
  CHECK(Stored<bool>({std::complex<double>(0, 1)}));
  CHECK(Stored<double>({true}) == 1.0);
  CHECK(Stored<float>({std::complex<double>(2.5, 7)}) == 2.5F);
  CHECK(Stored<std::int16_t>({std::complex<double>(-4.5, 7)}) == -4);
  CHECK(Stored<std::complex<float>>({std::complex<double>(1.5, -2)}) == std::complex<float>(1.5F, -2.0F));
  CHECK(Stored<std::complex<double>>({std::int64_t{3}}) == std::complex<double>(3, 0));
}

TEST_CASE("doubles round to floats at the upper end as IEEE 754 has it") {
  const float largest = std::numeric_limits<float>::max();
  CHECK(Stored<float>({1e300}) == std::numeric_limits<float>::infinity());
  CHECK(Stored<float>({-1e300}) == -std::numeric_limits<float>::infinity());
  CHECK(Stored<float>({static_cast<double>(largest) + std::ldexp(1.0, 103)}) == std::numeric_limits<float>::infinity());
  CHECK(Stored<float>({static_cast<double>(largest) + std::ldexp(1.0, 102)}) == largest);
  CHECK(Stored<float>({kInf}) == std::numeric_limits<float>::infinity());
  CHECK(std::isnan(Stored<float>({std::nan("")})));
}

}  // namespace
}  // namespace distarray
