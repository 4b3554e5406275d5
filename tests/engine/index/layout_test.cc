#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "engine/index/view.h"
#include "tests/engine/distribution/maps.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Targets = std::vector<int>;

/// All index tuples of a shape, C order.
std::vector<Shape> Tuples(const Shape& shape) {
  std::vector<Shape> tuples = {{}};
  for (const std::int64_t size : shape) {
    std::vector<Shape> longer;
    for (const Shape& tuple : tuples) {
      for (std::int64_t i = 0; i < size; ++i) {
        longer.push_back(tuple);
        longer.back().push_back(i);
      }
    }
    tuples = std::move(longer);
  }
  return tuples;
}

/// Base index of a view index.
Shape BaseIndex(const View& view, const Shape& at, std::size_t base_ndim) {
  Shape base(base_ndim, 0);
  for (const FixedDimension& fixed : view.fixed) {
    base[static_cast<std::size_t>(fixed.base)] = fixed.index;
  }
  for (std::size_t d = 0; d < at.size(); ++d) {
    const ViewDimension& dimension = view.dimensions[d];
    if (dimension.base >= 0) {
      base[static_cast<std::size_t>(dimension.base)] = dimension.start + at[d] * dimension.step;
    }
  }
  return base;
}

/// Position of a base element in a target's block, if it is there.
std::optional<std::int64_t> Position(const Distribution& base, const Shape& index, int target) {
  const int rank = base.RankOf(target);
  if (rank < 0) {
    return std::nullopt;
  }
  const auto coordinates = base.Coordinates(rank);
  const Shape local_shape = base.LocalShape(rank);
  std::int64_t position = 0;
  for (std::size_t b = 0; b < index.size(); ++b) {
    const DimensionMap& map = base.dimensions[b];
    if (!map.replicated() && map.Owner(index[b]) != coordinates[b]) {
      return std::nullopt;
    }
    position = position * local_shape[b] + map.LocalIndex(index[b]);
  }
  return position;
}

/// Positions in the block of all of a target's elements of a view dealt out as `space`, in the space's local order;
/// nullopt if one is elsewhere.
std::optional<std::vector<std::int64_t>> Positions(const Distribution& base, const View& view,
                                                   const Distribution& space, int target) {
  std::vector<std::int64_t> positions;
  const int rank = space.RankOf(target);
  const auto coordinates = space.Coordinates(rank);
  for (Shape at : Tuples(space.LocalShape(rank))) {
    for (std::size_t d = 0; d < at.size(); ++d) {
      at[d] = space.dimensions[d].GlobalIndex(coordinates[d], at[d]);
    }
    const auto position = Position(base, BaseIndex(view, at, base.dimensions.size()), target);
    if (!position) {
      return std::nullopt;
    }
    positions.push_back(*position);
  }
  return positions;
}

std::vector<std::int64_t> Enumerate(const LocalRegion& region) {
  std::vector<std::int64_t> positions;
  for (const Shape& at : Tuples(region.shape)) {
    positions.push_back(std::inner_product(at.begin(), at.end(), region.strides.begin(), region.offset));
  }
  return positions;
}

/// The region along one dimension, as it would be told element by element.
bool IsProgression(const std::vector<std::int64_t>& positions) {
  for (std::size_t i = 2; i < positions.size(); ++i) {
    if (positions[i] - positions[i - 1] != positions[1] - positions[0]) {
      return false;
    }
  }
  return true;
}

/// What is wrong with RegionOfView and IsRegular; "" if nothing. `complete`: a regular part must be found to be one
/// (one dimension only).
std::string RegionContradiction(const Distribution& base, const View& view, const Distribution& space, bool complete) {
  bool all = true;
  for (const int target : space.targets) {
    const auto region = RegionOfView(base, view, space, target);
    const auto positions = Positions(base, view, space, target);
    all = all && region.has_value();
    if (region && (!positions || Enumerate(*region) != *positions)) {
      return "a wrong region on target " + std::to_string(target);
    }
    if (!region && complete && positions && IsProgression(*positions)) {
      return "a region not found on target " + std::to_string(target);
    }
  }
  return IsRegular(base, view, space) == all ? "" : "IsRegular is not about all targets";
}

