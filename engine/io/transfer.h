#pragma once

#include <cstddef>
#include <vector>

#include "engine/dtype/dtype.h"
#include "engine/io/selection.h"

namespace distarray::io {

/// Copies the elements of a box between a process's dense C-order block and a dense C-order buffer in ascending index
/// order.
void GatherBox(const std::vector<AxisSelection>& axes, const Box& box, std::size_t element_size, const std::byte* block,
               std::byte* buffer);
void ScatterBox(const std::vector<AxisSelection>& axes, const Box& box, std::size_t element_size,
                const std::byte* buffer, std::byte* block);

/// One process's block of a dataset, transferred box by box: `Write` and `Read` of one box each. The block is not
/// owned.
class Transfer {
 public:
  /// MPI-IO counts bytes in int.
  static constexpr std::int64_t kMostBytes = std::int64_t{512} << 20;

  /// `rank` is the process in the distribution's grid; a box has at most `most_bytes` (or one element).
  Transfer(const Distribution& distribution, int rank, DType dtype, std::int64_t most_bytes = kMostBytes);

  /// Number of boxes, 0 for an empty block.
  std::int64_t boxes() const { return static_cast<std::int64_t>(boxes_.size()); }
  /// About how many bytes of the file lie from one run of the process's elements to the next.
  std::int64_t gap_bytes() const;

  /// Writes box `at`, or takes part without elements where at >= boxes(). Collective if `properties` say so. False if
  /// the library fails.
  bool Write(hid_t dataset, hid_t properties, std::int64_t at, const std::byte* block) const;
  bool Read(hid_t dataset, hid_t properties, std::int64_t at, std::byte* block) const;

 private:
  struct Spaces {
    Handle file;
    Handle memory;
  };
  Spaces SpacesOf(hid_t dataset, std::int64_t at) const;

  Shape shape_;
  DType dtype_;
  std::vector<AxisSelection> axes_;
  std::vector<Box> boxes_;
  bool reordered_ = false;
};

}  // namespace distarray::io
