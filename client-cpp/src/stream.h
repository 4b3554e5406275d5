#pragma once

#include <absl/time/time.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "distarray/v1/service.grpc.pb.h"

namespace distarray::inline client {

/// The Session stream as the client sees it: batches are written one after the other from a queue; replies go to a
/// receiver.
class Stream final : private grpc::ClientBidiReactor<v1::RequestBatch, v1::ReplyBatch> {
 public:
  /// Called from gRPC's threads, one call at a time.
  class Receiver {
   public:
    virtual ~Receiver() = default;
    virtual void OnReplies(v1::ReplyBatch& replies) = 0;
    /// The stream has ended, by whichever side: nothing more comes.
    virtual void OnEnd(const grpc::Status& status) = 0;
  };

  /// Starts the call. `receiver` must outlive the stream.
  Stream(v1::DistArray::Stub& stub, Receiver* receiver);
  /// Precondition: WaitForEnd has returned true.
  ~Stream() override = default;

  /// Queues a batch; returns at once. Dropped when the stream has ended.
  void Send(std::unique_ptr<v1::RequestBatch> batch);
  /// Ends the stream after what is queued. Send nothing more.
  void CloseAfterQueued();
  /// Ends the stream now. Any thread.
  void Cancel() { context_.TryCancel(); }
  /// Waits until the stream has ended; false at the timeout.
  bool WaitForEnd(absl::Duration timeout);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  /// Starts the next write, or ends writing. Called with busy_ set by the caller.
  void Continue();

  Receiver* const receiver_;
  grpc::ClientContext context_;
  v1::ReplyBatch incoming_;
  std::unique_ptr<v1::RequestBatch> writing_;  // of whoever holds busy_

  std::mutex mutex_;
  std::condition_variable ended_changed_;
  std::deque<std::unique_ptr<v1::RequestBatch>> queue_;
  bool busy_ = false;     // a write is under way
  bool closing_ = false;  // no batch comes after those queued
  bool broken_ = false;   // the daemon has ended the stream, or the connection is lost
  bool held_ = true;      // our hold, without which gRPC ends the call; given up once, when nothing is written any more
  bool ended_ = false;
};

}  // namespace distarray::inline client