/// Does a layout hold each element once, on the target that owns it, and each target something?
std::string LayoutContradiction(const Distribution& base, const View& view, const Distribution& layout) {
  if (!layout.Validate(100).ok() || layout.shape() != view.shape()) {
    return "no distribution of the shape";
  }
  for (const int target : layout.targets) {
    if (!Positions(base, view, layout, target)) {
      return "an element that lies elsewhere, target " + std::to_string(target);
    }
    if (layout.size() > 0 && layout.LocalCount(layout.RankOf(target)) == 0) {
      return "a target without elements";
    }
  }
  return "";
}

/// Element by element: the segments of each dimension give the positions of the view's elements.
std::string SegmentsContradiction(const Distribution& base, const View& view) {
  for (std::size_t d = 0; d < view.dimensions.size(); ++d) {
    const ViewDimension& dimension = view.dimensions[d];
    const bool real = dimension.base >= 0;
    const DimensionMap map = real ? base.dimensions[static_cast<std::size_t>(dimension.base)] : DimensionMap::Whole(1);
    for (std::int64_t p = 0; p < map.grid_size; ++p) {
      std::map<std::int64_t, std::int64_t> expected, got;
      for (std::int64_t v = 0; v < dimension.count; ++v) {
        const std::int64_t index = real ? dimension.start + v * dimension.step : 0;
        if (map.replicated() || map.Owner(index) == p) {
          expected[v] = map.LocalIndex(index);
        }
      }
      for (const Segment& run : ViewSegments(base, view, static_cast<int>(d), p)) {
        for (std::int64_t i = 0; i < run.count; ++i) {
          got[run.start + i * run.step] = run.local_start + i * run.local_step;
        }
      }
      if (got != expected) {
        return "segments of dimension " + std::to_string(d);
      }
    }
  }
  return "";
}

std::vector<View> ViewsOf(std::int64_t size) {
  const View whole = View::Whole({size});
  std::vector<View> views = {whole};
  for (const std::int64_t step : {1, 2, 3, 4, 8, -1, -2, -4}) {
    for (const std::int64_t start : {0, 1, 2, 3, 4, 5}) {
      const auto at = step > 0 ? start : size - 1 - start;
      views.push_back(*IndexView(whole, {SliceEntry{std::clamp<std::int64_t>(at, 0, size), {}, step}}));
      views.push_back(*IndexView(views.back(), {SliceEntry{{}, 3, {}}}));
    }
  }
  return views;
}

Targets SomeTargets(std::int64_t count) {
  Targets targets;
  for (std::int64_t i = 0; i < count; ++i) {
    targets.push_back(static_cast<int>((i * 7 + 3) % 11));
  }
  return targets;
}

Distribution OneDimension(const DimensionMap& map) { return {{map}, SomeTargets(map.grid_size)}; }

TEST_CASE("views of one dimension, every kind of map: layout, region and segments") {
  for (const std::int64_t size : {1, 9, 16, 23}) {
    for (const DimensionMap& map : MapsOf(size)) {
      const Distribution base = OneDimension(map);
      for (const View& view : ViewsOf(size)) {
        const Distribution layout = DistributionOfView(base, view);
        INFO(Describe(map) << " start " << view.dimensions[0].start << " step " << view.dimensions[0].step << " count "
                           << view.dimensions[0].count);
        const bool whole = view.IsWhole({size});
        REQUIRE((whole ? "" : LayoutContradiction(base, view, layout)) == "");
        const bool closed_form = map.letter() != 'u' && layout.dimensions[0].letter() != 'u';
        REQUIRE(RegionContradiction(base, view, layout, closed_form || whole) == "");
        REQUIRE(SegmentsContradiction(base, view) == "");
      }
    }
  }
}

