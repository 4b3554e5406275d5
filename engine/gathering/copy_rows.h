#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace distarray {

/// Rows in memory: row r is at data + r * stride, of which the first `bytes` bytes are meant. Borrows.
template <typename Byte>
struct RowsAt {
  Byte* data = nullptr;
  std::int64_t stride = 0;  // bytes
};

/// Row i of `to` becomes row rows[i] of `from`.
void GatherRows(RowsAt<const std::byte> from, std::span<const std::int64_t> rows, std::int64_t bytes,
                RowsAt<std::byte> to);
/// Row rows[i] of `to` becomes row i of `from`, in this order. A stride of 0 repeats one row.
void ScatterRows(RowsAt<const std::byte> from, std::span<const std::int64_t> rows, std::int64_t bytes,
                 RowsAt<std::byte> to);
/// Row to_rows[i] of `to` becomes row from_rows[i] of `from`, in this order.
void MoveRows(RowsAt<const std::byte> from, std::span<const std::int64_t> from_rows, std::int64_t bytes,
              RowsAt<std::byte> to, std::span<const std::int64_t> to_rows);

/// An array of rows of `inner` elements each: element i of row k of `to` becomes element i of that row of `from` (of
/// `size` rows) which index k * inner + i says, counted from the end if negative.
void TakeElements(const std::byte* from, std::int64_t size, std::int64_t inner, std::span<const std::int64_t> indices,
                  std::int64_t element_bytes, std::byte* to);

}  // namespace distarray
