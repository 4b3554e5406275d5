#include "engine/comm/exchange.h"

#include <algorithm>
#include <cstddef>

namespace distarray {

Exchange::Exchange(MPI_Comm world, int front_rank) {
  int rank = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_split(world, 0, rank < front_rank ? rank + 1 : rank, &engines_);
  MPI_Comm_rank(engines_, &self_);
  MPI_Comm_size(engines_, &engine_count_);
  void* bound = nullptr;
  int found = 0;
  MPI_Comm_get_attr(engines_, MPI_TAG_UB, &bound, &found);
  if (found != 0) {
    tag_count_ = *static_cast<int*>(bound);
  }
}

void Exchange::JoinSplit(MPI_Comm world) {
  MPI_Comm none = MPI_COMM_NULL;
  MPI_Comm_split(world, MPI_UNDEFINED, 0, &none);
}

Exchange::~Exchange() {
  if (pending() == 0) {
    MPI_Comm_free(&engines_);
  }
}

void Exchange::Track(MPI_Request request, Completion& completion) {
  ++completion.pending;
  requests_.push_back(request);
  completions_.push_back(&completion);
}

void Exchange::Send(std::int64_t command, int target, const void* data, std::int64_t bytes, Completion& completion) {
  const auto* from = static_cast<const std::byte*>(data);
  do {
    const std::int64_t piece = std::min(bytes, kPiece);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(from, static_cast<int>(piece), MPI_BYTE, target, TagOf(command), engines_, &request);
    Track(request, completion);
    from += piece;
    bytes -= piece;
  } while (bytes > 0);
}

void Exchange::Receive(std::int64_t command, int target, void* data, std::int64_t bytes, Completion& completion) {
  auto* to = static_cast<std::byte*>(data);
  do {
    const std::int64_t piece = std::min(bytes, kPiece);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Irecv(to, static_cast<int>(piece), MPI_BYTE, target, TagOf(command), engines_, &request);
    Track(request, completion);
    to += piece;
    bytes -= piece;
  } while (bytes > 0);
}

bool Exchange::Progress() {
  const auto count = requests_.size();
  if (count == 0) {
    return false;
  }
  indices_.resize(count);
  statuses_.resize(count);
  int completed = 0;
  MPI_Testsome(static_cast<int>(count), requests_.data(), &completed, indices_.data(), statuses_.data());
  if (completed == MPI_UNDEFINED || completed == 0) {
    return false;
  }
  completed_ += completed;
  for (int i = 0; i < completed; ++i) {
    Completion& completion = *completions_[static_cast<std::size_t>(indices_[static_cast<std::size_t>(i)])];
    int bytes = 0;
    MPI_Get_count(&statuses_[static_cast<std::size_t>(i)], MPI_BYTE, &bytes);
    completion.received_bytes += std::max(bytes, 0);
    --completion.pending;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (requests_[i] != MPI_REQUEST_NULL) {
      requests_[kept] = requests_[i];
      completions_[kept] = completions_[i];
      ++kept;
    }
  }
  requests_.resize(kept);
  completions_.resize(kept);
  return true;
}

}  // namespace distarray
