#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/distribution/distribution.h"

namespace distarray {

/// What grid rank `rank` of a distribution holds, as the `dim_data` of the Distributed Array Protocol 0.10: a list of
/// one dict a dimension; 'n' is a block on one process. The paddings that a map carries are not allocated, so none are
/// told. `indices`: what those of an unstructured dimension are appended to, as int64; the dict has {"offset", "count"}
/// in their place. Null: they are a list.
nlohmann::json DimDataOf(const Distribution& distribution, int rank, std::string* indices = nullptr);

}  // namespace distarray
