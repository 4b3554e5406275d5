#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client-cpp/src/private_daemon.h"
#include "client-cpp/src/stream.h"
#include "client-cpp/src/tables.h"
#include "distarray/context.h"

namespace distarray::inline client {

/// A session with a daemon: numbers requests, gathers them into batches, matches replies with those who wait. Requests
/// that nobody waits for are sent within a millisecond, or with the next that somebody does. Replies come in order of
/// sequence, but for those to Apply, which come when their functions have ended. Thread-safe.
class Session final : private Stream::Receiver {
 public:
  /// Writes what it is called for into the request; called once, under the session's lock.
  using Fill = std::function<void(v1::Request&)>;
  /// Somebody who waits for a reply.
  struct Waiter;

  /// `daemon`: the private one at that address, which lives as long as the session; null: somebody else's. Errors as
  /// Context::Connect.
  static absl::StatusOr<std::shared_ptr<Session>> Open(const std::string& address, const ContextOptions& options,
                                                       std::shared_ptr<const PrivateDaemon> daemon = nullptr);
  /// Closes the session; waits up to two seconds for the daemon to agree.
  ~Session() override;

  const std::string& address() const { return address_; }
  const Tables& tables() const { return tables_; }
  int dimensions_max() const { return dimensions_max_; }
  std::int64_t chunk_bytes_max() const { return chunk_bytes_max_; }

  std::int64_t NewKey() { return next_key_.fetch_add(1, std::memory_order_relaxed); }

  /// Sends a request without waiting for an answer; waits while too much is under way. One that is larger than the
  /// daemon takes fails as Defer says: kMessageTooLarge.
  template <typename FillRequest>
  void Record(FillRequest&& fill) {
    std::unique_lock lock(mutex_);
    WaitForRoom(lock);
    fill(Add());
    Added();
  }
  /// Sends a request and waits for its one reply. Errors: the reply's; that of an earlier in-place operation;
  /// kSessionUnknown.
  absl::StatusOr<v1::Reply> Await(const Fill& fill);
  /// As Await, without the errors of earlier operations: those are for who waits for their results.
  absl::Status Admit(const Fill& fill);
  /// As Await, for a Get: `out` takes its chunks. Error kInternal also: another number of bytes came.
  absl::Status AwaitBytes(const Fill& fill, std::span<std::byte> out);

  /// Sends an Apply at once, without waiting for its answer, which is the waiter's; waits while too much is under way.
  /// Errors: that of an earlier in-place operation; kMessageTooLarge; kSessionUnknown.
  absl::StatusOr<std::shared_ptr<Waiter>> Start(const Fill& fill);
  /// Waits for the answer until the deadline; whether it is there.
  bool WaitFor(Waiter& waiter, absl::Time deadline);
  /// Waits for the answer and gives it away: for one caller. Errors: the reply's; kSessionUnknown.
  absl::StatusOr<v1::Reply> Finish(Waiter& waiter);
  /// Nobody is going to call Finish: `drop` takes the answer, if one comes, perhaps on a thread of gRPC's.
  void Abandon(Waiter& waiter, std::function<void(const v1::Reply&)> drop);
  /// Cancels what bears the name, at once; never waits.
  void Cancel(const std::string& operation);

  /// Deletes an array, some time; never waits.
  void Forget(std::int64_t key, std::int64_t nbytes);
  /// Remembers the failure of an operation that has no result; the next Await returns it.
  void Defer(absl::Status status);
  /// Sends what is unsent.
  void Flush();

 private:
  Session(std::string address, std::unique_ptr<v1::DistArray::Stub> stub, std::shared_ptr<const PrivateDaemon> daemon);
  absl::Status Begin(const ContextOptions& options, absl::Time deadline);

  // With mutex_ held.
  v1::Request& Add();
  /// The last request is complete.
  void Added();
  /// Bytes of the last request of the batch; takes it back if it is too large. Error kMessageTooLarge.
  absl::StatusOr<std::int64_t> SizeOfLast();
  /// Notes that the last request, of so many bytes, is under way; nobody waits for the next reply in order.
  void Count(std::int64_t bytes);
  void AddMark();
  void AddSmallDeletes();
  void SendBatch();
  void WaitForRoom(std::unique_lock<std::mutex>& lock);
  absl::Status TakeDeferred() { return std::exchange(deferred_, absl::OkStatus()); }
  /// At the deadline the whole stream is cancelled.
  absl::Status Wait(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Waiter>& waiter, const Fill& fill,
                    absl::Time deadline = absl::InfiniteFuture());

  void OnReplies(v1::ReplyBatch& replies) override;
  void OnEnd(const grpc::Status& status) override;
  /// Whom a reply is for; null: nobody, the daemon breaks the protocol.
  std::shared_ptr<Waiter> WaiterOf(const v1::Reply& reply);
  void Take(Waiter& waiter, v1::Reply& reply);
  void RunFlusher();

  const std::shared_ptr<const PrivateDaemon> daemon_;  // first, so that it is let go last
  const std::string address_;
  const std::unique_ptr<v1::DistArray::Stub> stub_;
  Tables tables_;
  int dimensions_max_ = 0;
  std::int64_t chunk_bytes_max_ = 0;
  std::int64_t message_bytes_max_ = 8 << 20;
  std::atomic<std::int64_t> next_key_ = 1;

  std::mutex mutex_;
  std::int64_t last_sequence_ = 0;
  std::unique_ptr<v1::RequestBatch> batch_;  // unsent; never null
  std::int64_t batch_bytes_ = 0;
  std::chrono::steady_clock::time_point batch_began_;
  std::vector<std::int64_t> small_deletes_;
  std::deque<std::shared_ptr<Waiter>> waiters_;            // ascending by sequence, as replies come
  std::map<std::int64_t, std::shared_ptr<Waiter>> calls_;  // by sequence; their replies come out of turn
  std::int64_t requests_since_mark_ = 0;
  std::int64_t bytes_since_mark_ = 0;
  int marks_under_way_ = 0;
  std::condition_variable room_;
  absl::Status deferred_;
  absl::Status end_;  // not OK: the stream has ended
  bool stopping_ = false;
  bool flusher_asleep_ = false;
  std::condition_variable flusher_wakes_;

  std::unique_ptr<Stream> stream_;
  std::thread flusher_;
};

/// Of the session, under its lock.
struct Session::Waiter {
  std::int64_t sequence = 0;
  std::span<std::byte> out;  // of a Get
  std::int64_t received_bytes = 0;
  v1::Reply reply;
  absl::Status status;
  std::function<void(const v1::Reply&)> drop;  // nobody waits: see Abandon
  bool mark = false;                           // nobody waits: it tells how far the daemon has come
  bool done = false;
  std::condition_variable changed;
};

}  // namespace distarray::inline client
