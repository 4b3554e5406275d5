#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "server/rpc/gateway.h"

namespace distarray::server {

/// One client's presence at the gateway: passes on what it does, in the order the gateway is promised whichever threads
/// gRPC uses: nothing after Disconnected.
class Presence {
 public:
  Presence(PeerId id, Gateway* gateway) : id_(id), gateway_(gateway) {}

  void Begin(std::shared_ptr<Peer> peer) { gateway_->Connected(id_, std::move(peer)); }
  void Received(v1::RequestBatch batch, Receipt receipt) {
    const std::scoped_lock lock(mutex_);
    if (!ended_) {
      gateway_->Received(id_, std::move(batch), std::move(receipt));
    }
  }
  void HalfClosed() {
    const std::scoped_lock lock(mutex_);
    if (!ended_) {
      gateway_->HalfClosed(id_);
    }
  }
  void Call(std::string session, std::optional<std::int64_t> sequence, v1::Request request) {
    const std::scoped_lock lock(mutex_);
    if (!ended_) {
      gateway_->Call(id_, std::move(session), sequence, std::move(request));
    }
  }
  void Drained(std::int64_t bytes) {
    const std::scoped_lock lock(mutex_);
    if (!ended_) {
      gateway_->Drained(id_, bytes);
    }
  }
  /// Tells the gateway that the client is gone, the first time it is called.
  void End() {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(ended_, true)) {
      gateway_->Disconnected(id_);
    }
  }

 private:
  const PeerId id_;
  Gateway* const gateway_;
  std::mutex mutex_;
  bool ended_ = false;
};

}  // namespace distarray::server
