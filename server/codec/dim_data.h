#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "engine/base/error.h"
#include "engine/distribution/distribution.h"

namespace distarray::server {

/// The distribution of an array whose parts are described by `dim_data` of the Distributed Array Protocol 0.10, as
/// JSON, one a target, without padding. The grid's ranks may be dealt out to the targets in any order. Error
/// kInvalidValue: they are no descriptions, or do not fit together; the dimension and what was found are named.
absl::StatusOr<Distribution> DistributionFromDimData(const std::vector<nlohmann::json>& dim_data,
                                                     const std::vector<int>& targets, int engine_count);

}  // namespace distarray::server
