#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "distarray/v1/service.grpc.pb.h"
#include "server/rpc/gateway.h"
#include "server/rpc/server.h"

namespace distarray::server {

/// Records what rpc tells a front. By default every awaited request is answered with `done`, in order.
class FakeGateway : public Gateway {
 public:
  struct Seen {
    std::shared_ptr<Peer> peer;
    std::vector<std::int64_t> sequences;  // of the requests received
    std::vector<Receipt> receipts;        // kept only if hold_receipts
    std::int64_t drained_bytes = 0;
    int disconnects = 0;
    bool told_after_end = false;
    std::string session;  // of a unary call
    std::optional<std::int64_t> sequence;
  };
  using Answer = std::function<void(Peer&, const v1::Request&)>;

  /// Called for each request, from gRPC's threads; set before the server starts.
  Answer answer = [](Peer& peer, const v1::Request& request) {
    if (request.awaited()) {
      v1::ReplyBatch batch;
      v1::Reply& reply = *batch.add_replies();
      reply.set_sequence(request.sequence());
      reply.mutable_done();
      peer.Send(std::move(batch));
    }
  };

  void Connected(PeerId id, std::shared_ptr<Peer> peer) override;
  /// Called when a client will send no more; set before the server starts.
  std::function<void(Peer&)> half_closed = [](Peer& peer) { peer.Finish(absl::OkStatus()); };
  bool hold_receipts = false;
  /// Drops the receipts held for the last client.
  void ReleaseReceipts();

  void Received(PeerId id, v1::RequestBatch batch, Receipt receipt) override;
  void HalfClosed(PeerId id) override;
  void Drained(PeerId id, std::int64_t bytes) override;
  void Disconnected(PeerId id) override;
  void Call(PeerId id, std::string session, std::optional<std::int64_t> sequence, v1::Request request) override;

  /// Waits until `condition` holds of the only client (or the last of several); false after ten seconds.
  bool WaitFor(const std::function<bool(const Seen&)>& condition);
  Seen Last();

 private:
  Seen& Of(PeerId id);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<PeerId, Seen> seen_;
};

/// A server over a fake gateway, and a client of it.
struct Loopback {
  explicit Loopback(FakeGateway* gateway, RpcOptions options = {});

  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::DistArray::Stub> stub;
};

/// Sets a deadline, so that a failing test ends.
void Limit(grpc::ClientContext& context);

}  // namespace distarray::server
