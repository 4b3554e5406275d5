#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

#include "distarray/v1/types.pb.h"

namespace distarray::server {

/// The status of a unary call that failed: code and message of `error`, and the serialized ErrorInfo as its details
/// (`grpc-status-details-bin`). A message too long for a header is cut.
grpc::Status ToGrpcStatus(v1::ErrorInfo error);

/// Code and message.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace distarray::server
