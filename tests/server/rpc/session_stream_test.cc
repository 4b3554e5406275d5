#include <grpcpp/grpcpp.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/server/rpc/fake_gateway.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

v1::RequestBatch Batch(std::int64_t first, std::int64_t count) {
  v1::RequestBatch batch;
  for (std::int64_t i = 0; i < count; ++i) {
    v1::Request& request = *batch.add_requests();
    request.set_sequence(first + i);
    request.set_awaited(true);
    request.mutable_wait();
  }
  return batch;
}

TEST_CASE("replies come in order of the requests, whatever the batches") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  constexpr std::int64_t kBatches = 500;
  constexpr std::int64_t kRequests = 7;
  std::thread writer([&] {
    for (std::int64_t i = 0; i < kBatches; ++i) {
      stream->Write(Batch(1 + i * kRequests, kRequests));
    }
  });
  std::int64_t next = 1;
  std::int64_t bytes = 0;
  v1::ReplyBatch replies;
  while (next <= kBatches * kRequests && stream->Read(&replies)) {
    bytes += static_cast<std::int64_t>(replies.ByteSizeLong());
    for (const v1::Reply& reply : replies.replies()) {
      REQUIRE(reply.sequence() == next);
      ++next;
    }
  }
  writer.join();
  CHECK(next == kBatches * kRequests + 1);
  CHECK(gateway.WaitFor([&](const auto& seen) { return seen.drained_bytes == bytes; }));
  stream->WritesDone();
  CHECK(stream->Finish().ok());
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("replies that wait for a write are merged up to a bound") {
  FakeGateway gateway;
  constexpr int kReplies = 3000;
  constexpr std::size_t kDataBytes = 1000;
  gateway.answer = [&](Peer& peer, const v1::Request&) {
    for (int i = 0; i < kReplies; ++i) {
      v1::ReplyBatch batch;
      batch.add_replies()->mutable_chunk()->set_data(std::string(kDataBytes, 'x'));
      peer.Send(std::move(batch));
    }
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  stream->Write(Batch(1, 1));
  int replies_seen = 0;
  int messages = 0;
  v1::ReplyBatch replies;
  while (replies_seen < kReplies && stream->Read(&replies)) {
    replies_seen += replies.replies_size();
    ++messages;
    CHECK(replies.ByteSizeLong() <= 256 * 1024);
  }
  CHECK(replies_seen == kReplies);
  CHECK(messages < kReplies / 10);
  context.TryCancel();
}

TEST_CASE("big messages pass both ways, and one above the limit ends the stream") {
  FakeGateway gateway;
  gateway.answer = [](Peer& peer, const v1::Request& request) {
    v1::ReplyBatch batch;
    batch.add_replies()->mutable_chunk()->set_data(request.put().data());
    peer.Send(std::move(batch));
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  const std::string data(4 << 20, 'd');
  v1::RequestBatch batch;
  batch.add_requests()->mutable_put()->set_data(data);
  REQUIRE(stream->Write(batch));
  v1::ReplyBatch replies;
  REQUIRE(stream->Read(&replies));
  CHECK(replies.replies(0).chunk().data() == data);

  batch.mutable_requests(0)->mutable_put()->set_data(std::string(9 << 20, 'd'));
  stream->Write(batch);
  CHECK_FALSE(stream->Read(&replies));
  CHECK(stream->Finish().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("a cancelled stream is told once, and sending to it afterwards does nothing") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  for (int round = 0; round < 20; ++round) {
    grpc::ClientContext context;
    Limit(context);
    const auto stream = loopback.stub->Session(&context);
    stream->Write(Batch(1, 50));
    if (round % 2 == 0) {
      v1::ReplyBatch replies;
      stream->Read(&replies);
    } else {
      REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 0 && !seen.sequences.empty(); }));
    }
    context.TryCancel();
    CHECK_FALSE(stream->Finish().ok());
    REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
    const auto seen = gateway.Last();
    seen.peer->Send({});
    seen.peer->Finish(absl::OkStatus());
    CHECK(gateway.Last().disconnects == 1);
    CHECK_FALSE(gateway.Last().told_after_end);
  }
}

TEST_CASE("a client that reads nothing holds replies back until it is gone") {
  FakeGateway gateway;
  gateway.answer = [](Peer& peer, const v1::Request&) {
    for (int i = 0; i < 64; ++i) {
      v1::ReplyBatch batch;
      batch.add_replies()->mutable_chunk()->set_data(std::string(1 << 20, 'x'));
      peer.Send(std::move(batch));
    }
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  stream->Write(Batch(1, 1));
  REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.drained_bytes > 0; }));
  CHECK(gateway.Last().drained_bytes < 64 << 20);
  context.TryCancel();
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("the gateway ends a stream after what is queued, with its status") {
  FakeGateway gateway;
  gateway.answer = [](Peer& peer, const v1::Request&) {
    v1::ReplyBatch batch;
    batch.add_replies()->mutable_done();
    peer.Send(batch);
    peer.Send(batch);
    peer.Finish(absl::InvalidArgumentError("the first request must be open"));
    peer.Send(batch);
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  stream->Write(Batch(1, 1));
  int replies_seen = 0;
  v1::ReplyBatch replies;
  while (stream->Read(&replies)) {
    replies_seen += replies.replies_size();
  }
  CHECK(replies_seen == 2);
  const grpc::Status status = stream->Finish();
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message() == "the first request must be open");
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
}

TEST_CASE("while too much of what came is held, no more is read") {
  FakeGateway gateway;
  gateway.hold_receipts = true;
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  constexpr std::size_t kMessages = 64;
  std::thread writer([&] {
    v1::RequestBatch batch;
    batch.add_requests()->mutable_put()->set_data(std::string(1 << 20, 'd'));
    for (std::size_t i = 0; i < kMessages; ++i) {
      stream->Write(batch);
    }
    stream->WritesDone();
  });
  REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.sequences.size() >= 16; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // for a server that reads on to show itself
  CHECK(gateway.Last().sequences.size() == 16);
  gateway.ReleaseReceipts();
  REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.sequences.size() >= 32; }));
  gateway.hold_receipts = false;
  gateway.ReleaseReceipts();
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.sequences.size() == kMessages; }));
  CHECK(stream->Finish().ok());
  writer.join();
}

TEST_CASE("a client that has ended its half gets the answers it waits for") {
  FakeGateway gateway;
  gateway.answer = [](Peer&, const v1::Request&) {};
  gateway.half_closed = [](Peer& peer) {
    v1::ReplyBatch batch;
    batch.add_replies()->mutable_done();
    peer.Send(batch);
    peer.Finish(absl::OkStatus());
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  stream->Write(Batch(1, 1));
  stream->WritesDone();
  v1::ReplyBatch replies;
  REQUIRE(stream->Read(&replies));
  CHECK(replies.replies(0).has_done());
  CHECK_FALSE(stream->Read(&replies));
  CHECK(stream->Finish().ok());
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
}

}  // namespace
}  // namespace distarray::server
