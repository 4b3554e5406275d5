#pragma once

#include <mpi.h>

#include <string>

#include "engine/base/status.h"

namespace distarray::io {

/// OK if `mine` is OK on all ranks, else the status of the lowest rank that failed, with its reason. Collective over
/// comm.
absl::Status Agree(MPI_Comm comm, const absl::Status& mine);

/// Rank 0's text on every rank. Collective over comm.
std::string FromFirst(MPI_Comm comm, std::string text);

int RankIn(MPI_Comm comm);
int RanksOf(MPI_Comm comm);

}  // namespace distarray::io
