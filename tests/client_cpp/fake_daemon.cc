#include "tests/client_cpp/fake_daemon.h"

#include <chrono>
#include <utility>

#include "tests/client_cpp/server_info.h"
#include "tests/support/catch.h"

namespace distarray::inline client {

FakeDaemon::FakeDaemon() {
  answer_ = [](const v1::Request&, v1::Reply& reply) {
    reply.mutable_done();
    return true;
  };
  auto started = server::RpcServer::Start({}, this);
  REQUIRE(started.ok());
  server_ = *std::move(started);
}

FakeDaemon::~FakeDaemon() = default;

void FakeDaemon::SetAnswer(Answer answer) {
  const std::scoped_lock lock(mutex_);
  answer_ = std::move(answer);
}

std::vector<v1::RequestBatch> FakeDaemon::Batches() {
  const std::scoped_lock lock(mutex_);
  return batches_;
}

std::vector<v1::Request> FakeDaemon::Requests() {
  std::vector<v1::Request> requests;
  for (const v1::RequestBatch& batch : Batches()) {
    requests.insert(requests.end(), batch.requests().begin(), batch.requests().end());
  }
  return requests;
}

bool FakeDaemon::WaitForRequests(std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return request_count_ >= count; });
}

void FakeDaemon::Send(v1::Reply reply) {
  const std::scoped_lock lock(mutex_);
  v1::ReplyBatch batch;
  *batch.add_replies() = std::move(reply);
  peers_.back()->Send(std::move(batch));
}

void FakeDaemon::Break(absl::Status status) {
  const std::scoped_lock lock(mutex_);
  for (const auto& peer : peers_) {
    peer->Finish(status);
  }
}

void FakeDaemon::Connected(server::PeerId, std::shared_ptr<server::Peer> peer) {
  const std::scoped_lock lock(mutex_);
  peers_.push_back(std::move(peer));
}

void FakeDaemon::HalfClosed(server::PeerId) {
  const std::scoped_lock lock(mutex_);
  peers_.back()->Finish(absl::OkStatus());
}

void FakeDaemon::Received(server::PeerId, v1::RequestBatch batch, server::Receipt) {
  const std::scoped_lock lock(mutex_);
  v1::ReplyBatch replies;
  for (const v1::Request& request : batch.requests()) {
    ++request_count_;
    if (!request.awaited()) {
      continue;
    }
    v1::Reply reply;
    reply.set_sequence(request.sequence());
    if (request.has_open()) {
      reply.mutable_open()->set_session("fake");
      *reply.mutable_open()->mutable_info() = SmallServerInfo();
    } else if (!answer_(request, reply)) {
      continue;
    }
    *replies.add_replies() = std::move(reply);
  }
  batches_.push_back(std::move(batch));
  changed_.notify_all();
  if (!replies.replies().empty()) {
    peers_.back()->Send(std::move(replies));
  }
}

}  // namespace distarray::inline client
