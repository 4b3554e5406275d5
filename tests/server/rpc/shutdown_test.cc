#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/client_unary_call.h>

#include <chrono>
#include <string>

#include "tests/server/rpc/fake_gateway.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

// grpc.health.v1.Health/Check, by hand: Debian has its proto only inside the library. The reply is field 1, an enum: 1
// is SERVING.
int HealthOf(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  Limit(context);
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel.get(), method, &context, request, &response);
  grpc::Slice slice;
  if (!status.ok() || !response.DumpToSingleSlice(&slice).ok() || slice.size() != 2) {
    return -1;
  }
  return slice.begin()[1];
}

TEST_CASE("health follows SetServing") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  CHECK(HealthOf(loopback.channel) == 1);
  loopback.server->SetServing(false);
  CHECK(HealthOf(loopback.channel) == 2);
  loopback.server->SetServing(true);
  CHECK(HealthOf(loopback.channel) == 1);
}

TEST_CASE("two servers do not share a port") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  RpcOptions options;
  options.listen = loopback.server->address();
  const auto second = RpcServer::Start(options, &gateway);
  CHECK(second.status().code() == absl::StatusCode::kUnavailable);
  CHECK(second.status().message().find(options.listen) != std::string::npos);
  options.listen = "no such host:1";
  CHECK_FALSE(RpcServer::Start(options, &gateway).ok());
}

TEST_CASE("shutdown with a client connected ends at the deadline, and the port is free again") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  RpcOptions options;
  options.listen = loopback.server->address();
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.peer != nullptr; }));
  const auto start = std::chrono::steady_clock::now();
  loopback.server->Shutdown(absl::Milliseconds(200));
  const auto taken = std::chrono::steady_clock::now() - start;
  CHECK(taken > std::chrono::milliseconds(150));
  CHECK(taken < std::chrono::seconds(3));
  v1::ReplyBatch replies;
  CHECK_FALSE(stream->Read(&replies));
  CHECK_FALSE(stream->Finish().ok());
  CHECK(gateway.Last().disconnects == 1);
  loopback.server.reset();
  CHECK(RpcServer::Start(options, &gateway).ok());
}

TEST_CASE("shutdown returns as soon as the gateway has ended its streams") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = loopback.stub->Session(&context);
  REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.peer != nullptr; }));
  gateway.Last().peer->Finish(absl::UnavailableError("shutting down"));
  const auto start = std::chrono::steady_clock::now();
  loopback.server->Shutdown(absl::Seconds(30));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  v1::ReplyBatch replies;
  CHECK_FALSE(stream->Read(&replies));
  CHECK(stream->Finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a server can be destroyed with calls under way") {
  FakeGateway gateway;
  gateway.answer = [](Peer&, const v1::Request&) {};
  Loopback loopback(&gateway);
  grpc::ClientContext session_context;
  Limit(session_context);
  const auto stream = loopback.stub->Session(&session_context);
  REQUIRE(gateway.WaitFor([](const auto& seen) { return seen.peer != nullptr; }));
  const auto peer = gateway.Last().peer;
  loopback.server.reset();
  peer->Send({});  // does nothing
  CHECK_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace distarray::server
