#pragma once

#include <functional>
#include <numeric>
#include <vector>

#include "server/compute/computation.h"

namespace distarray::server {

/// Elements of dimensions begin, ..., end - 1.
inline std::int64_t CountOf(const Shape& shape, std::size_t begin, std::size_t end) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(begin),
                         shape.begin() + static_cast<std::ptrdiff_t>(end), std::int64_t{1}, std::multiplies<>());
}
inline std::int64_t CountOf(const Shape& shape) { return CountOf(shape, 0, shape.size()); }

/// A layout of rows in which each element of the first `leading` dimensions has all behind it on one target: the
/// operand's own if it is such a one.
Layout WholeRowsLayout(Workbench& bench, const Operand& operand, std::size_t leading);

/// The layout with only its first `leading` dimensions, and with other ones behind these. Precondition: dimensions that
/// go are whole.
Layout Leading(Workbench& bench, const Distribution& distribution, std::size_t leading, const Shape& behind = {});

/// An array of at least one dimension, all of it on each of the targets.
Layout Everywhere(Workbench& bench, const Shape& shape, const std::vector<int>& targets);

/// The value that a command is to read while it writes to `target`: a copy if it is the target's own.
absl::StatusOr<ValuePtr> Apart(Workbench& bench, const ValuePtr& value, const Array& target);

/// How rows are written to an array that exists, once nothing can fail any more.
struct RowWrite {
  Array target;
  std::vector<int> axes;  // the target's, in the order in which rows are its leading dimensions
  Layout layout;          // that of the rows, so ordered; if `direct`, the target's own
  bool direct = false;    // else rows are copied, written, and assigned back

  /// `leading`: how many dimensions name a row.
  static absl::StatusOr<RowWrite> Plan(Workbench& bench, const Array& target, std::vector<int> axes,
                                       std::size_t leading);
  /// Emits the command that `command` gives for the stored rows, of which nobody else has the elements; `reads` is what
  /// it reads besides.
  absl::StatusOr<Planner::Write> Run(Workbench& bench, const std::vector<ValuePtr>& reads,
                                     const std::function<CommandBody(const BufferView& rows)>& command) const;
};

/// A write as what came of a computation.
absl::StatusOr<Computed> AsComputed(absl::StatusOr<Planner::Write> write);

}  // namespace distarray::server
