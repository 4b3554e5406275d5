#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/dtype/dtype.h"

namespace distarray {

/// Sorts rows that are here whole and not long: each in one piece.
class RowSorter {
 public:
  /// `indices`: the results are the elements' positions in the row (int64).
  static std::unique_ptr<RowSorter> Make(DType dtype, bool indices, bool descending);
  virtual ~RowSorter() = default;

  /// Fewer than 2^32 elements. `row` and `result` do not overlap.
  virtual void Sort(const std::byte* row, std::int64_t count, std::byte* result) = 0;
};

}  // namespace distarray
