#pragma once

#include <vector>

#include "server/compute/computation.h"

namespace distarray::server {

// The computations, a family a file.

/// matmul.
std::vector<ComputationRow> LinearAlgebraRows();
/// reshape.
std::vector<ComputationRow> ReshapeRows();

/// sort, argsort, searchsorted.
std::vector<ComputationRow> SortingRows();

}  // namespace distarray::server
