#include "engine/distribution/distribution.h"

#include <string>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Targets = std::vector<int>;

Distribution Grid23() {
  return {{DimensionMap::Block(5, 2), DimensionMap::Whole(2), DimensionMap::Cyclic(7, 3, 2)}, {9, 4, 2, 7, 5, 1}};
}

TEST_CASE("ranks are grid coordinates in C order, targets as given") {
  const Distribution distribution = Grid23();
  CHECK(distribution.shape() == Shape{5, 2, 7});
  CHECK(distribution.grid_shape() == Shape{2, 1, 3});
  CHECK(distribution.size() == 70);
  CHECK(distribution.Coordinates(4) == Shape{1, 0, 1});
  for (int rank = 0; rank < 6; ++rank) {
    CHECK(distribution.RankAt(distribution.Coordinates(rank)) == rank);
    CHECK(distribution.RankOf(distribution.targets[static_cast<std::size_t>(rank)]) == rank);
  }
  CHECK(distribution.RankOf(3) == -1);
  CHECK(distribution.LocalShape(0) == Shape{3, 2, 3});
  CHECK(distribution.LocalShape(5) == Shape{2, 2, 2});
  CHECK(distribution.LocalCount(5) == 8);
  CHECK(distribution.Validate(10).ok());
  CHECK_FALSE(distribution.Validate(9).ok());
}

TEST_CASE("no dimensions") {
  const Distribution scalar = SingleTarget({}, 3);
  CHECK(scalar.size() == 1);
  CHECK(scalar.Coordinates(0).empty());
  CHECK(scalar.RankAt({}) == 0);
  CHECK(scalar.LocalShape(0).empty());
  CHECK(scalar.LocalCount(0) == 1);
  CHECK(scalar.Validate(4).ok());
}

TEST_CASE("replicated dimensions hold all on each process") {
  const Distribution distribution{{DimensionMap::Replicated(1, 2), DimensionMap::Block(4, 2)}, {0, 1, 2, 3}};
  CHECK(distribution.Validate(4).ok());
  CHECK(distribution.size() == 4);
  for (int rank = 0; rank < 4; ++rank) {
    CHECK(distribution.LocalShape(rank) == Shape{1, 2});
  }
}

TEST_CASE("reductions keep the maps that stay") {
  const Distribution source = Grid23();
  const int last[] = {2};
  const Distribution rows = ReducedDistribution(source, last, false);
  CHECK(rows.shape() == Shape{5, 2});
  CHECK(rows.targets == Targets{9, 7});
  const int first[] = {0, 1};
  const Distribution columns = ReducedDistribution(source, first, true);
  CHECK(columns.shape() == Shape{1, 1, 7});
  CHECK(columns.targets == Targets{9, 4, 2});
  CHECK(columns.dimensions[2] == source.dimensions[2]);
  const int all[] = {0, 1, 2};
  CHECK(ReducedDistribution(source, all, false).targets == Targets{9});
  CHECK(ReducedDistribution(source, all, false).shape().empty());
  CHECK(ReducedDistribution(source, {}, false).targets == source.targets);
  for (const bool keepdims : {false, true}) {
    CHECK(ReducedDistribution(source, last, keepdims).Validate(10).ok());
  }
}

TEST_CASE("distributions survive encoding, and equivalence sees through notation") {
  const Distribution source = Grid23();
  ByteWriter out;
  source.Encode(out);
  const std::string bytes = std::move(out).Take();
  ByteReader in(bytes);
  const Distribution copy = Distribution::Decode(in);
  CHECK(in.AtEnd());
  CHECK(copy.dimensions == source.dimensions);
  CHECK(copy.targets == source.targets);
  CHECK(Equivalent(copy, source));
  Distribution other = source;
  other.targets[0] = 8;
  CHECK_FALSE(Equivalent(other, source));
  other = source;
  other.dimensions[1] = DimensionMap::Cyclic(2, 1);
  CHECK(Equivalent(other, source));
  other.dimensions[0] = DimensionMap::Block({0, 2, 5});
  CHECK_FALSE(Equivalent(other, source));
}

TEST_CASE("distributions that are none") {
  Distribution wrong = Grid23();
  wrong.targets.pop_back();
  CHECK(ReasonOf(wrong.Validate(10)) == Reason::kInvalidValue);
  wrong = Grid23();
  wrong.targets[1] = 9;
  CHECK_FALSE(wrong.Validate(10).ok());
  const std::int64_t big = std::int64_t{1} << 32;
  wrong = {{DimensionMap::Replicated(1, big), DimensionMap::Replicated(1, big)}, {0}};
  CHECK_FALSE(wrong.Validate(10).ok());
  wrong = SingleTarget({big, big}, 0);
  CHECK_FALSE(wrong.Validate(10).ok());
}

TEST_CASE("shapes as text") {
  CHECK(ToString(Shape{}) == "()");
  CHECK(ToString(Shape{3}) == "(3,)");
  CHECK(ToString(Shape{3, 4}) == "(3, 4)");
}

}  // namespace
}  // namespace distarray
