#include "engine/distribution/dimension_map.h"

#include <string>

#include "engine/base/error.h"
#include "tests/engine/distribution/maps.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Lists = std::vector<std::vector<std::int64_t>>;

/// Each process's indices in local order, from GlobalIndex.
Lists ListsOf(const DimensionMap& map) {
  Lists lists;
  for (std::int64_t p = 0; p < map.grid_size; ++p) {
    auto& list = lists.emplace_back();
    for (std::int64_t i = 0; i < map.LocalSize(p); ++i) {
      list.push_back(map.GlobalIndex(p, i));
    }
  }
  return lists;
}

TEST_CASE("worked cases: who owns what") {
  CHECK(ListsOf(DimensionMap::Block(10, 3)) == Lists{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
  CHECK(ListsOf(DimensionMap::Cyclic(10, 3)) == Lists{{0, 3, 6, 9}, {1, 4, 7}, {2, 5, 8}});
  CHECK(ListsOf(DimensionMap::Cyclic(10, 3, 2)) == Lists{{0, 1, 6, 7}, {2, 3, 8, 9}, {4, 5}});
  CHECK(ListsOf(DimensionMap::Cyclic(10, 2, 3)) == Lists{{0, 1, 2, 6, 7, 8}, {3, 4, 5, 9}});
  CHECK(ListsOf(DimensionMap::Block(9, 4)) == Lists{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {}});
  CHECK(ListsOf(DimensionMap::Block({0, 0, 2, 3})) == Lists{{}, {0, 1}, {2}});
  CHECK(ListsOf(DimensionMap::Cyclic(2, 4)) == Lists{{0}, {1}, {}, {}});
  CHECK(ListsOf(DimensionMap::Cyclic(5, 3, 100)) == Lists{{0, 1, 2, 3, 4}, {}, {}});
  CHECK(ListsOf(DimensionMap::Unstructured({{4, 0}, {}, {1, 2, 3}})) == Lists{{4, 0}, {}, {1, 2, 3}});
  CHECK(ListsOf(DimensionMap::Whole(3)) == Lists{{0, 1, 2}});
  CHECK(ListsOf(DimensionMap::Replicated(2, 2)) == Lists{{0, 1}, {0, 1}});
  CHECK(DimensionMap::Replicated(2, 3).Owner(1) == 0);
}

/// What is wrong with a map's arithmetic, "" if nothing.
std::string Contradiction(const DimensionMap& map) {
  std::vector<int> seen(static_cast<std::size_t>(map.size), 0);
  for (std::int64_t p = 0; p < map.grid_size; ++p) {
    for (std::int64_t i = 0; i < map.LocalSize(p); ++i) {
      const std::int64_t global = map.GlobalIndex(p, i);
      if (global < 0 || global >= map.size || seen[static_cast<std::size_t>(global)]++ > 0) {
        return "not a partition at " + std::to_string(global);
      }
      if (map.Owner(global) != p || map.LocalIndex(global) != i) {
        return "Owner or LocalIndex of " + std::to_string(global);
      }
    }
    std::int64_t covered = 0;
    std::int64_t last_local = -1;
    for (const Segment& run : map.Segments(p)) {
      if (run.step < 1 || run.count < 1 || (run.count == 1 && run.step != 1)) {
        return "a malformed segment";
      }
      const std::int64_t lowest = std::min(run.local_start, run.local_start + (run.count - 1) * run.local_step);
      if (lowest <= last_local) {
        return "segments out of local order";
      }
      last_local = lowest;
      for (std::int64_t i = 0; i < run.count; ++i, ++covered) {
        if (map.GlobalIndex(p, run.local_start + i * run.local_step) != run.start + i * run.step) {
          return "a segment's element";
        }
      }
    }
    if (covered != map.LocalSize(p)) {
      return "segments do not cover process " + std::to_string(p);
    }
  }
  return "";
}

TEST_CASE("owner, local and global indices and segments agree for maps of every kind") {
  for (std::int64_t size = 0; size <= 26; ++size) {
    for (const DimensionMap& map : MapsOf(size)) {
      INFO(Describe(map));
      REQUIRE(Contradiction(map) == "");
      REQUIRE(map.Validate(0).ok());
    }
  }
}

TEST_CASE("equivalence is equality of what each process holds, in order") {
  for (std::int64_t size = 0; size <= 9; ++size) {
    const auto maps = MapsOf(size);
    for (const DimensionMap& a : maps) {
      for (const DimensionMap& b : maps) {
        if (Equivalent(a, b) != (ListsOf(a) == ListsOf(b))) {
          FAIL(Describe(a) << " and " << Describe(b));
        }
      }
    }
  }
  CHECK(Equivalent(DimensionMap::Replicated(3, 2), DimensionMap::Replicated(3, 2)));
  CHECK_FALSE(Equivalent(DimensionMap::Replicated(1, 2), DimensionMap::Block(1, 2)));
  CHECK_FALSE(Equivalent(DimensionMap::Block(4, 2), DimensionMap::Block(5, 2)));
}

TEST_CASE("maps survive encoding") {
  for (const DimensionMap& map : MapsOf(13)) {
    ByteWriter out;
    map.Encode(out);
    const std::string bytes = std::move(out).Take();
    ByteReader in(bytes);
    CHECK(DimensionMap::Decode(in) == map);
    CHECK(in.AtEnd());
    ByteReader shortened(std::string_view(bytes).substr(0, bytes.size() - 1));
    DimensionMap::Decode(shortened);
    CHECK_FALSE(shortened.ok());
  }
}

TEST_CASE("maps that are none are refused") {
  DimensionMap wrong_count = DimensionMap::Block({0, 2, 4});
  wrong_count.grid_size = 3;
  DimensionMap no_lists = DimensionMap::Unstructured({{0}});
  no_lists.indices = nullptr;
  DimensionMap padded = DimensionMap::Block(4, 2);
  padded.boundary_padding = -1;
  const DimensionMap table[] = {
      wrong_count,
      no_lists,
      padded,
      DimensionMap::Whole(-1),
      DimensionMap::Replicated(3, 0),
      DimensionMap::Block(std::vector<std::int64_t>{1, 3}),
      DimensionMap::Block({0, 3, 2, 4}),
      DimensionMap::Cyclic(4, 2, 0),
      DimensionMap::Unstructured({{0, 1}, {1}}),
      DimensionMap::Unstructured({{0, 1}, {3}}),
      DimensionMap::Unstructured({{0, -1}}),
  };
  for (const DimensionMap& map : table) {
    INFO(Describe(map));
    const absl::Status status = map.Validate(7);
    CHECK(ReasonOf(status) == Reason::kInvalidValue);
    CHECK(std::string(status.message()).find("dimension 7") != std::string::npos);
  }
}

TEST_CASE("very large dimensions") {
  const std::int64_t size = (std::int64_t{1} << 62) + 12345;
  for (const DimensionMap& map : {DimensionMap::Block(size, 7), DimensionMap::Cyclic(size, 7),
                                  DimensionMap::Cyclic(size, 7, std::int64_t{1} << 50), DimensionMap::Whole(size),
                                  DimensionMap::Cyclic(size, 7, (std::int64_t{1} << 62) + 5)}) {
    INFO(Describe(map));
    std::int64_t total = 0;
    for (std::int64_t p = 0; p < map.grid_size; ++p) {
      total += map.LocalSize(p);
    }
    CHECK(total == size);
    for (const std::int64_t index : {std::int64_t{0}, size / 2, size - 1}) {
      CHECK(map.GlobalIndex(map.Owner(index), map.LocalIndex(index)) == index);
    }
    CHECK_FALSE(map.Segments(0).empty());
  }
}

TEST_CASE("lists are compressed to runs") {
  std::vector<std::int64_t> up, down, scattered;
  for (std::int64_t i = 0; i < 1000; ++i) {
    up.push_back(3 * i);
    down.push_back(3 * (999 - i) + 1);
    scattered.push_back(3 * i + 2);
  }
  const DimensionMap map = DimensionMap::Unstructured({up, down, scattered});
  CHECK(map.Segments(0) == std::vector<Segment>{{0, 3, 1000, 0, 1}});
  CHECK(map.Segments(1) == std::vector<Segment>{{1, 3, 1000, 999, -1}});
}

}  // namespace
}  // namespace distarray
