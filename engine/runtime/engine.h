#pragma once

#include <mpi.h>

#include <cstdint>
#include <string>

#include "engine/command/channel.h"
#include "engine/storage/segment_registry.h"

namespace distarray {

struct EngineOptions {
  MPI_Comm world = MPI_COMM_NULL;  // rank 0 the front, rank t + 1 target t; duplicated
  int target = 0;
  int engine_count = 0;
  Channel front;                        // connected
  std::string workers;                  // name of the socket that workers connect to; empty: none can
  SegmentRegistry* registry = nullptr;  // may be null; must outlive the call
  std::string notes;  // a folder that names unfinished files for whoever sweeps after a killed engine; empty: none
};

/// Carries out the front's commands until Shutdown (returns 0) or until the front is gone (returns 1). Collective over
/// world's engines only in that all of them must run it (rank 0 takes part in the duplication of `world`: it calls
/// JoinAsFront).
int RunEngine(EngineOptions options);

/// Rank 0's part of RunEngine's collective set-up. Collective over world.
void JoinAsFront(MPI_Comm world);

}  // namespace distarray
