#pragma once

#include <mpi.h>

#include <cstdint>
#include <vector>

namespace distarray {

/// Counts the messages of one purpose that are still under way. Must not move or end while some are.
struct Completion {
  int pending = 0;
  std::int64_t received_bytes = 0;

  bool done() const { return pending == 0; }
};

/// Messages between engines, none of which ever waits: Send and Receive return at once, Progress moves things on.
/// Messages from one engine to another under the same command number arrive in the order of sending, and match receives
/// in the order of posting; different commands do not mix. For one thread.
class Exchange {
 public:
  /// Splits the engines (all ranks of `world` but `front_rank`, which calls JoinSplit; -1: no rank) off. Collective
  /// over world.
  Exchange(MPI_Comm world, int front_rank);
  static void JoinSplit(MPI_Comm world);
  /// Frees the communicator if nothing is under way. Collective over the engines.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  int self() const { return self_; }
  int engine_count() const { return engine_count_; }
  /// Of the engines: rank t is target t.
  MPI_Comm communicator() const { return engines_; }

  /// `data` must stay as it is until `completion` is done. Longer messages travel in pieces of kPiece bytes.
  void Send(std::int64_t command, int target, const void* data, std::int64_t bytes, Completion& completion);
  /// Room for at most `bytes` bytes; a message longer than kPiece must have exactly that length.
  void Receive(std::int64_t command, int target, void* data, std::int64_t bytes, Completion& completion);

  /// Moves messages on; true if some have come or gone.
  bool Progress();
  std::int64_t pending() const { return static_cast<std::int64_t>(requests_.size()); }
  /// Messages that have come or gone so far: who waits for one looks again when this has changed.
  std::int64_t completed() const { return completed_; }

  static constexpr std::int64_t kPiece = std::int64_t{16} << 20;

 private:
  int TagOf(std::int64_t command) const { return static_cast<int>(command % tag_count_); }
  void Track(MPI_Request request, Completion& completion);

  MPI_Comm engines_ = MPI_COMM_NULL;
  int self_ = 0;
  int engine_count_ = 0;
  std::int64_t tag_count_ = 32768;
  std::int64_t completed_ = 0;
  std::vector<MPI_Request> requests_;
  std::vector<Completion*> completions_;  // of requests_
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
};

}  // namespace distarray
