#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "server/rpc/gateway.h"
#include "server/rpc/presence.h"

namespace distarray::server {

/// One client's Session stream. Request batches go to the gateway as they arrive; none is read while too much of the
/// earlier ones is held there (Receipt), which the client feels as HTTP/2's flow control. Replies that wait while one
/// is being written are merged into one message. Owns itself until gRPC is done with it.
class SessionStream final : public Peer, public grpc::ServerBidiReactor<v1::RequestBatch, v1::ReplyBatch> {
 public:
  /// The stream, known to the gateway and reading.
  static std::shared_ptr<SessionStream> Begin(PeerId id, Gateway* gateway);

  void Send(v1::ReplyBatch replies) override;
  void Finish(absl::Status status) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  struct Queued {
    v1::ReplyBatch batch;
    std::int64_t bytes;  // ByteSizeLong
  };

  SessionStream(PeerId id, Gateway* gateway) : presence_(id, gateway) {}

  /// Whoever sets busy_ starts the next write, or ends the stream when there is nothing left to write. Called with
  /// busy_ set by the caller.
  void Continue();
  void TakeQueued();
  /// `bytes` of what was read are no longer held: reads on if that was waited for.
  void Released(std::int64_t bytes);

  Presence presence_;
  v1::RequestBatch incoming_;
  std::shared_ptr<SessionStream> self_;

  std::mutex mutex_;
  std::deque<Queued> queue_;
  std::optional<absl::Status> finish_;  // set once: the stream is to end, nothing more is queued
  bool busy_ = false;                   // a write or the end is under way
  std::int64_t held_bytes_ = 0;         // of messages that were read
  bool paused_ = false;                 // no read is under way: too much is held

  Queued writing_{};  // of whoever holds busy_
};

}  // namespace distarray::server
