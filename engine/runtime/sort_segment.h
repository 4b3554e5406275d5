#pragma once

#include <cstddef>
#include <vector>

#include "engine/runtime/execute.h"
#include "engine/sorting/segment.h"

namespace distarray {

/// This engine's part in the sorting of a segment.
struct SegmentJob {
  SortedSegment segment;
  std::vector<int> targets;  // of the parts; each has some elements
  int part = 0;              // this engine's
  const std::byte* elements = nullptr;
  std::byte* result = nullptr;
};

/// Sorts a segment. `status`: whether this engine's part is usable; comes back the same on all targets. Collective over
/// the job's targets.
Task SortSegment(Execution& execution, const SegmentJob& job, absl::Status& status);

}  // namespace distarray
