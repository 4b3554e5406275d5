#include <cmath>
#include <numbers>
#include <set>

#include "engine/kernels/kernel_set.h"
#include "tests/engine/program/program_builder.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// Random numbers of a whole array, gathered from its blocks.
template <typename T>
std::vector<T> Draw(const RandomNumber& random, const Distribution& space) {
  std::vector<T> all(static_cast<std::size_t>(space.size()));
  const auto strides = DenseStrides(space.shape());
  for (int rank = 0; rank < static_cast<int>(space.targets.size()); ++rank) {
    const Shape shape = space.LocalShape(rank);
    std::vector<T> block(static_cast<std::size_t>(CountOf(shape)));
    ProgramBuilder b;
    b.Store(b.Random(random, kDTypeOf<T>));
    REQUIRE(b.program().Validate(space.ndim()).ok());
    Executor executor(b.program(), space, rank, {}, {Output(block, DenseRegion(shape))});
    REQUIRE(RunAll(executor, 1000).ok());
    const auto coordinates = space.Coordinates(rank);
    Shape index(shape.size(), 0);
    for (const T& value : block) {
      std::int64_t position = 0;
      for (std::size_t d = 0; d < index.size(); ++d) {
        position += strides[d] * space.dimensions[d].GlobalIndex(coordinates[d], index[d]);
      }
      all[static_cast<std::size_t>(position)] = value;
      NextIndex(shape, index);
    }
  }
  return all;
}

Distribution Deal(std::vector<DimensionMap> maps) {
  Distribution space;
  std::int64_t count = 1;
  for (const DimensionMap& map : maps) {
    count *= map.grid_size;
  }
  space.dimensions = std::move(maps);
  space.targets.resize(static_cast<std::size_t>(count));
  std::iota(space.targets.begin(), space.targets.end(), 0);
  return space;
}

RandomNumber Numbers(RandomNumber::Kind kind, Scalar low, Scalar high, std::uint64_t seed = 42,
                     std::uint64_t stream = 1) {
  return {kind, seed, stream, low, high};
}

TEST_CASE("The same numbers for any distribution") {
  const Distribution spaces[] = {
      Deal({DimensionMap::Block(30, 4), DimensionMap::Whole(41)}),
      Deal({DimensionMap::Cyclic(30, 3), DimensionMap::Block(41, 2)}),
      Deal({DimensionMap::Cyclic(30, 2, 4), DimensionMap::Cyclic(41, 3, 5)}),
      Deal({DimensionMap::Unstructured({std::vector<std::int64_t>{29, 1, 0, 5},
                                        [] {
                                          std::vector<std::int64_t> rest;
                                          for (std::int64_t i = 2; i < 29; ++i) {
                                            if (i != 5) {
                                              rest.push_back(i);
                                            }
                                          }
                                          return rest;
                                        }()}),
            DimensionMap::Whole(41)}),
  };
  const Distribution whole = SingleTarget({30, 41}, 0);
  for (const Distribution& space : spaces) {
    const auto normal = Numbers(RandomNumber::Kind::kNormal, Scalar{0.0}, Scalar{1.0});
    CHECK(Draw<double>(normal, space) == Draw<double>(normal, whole));
    CHECK(Draw<float>(normal, space) == Draw<float>(normal, whole));
    const auto uniform = Numbers(RandomNumber::Kind::kUniform, Scalar{-1.0}, Scalar{1.0});
    CHECK(Draw<double>(uniform, space) == Draw<double>(uniform, whole));
    const auto integers = Numbers(RandomNumber::Kind::kIntegers, Scalar{std::int64_t{-5}}, Scalar{std::int64_t{5}});
    CHECK(Draw<std::int32_t>(integers, space) == Draw<std::int32_t>(integers, whole));
  }
}

TEST_CASE("Uniform numbers: known first ones, range, moments") {
  const auto uniform = Numbers(RandomNumber::Kind::kUniform, Scalar{0.0}, Scalar{1.0}, 0, 0);
  const auto x = Draw<double>(uniform, SingleTarget({100000}, 0));
  // Philox's published words for counter 0 and key 0, as 53 bits.
  CHECK(x[0] == static_cast<double>(std::uint64_t{0xe169c58d6627e8d5} >> 11) * 0x1p-53);
  double sum = 0;
  double squares = 0;
  for (const double value : x) {
    REQUIRE((value >= 0 && value < 1));
    sum += value;
    squares += value * value;
  }
  CHECK(IsNear(sum / 1e5, 0.5, 0.01));
  CHECK(IsNear(squares / 1e5, 1.0 / 3, 0.01));
  const auto other =
      Draw<double>(Numbers(RandomNumber::Kind::kUniform, Scalar{0.0}, Scalar{1.0}, 0, 1), SingleTarget({10}, 0));
  CHECK(other[0] != x[0]);
}

