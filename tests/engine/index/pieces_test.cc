#include "engine/index/pieces.h"

#include <numeric>
#include <random>
#include <set>

#include "tests/support/catch.h"

namespace distarray {
namespace {

View SliceOf(const Shape& base, std::vector<std::pair<std::int64_t, std::int64_t>> ranges) {
  View view = View::Whole(base);
  for (std::size_t d = 0; d < ranges.size(); ++d) {
    view.dimensions[d].start = ranges[d].first;
    view.dimensions[d].count = ranges[d].second - ranges[d].first;
  }
  return view;
}

TEST_CASE("a slice shifted by one lacks one element at each block's edge") {
  const Distribution base{{DimensionMap::Block(12, 3)}, {0, 1, 2}};
  const Distribution space = DistributionOfView(base, SliceOf({12}, {{1, 12}}));
  const View view = SliceOf({12}, {{0, 11}});
  const auto pieces = Pieces::Of(base, view, space);
  REQUIRE(pieces.has_value());
  CHECK(pieces->Edges().dimensions[0].bounds == std::vector<std::int64_t>{0, 0, 1, 2});
  CHECK(pieces->At(0).size() == 1);
  const auto second = pieces->At(1);
  REQUIRE(second.size() == 2);
  CHECK(second[0].owner == 0);
  CHECK(second[0].begin == Shape{0});
  CHECK(second[0].shape == Shape{1});
  CHECK(second[0].offset == 0);
  CHECK(second[1].owner == 1);
  CHECK(second[1].begin == Shape{1});
  CHECK(second[1].shape == Shape{3});
  CHECK(pieces->RegionAt(1, 1).offset == -1);  // the share's first element is not its own
  CHECK(pieces->RegionAt(0, 1).offset == 3);
}

TEST_CASE("what is not dealt out in blocks, or repeats elements, has no pieces") {
  const Distribution blocks{{DimensionMap::Block(12, 3)}, {0, 1, 2}};
  const Distribution cyclic{{DimensionMap::Cyclic(12, 3)}, {0, 1, 2}};
  CHECK_FALSE(Pieces::Of(cyclic, View::Whole({12}), blocks).has_value());
  CHECK_FALSE(Pieces::Of(blocks, View::Whole({12}), cyclic).has_value());
  View repeated = View::Whole({12});
  repeated.dimensions[0].step = 0;
  CHECK_FALSE(Pieces::Of(blocks, repeated, blocks).has_value());
  CHECK_FALSE(Pieces::Of(blocks, SliceOf({12}, {{0, 11}}), blocks).has_value());
}

DimensionMap AnyBlocks(std::int64_t size, std::int64_t processes, std::mt19937_64& random) {
  std::vector<std::int64_t> bounds{0, size};
  for (std::int64_t p = 1; p < processes; ++p) {
    bounds.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(size + 1)));
  }
  std::sort(bounds.begin(), bounds.end());
  return DimensionMap::Block(std::move(bounds));
}

/// Each element of each share lies in one piece, whose owner holds that element of the view.
void CheckPieces(const Distribution& base, const View& view, const Distribution& space) {
  const auto pieces = Pieces::Of(base, view, space);
  REQUIRE(pieces.has_value());
  // What the engines hold: each element is its C-order number in the base.
  const Shape shape = base.shape();
  const auto value_at = [&](int target, std::int64_t local) {
    const int rank = base.RankOf(target);
    const Shape block = base.LocalShape(rank);
    const auto coordinates = base.Coordinates(rank);
    REQUIRE(local >= 0);
    REQUIRE(local < base.LocalCount(rank));
    std::int64_t row = local / block[1];
    std::int64_t column = local % block[1];
    return base.dimensions[0].GlobalIndex(coordinates[0], row) * shape[1] +
           base.dimensions[1].GlobalIndex(coordinates[1], column);
  };
  const Distribution edges = pieces->Edges();
  for (std::size_t rank = 0; rank < space.targets.size(); ++rank) {
    const int r = static_cast<int>(rank);
    const int target = space.targets[rank];
    const Shape share = space.LocalShape(r);
    const auto coordinates = space.Coordinates(r);
    std::set<std::pair<std::int64_t, std::int64_t>> seen;
    std::int64_t offset = 0;
    for (const Piece& piece : pieces->At(r)) {
      const LocalRegion region = pieces->RegionAt(piece.owner, r);
      if (piece.owner != target) {
        CHECK(piece.offset == offset);
        offset += piece.shape[0] * piece.shape[1];
      }
      for (std::int64_t i = piece.begin[0]; i < piece.begin[0] + piece.shape[0]; ++i) {
        for (std::int64_t j = piece.begin[1]; j < piece.begin[1] + piece.shape[1]; ++j) {
          CHECK(seen.insert({i, j}).second);
          const std::int64_t at[] = {space.dimensions[0].GlobalIndex(coordinates[0], i),
                                     space.dimensions[1].GlobalIndex(coordinates[1], j)};
          std::int64_t global[2] = {};
          for (int d = 0; d < 2; ++d) {
            const ViewDimension& dimension = view.dimensions[static_cast<std::size_t>(d)];
            global[dimension.base] = dimension.start + at[d] * dimension.step;
          }
          REQUIRE(value_at(piece.owner, region.offset + i * region.strides[0] + j * region.strides[1]) ==
                  global[0] * shape[1] + global[1]);
        }
      }
    }
    CHECK(static_cast<std::int64_t>(seen.size()) == share[0] * share[1]);
    CHECK(edges.LocalCount(r) == offset);
  }
}

TEST_CASE("pieces of any blocks and views") {
  std::mt19937_64 random(5);
  const auto below = [&random](std::int64_t end) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
  };
  for (int round = 0; round < 300; ++round) {
    const Shape shape = {1 + below(9), 1 + below(9)};
    const std::int64_t grids[][2] = {{1, 1}, {2, 1}, {1, 3}, {2, 2}, {3, 2}};
    const auto& [rows, columns] = grids[below(5)];
    std::vector<int> targets(static_cast<std::size_t>(rows * columns));
    std::iota(targets.begin(), targets.end(), 0);
    std::shuffle(targets.begin(), targets.end(), random);
    const Distribution base{{AnyBlocks(shape[0], rows, random), AnyBlocks(shape[1], columns, random)}, targets};
    View view = View::Whole(shape);
    for (std::size_t d = 0; d < 2; ++d) {
      ViewDimension& dimension = view.dimensions[d];
      dimension.step = std::vector<std::int64_t>{1, 1, 2, -1}[static_cast<std::size_t>(below(4))];
      dimension.start = below(shape[d]);
      const std::int64_t most =
          dimension.step > 0 ? (shape[d] - 1 - dimension.start) / dimension.step + 1 : dimension.start + 1;
      dimension.count = 1 + below(most);
    }
    if (below(3) == 0) {
      std::swap(view.dimensions[0], view.dimensions[1]);
    }
    std::shuffle(targets.begin(), targets.end(), random);
    const Shape viewed = view.shape();
    const Distribution space{{AnyBlocks(viewed[0], rows, random), AnyBlocks(viewed[1], columns, random)}, targets};
    CheckPieces(base, view, space);
  }
}

}  // namespace
}  // namespace distarray
