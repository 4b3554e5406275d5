#include <algorithm>
#include <string>

#include "tests/engine/distribution/maps.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// What is wrong with SliceMap and SliceSegments of start + v * step, 0 <= v < count; "" if nothing.
std::string Contradiction(const DimensionMap& map, std::int64_t start, std::int64_t step, std::int64_t count) {
  const SlicedMap sliced = SliceMap(map, start, step, count);
  if (!sliced.map.Validate(0).ok() || sliced.map.size != count ||
      static_cast<std::int64_t>(sliced.coordinates.size()) != sliced.map.grid_size) {
    return "no map";
  }
  for (std::int64_t c = 0; c < sliced.map.grid_size; ++c) {
    const std::int64_t p = sliced.coordinates[static_cast<std::size_t>(c)];
    std::vector<std::int64_t> expected;  // base local indices in the local order of the slice
    for (std::int64_t local = 0; local < map.LocalSize(p); ++local) {
      const std::int64_t distance = map.GlobalIndex(p, local) - start;
      if (distance % step == 0 && distance / step >= 0 && distance / step < count) {
        expected.push_back(local);
      }
    }
    if (step < 0) {
      std::reverse(expected.begin(), expected.end());
    }
    std::vector<std::int64_t> got;
    for (std::int64_t i = 0; i < sliced.map.LocalSize(c); ++i) {
      const std::int64_t global = start + sliced.map.GlobalIndex(c, i) * step;
      if (map.Owner(global) != p) {
        return "not where it lies";
      }
      got.push_back(map.LocalIndex(global));
    }
    if (got != expected) {
      return "another local order on process " + std::to_string(c);
    }
    if (expected.empty() && count > 0) {
      return "a process that owns nothing";
    }
    std::size_t covered = 0;
    for (const Segment& run : SliceSegments(map.Segments(p), start, step, count)) {
      for (std::int64_t i = 0; i < run.count; ++i, ++covered) {
        if (run.step < 1 ||
            map.GlobalIndex(p, run.local_start + i * run.local_step) != start + (run.start + i * run.step) * step) {
          return "a segment's element";
        }
      }
    }
    if (covered != expected.size()) {
      return "segments that do not cover";
    }
  }
  return "";
}

TEST_CASE("slices of maps of every kind lie where their elements lie") {
  for (const std::int64_t size : {1, 2, 9, 16, 23}) {
    for (const DimensionMap& map : MapsOf(size)) {
      for (std::int64_t start = 0; start < size; ++start) {
        for (const std::int64_t step : {1, 2, 3, 4, 6, 8, 12, -1, -2, -3, -4, -7, -8}) {
          const std::int64_t most = (step > 0 ? size - 1 - start : start) / std::abs(step) + 1;
          for (const std::int64_t count : {most, (most + 1) / 2}) {
            if (const std::string wrong = Contradiction(map, start, step, count); !wrong.empty()) {
              FAIL(wrong << ": " << Describe(map) << " [" << start << " + " << step << " v], " << count << " of them");
            }
          }
        }
      }
    }
  }
}

TEST_CASE("worked slices") {
  const SlicedMap block = SliceMap(DimensionMap::Block(10, 4), 2, 1, 7);
  CHECK(block.map == DimensionMap::Block({0, 1, 4, 7}));
  CHECK(block.coordinates == std::vector<std::int64_t>{0, 1, 2});
  CHECK(SliceMap(DimensionMap::Block(10, 4), 2, 4, 2).coordinates == std::vector<std::int64_t>{0, 2});
  const SlicedMap reversed = SliceMap(DimensionMap::Block(10, 4), 9, -1, 10);
  CHECK(reversed.map == DimensionMap::Block({0, 1, 4, 7, 10}));
  CHECK(reversed.coordinates == std::vector<std::int64_t>{3, 2, 1, 0});
  const SlicedMap cyclic = SliceMap(DimensionMap::Cyclic(20, 4), 3, 2, 8);
  CHECK(cyclic.map == DimensionMap::Cyclic(8, 2));
  CHECK(cyclic.coordinates == std::vector<std::int64_t>{3, 1});
  const SlicedMap whole_blocks = SliceMap(DimensionMap::Cyclic(20, 3, 4), 4, 2, 8);
  CHECK(whole_blocks.map == DimensionMap::Cyclic(8, 3, 2));
  CHECK(whole_blocks.coordinates == std::vector<std::int64_t>{1, 2, 0});
  CHECK(SliceMap(DimensionMap::Cyclic(20, 3, 4), 1, 1, 19).map.kind == DimensionMap::Kind::kUnstructured);
  CHECK(SliceMap(DimensionMap::Replicated(4, 3), 1, 2, 2).map == DimensionMap::Replicated(2, 3));
}

TEST_CASE("an empty slice keeps the first process") {
  for (const DimensionMap& map : MapsOf(12)) {
    INFO(Describe(map));
    const SlicedMap sliced = SliceMap(map, 0, 1, 0);
    CHECK(sliced.map.size == 0);
    CHECK(sliced.map.grid_size == 1);
    CHECK(sliced.map.letter() == map.letter());
    CHECK(sliced.map.Validate(0).ok());
    CHECK(sliced.coordinates == std::vector<std::int64_t>{0});
    CHECK(SliceSegments(map.Segments(0), 0, 1, 0).empty());
  }
}

TEST_CASE("an unstructured dimension sliced whole keeps its very lists") {
  const DimensionMap map = Scrambled(20, 3);
  CHECK(SliceMap(map, 0, 1, 20).map.indices == map.indices);
}

}  // namespace
}  // namespace distarray
