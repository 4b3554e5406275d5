#include "tests/server/rpc/fake_gateway.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "tests/support/catch.h"

namespace distarray::server {

void FakeGateway::Connected(PeerId id, std::shared_ptr<Peer> peer) {
  const std::scoped_lock lock(mutex_);
  seen_[id].peer = std::move(peer);
  changed_.notify_all();
}

FakeGateway::Seen& FakeGateway::Of(PeerId id) {
  Seen& seen = seen_.at(id);
  seen.told_after_end = seen.told_after_end || seen.disconnects > 0;
  changed_.notify_all();
  return seen;
}

void FakeGateway::Received(PeerId id, v1::RequestBatch batch, Receipt receipt) {
  std::shared_ptr<Peer> peer;
  {
    const std::scoped_lock lock(mutex_);
    Seen& seen = Of(id);
    peer = seen.peer;
    for (const v1::Request& request : batch.requests()) {
      seen.sequences.push_back(request.sequence());
    }
    if (hold_receipts) {
      seen.receipts.push_back(std::move(receipt));
    }
  }
  for (const v1::Request& request : batch.requests()) {
    answer(*peer, request);
  }
}

void FakeGateway::ReleaseReceipts() {
  std::vector<Receipt> released;  // outside the lock: the next message may come at once
  const std::scoped_lock lock(mutex_);
  released = std::exchange(seen_.rbegin()->second.receipts, {});
}

void FakeGateway::HalfClosed(PeerId id) {
  std::shared_ptr<Peer> peer;
  {
    const std::scoped_lock lock(mutex_);
    peer = Of(id).peer;
  }
  half_closed(*peer);
}

void FakeGateway::Drained(PeerId id, std::int64_t bytes) {
  const std::scoped_lock lock(mutex_);
  Of(id).drained_bytes += bytes;
}

void FakeGateway::Disconnected(PeerId id) {
  const std::scoped_lock lock(mutex_);
  ++seen_.at(id).disconnects;
  changed_.notify_all();
}

void FakeGateway::Call(PeerId id, std::string session, std::optional<std::int64_t> sequence, v1::Request request) {
  std::shared_ptr<Peer> peer;
  {
    const std::scoped_lock lock(mutex_);
    Seen& seen = Of(id);
    seen.session = std::move(session);
    seen.sequence = sequence;
    peer = seen.peer;
  }
  answer(*peer, request);
}

bool FakeGateway::WaitFor(const std::function<bool(const Seen&)>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10),
                           [&] { return !seen_.empty() && condition(seen_.rbegin()->second); });
}

FakeGateway::Seen FakeGateway::Last() {
  const std::scoped_lock lock(mutex_);
  return seen_.empty() ? Seen{} : seen_.rbegin()->second;
}

Loopback::Loopback(FakeGateway* gateway, RpcOptions options) {
  auto started = RpcServer::Start(options, gateway);
  REQUIRE(started.ok());
  server = *std::move(started);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  channel = grpc::CreateCustomChannel(server->address(), grpc::InsecureChannelCredentials(), arguments);
  stub = v1::DistArray::NewStub(channel);
}

void Limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

}  // namespace distarray::server
