#pragma once

#include <optional>

#include "engine/distribution/dimension_map.h"

namespace distarray {

/// What two runs have in common: a run again.
struct CommonRun {
  std::int64_t first = 0;  // global index
  Overlap overlap;
};

/// The indices of two runs, by the Chinese remainder theorem; exact for indices up to 2^62.
std::optional<CommonRun> CommonOf(const Segment& a, const Segment& b);

}  // namespace distarray
