#include "server/rpc/status.h"

#include <string>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

TEST_CASE("a long message and long metadata are cut to what a header holds") {
  v1::ErrorInfo error;
  error.set_reason(v1::ERROR_REASON_INVALID_VALUE);
  error.set_code(3);
  std::string message(1023, 'm');
  message += "\xC3\xA9";  // a two-byte character across the cut
  error.set_message(message + std::string(100000, 'n'));
  error.set_origin(std::string(5000, 'o'));
  (*error.mutable_metadata())["given"] = std::string(100000, 'g');
  const grpc::Status status = ToGrpcStatus(error);
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message() == std::string(1023, 'm') + "...");
  CHECK(status.error_details().size() < 4096);
  v1::ErrorInfo parsed;
  REQUIRE(parsed.ParseFromString(status.error_details()));
  CHECK(parsed.reason() == v1::ERROR_REASON_INVALID_VALUE);
}

TEST_CASE("a code that is none of gRPC's is UNKNOWN, and OK stays OK") {
  v1::ErrorInfo error;
  error.set_code(99);
  CHECK(ToGrpcStatus(error).error_code() == grpc::StatusCode::UNKNOWN);
  CHECK(ToGrpcStatus(absl::OkStatus()).ok());
  CHECK(ToGrpcStatus(absl::NotFoundError("x")).error_code() == grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace distarray::server
