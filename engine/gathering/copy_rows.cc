#include "engine/gathering/copy_rows.h"

#include <algorithm>
#include <cstring>

namespace distarray {
namespace {

constexpr std::size_t kAhead = 24;  // rows: what is read or written at random is asked for this much earlier

/// Calls move(to row, from row) with a copy of a length that the compiler knows, where it is that of an element.
template <typename Each>
void WithCopy(std::int64_t bytes, Each&& each) {
  const auto fixed = [&]<std::size_t kBytes>(std::integral_constant<std::size_t, kBytes>) {
    each([](std::byte* to, const std::byte* from) { std::memcpy(to, from, kBytes); });
  };
  switch (bytes) {
    case 1:
      return fixed(std::integral_constant<std::size_t, 1>());
    case 2:
      return fixed(std::integral_constant<std::size_t, 2>());
    case 4:
      return fixed(std::integral_constant<std::size_t, 4>());
    case 8:
      return fixed(std::integral_constant<std::size_t, 8>());
    case 16:
      return fixed(std::integral_constant<std::size_t, 16>());
    default:
      const auto length = static_cast<std::size_t>(bytes);
      each([length](std::byte* to, const std::byte* from) { std::memcpy(to, from, length); });
  }
}

}  // namespace

void GatherRows(RowsAt<const std::byte> from, std::span<const std::int64_t> rows, std::int64_t bytes,
                RowsAt<std::byte> to) {
  WithCopy(bytes, [&](auto copy) {
    const std::size_t count = rows.size();
    std::size_t i = 0;
    std::byte* next = to.data;
    for (; i + kAhead < count; ++i, next += to.stride) {
      __builtin_prefetch(from.data + rows[i + kAhead] * from.stride, 0, 0);
      copy(next, from.data + rows[i] * from.stride);
    }
    for (; i < count; ++i, next += to.stride) {
      copy(next, from.data + rows[i] * from.stride);
    }
  });
}

void ScatterRows(RowsAt<const std::byte> from, std::span<const std::int64_t> rows, std::int64_t bytes,
                 RowsAt<std::byte> to) {
  WithCopy(bytes, [&](auto copy) {
    const std::size_t count = rows.size();
    std::size_t i = 0;
    const std::byte* next = from.data;
    for (; i + kAhead < count; ++i, next += from.stride) {
      __builtin_prefetch(to.data + rows[i + kAhead] * to.stride, 1, 0);
      copy(to.data + rows[i] * to.stride, next);
    }
    for (; i < count; ++i, next += from.stride) {
      copy(to.data + rows[i] * to.stride, next);
    }
  });
}

void TakeElements(const std::byte* from, std::int64_t size, std::int64_t inner, std::span<const std::int64_t> indices,
                  std::int64_t element_bytes, std::byte* to) {
  WithCopy(element_bytes, [&](auto copy) {
    std::int64_t i = 0;  // within a row
    for (const std::int64_t index : indices) {
      const std::int64_t row = index + (index < 0 ? size : 0);
      copy(to, from + (row * inner + i) * element_bytes);
      to += element_bytes;
      i = i + 1 == inner ? 0 : i + 1;
    }
  });
}

void MoveRows(RowsAt<const std::byte> from, std::span<const std::int64_t> from_rows, std::int64_t bytes,
              RowsAt<std::byte> to, std::span<const std::int64_t> to_rows) {
  WithCopy(bytes, [&](auto copy) {
    const std::size_t count = from_rows.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t ahead = std::min(i + kAhead, count - 1);
      __builtin_prefetch(from.data + from_rows[ahead] * from.stride, 0, 0);
      __builtin_prefetch(to.data + to_rows[ahead] * to.stride, 1, 0);
      copy(to.data + to_rows[i] * to.stride, from.data + from_rows[i] * from.stride);
    }
  });
}

}  // namespace distarray
