#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace distarray {

/// Elements at from + i * from_step + k * from_repeat of one block and likewise of another, for 0 <= k < repeats and
/// 0 <= i < count, i running faster. In elements.
struct CopyRun {
  std::int64_t count = 0;
  std::int64_t from = 0;
  std::int64_t from_step = 0;
  std::int64_t to = 0;
  std::int64_t to_step = 0;
  std::int64_t repeats = 1;
  std::int64_t from_repeat = 0;
  std::int64_t to_repeat = 0;

  std::int64_t elements() const { return count * repeats; }
};

/// Adds one pair of elements at the end, to the last run if it continues that one.
void AppendPair(std::vector<CopyRun>& runs, std::int64_t from, std::int64_t to);

/// Pairs of elements of two blocks: the product of a list of runs a dimension, C order. With no axes: one pair. The
/// offsets of a pair are the sums of those of its runs and `from`, `to`. In a box to be packed only the from side
/// matters, in one to be unpacked only the to side.
struct CopyBox {
  std::vector<std::vector<CopyRun>> axes;
  std::int64_t from = 0;
  std::int64_t to = 0;

  std::int64_t Count() const;
  /// Joins what can be walked over in fewer, longer runs; the order stays. At least one axis is left.
  void Simplify();
  /// Where all of it lies, if the from (to) side is contiguous in order.
  std::optional<std::int64_t> ContiguousFrom() const;
  std::optional<std::int64_t> ContiguousTo() const;
};

/// Walks over a box in pieces. `element_size`: 1, 2, 4, 8 or 16 bytes.
class CopyCursor {
 public:
  /// `box` must have been simplified and must outlive the cursor.
  CopyCursor(const CopyBox& box, int element_size);

  std::int64_t remaining() const { return remaining_; }
  /// The next `count` pairs: from the one block to the other, out of one block to contiguous memory, or from there into
  /// the other.
  void Copy(std::int64_t count, const std::byte* from, std::byte* to);
  void Pack(std::int64_t count, const std::byte* from, std::byte* packed);
  void Unpack(std::int64_t count, const std::byte* packed, std::byte* to);

 private:
  struct Position {
    std::size_t run = 0;
    std::int64_t index = 0;
  };

  /// Rows of whole innermost runs, or one part of such a run, from the position on.
  struct Plane {
    std::int64_t rows = 1;
    std::int64_t columns = 0;
    std::int64_t from_row = 0;
    std::int64_t to_row = 0;
    bool outer_rows = false;  // rows run along the axis outside the innermost
  };

  Plane NextPlane(std::int64_t most) const;
  void Go(std::int64_t count, const std::byte* from, bool packed_from, std::byte* to, bool packed_to);
  const CopyRun& RunOf(std::size_t axis) const { return box_->axes[axis][positions_[axis].run]; }
  std::int64_t FromAt(std::size_t axis) const;
  std::int64_t ToAt(std::size_t axis) const;
  void Step(std::size_t axis, std::int64_t steps);

  const CopyBox* box_;
  int element_size_;
  bool large_;  // too large for the caches
  std::int64_t remaining_;
  std::vector<Position> positions_;  // by axis
  std::int64_t outer_from_ = 0;      // offsets of all axes but the innermost
  std::int64_t outer_to_ = 0;
};

}  // namespace distarray