TEST_CASE("any space against any view of one dimension: no wrong region") {
  for (const std::int64_t size : {6, 13}) {
    const auto maps = MapsOf(size);
    const auto smaller = MapsOf((size + 1) / 2);
    for (const DimensionMap& map : maps) {
      const Distribution base = OneDimension(map);
      for (const std::int64_t step : {1, 2, -2}) {
        const View view = *IndexView(View::Whole({size}), {SliceEntry{{}, {}, step}});
        for (const DimensionMap& other : step == 1 ? maps : smaller) {
          if (other.size == view.shape()[0]) {
            const auto wrong = RegionContradiction(base, view, OneDimension(other), false);
            if (!wrong.empty()) {
              FAIL(wrong << ": " << Describe(map) << ", space " << Describe(other) << ", step " << step);
            }
          }
        }
      }
    }
  }
}

View Permuted(View view) {
  std::reverse(view.dimensions.begin(), view.dimensions.end());
  return view;
}

TEST_CASE("views of several dimensions: slices, integers, new axes, transposed") {
  const std::vector<std::vector<IndexEntry>> indices = {
      {},
      {SliceEntry{1, {}, {}}, SliceEntry{{}, {}, -2}},
      {std::int64_t{4}, SliceEntry{2, {}, {}}},
      {SliceEntry{}, std::int64_t{-2}, NewAxisEntry{}, SliceEntry{{}, {}, 2}},
      {NewAxisEntry{}, SliceEntry{{}, {}, 3}, SliceEntry{3, 4, {}}, std::int64_t{1}},
      {std::int64_t{0}, std::int64_t{5}, std::int64_t{2}},
      {SliceEntry{2, 2, {}}},
      {EllipsisEntry{}, SliceEntry{{}, {}, -1}},
  };
  const std::vector<DimensionMap> firsts = {DimensionMap::Block(6, 2), DimensionMap::Cyclic(6, 2), Scrambled(6, 2)};
  const std::vector<DimensionMap> seconds = {DimensionMap::Block({0, 1, 1, 8}), DimensionMap::Cyclic(8, 3, 2),
                                             DimensionMap::Cyclic(8, 3), Scrambled(8, 3)};
  for (const DimensionMap& first : firsts) {
    for (const DimensionMap& second : seconds) {
      const Distribution base{{first, second, DimensionMap::Whole(3)}, SomeTargets(6)};
      for (const auto& index : indices) {
        for (const bool permuted : {false, true}) {
          View view = *IndexView(View::Whole({6, 8, 3}), index);
          view = permuted ? Permuted(view) : view;
          const Distribution layout = DistributionOfView(base, view);
          INFO(Describe(first) << " / " << Describe(second) << " shape " << ToString(view.shape()));
          if (!view.IsWhole({6, 8, 3})) {
            REQUIRE(LayoutContradiction(base, view, layout) == "");
          }
          REQUIRE(RegionContradiction(base, view, layout, false) == "");
          REQUIRE(SegmentsContradiction(base, view) == "");
        }
      }
    }
  }
}

TEST_CASE("the targets of a view follow its own dimensions") {
  const Distribution base{{DimensionMap::Block(4, 2), DimensionMap::Block(6, 3)}, {5, 4, 3, 2, 1, 0}};
  CHECK(DistributionOfView(base, Permuted(View::Whole({4, 6}))).targets == Targets{5, 2, 4, 1, 3, 0});
  const View row = *IndexView(View::Whole({4, 6}), {std::int64_t{2}});
  CHECK(DistributionOfView(base, row).targets == Targets{2, 1, 0});
  const View part = *IndexView(View::Whole({4, 6}), {SliceEntry{}, SliceEntry{4, 1, -1}});
  CHECK(DistributionOfView(base, part).targets == Targets{3, 4, 0, 1});
  const View empty = *IndexView(View::Whole({4, 6}), {SliceEntry{}, SliceEntry{2, 2, {}}});
  CHECK(DistributionOfView(base, empty).targets == Targets{5});
  CHECK(DistributionOfView(base, empty).shape() == Shape{4, 0});
  CHECK(IsRegular(base, empty, DistributionOfView(base, empty)));
}

