#include <string>

#include "engine/base/error.h"
#include "engine/distribution/distribution.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

const std::vector<int> kFour = {0, 1, 2, 3};

absl::StatusOr<Distribution> Make(const Shape& shape, const DistributionSpec& spec = {}) {
  return MakeDistribution(shape, spec, kFour, 4);
}

std::vector<std::int64_t> LocalCounts(const Distribution& distribution) {
  std::vector<std::int64_t> counts;
  for (int rank = 0; rank < static_cast<int>(distribution.targets.size()); ++rank) {
    counts.push_back(distribution.LocalCount(rank));
  }
  return counts;
}

using Counts = std::vector<std::int64_t>;
using Targets = std::vector<int>;

TEST_CASE("default distributions of one dimension on four engines") {
  const std::pair<std::int64_t, Counts> blocks[] = {
      {1, {1}},          {2, {1, 1}},    {3, {1, 1, 1}},     {4, {1, 1, 1, 1}},  {5, {2, 2, 1}},    {6, {2, 2, 2}},
      {7, {2, 2, 2, 1}}, {9, {3, 3, 3}}, {10, {3, 3, 3, 1}}, {13, {4, 4, 4, 1}}, {16, {4, 4, 4, 4}}};
  for (const auto& [size, counts] : blocks) {
    INFO(size);
    const auto made = Make({size});
    REQUIRE(made.ok());
    CHECK(LocalCounts(*made) == counts);
    CHECK(made->dimensions[0].letter() == 'b');
    CHECK(made->Validate(4).ok());
  }
  CHECK(LocalCounts(*Make({5}, {.kinds = "c"})) == Counts{2, 1, 1, 1});
  CHECK(LocalCounts(*Make({10}, {.kinds = "c"})) == Counts{3, 3, 2, 2});
  CHECK(LocalCounts(*Make({3}, {.kinds = "c"})) == Counts{1, 1, 1});
}

TEST_CASE("default distributions of several dimensions") {
  const auto trimmed = Make({5, 9}, {.kinds = "bb"});
  CHECK(trimmed->grid_shape() == Shape{1, 3});
  CHECK(trimmed->LocalShape(2) == Shape{5, 3});
  CHECK(trimmed->targets == Targets{0, 1, 2});
  const auto square = Make({7, 7}, {.kinds = "bb"});
  CHECK(square->LocalShape(0) == Shape{4, 4});
  CHECK(square->LocalShape(1) == Shape{4, 3});
  CHECK(square->LocalShape(2) == Shape{3, 4});
  CHECK(square->LocalShape(3) == Shape{3, 3});
  const auto rows = Make({4, 5});
  CHECK(rows->dimensions[1].letter() == 'n');
  CHECK(rows->LocalShape(3) == Shape{1, 5});
  CHECK(Make({8, 5}, {.kinds = "nb"})->grid_shape() == Shape{1, 3});
}

TEST_CASE("dropped empty blocks take their targets with them") {
  // Six engines: grid (2, 3); the third column of blocks of ceil(4 / 3) is empty.
  const std::vector<int> six = {5, 4, 3, 2, 1, 0};
  const auto made = MakeDistribution({3, 4}, {.kinds = "bb"}, six, 6);
  REQUIRE(made.ok());
  CHECK(made->grid_shape() == Shape{2, 2});
  CHECK(made->targets == Targets{5, 4, 2, 1});
}

