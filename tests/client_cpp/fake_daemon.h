#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/rpc/gateway.h"
#include "server/rpc/server.h"

namespace distarray::inline client {

/// A gRPC server that remembers requests and answers as it is told: for what a client sends, without engines.
class FakeDaemon : private server::Gateway {
 public:
  /// Returns false to leave an awaited request unanswered.
  using Answer = std::function<bool(const v1::Request& request, v1::Reply& reply)>;

  FakeDaemon();
  ~FakeDaemon() override;

  const std::string& address() const { return server_->address(); }
  /// Replaces the default: open, with SmallServerInfo; everything else done.
  void SetAnswer(Answer answer);
  /// Requests received, in order, in their batches.
  std::vector<v1::RequestBatch> Batches();
  std::vector<v1::Request> Requests();
  /// Waits until `count` requests have come; false after ten seconds.
  bool WaitForRequests(std::size_t count);
  /// Answers a request that was left unanswered, on the stream that was opened last.
  void Send(v1::Reply reply);
  /// Ends all streams.
  void Break(absl::Status status);
  void Shutdown() { server_->Shutdown(absl::ZeroDuration()); }

 private:
  void Connected(server::PeerId id, std::shared_ptr<server::Peer> peer) override;
  void Received(server::PeerId id, v1::RequestBatch batch, server::Receipt receipt) override;
  void HalfClosed(server::PeerId id) override;
  void Drained(server::PeerId, std::int64_t) override {}
  void Disconnected(server::PeerId) override {}
  void Call(server::PeerId, std::string, std::optional<std::int64_t>, v1::Request) override {}

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<server::Peer>> peers_;
  std::vector<v1::RequestBatch> batches_;
  std::size_t request_count_ = 0;
  Answer answer_;
  std::unique_ptr<server::RpcServer> server_;
};

}  // namespace distarray::inline client
