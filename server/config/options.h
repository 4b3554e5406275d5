#pragma once

#include <cstdint>
#include <string>

namespace distarray::server {

/// Who this process is.
enum class Role {
  kAuto,        // a rank where a scheduler has started it as one, else the supervisor
  kSupervisor,  // starts, watches and restarts the job
  kRank,        // the front or an engine
};

/// What distarrayd can be told: resolved from flags, environment, file and defaults.
struct Options {
  Role role = Role::kAuto;
  std::int64_t engines = 1;
  std::string listen = "127.0.0.1:7755";  // host:port; port 0: any free one
  bool allow_remote = false;              // `listen` may be reachable from other machines
  std::string port_file;                  // empty: none
  std::int64_t memory_limit_bytes = 0;    // of all arrays together
  std::string data_root;                  // files only below it; empty: whatever the process may reach
  std::int64_t message_limit_bytes = 8 << 20;
  double session_grace_seconds = 10;     // how long a session without a connection is kept
  double heartbeat_timeout_seconds = 5;  // a rank that has not been heard of for so long is taken for hung
  bool die_with_parent = false;          // end at the end of standard input
  std::string log_level = "info";
  std::string log_file;  // empty: standard error
};

}  // namespace distarray::server
