#include "engine/redistribution/copy_plane.h"

#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

/// A plane of element_size bytes an element, copied both ways, has in the one what it has in the other and touches
/// nothing else.
void CheckPlane(int element_size, std::int64_t rows, std::int64_t columns, std::int64_t from_step, std::int64_t to_step,
                std::int64_t misaligned) {
  const auto size = static_cast<std::size_t>(element_size);
  std::vector<std::byte> from(static_cast<std::size_t>(rows * columns * from_step + 16) * size);
  for (std::size_t i = 0; i < from.size(); ++i) {
    from[i] = static_cast<std::byte>(i * 31 + i / 251);
  }
  const std::int64_t to_row = columns * to_step + 3;
  std::vector<std::byte> cached(static_cast<std::size_t>(rows * to_row + 16) * size, std::byte{7});
  std::vector<std::byte> streamed = cached;
  const PlaneSide<const std::byte> source{from.data(), columns * from_step, from_step};
  CopyPlane(element_size, rows, columns, source, {cached.data() + misaligned * element_size, to_row, to_step});
  CopyPlane(element_size, rows, columns, source, {streamed.data() + misaligned * element_size, to_row, to_step}, true);
  CAPTURE(element_size, rows, columns, from_step, to_step, misaligned);
  REQUIRE(cached == streamed);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t b = 0; b < element_size; ++b) {
        const auto at = [&](std::int64_t element) { return static_cast<std::size_t>(element * element_size + b); };
        REQUIRE(cached[at(misaligned + i * to_row + j * to_step)] == from[at((i * columns + j) * from_step)]);
      }
    }
  }
}

TEST_CASE("planes of every element size, with steps, also past the caches") {
  for (const int element_size : {1, 2, 4, 8, 16}) {
    for (const std::int64_t columns : {1, 7, 300}) {
      for (const std::int64_t from_step : {1, 2, 3}) {
        for (const std::int64_t to_step : {1, 2}) {
          for (const std::int64_t misaligned : {0, 1, 3}) {
            CheckPlane(element_size, 3, columns, from_step, to_step, misaligned);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace distarray
