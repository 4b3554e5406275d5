#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/program/executor.h"
#include "engine/runtime/execute.h"

namespace distarray {

/// The engines whose partial results of one reduction make one part of its result: those that differ only along the
/// reduced dimensions of the space's grid.
struct ReductionGroup {
  std::vector<int>
      ranks;  // of the space's grid, in order of grid coordinate; the first one combines and owns the result

  /// The group that grid rank `rank` is in.
  static ReductionGroup Of(const Distribution& space, const std::vector<int>& axes, int rank);
};

/// Partial results on their way from one engine to the combining ones. Must live until all are gone (see `completion`).
struct OutgoingPartials {
  std::deque<std::string> openings;
  std::deque<Accumulators> accumulators;
  Completion completion;
};

/// Sends one reduction's accumulators to `target`, or why there are none. Without elements (`partial.bytes` empty):
/// nothing to combine.
void SendPartial(Execution& execution, int target, const absl::Status& status, Accumulators partial,
                 OutgoingPartials& outgoing);

/// Receives the partials of the other engines of `group` and combines them into `accumulators` in order of grid
/// coordinate. With `status` not OK they are received and dropped; it becomes the first failure of any. `empty`: this
/// engine had no elements, so that the first one that had some takes the place of its accumulators.
Task CombinePartials(Execution& execution, const Distribution& space, const ReductionGroup& group, int reduction,
                     DType compute, bool empty, Accumulators& accumulators, absl::Status& status);

}  // namespace distarray
