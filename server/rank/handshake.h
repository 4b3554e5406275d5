#pragma once

#include <mpi.h>

#include <vector>

#include "engine/base/status.h"
#include "engine/command/channel.h"

namespace distarray::server {

/// Connects the front with every engine: the front listens (on an abstract Unix socket where all ranks are on one host,
/// else on TCP), tells the address and a secret by MPI, and lets in who knows it. Both are collective over `comm`.

/// Rank 0's part: the engines' channels; position = target. Error kUnavailable.
absl::StatusOr<std::vector<Channel>> AcceptEngines(MPI_Comm comm);

/// Every other rank's part. Error kUnavailable.
absl::StatusOr<Channel> ConnectToFront(MPI_Comm comm);

}  // namespace distarray::server
