#pragma once

#include "server/config/options.h"

namespace distarray::server {

/// Runs this process as one rank of an MPI job that somebody has started (our supervisor, or mpirun or srun by hand):
/// rank 0 is the front, rank t + 1 the engine of target t. Returns the exit code.
int RunRank(const Options& options);

/// True where mpirun, srun or the like has started this process as a rank.
bool StartedAsRank();

/// Major version of the Open MPI that ranks are linked with.
int OpenMpiMajorVersion();

}  // namespace distarray::server
