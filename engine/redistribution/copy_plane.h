#pragma once

#include <cstddef>
#include <cstdint>

namespace distarray {

/// One side of a strided copy: element (i, j) lies at begin + i * row_step + j * column_step; steps in elements, any
/// sign.
template <typename Byte>
struct PlaneSide {
  Byte* begin = nullptr;
  std::int64_t row_step = 0;
  std::int64_t column_step = 0;
};

/// Copies rows x columns elements of 1, 2, 4, 8 or 16 bytes. Memory must not overlap. `past_caches`: where lines of the
/// destination are contiguous they are written past the caches, which is faster for what is too large to stay there.
void CopyPlane(int element_size, std::int64_t rows, std::int64_t columns, PlaneSide<const std::byte> from,
               PlaneSide<std::byte> to, bool past_caches = false);

}  // namespace distarray
