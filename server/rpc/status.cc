#include "server/rpc/status.h"

#include <string>
#include <utility>

namespace distarray::server {
namespace {

// gRPC refuses more than 8 KiB of headers; the message travels twice, once percent-encoded.
constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::size_t kDetailsBytesMax = 3072;

void Cut(std::string& text) {
  if (text.size() <= kMessageBytesMax) {
    return;
  }
  std::size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;  // not inside a UTF-8 character
  }
  text.resize(end);
  text += "...";
}

}  // namespace

grpc::Status ToGrpcStatus(v1::ErrorInfo error) {
  Cut(*error.mutable_message());
  if (error.ByteSizeLong() > kDetailsBytesMax) {
    error.clear_metadata();
    error.clear_targets();
    Cut(*error.mutable_origin());
  }
  const bool known = error.code() > 0 && error.code() <= static_cast<int>(grpc::StatusCode::UNAUTHENTICATED);
  const auto code = known ? static_cast<grpc::StatusCode>(error.code()) : grpc::StatusCode::UNKNOWN;
  return {code, error.message(), error.SerializeAsString()};
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  std::string message(status.message());
  Cut(message);
  return {static_cast<grpc::StatusCode>(status.raw_code()), message};
}

}  // namespace distarray::server
