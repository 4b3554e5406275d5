#include <grpcpp/grpcpp.h>

#include <string>

#include "tests/server/rpc/fake_gateway.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

v1::ReplyBatch Failure(v1::ErrorReason reason, grpc::StatusCode code, const std::string& message) {
  v1::ReplyBatch batch;
  v1::ErrorInfo& error = *batch.add_replies()->mutable_error();
  error.set_reason(reason);
  error.set_code(code);
  error.set_message(message);
  return batch;
}

TEST_CASE("a unary call carries its session and sequence, and gets its reply") {
  FakeGateway gateway;
  gateway.answer = [](Peer& peer, const v1::Request& request) {
    v1::ReplyBatch batch;
    v1::ArrayInfo& array = *batch.add_replies()->mutable_array();
    array.set_key(request.ufunc().result());
    array.set_dtype(v1::DTYPE_FLOAT64);
    CHECK(request.awaited());
    peer.Send(std::move(batch));
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  context.AddMetadata("distarray-session", "s-1");
  context.AddMetadata("distarray-sequence", "17");
  v1::UfuncRequest request;
  request.set_result(5);
  v1::ArrayInfo array;
  REQUIRE(loopback.stub->Ufunc(&context, request, &array).ok());
  CHECK(array.key() == 5);
  CHECK(array.dtype() == v1::DTYPE_FLOAT64);
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
  CHECK(gateway.Last().session == "s-1");
  CHECK(gateway.Last().sequence == 17);
}

TEST_CASE("every unary method passes its own request on") {
  FakeGateway gateway;
  v1::Request::RequestCase last = v1::Request::REQUEST_NOT_SET;
  gateway.answer = [&](Peer& peer, const v1::Request& request) {
    last = request.request_case();
    peer.Send(Failure(v1::ERROR_REASON_NOT_IMPLEMENTED, grpc::StatusCode::UNIMPLEMENTED, "no"));
  };
  Loopback loopback(&gateway);
  const auto check = [&](auto method, auto request, auto response, v1::Request::RequestCase expected) {
    grpc::ClientContext context;
    Limit(context);
    const grpc::Status status = (loopback.stub.get()->*method)(&context, request, &response);
    CHECK(status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
    CHECK(last == expected);
  };
  using Stub = v1::DistArray::Stub;
  check(&Stub::Info, v1::ServerInfoRequest(), v1::ServerInfo(), v1::Request::kInfo);
  check(&Stub::Open, v1::OpenRequest(), v1::OpenReply(), v1::Request::kOpen);
  check(&Stub::Close, v1::CloseRequest(), v1::Done(), v1::Request::kClose);
  check(&Stub::Cancel, v1::CancelRequest(), v1::Done(), v1::Request::kCancel);
  check(&Stub::Create, v1::CreateRequest(), v1::ArrayInfo(), v1::Request::kCreate);
  check(&Stub::Put, v1::PutRequest(), v1::Done(), v1::Request::kPut);
  check(&Stub::Slice, v1::SliceRequest(), v1::ArrayInfo(), v1::Request::kSlice);
  check(&Stub::Assign, v1::AssignRequest(), v1::Done(), v1::Request::kAssign);
  check(&Stub::Ufunc, v1::UfuncRequest(), v1::ArrayInfo(), v1::Request::kUfunc);
  check(&Stub::Reduce, v1::ReduceRequest(), v1::ArrayInfo(), v1::Request::kReduce);
  check(&Stub::Redistribute, v1::RedistributeRequest(), v1::ArrayInfo(), v1::Request::kRedistribute);
  check(&Stub::Apply, v1::ApplyRequest(), v1::ApplyReply(), v1::Request::kApply);
  check(&Stub::Register, v1::RegisterRequest(), v1::Done(), v1::Request::kRegister);
  check(&Stub::Save, v1::SaveRequest(), v1::Done(), v1::Request::kSave);
  check(&Stub::Load, v1::LoadRequest(), v1::ArrayInfo(), v1::Request::kLoad);
  check(&Stub::Describe, v1::DescribeRequest(), v1::ArrayInfo(), v1::Request::kDescribe);
  check(&Stub::List, v1::ListRequest(), v1::ListReply(), v1::Request::kList);
  check(&Stub::Delete, v1::DeleteRequest(), v1::Done(), v1::Request::kDelete);
  check(&Stub::Wait, v1::WaitRequest(), v1::Done(), v1::Request::kWait);
}

TEST_CASE("a failed unary call has code, message and the ErrorInfo in its details") {
  FakeGateway gateway;
  gateway.answer = [](Peer& peer, const v1::Request&) {
    peer.Send(Failure(v1::ERROR_REASON_AXIS_OUT_OF_RANGE, grpc::StatusCode::OUT_OF_RANGE, "axis: 7 given"));
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  v1::ArrayInfo array;
  const grpc::Status status = loopback.stub->Reduce(&context, {}, &array);
  CHECK(status.error_code() == grpc::StatusCode::OUT_OF_RANGE);
  CHECK(status.error_message() == "axis: 7 given");
  v1::ErrorInfo error;
  REQUIRE(error.ParseFromString(status.error_details()));
  CHECK(error.reason() == v1::ERROR_REASON_AXIS_OUT_OF_RANGE);
  CHECK(error.message() == "axis: 7 given");
}

TEST_CASE("a sequence that is no number is refused before the gateway") {
  FakeGateway gateway;
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  context.AddMetadata("distarray-sequence", "seven");
  v1::Done done;
  const grpc::Status status = loopback.stub->Delete(&context, {}, &done);
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message().find("seven") != std::string::npos);
}

TEST_CASE("a unary call that is cancelled or without a fitting reply ends") {
  FakeGateway gateway;
  SECTION("cancelled by its deadline") {
    gateway.answer = [](Peer&, const v1::Request&) {};
    Loopback loopback(&gateway);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
    v1::Done done;
    CHECK(loopback.stub->Wait(&context, {}, &done).error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
    CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
    gateway.Last().peer->Finish(absl::OkStatus());
  }
  SECTION("a reply of another type") {
    Loopback loopback(&gateway);
    grpc::ClientContext context;
    Limit(context);
    v1::ArrayInfo array;
    CHECK(loopback.stub->Load(&context, {}, &array).error_code() == grpc::StatusCode::INTERNAL);
  }
  SECTION("ended by the gateway") {
    gateway.answer = [](Peer& peer, const v1::Request&) { peer.Finish(absl::UnavailableError("shutting down")); };
    Loopback loopback(&gateway);
    grpc::ClientContext context;
    Limit(context);
    v1::ArrayInfo array;
    CHECK(loopback.stub->Load(&context, {}, &array).error_code() == grpc::StatusCode::UNAVAILABLE);
  }
}

TEST_CASE("a message above the limit is refused") {
  FakeGateway gateway;
  Loopback loopback(&gateway, {.message_bytes_max = 1 << 20});
  grpc::ClientContext context;
  Limit(context);
  v1::PutRequest request;
  request.set_data(std::string((1 << 20) + 1, 'x'));
  v1::Done done;
  CHECK(loopback.stub->Put(&context, request, &done).error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("Get streams chunks until the last one") {
  FakeGateway gateway;
  std::int64_t sent_bytes = 0;
  gateway.answer = [&](Peer& peer, const v1::Request& request) {
    for (int i = 0; i < 10; ++i) {
      v1::ReplyBatch batch;
      v1::Chunk& chunk = *batch.add_replies()->mutable_chunk();
      chunk.set_offset_bytes(i * 1000);
      chunk.set_data(std::string(1000, static_cast<char>('a' + i)));
      chunk.set_last(i == 9 && request.get().key() == 1);
      sent_bytes += static_cast<std::int64_t>(batch.ByteSizeLong());
      peer.Send(std::move(batch));
    }
    if (request.get().key() != 1) {
      peer.Send(Failure(v1::ERROR_REASON_ARRAY_LOST, grpc::StatusCode::DATA_LOSS, "gone"));
    }
  };
  Loopback loopback(&gateway);
  grpc::ClientContext context;
  Limit(context);
  v1::GetRequest request;
  const bool fails = GENERATE(false, true);
  request.set_key(fails ? 2 : 1);
  const auto stream = loopback.stub->Get(&context, request);
  std::string data;
  v1::Chunk chunk;
  while (stream->Read(&chunk)) {
    CHECK(chunk.offset_bytes() == static_cast<std::int64_t>(data.size()));
    data += chunk.data();
  }
  CHECK(data.size() == 10000);
  const grpc::Status status = stream->Finish();
  CHECK(status.error_code() == (fails ? grpc::StatusCode::DATA_LOSS : grpc::StatusCode::OK));
  CHECK(gateway.WaitFor([](const auto& seen) { return seen.disconnects == 1; }));
  CHECK(gateway.Last().drained_bytes == sent_bytes);
}

}  // namespace
}  // namespace distarray::server
