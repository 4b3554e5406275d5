#pragma once

#include <cstddef>
#include <vector>

#include "engine/dtype/dtype.h"
#include "engine/io/crossing.h"
#include "engine/io/selection.h"

namespace distarray::io {

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
  /// How the block lies in the file: the bytes of one contiguous run (on average; all of them if there is only one),
  /// those from one run to the next, and the slabs that describe it.
  struct Grain {
    std::int64_t run_bytes = 0;
    std::int64_t gap_bytes = 0;
    std::int64_t slabs = 1;
  };
  Grain grain() const;

  /// Writes box `at`, or takes part without elements where at >= boxes(). Collective if `properties` say so. False if
  /// the library fails.
  bool Write(hid_t dataset, hid_t properties, std::int64_t at, const std::byte* block) const;
  bool Read(hid_t dataset, hid_t properties, std::int64_t at, std::byte* block) const;
  /// As Write and Read, of a dense C-order buffer that holds just the box, in ascending order of index.
  bool WriteDense(hid_t dataset, hid_t properties, std::int64_t at, const std::byte* buffer) const;
  bool ReadDense(hid_t dataset, hid_t properties, std::int64_t at, std::byte* buffer) const;

  /// Begin and shape of box `at` in the dataset. Precondition: no dimension's indices lie apart.
  Window WindowOf(std::int64_t at) const;

 private:
  struct Spaces {
    Handle file;
    Handle memory;
  };
  Spaces SpacesOf(hid_t dataset, std::int64_t at, bool dense) const;
  std::vector<std::byte> Buffer(std::int64_t at) const;

  Shape shape_;
  DType dtype_;
  std::vector<AxisSelection> axes_;
  std::vector<Box> boxes_;
  bool reordered_ = false;
};

}  // namespace distarray::io
