#pragma once

#include "engine/command/command.h"
#include "engine/runtime/execute.h"

namespace distarray {

/// This engine's part of a buffer that a command makes. Lives in the store from Publish on.
struct PendingBuffer {
  NewBuffer spec;
  DistributionPtr distribution;
  BufferPtr buffer;  // null: this engine has no part of it, or there was no memory

  /// Puts it into the store, poisoned if `status` is not OK. Nothing happens on an engine outside its distribution.
  absl::Status Publish(Execution& execution, const absl::Status& status) const;
};

/// Takes memory for it, in slices. Errors kMemoryLimit, kInternal (an unknown distribution).
Task Make(Execution& execution, PendingBuffer& pending);

/// Memory of this engine's for the time of a command, zeroed before another session may see it. Ready when it returns.
/// Error kMemoryLimit.
Task MakeScratch(Execution& execution, std::int64_t bytes, BufferPtr& scratch);

/// The bytes of a block of `distribution` on grid rank `rank`.
std::int64_t BlockBytes(const Distribution& distribution, int rank, DType dtype);

/// A stored buffer, for reading or writing its elements here. Errors: what poisoned it, kInternal (not stored, other
/// dtype).
absl::StatusOr<BufferPtr> FindUsable(const Services& services, BufferId id, DType dtype);

}  // namespace distarray
