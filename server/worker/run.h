#pragma once

#include "server/config/options.h"

namespace distarray::server {

/// The role "worker": a process that the supervisor's mpirun has started becomes the guard of its target's worker.
int RunWorker(const Options& options);

}  // namespace distarray::server
