#pragma once

#include "server/config/options.h"

namespace distarray::server {

/// Starts the MPI job, watches it, starts it again when it fails, and ends it when asked to. `open_mpi_major` is that
/// of the library the ranks are linked with. Returns the exit code. Call it while there is one thread.
int RunSupervisor(const Options& options, int open_mpi_major);

}  // namespace distarray::server
