#include "engine/gathering/row_bins.h"

#include <algorithm>
#include <random>

#include "tests/support/catch.h"

namespace distarray {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers Copy(std::span<const std::int64_t> part) { return {part.begin(), part.end()}; }

TEST_CASE("rows go to the blocks that have them, in their order") {
  RowBins bins({0, 3, 3, 10});
  bins.Sort(Numbers{9, 0, 3, 2, 0});
  CHECK(Copy(bins.RowsOf(0)) == Numbers{0, 2, 0});
  CHECK(Copy(bins.PositionsOf(0)) == Numbers{1, 3, 4});
  CHECK(bins.RowsOf(1).empty());
  CHECK(Copy(bins.RowsOf(2)) == Numbers{6, 0});
  CHECK(Copy(bins.PositionsOf(2)) == Numbers{0, 2});
  bins.Sort(Numbers{});
  CHECK(bins.RowsOf(0).empty());
  CHECK(bins.RowsOf(2).empty());
}

TEST_CASE("any number of blocks") {
  std::mt19937 random(1);
  for (const int blocks : {1, 2, 5, 17, 18, 64, 300}) {
    INFO(blocks << " blocks");
    Numbers bounds{0};
    for (int b = 0; b < blocks; ++b) {
      bounds.push_back(bounds.back() + static_cast<std::int64_t>(random() % 4));
    }
    bounds.back() += 1;
    Numbers rows(1000);
    std::generate(rows.begin(), rows.end(), [&] { return static_cast<std::int64_t>(random()) % bounds.back(); });
    RowBins bins(bounds);
    REQUIRE(bins.block_count() == blocks);
    for (int round = 0; round < 2; ++round) {
      bins.Sort(rows);
      std::size_t found = 0;
      for (int block = 0; block < blocks; ++block) {
        const auto local = bins.RowsOf(block);
        const auto positions = bins.PositionsOf(block);
        REQUIRE(std::is_sorted(positions.begin(), positions.end()));
        for (std::size_t i = 0; i < local.size(); ++i) {
          const std::int64_t row = rows[static_cast<std::size_t>(positions[i])];
          REQUIRE(row == bounds[static_cast<std::size_t>(block)] + local[i]);
          REQUIRE(row < bounds[static_cast<std::size_t>(block) + 1]);
          ++found;
        }
      }
      CHECK(found == rows.size());
    }
  }
}

}  // namespace
}  // namespace distarray
