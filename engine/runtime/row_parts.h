#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/command/command.h"
#include "engine/gathering/row_indices.h"
#include "engine/runtime/execute.h"

namespace distarray {

/// This engine's block of a stored array.
struct StoredPart {
  DistributionPtr distribution;
  int rank = -1;  // of this engine; -1: it has no part
  BufferPtr buffer;
  absl::Status status;  // why the part cannot be used

  std::byte* data() const { return buffer == nullptr ? nullptr : buffer->data(); }
  std::int64_t count() const { return rank < 0 ? 0 : distribution->LocalCount(rank); }
};

/// Looks a part up; `status` becomes why it cannot be used, if it is not something else already.
StoredPart FindPart(const Services& services, const BufferView& view, absl::Status& status);

/// This engine's part of a choice of rows.
struct ChoicePart {
  DistributionPtr distribution;
  int rank = -1;
  std::int64_t count = 0;  // of elements here
  RowIndices rows;
  std::vector<BufferPtr> buffers;
};

/// Looks the parts of a choice up, as FindPart.
ChoicePart FindChoice(const Services& services, const RowChoice& choice, absl::Status& status);

/// Checks this engine's part, in slices. Error kIndexOutOfRange.
Task CheckChoice(Execution& execution, const RowChoice& choice, const ChoicePart& part);

/// Where the blocks of an array of rows begin, in rows; one more than there are targets.
std::vector<std::int64_t> RowBounds(const Distribution& distribution, std::int64_t row_elements);

/// Whether all engines have all of it.
bool IsEverywhere(const Distribution& distribution);

/// Rows travel in chunks: so many rows, of which so many bytes at a time.
struct RowChunks {
  std::int64_t rows = 1;
  std::int64_t piece_bytes = 1;
  bool single = false;  // pieces are so long that each is best a message of its own

  /// What makes the chunks that `peers` engines have under way at a time fit into a bounded memory.
  static RowChunks Of(std::int64_t row_bytes, std::size_t peers);
  std::int64_t CountOf(std::int64_t elements) const { return (elements + rows - 1) / rows; }
  /// Elements of chunk number t out of `elements`.
  std::int64_t SizeOf(std::int64_t t, std::int64_t elements) const;
};

/// Some of the rows that are copied where a choice is applied along dimensions in the middle of a block: bytes begin,
/// ..., begin + bytes - 1 of rows that are `stride` bytes long; element i of `rows` is counted from row `whole` of the
/// block that has all, and is row chosen + i of the one that has the chosen ones.
struct RowsAlong {
  std::int64_t whole = 0;
  std::int64_t chosen = 0;
  std::span<const std::int64_t> rows;
  std::int64_t stride = 0;
  std::int64_t begin = 0;
  std::int64_t bytes = 0;
};
/// Goes through all of them, in slices; those that name the same row come in the order of the choice. `array`: how the
/// one that has all is dealt out; `axis`: the first dimension that the choice is of.
Task WalkAlong(Execution& execution, const ChoicePart& choice, const Distribution& array, int axis, int element_size,
               const std::function<void(const RowsAlong&)>& copy);

}  // namespace distarray
