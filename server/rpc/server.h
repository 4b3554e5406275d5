#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>

#include "server/rpc/gateway.h"

namespace distarray::server {

struct RpcOptions {
  std::string listen = "127.0.0.1:0";                // host:port; port 0: any free one
  std::int64_t message_bytes_max = 8 * 1024 * 1024;  // larger ones are refused: RESOURCE_EXHAUSTED
};

/// The gRPC server: the DistArray service, health (grpc.health.v1) and reflection. Knows nothing of arrays.
class RpcServer {
 public:
  /// Error kUnavailable: the address cannot be listened on. `gateway` must outlive the server.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcOptions& options, Gateway* gateway);
  /// Stops at once.
  ~RpcServer();

  /// "host:port" with the port in use.
  const std::string& address() const;
  void SetServing(bool serving);
  /// Takes no more calls, waits until those under way have ended, ends them at the deadline.
  void Shutdown(absl::Duration grace);

 private:
  struct Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace distarray::server
