#include "engine/redistribution/copy_plane.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace distarray {
namespace {

constexpr std::int64_t kTile = 32;  // a side of the squares in which planes are copied that lie across each other

constexpr std::int64_t kVector = 16;        // bytes
constexpr std::int64_t kShortest = 4 * 64;  // bytes of a line that is worth being written past the caches

/// A line to contiguous memory, past the caches.
template <int kSize>
void StreamLine(std::int64_t count, const std::byte* from, std::int64_t from_step, std::byte* to) {
  constexpr std::int64_t kEach = kVector / kSize;  // elements of a vector
  const auto copy_one = [&](std::int64_t i) { std::memcpy(to + i * kSize, from + i * from_step * kSize, kSize); };
  std::int64_t i = 0;
  for (; i < count && reinterpret_cast<std::uintptr_t>(to + i * kSize) % kVector != 0; ++i) {
    copy_one(i);
  }
  for (; i + kEach <= count; i += kEach) {
    alignas(kVector) std::byte vector[kVector];
    const std::byte* first = from + i * from_step * kSize;
    if (from_step == 1) {
      std::memcpy(vector, first, kVector);
    } else {
      for (std::int64_t k = 0; k < kEach; ++k) {
        std::memcpy(vector + k * kSize, first + k * from_step * kSize, kSize);
      }
    }
    _mm_stream_si128(reinterpret_cast<__m128i*>(to + i * kSize),
                     _mm_load_si128(reinterpret_cast<const __m128i*>(vector)));
  }
  for (; i < count; ++i) {
    copy_one(i);
  }
}

template <int kSize>
void CopyLine(std::int64_t count, const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
              bool past_caches) {
  if (past_caches && to_step == 1 && count * kSize >= kShortest) {
    return StreamLine<kSize>(count, from, from_step, to);
  }
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
              const PlaneSide<std::byte>& to, bool past_caches) {
  for (std::int64_t i = 0; i < rows; ++i) {
    CopyLine<kSize>(columns, from.begin + i * from.row_step * kSize, from.column_step,
                    to.begin + i * to.row_step * kSize, to.column_step, past_caches);
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
      CopyRows<kSize>(std::min(kTile, rows - i), std::min(kTile, columns - j), tile_from, tile_to, false);
    }
  }
}

template <typename Byte>
bool RunsAlongRows(const PlaneSide<Byte>& side) {
  return std::abs(side.column_step) <= std::abs(side.row_step);
}

template <int kSize>
void CopySized(std::int64_t rows, std::int64_t columns, PlaneSide<const std::byte> from, PlaneSide<std::byte> to,
               bool past_caches) {
  if (rows == 1 || (RunsAlongRows(from) && RunsAlongRows(to))) {
    CopyRows<kSize>(rows, columns, from, to, past_caches);
  } else if (!RunsAlongRows(from) && !RunsAlongRows(to)) {
    std::swap(from.row_step, from.column_step);
    std::swap(to.row_step, to.column_step);
    CopyRows<kSize>(columns, rows, from, to, past_caches);
  } else {
    CopyTiles<kSize>(rows, columns, from, to);
  }
}

}  // namespace

void CopyPlane(int element_size, std::int64_t rows, std::int64_t columns, PlaneSide<const std::byte> from,
               PlaneSide<std::byte> to, bool past_caches) {
  switch (element_size) {
    case 1:
      CopySized<1>(rows, columns, from, to, past_caches);
      break;
    case 2:
      CopySized<2>(rows, columns, from, to, past_caches);
      break;
    case 4:
      CopySized<4>(rows, columns, from, to, past_caches);
      break;
    case 8:
      CopySized<8>(rows, columns, from, to, past_caches);
      break;
    default:
      CopySized<16>(rows, columns, from, to, past_caches);
      break;
  }
  if (past_caches) {
    _mm_sfence();
  }
}

}  // namespace distarray
