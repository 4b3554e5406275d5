#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/command/channel.h"
#include "server/functions/functions.h"

namespace distarray::server {

struct FrontOptions {
  std::string listen = "127.0.0.1:0";
  std::vector<Channel> engines;         // connected; position = target
  std::int64_t epoch = 1;               // life of the engines
  std::string instance;                 // random name of the daemon's life; sessions are named after it
  std::string user;                     // that the daemon runs as
  std::int64_t memory_limit_bytes = 0;  // of all arrays together
  std::string data_root;                // files only below it; empty: whatever the process may reach
  std::string working_directory;        // relative paths are its
  std::int64_t message_bytes_max = 8 << 20;
  double session_grace_seconds = 10;  // how long a session without a connection is kept
  Functions::Config functions;
  /// Has the listener told of pools of workers: from any thread, until the front has ended.
  using PoolListener = std::function<void(PoolId pool, bool started, const std::string& cookie_or_why)>;
  std::function<void(PoolListener)> listen_for_pools;        // empty: there are none
  int stop_fd = -1;                                          // readable: drain and return
  std::function<void(const std::string& address)> on_ready;  // called once it serves, with host:port
};

/// Serves until stop_fd is readable (returns 0, after telling the engines to shut down) or an engine's channel breaks
/// (returns 1).
int RunFront(FrontOptions options);

}  // namespace distarray::server