TEST_CASE("explicit targets and grids are kept, empty blocks and all") {
  const auto four = Make({5}, {.targets = {3, 2, 1, 0}});
  CHECK(four->targets == Targets{3, 2, 1, 0});
  CHECK(LocalCounts(*four) == Counts{2, 2, 1, 0});
  CHECK(LocalCounts(*Make({5}, {.grid_shape = {4}})) == Counts{2, 2, 1, 0});
  CHECK(LocalCounts(*Make({2}, {.grid_shape = {4}})) == Counts{1, 1, 0, 0});
  CHECK(LocalCounts(*Make({2}, {.kinds = "c", .grid_shape = {4}})) == Counts{1, 1, 0, 0});
  const auto fewer = Make({3}, {.targets = {3, 1, 0, 2}});
  CHECK(fewer->targets == Targets{3, 1, 0});
  CHECK(Make({6, 6}, {.kinds = "bb", .grid_shape = {2}})->grid_shape() == Shape{2, 1});
  CHECK(Make({6, 6}, {.kinds = "bb", .grid_shape = {2}, .targets = {2, 0, 1}})->targets == Targets{2, 0});
}

TEST_CASE("what is not distributed, and what has no elements, is on the first target") {
  for (const auto& made : {Make({}), Make({0}), Make({4, 0, 3}), Make({4, 4}, {.kinds = "nn"}),
                           Make({4}, {.kinds = "n"}), Make({0}, {.kinds = "c"})}) {
    REQUIRE(made.ok());
    CHECK(made->targets == Targets{0});
    CHECK(made->Validate(4).ok());
    CHECK(LocalCounts(*made) == Counts{made->size()});
  }
  CHECK(Make({}, {.targets = {3, 1}})->targets == Targets{3});
  CHECK(Make({0}, {.targets = {2, 1}})->targets == Targets{2});
  CHECK(Make({4}, {.kinds = "n", .targets = {2, 1}})->targets == Targets{2});
  CHECK(Make({0})->dimensions[0].letter() == 'b');
}

struct Refused {
  Shape shape;
  DistributionSpec spec;
  std::string says;
};

TEST_CASE("what cannot be is refused by name") {
  const std::int64_t big = std::int64_t{1} << 40;
  const Refused table[] = {
      {{4}, {.kinds = "x"}, "'x' is not a kind"},
      {{4}, {.kinds = "u"}, "'u' is not a kind"},
      {{4}, {.kinds = "bb"}, "dist 'bb' has 2 letters, but shape (4,) has 1 dimensions"},
      {{}, {.kinds = "b"}, "shape () has 0"},
      {{4, -1}, {}, "negative size"},
      {{big, big}, {}, "has more than 2^63 elements"},
      {{big, 0, big}, {}, "has more than 2^63 elements"},
      {{4}, {.grid_shape = {5}}, "grid_shape (5,) needs 5 targets, but there are 4"},
      {{4, 4}, {.kinds = "bb", .grid_shape = {2, 2}, .targets = {0, 1}}, "needs 4 targets, but there are 2"},
      {{4, 4}, {.kinds = "bb", .grid_shape = {big, big}}, "targets, but there are 4"},
      {{4, 4}, {.kinds = "bn", .grid_shape = {2, 2}}, "dimension 1 is not distributed"},
      {{4}, {.grid_shape = {0}}, "expected at least 1"},
      {{4}, {.grid_shape = {2, 2}}, "grid_shape (2, 2) has 2 dimensions"},
      {{4}, {.targets = {0, 0}}, "targets: 0 is given twice"},
      {{4}, {.targets = {4}}, "targets: 4 is not a target"},
      {{4}, {.targets = {-1}}, "targets: -1 is not a target"},
  };
  for (const Refused& row : table) {
    const auto made = Make(row.shape, row.spec);
    INFO(row.says << " / " << made.status().message());
    CHECK(ReasonOf(made.status()) == Reason::kInvalidValue);
    CHECK(std::string(made.status().message()).find(row.says) != std::string::npos);
  }
  CHECK_FALSE(MakeDistribution({4}, {}, {}, 4).ok());
}

TEST_CASE("very long dimensions cost nothing") {
  const auto made = Make({std::int64_t{1} << 40}, {.kinds = "c"});
  REQUIRE(made.ok());
  CHECK(made->LocalCount(3) == std::int64_t{1} << 38);
}

}  // namespace
}  // namespace distarray
