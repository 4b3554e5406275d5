#include "engine/linear_algebra/panels.h"

#include <cstdint>
#include <vector>

#include "engine/linear_algebra/batch.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// Checks that the panels cover every element of b once, where it lies, and that k ascends in every column.
void CheckCover(const Distribution& b, bool transposed, int element_bytes) {
  const Shape shape = b.shape();
  const std::size_t ndim = shape.size();
  const std::int64_t k_size = shape[transposed ? ndim - 1 : ndim - 2];
  const std::int64_t n_size = shape[transposed ? ndim - 2 : ndim - 1];
  std::int64_t matrices = 1;
  for (std::size_t d = 0; d + 2 < ndim; ++d) {
    matrices *= shape[d];
  }
  std::vector<std::int64_t> reached(static_cast<std::size_t>(matrices * n_size), 0);  // k up to which a column is done
  for (const Panel& panel : CutPanels(b, transposed, element_bytes)) {
    CHECK(panel.lines * panel.length == panel.depth * panel.columns);
    CHECK(panel.lines * panel.length * element_bytes <= kPanelBytes + 512 * 4096 * element_bytes);
    const int rank = b.RankOf(panel.owner);
    REQUIRE(rank >= 0);
    const auto coordinates = b.Coordinates(rank);
    const Shape local = b.LocalShape(rank);
    CHECK(panel.stride == local.back());
    const auto local_line = b.dimensions[ndim - 2].LocalIndex(transposed ? panel.n : panel.k);
    const auto local_column = b.dimensions[ndim - 1].LocalIndex(transposed ? panel.k : panel.n);
    CHECK(b.dimensions[ndim - 2].Owner(transposed ? panel.n : panel.k) == coordinates[ndim - 2]);
    CHECK(b.dimensions[ndim - 1].Owner(transposed ? panel.k : panel.n) == coordinates[ndim - 1]);
    CHECK(panel.offset == (panel.matrix * local[ndim - 2] + local_line) * local.back() + local_column);
    CHECK(local_line + panel.lines <= local[ndim - 2]);
    CHECK(local_column + panel.length <= local.back());
    for (std::int64_t n = panel.n; n < panel.n + panel.columns; ++n) {
      std::int64_t& done = reached[static_cast<std::size_t>(panel.matrix * n_size + n)];
      CHECK(done == panel.k);
      done += panel.depth;
    }
  }
  for (const std::int64_t done : reached) {
    CHECK(done == (n_size == 0 ? 0 : k_size));
  }
}

TEST_CASE("panels cover a factor once, in ascending order of what is summed over") {
  for (const bool transposed : {false, true}) {
    for (const int bytes : {1, 8, 16}) {
      CheckCover({{DimensionMap::Block(1500, 2), DimensionMap::Whole(7)}, {1, 0}}, transposed, bytes);
      CheckCover({{DimensionMap::Whole(1100), DimensionMap::Block({0, 0, 5, 9})}, {2, 0, 1}}, transposed, bytes);
      CheckCover({{DimensionMap::Block(30, 2), DimensionMap::Block(600, 2)}, {0, 1, 2, 3}}, transposed, bytes);
      CheckCover({{DimensionMap::Whole(3), DimensionMap::Block(40, 3), DimensionMap::Whole(5)}, {0, 1, 2}}, transposed,
                 bytes);
      CheckCover({{DimensionMap::Whole(0), DimensionMap::Whole(5)}, {0}}, transposed, bytes);
      CheckCover({{DimensionMap::Whole(9000), DimensionMap::Whole(3)}, {0}}, transposed, bytes);
    }
  }
}

TEST_CASE("batches broadcast against each other") {
  const Batch batch({2, 1, 3}, {1, 4, 3}, {2, 4, 3});
  REQUIRE(batch.count() == 24);
  std::int64_t number = 0;
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 4; ++j) {
      for (std::int64_t k = 0; k < 3; ++k) {
        CHECK(batch.At(number++) == std::pair<std::int64_t, std::int64_t>(i * 3 + k, j * 3 + k));
      }
    }
  }
  CHECK(Batch({}, {}, {}).count() == 1);
  CHECK(Batch({}, {}, {}).At(0) == std::pair<std::int64_t, std::int64_t>(0, 0));
  CHECK(Batch({1}, {0}, {0}).count() == 0);
}

}  // namespace
}  // namespace distarray
