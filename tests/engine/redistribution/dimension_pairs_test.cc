#include "engine/redistribution/dimension_pairs.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

Pairs Listed(const std::vector<CopyRun>& runs) {
  Pairs pairs;
  for (const CopyRun& run : runs) {
    for (std::int64_t i = 0; i < run.elements(); ++i) {
      pairs.emplace_back(run.from + i % run.count * run.from_step + i / run.count * run.from_repeat,
                         run.to + i % run.count * run.to_step + i / run.count * run.to_repeat);
    }
  }
  return pairs;
}

/// Local index of base index `base` on process p, found by looking at all; -1: not there.
std::int64_t LocalOn(const DimensionMap& map, std::int64_t p, std::int64_t base) {
  for (std::int64_t local = 0; local < map.LocalSize(p); ++local) {
    if (map.GlobalIndex(p, local) == base) {
      return local;
    }
  }
  return -1;
}

Pairs Expected(const DealtDimension& source, std::int64_t p, const DealtDimension& destination, std::int64_t q) {
  Pairs pairs;
  for (std::int64_t v = 0; v < source.view.count; ++v) {
    const std::int64_t from = LocalOn(*source.map, p, source.view.start + v * source.view.step);
    const std::int64_t to = LocalOn(*destination.map, q, destination.view.start + v * destination.view.step);
    if (from >= 0 && to >= 0) {
      pairs.emplace_back(from, to);
    }
  }
  return pairs;
}

class Random {
 public:
  std::int64_t Below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }

  DimensionMap Map(std::int64_t size) {
    const std::int64_t grid_size = 1 + Below(4);
    switch (Below(6)) {
      case 0:
        return DimensionMap::Block(size, grid_size);
      case 1:
        return DimensionMap::Cyclic(size, grid_size);
      case 2: {
        DimensionMap::IndexLists lists(static_cast<std::size_t>(grid_size));
        std::vector<std::int64_t> all(static_cast<std::size_t>(size));
        std::iota(all.begin(), all.end(), 0);
        std::shuffle(all.begin(), all.end(), random_);
        for (const std::int64_t index : all) {
          lists[static_cast<std::size_t>(Below(grid_size))].push_back(index);
        }
        return DimensionMap::Unstructured(std::move(lists));
      }
      default:
        return DimensionMap::Cyclic(size, grid_size, 2 + Below(4));
    }
  }

  /// A view of `count` elements of a dimension that is just large enough, or a little larger.
  ViewDimension View(std::int64_t count, std::int64_t& size) {
    const std::int64_t step = 1 + Below(4);
    const std::int64_t low = Below(5);
    const std::int64_t span = (count - 1) * step;
    size = low + span + 1 + Below(5);
    return Below(2) == 0 ? ViewDimension{0, low, step, count} : ViewDimension{0, low + span, -step, count};
  }

 private:
  std::mt19937_64 random_{11};
};

TEST_CASE("which elements meet, seen from both sides, for random dimensions") {
  Random random;
  for (int round = 0; round < 600; ++round) {
    const std::int64_t count = 1 + random.Below(150);
    std::int64_t source_size = 0;
    std::int64_t destination_size = 0;
    const ViewDimension source_view = random.View(count, source_size);
    const ViewDimension destination_view = random.View(count, destination_size);
    const DimensionMap source_map = random.Map(source_size);
    const DimensionMap destination_map = random.Map(destination_size);
    const DealtDimension source{&source_map, source_view};
    const DealtDimension destination{&destination_map, destination_view};
    for (std::int64_t p = 0; p < source.coordinates(); ++p) {
      const auto from_source = PairsByCoordinate(source, destination, true, p);
      REQUIRE(static_cast<std::int64_t>(from_source.size()) == destination.coordinates());
      for (std::int64_t q = 0; q < destination.coordinates(); ++q) {
        const auto sent = Listed(from_source[static_cast<std::size_t>(q)]);
        const auto received = Listed(PairsByCoordinate(source, destination, false, q)[static_cast<std::size_t>(p)]);
        REQUIRE(sent == received);
        auto sorted = sent;
        auto expected = Expected(source, p, destination, q);
        std::sort(sorted.begin(), sorted.end());
        std::sort(expected.begin(), expected.end());
        REQUIRE(sorted == expected);
      }
    }
  }
}

TEST_CASE("block-cyclic dimensions meet in few runs however long they are") {
  const std::int64_t size = std::int64_t{1} << 50;
  const DimensionMap twos = DimensionMap::Cyclic(size, 3, 2);
  const DimensionMap fives = DimensionMap::Cyclic(size, 4, 5);
  const DimensionMap blocks = DimensionMap::Block(size, 7);
  const ViewDimension whole{0, 0, 1, size};
  const ViewDimension back{0, size - 1, -1, size};
  for (const auto& [a, b] : {std::pair{&twos, &fives}, std::pair{&blocks, &twos}, std::pair{&fives, &blocks}}) {
    for (const ViewDimension& view : {whole, back}) {
      std::int64_t elements = 0;
      for (std::int64_t p = 0; p < a->grid_size; ++p) {
        for (const auto& runs : PairsByCoordinate({a, view}, {b, whole}, true, p)) {
          CHECK(runs.size() < 200);
          for (const CopyRun& run : runs) {
            elements += run.elements();
          }
        }
      }
      CHECK(elements == size);
    }
  }
}

}  // namespace
}  // namespace distarray
