#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace distarray {

/// A position that moves linearly with the point of a local space: where an operand's element lies, a global index, an
/// accumulator.
struct Stream {
  enum class Kind : std::uint8_t { kMemory, kIndex, kAccumulator };

  std::int64_t offset = 0;            // at local index 0
  std::vector<std::int64_t> strides;  // a dimension of the space
  Kind kind = Kind::kIndex;
};

/// The order in which a local space is visited: boxes of rows x columns points of its last two dimensions, after
/// dimensions have been merged that are one for every stream (a whole 2-d block is one long row). Long rows are cut
/// into tiles; of short rows several make a box; where memory runs across the rows, boxes are square, so that cache
/// lines are used whole; where columns accumulate over the rows, boxes have a few rows, and a panel of columns is
/// visited for all rows before the next one.
class Schedule {
 public:
  /// `keep[d]`: dimension d is not merged with its neighbours. `tile`: points of a box, about; 64 or more.
  Schedule(std::span<const std::int64_t> shape, std::span<const Stream> streams, const std::vector<bool>& keep,
           std::int64_t tile);

  /// The first box, then the next ones; false after the last one.
  bool Next();

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t max_rows() const { return max_rows_; }
  std::int64_t max_columns() const { return max_columns_; }
  std::int64_t points() const { return rows_ * columns_; }
  /// Upper bound of points().
  std::int64_t max_points() const { return max_rows_ * max_columns_; }

  /// A stream at the box's first point, and its steps in the box.
  std::int64_t Position(std::size_t stream) const {
    return base_[stream] + row_ * RowStride(stream) + column_ * ColumnStride(stream);
  }
  std::int64_t RowStride(std::size_t stream) const { return strides_[stream * depth_ + depth_ - 2]; }
  std::int64_t ColumnStride(std::size_t stream) const { return strides_[stream * depth_ + depth_ - 1]; }

  /// A box of a stream lies without gaps, in C order.
  bool IsDense(std::size_t stream) const {
    return (ColumnStride(stream) == 1 || extents_[depth_ - 1] == 1) &&
           (max_rows_ == 1 || (max_columns_ == extents_[depth_ - 1] && RowStride(stream) == max_columns_));
  }
  /// A stream stays in place in a box.
  bool IsConstant(std::size_t stream) const {
    return ColumnStride(stream) == 0 && (max_rows_ == 1 || RowStride(stream) == 0);
  }

  /// A box's columns go to accumulators of their own.
  bool AddsColumns(std::size_t stream) const { return !IsConstant(stream) && ColumnStride(stream) != 0; }

  /// Where a kept dimension of the space is in the box: its index at the box's begin, and whether it moves with rows or
  /// columns.
  enum class Role : std::uint8_t { kOuter, kRow, kColumn };
  Role RoleOf(std::size_t dimension) const;
  std::int64_t IndexOf(std::size_t dimension) const;

 private:
  void Merge(std::span<const std::int64_t> shape, std::span<const Stream> streams, const std::vector<bool>& keep);
  void ChooseBoxes(std::span<const Stream> streams, std::int64_t tile);
  void NextOuter();

  std::size_t depth_ = 0;              // merged dimensions, at least 2
  std::vector<std::int64_t> extents_;  // of merged dimensions
  std::vector<std::int64_t> strides_;  // [stream][merged dimension]
  std::vector<std::int64_t> base_;     // [stream] at the outer index
  std::vector<std::int64_t> outer_;    // index of merged dimensions but the last two
  std::vector<int> merged_into_;       // [dimension]: merged dimension, -1 if of extent 1
  std::int64_t panel_ = 0;
  std::int64_t panel_begin_ = 0;
  std::int64_t row_ = 0;
  std::int64_t column_ = 0;
  std::int64_t rows_ = 0;  // 0 before the first box
  std::int64_t columns_ = 0;
  std::int64_t max_rows_ = 1;
  std::int64_t max_columns_ = 1;
  bool done_ = false;
};

}  // namespace distarray
