#include "engine/redistribution/copy_plane.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace distarray {
namespace {

constexpr std::int64_t kTile = 32;  // a side of the squares in which planes are copied that lie across each other

template <int kSize>
void CopyLine(std::int64_t count, const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step) {
  if (from_step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * kSize);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_step * kSize, from + i * from_step * kSize, kSize);
  }
}

template <int kSize>
void CopyRows(std::int64_t rows, std::int64_t columns, const PlaneSide<const std::byte>& from,
              const PlaneSide<std::byte>& to) {
  for (std::int64_t i = 0; i < rows; ++i) {
    CopyLine<kSize>(columns, from.begin + i * from.row_step * kSize, from.column_step,
                    to.begin + i * to.row_step * kSize, to.column_step);
  }
}

template <int kSize>
void CopyTiles(std::int64_t rows, std::int64_t columns, const PlaneSide<const std::byte>& from,
               const PlaneSide<std::byte>& to) {
  for (std::int64_t i = 0; i < rows; i += kTile) {
    for (std::int64_t j = 0; j < columns; j += kTile) {
      PlaneSide<const std::byte> tile_from = from;
      PlaneSide<std::byte> tile_to = to;
      tile_from.begin += (i * from.row_step + j * from.column_step) * kSize;
      tile_to.begin += (i * to.row_step + j * to.column_step) * kSize;
      CopyRows<kSize>(std::min(kTile, rows - i), std::min(kTile, columns - j), tile_from, tile_to);
    }
  }
}

template <typename Byte>
bool RunsAlongRows(const PlaneSide<Byte>& side) {
  return std::abs(side.column_step) <= std::abs(side.row_step);
}

template <int kSize>
void CopySized(std::int64_t rows, std::int64_t columns, PlaneSide<const std::byte> from, PlaneSide<std::byte> to) {
  if (rows == 1 || (RunsAlongRows(from) && RunsAlongRows(to))) {
    CopyRows<kSize>(rows, columns, from, to);
  } else if (!RunsAlongRows(from) && !RunsAlongRows(to)) {
    std::swap(from.row_step, from.column_step);
    std::swap(to.row_step, to.column_step);
    CopyRows<kSize>(columns, rows, from, to);
  } else {
    CopyTiles<kSize>(rows, columns, from, to);
  }
}

}  // namespace

void CopyPlane(int element_size, std::int64_t rows, std::int64_t columns, PlaneSide<const std::byte> from,
               PlaneSide<std::byte> to) {
  switch (element_size) {
    case 1:
      return CopySized<1>(rows, columns, from, to);
    case 2:
      return CopySized<2>(rows, columns, from, to);
    case 4:
      return CopySized<4>(rows, columns, from, to);
    case 8:
      return CopySized<8>(rows, columns, from, to);
    default:
      return CopySized<16>(rows, columns, from, to);
  }
}

}  // namespace distarray
