#include "engine/comm/group_communicator.h"

namespace distarray {

GroupCommunicator::GroupCommunicator(const Exchange& exchange, const std::vector<int>& targets) {
  MPI_Group all = MPI_GROUP_NULL;
  MPI_Group some = MPI_GROUP_NULL;
  MPI_Comm_group(exchange.communicator(), &all);
  MPI_Group_incl(all, static_cast<int>(targets.size()), targets.data(), &some);
  MPI_Comm_create_group(exchange.communicator(), some, 0, &comm_);
  MPI_Group_free(&some);
  MPI_Group_free(&all);
}

GroupCommunicator::~GroupCommunicator() { MPI_Comm_free(&comm_); }

}  // namespace distarray
