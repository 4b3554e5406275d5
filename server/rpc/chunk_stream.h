#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "server/rpc/gateway.h"
#include "server/rpc/presence.h"

namespace distarray::server {

/// One Get call: a stream of chunks that ends with the one marked last, or with an error. Owns itself until gRPC is
/// done with it.
class ChunkStream final : public Peer, public grpc::ServerWriteReactor<v1::Chunk> {
 public:
  /// The call, known to the gateway.
  static std::shared_ptr<ChunkStream> Begin(PeerId id, Gateway* gateway);

  /// Hands the request to the gateway.
  void Start(std::string session, std::optional<std::int64_t> sequence, v1::Request request) {
    presence_.Call(std::move(session), sequence, std::move(request));
  }

  void Send(v1::ReplyBatch replies) override;
  void Finish(absl::Status status) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  struct Queued {
    v1::Chunk chunk;
    std::int64_t bytes;  // of the reply batch, told with its last chunk
  };

  ChunkStream(PeerId id, Gateway* gateway) : presence_(id, gateway) {}

  /// Starts the next write, or ends the stream when there is nothing left to write. Called with busy_ set by the
  /// caller.
  void Continue();

  Presence presence_;
  std::shared_ptr<ChunkStream> self_;

  std::mutex mutex_;
  std::deque<Queued> queue_;
  std::optional<grpc::Status> finish_;  // set once: the stream is to end, nothing more is queued
  bool busy_ = false;                   // a write or the end is under way

  Queued writing_{};  // of whoever holds busy_
};

}  // namespace distarray::server
