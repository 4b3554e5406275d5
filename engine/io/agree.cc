#include "engine/io/agree.h"

#include "engine/base/error.h"

namespace distarray::io {
namespace {

std::string Broadcast(MPI_Comm comm, int root, std::string text) {
  int length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, root, comm);
  text.resize(static_cast<std::size_t>(length));
  MPI_Bcast(text.data(), length, MPI_CHAR, root, comm);
  return text;
}

}  // namespace

int RankIn(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

int RanksOf(MPI_Comm comm) {
  int ranks = 1;
  MPI_Comm_size(comm, &ranks);
  return ranks;
}

absl::Status Agree(MPI_Comm comm, const absl::Status& mine) {
  const int ranks = RanksOf(comm);
  int first = mine.ok() ? ranks : RankIn(comm);
  MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm);
  if (first == ranks) {
    return absl::OkStatus();
  }
  int reason = static_cast<int>(ReasonOf(mine));
  MPI_Bcast(&reason, 1, MPI_INT, first, comm);
  return Error(static_cast<Reason>(reason), Broadcast(comm, first, std::string(mine.message())));
}

std::string FromFirst(MPI_Comm comm, std::string text) { return Broadcast(comm, 0, std::move(text)); }

}  // namespace distarray::io