TEST_CASE("float32 never reaches the end of the range") {
  const auto narrow = Numbers(RandomNumber::Kind::kUniform, Scalar{1.0}, Scalar{1.0 + 0x1p-22});
  for (const float value : Draw<float>(narrow, SingleTarget({1000}, 0))) {
    REQUIRE((value >= 1.0F && value < 1.0F + 0x1p-22F));
  }
}

TEST_CASE("Normal numbers: moments and tails") {
  const auto normal = Numbers(RandomNumber::Kind::kNormal, Scalar{3.0}, Scalar{2.0});
  const auto x = Draw<double>(normal, SingleTarget({200001}, 0));
  double sum = 0;
  double squares = 0;
  double cubes = 0;
  int beyond_two = 0;
  for (const double value : x) {
    const double z = (value - 3) / 2;
    REQUIRE(std::isfinite(z));
    sum += z;
    squares += z * z;
    cubes += z * z * z;
    beyond_two += std::fabs(z) > 2 ? 1 : 0;
  }
  const auto n = static_cast<double>(x.size());
  CHECK(std::fabs(sum / n) < 0.01);
  CHECK(IsNear(squares / n, 1, 0.02));
  CHECK(std::fabs(cubes / n) < 0.05);
  CHECK(IsNear(beyond_two / n, 0.0455, 0.05));
}

TEST_CASE("Integers: every one of the range about as often, extreme ranges") {
  const auto dice = Numbers(RandomNumber::Kind::kIntegers, Scalar{std::int64_t{1}}, Scalar{std::int64_t{7}});
  std::array<int, 8> counts{};
  for (const std::int8_t value : Draw<std::int8_t>(dice, SingleTarget({60000}, 0))) {
    REQUIRE((value >= 1 && value <= 6));
    ++counts[static_cast<std::size_t>(value)];
  }
  for (std::size_t value = 1; value <= 6; ++value) {
    CHECK(std::abs(counts[value] - 10000) < 500);
  }
  const auto wide = Numbers(RandomNumber::Kind::kIntegers, Scalar{std::numeric_limits<std::int64_t>::min()},
                            Scalar{std::numeric_limits<std::int64_t>::max()});
  int negative = 0;
  for (const std::int64_t value : Draw<std::int64_t>(wide, SingleTarget({10000}, 0))) {
    negative += value < 0 ? 1 : 0;
  }
  CHECK(std::abs(negative - 5000) < 300);
  const auto natural = Numbers(RandomNumber::Kind::kIntegers, Scalar{~std::uint64_t{0} - 2}, Scalar{~std::uint64_t{0}});
  for (const std::uint64_t value : Draw<std::uint64_t>(natural, SingleTarget({100}, 0))) {
    REQUIRE((value == ~std::uint64_t{0} - 2 || value == ~std::uint64_t{0} - 1));
  }
}

TEST_CASE("Closed integers: both ends, and all that a type has") {
  using Kind = RandomNumber::Kind;
  const auto dice = Numbers(Kind::kClosedIntegers, Scalar{std::int64_t{1}}, Scalar{std::int64_t{6}});
  std::array<int, 8> counts{};
  for (const std::int8_t value : Draw<std::int8_t>(dice, SingleTarget({60000}, 0))) {
    REQUIRE((value >= 1 && value <= 6));
    ++counts[static_cast<std::size_t>(value)];
  }
  for (std::size_t value = 1; value <= 6; ++value) {
    CHECK(std::abs(counts[value] - 10000) < 500);
  }
  const auto all = Numbers(Kind::kClosedIntegers, Scalar{std::int64_t{0}}, Scalar{~std::uint64_t{0}});
  int high = 0;
  for (const std::uint64_t value : Draw<std::uint64_t>(all, SingleTarget({10000}, 0))) {
    high += value >> 63 != 0 ? 1 : 0;
  }
  CHECK(std::abs(high - 5000) < 300);
  const auto most = Numbers(Kind::kClosedIntegers, Scalar{std::numeric_limits<std::int64_t>::min()},
                            Scalar{std::numeric_limits<std::int64_t>::max() - 1});
  int negative = 0;
  for (const std::int64_t value : Draw<std::int64_t>(most, SingleTarget({10000}, 0))) {
    negative += value < 0 ? 1 : 0;
  }
  CHECK(std::abs(negative - 5000) < 300);
  const auto one = Numbers(Kind::kClosedIntegers, Scalar{std::int64_t{-3}}, Scalar{std::int64_t{-3}});
  for (const std::int64_t value : Draw<std::int64_t>(one, SingleTarget({10}, 0))) {
    REQUIRE(value == -3);
  }
}

}  // namespace
}  // namespace distarray
