#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/status.h"

namespace distarray {

/// A regular run of indices owned by one process: global index start + i * step lies at local index local_start + i *
/// local_step, for 0 <= i < count. step >= 1 (a run of one has step 1); local_step may be negative.
struct Segment {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
  std::int64_t local_start = 0;
  std::int64_t local_step = 1;

  std::int64_t last() const { return start + (count - 1) * step; }
  friend bool operator==(const Segment&, const Segment&) = default;
};

/// How one dimension is dealt out over the processes 0..grid_size-1 of one dimension of the process grid. The kinds are
/// those of the Distributed Array Protocol 0.10 (https://distributed-array-protocol.readthedocs.io), plus kWhole ('n')
/// and, for the engines' own temporaries, kWhole with grid_size > 1: a copy on every process.
///
///   size 10, 3 processes      process 0      1           2
///   block                     0 1 2 3        4 5 6 7     8 9
///   cyclic                    0 3 6 9        1 4 7       2 5 8
///   cyclic, block_size 2      0 1 6 7        2 3 8 9     4 5
struct DimensionMap {
  enum class Kind : std::uint8_t { kWhole, kBlock, kCyclic, kUnstructured };
  using IndexLists = std::vector<std::vector<std::int64_t>>;

  Kind kind = Kind::kWhole;
  std::int64_t size = 0;
  std::int64_t grid_size = 1;
  std::vector<std::int64_t> bounds;  // kBlock: grid_size + 1 bounds, from 0 to size, ascending
  std::int64_t block_size = 1;       // kCyclic
  std::shared_ptr<const IndexLists>
      indices;  // kUnstructured: grid_size lists that partition [0, size); shared, may be large
  std::int64_t communication_padding = 0;  // kBlock; carried, not allocated yet
  std::int64_t boundary_padding = 0;
  bool periodic = false;

  static DimensionMap Whole(std::int64_t size);
  /// Regular blocks of ceil(size / grid_size); the last ones may be short or empty.
  static DimensionMap Block(std::int64_t size, std::int64_t grid_size);
  static DimensionMap Block(std::vector<std::int64_t> bounds);
  static DimensionMap Cyclic(std::int64_t size, std::int64_t grid_size, std::int64_t block_size = 1);
  static DimensionMap Unstructured(IndexLists indices);
  /// A copy on each of grid_size processes (for broadcast operands; never seen by users).
  static DimensionMap Replicated(std::int64_t size, std::int64_t grid_size);

  bool replicated() const { return kind == Kind::kWhole && grid_size > 1; }

  /// Error kInvalidValue: fields that do not describe a map (bounds that do not cover, lists that do not partition,
  /// ...). `dimension` is named in it.
  absl::Status Validate(int dimension) const;

  /// Number of indices process p owns.
  std::int64_t LocalSize(std::int64_t p) const;
  /// The process that owns a global index (the first one, where copies exist). Precondition: 0 <= index < size.
  std::int64_t Owner(std::int64_t index) const;
  /// Local index, on its owner, of a global index. O(1), but O(local size) for kUnstructured.
  std::int64_t LocalIndex(std::int64_t index) const;
  /// Global index of process p's local index.
  std::int64_t GlobalIndex(std::int64_t p, std::int64_t local) const;
  /// What process p owns, as runs in ascending order of local index.
  std::vector<Segment> Segments(std::int64_t p) const;

  /// Same indices on the same processes in the same local order (so 'n', 'b' and 'c' on one process are equal, and
  /// block-cyclic with one block each equals block).
  friend bool Equivalent(const DimensionMap& a, const DimensionMap& b);
  friend bool operator==(const DimensionMap& a, const DimensionMap& b);  // field by field

  char letter() const;  // 'n', 'b', 'c', 'u'
  void Encode(ByteWriter& out) const;
  static DimensionMap Decode(ByteReader& in);
};

/// The map of the indices start + v * step, 0 <= v < count, of a sliced dimension, where they lie, no data moved (step
/// may be negative; a step of 0 is not a slice). Processes that own none of them are dropped; `coordinates[c]` is the
/// old grid coordinate of the new c. An empty slice keeps the first process. Block gives block; cyclic gives cyclic,
/// its processes in another order, if its block size is 1 or the slice meets all its blocks alike, else unstructured;
/// unstructured keeps its local order (reversed if step < 0). The local order of the slice on a process is ascending in
/// v except for unstructured.
struct SlicedMap {
  DimensionMap map;
  std::vector<std::int64_t> coordinates;
};
SlicedMap SliceMap(const DimensionMap& map, std::int64_t start, std::int64_t step, std::int64_t count);

/// The slice of process p's segments, in slice index space (start = v), local positions kept. In the order of the
/// segments, reversed if step < 0. Precondition: step != 0.
std::vector<Segment> SliceSegments(const std::vector<Segment>& segments, std::int64_t start, std::int64_t step,
                                   std::int64_t count);

/// A run common to two lists of segments: element i lies at a_start + i * a_step in the one's local indices and at
/// b_start + i * b_step in the other's, in ascending order of global index.
struct Overlap {
  std::int64_t a_start = 0;
  std::int64_t a_step = 1;
  std::int64_t b_start = 0;
  std::int64_t b_step = 1;
  std::int64_t count = 0;
};

/// What two lists of segments have in common (no index twice in either; in any order), in ascending order of first
/// global index. Takes time in the number of pairs of segments whose spans meet, or of elements if that is less.
std::vector<Overlap> Intersect(const std::vector<Segment>& a, const std::vector<Segment>& b);

}  // namespace distarray
