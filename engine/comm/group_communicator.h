#pragma once

#include <mpi.h>

#include <vector>

#include "engine/comm/exchange.h"

namespace distarray {

/// A communicator of some engines for the duration of one collective work (parallel files): rank r is targets[r].
///
/// Not cached: to free one is collective over its members, and no two engines see the same sequence of groups.
class GroupCommunicator {
 public:
  /// Collective over `targets`, in which this engine is; blocks until all have come.
  GroupCommunicator(const Exchange& exchange, const std::vector<int>& targets);
  /// Collective over `targets`.
  ~GroupCommunicator();
  GroupCommunicator(const GroupCommunicator&) = delete;
  GroupCommunicator& operator=(const GroupCommunicator&) = delete;

  MPI_Comm get() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

}  // namespace distarray
