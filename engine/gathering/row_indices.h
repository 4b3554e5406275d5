#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/status.h"

namespace distarray {

/// Index arrays that together name rows of an array: element i of them, one a dimension, are the coordinates of a row
/// in a grid of `sizes` whose rows are counted in C order. Negative ones count from the end. Borrows the elements.
///
///   sizes (3, 4), indices {0, 2, -1} and {1, 1, -4}: rows 1, 9, 8
struct RowIndices {
  std::vector<const std::int64_t*> indices;
  std::vector<std::int64_t> sizes;

  /// Error kIndexOutOfRange, naming the first of the elements from, ..., from + count - 1 that is none, its axis (out
  /// of `axes`, one a dimension) and the size there.
  absl::Status Check(std::int64_t from, std::int64_t count, std::span<const int> axes) const;
  /// The rows that the elements from `from` on name. Precondition: they have been checked.
  void Rows(std::int64_t from, std::span<std::int64_t> rows) const;
};

}  // namespace distarray
