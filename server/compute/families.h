#pragma once

#include <vector>

#include "server/compute/computation.h"

namespace distarray::server {

// The computations, a family a file.

/// matmul.
std::vector<ComputationRow> LinearAlgebraRows();
/// bincount, histogram.
std::vector<ComputationRow> CountingRows();
/// put, take, take_along_axis.
std::vector<ComputationRow> IndexingRows();
/// argwhere, nonzero, put_where, repeat, select.
std::vector<ComputationRow> SelectingRows();
/// reshape.
std::vector<ComputationRow> ReshapeRows();
/// scan.
std::vector<ComputationRow> ScanRows();

/// sort, argsort, searchsorted.
std::vector<ComputationRow> SortingRows();

}  // namespace distarray::server