TEST_CASE("a whole view keeps the distribution, empty blocks and all") {
  const Distribution base{{DimensionMap::Block(5, 4)}, {3, 2, 1, 0}};
  const Distribution layout = DistributionOfView(base, View::Whole({5}));
  CHECK(layout.targets == base.targets);
  CHECK(IsRegular(base, View::Whole({5}), layout));
  CHECK(RegionOfView(base, View::Whole({5}), layout, 0)->shape == Shape{0});
  CHECK(RegionOfView(base, View::Whole({5}), layout, 9)->shape == Shape{0});
}

TEST_CASE("broadcast operands") {
  // A row on the owner of one element, repeated.
  const Distribution base{{DimensionMap::Block(4, 2), DimensionMap::Block(6, 2)}, {0, 1, 2, 3}};
  const View row = *IndexView(View::Whole({4, 6}), {SliceEntry{3, {}, {}}});
  const View wide = *BroadcastView(row, {2, 5, 6});
  const Distribution layout = DistributionOfView(base, wide);
  CHECK(layout.targets == Targets{2, 3});
  CHECK(LayoutContradiction(base, wide, layout) == "");
  CHECK(RegionContradiction(base, wide, layout, false) == "");
  CHECK(SegmentsContradiction(base, wide) == "");
  // The repeated dimension dealt out: only where there are copies.
  const Distribution space{{DimensionMap::Block(5, 2), DimensionMap::Block(6, 2)}, {0, 1, 2, 3}};
  const View tall = *BroadcastView(row, {5, 6});
  CHECK_FALSE(IsRegular(base, tall, space));
  const Distribution copies{{DimensionMap::Replicated(1, 2), DimensionMap::Block(6, 2)}, {0, 1, 2, 3}};
  const View repeated = *BroadcastView(View::Whole({1, 6}), {5, 6});
  CHECK(IsRegular(copies, repeated, space));
  CHECK(RegionContradiction(copies, repeated, space, false) == "");
  CHECK(RegionOfView(copies, repeated, space, 3)->shape == Shape{2, 3});
  CHECK(RegionOfView(copies, repeated, space, 3)->strides == Shape{0, 1});
  // A vector broadcast over leading dimensions that are dealt out: copies along a dimension of its own.
  const View columns = *BroadcastView(View::Whole({6}), {5, 6});
  const Distribution vector{{DimensionMap::Block(6, 2)}, {0, 1}};
  CHECK_FALSE(IsRegular(vector, columns, space));
  CHECK(IsRegular(vector, columns, {{DimensionMap::Whole(5), DimensionMap::Block(6, 2)}, {0, 1}}));
}

TEST_CASE("numbers of no dimension") {
  const Distribution base = SingleTarget({}, 4);
  const View whole = View::Whole({});
  CHECK(DistributionOfView(base, whole).targets == Targets{4});
  const auto region = RegionOfView(base, whole, base, 4);
  REQUIRE(region.has_value());
  CHECK(region->shape.empty());
  CHECK(region->offset == 0);
  const View wide = *BroadcastView(whole, {3, 0});
  CHECK(IsRegular(base, wide, DistributionOfView(base, wide)));
}

TEST_CASE("huge dimensions take no time") {
  const std::int64_t size = std::int64_t{1} << 50;
  const View reversed = *IndexView(View::Whole({size}), {SliceEntry{{}, {}, -2}});
  for (const DimensionMap& map : {DimensionMap::Block(size, 4), DimensionMap::Cyclic(size, 4, 8)}) {
    const Distribution base{{map}, {0, 1, 2, 3}};
    const Distribution layout = DistributionOfView(base, reversed);
    CHECK(layout.targets == Targets{3, 2, 1, 0});
    CHECK(IsRegular(base, reversed, layout));
    CHECK(RegionOfView(base, reversed, layout, 2)->strides == Shape{-2});
  }
  const Distribution cyclic{{DimensionMap::Cyclic(size, 4)}, {0, 1, 2, 3}};
  const Distribution layout = DistributionOfView(cyclic, reversed);
  CHECK(layout.targets == Targets{3, 1});
  CHECK(RegionOfView(cyclic, reversed, layout, 1)->strides == Shape{-1});
}

}  // namespace
}  // namespace distarray
