#pragma once

#include <cstdint>
#include <string>

namespace distarray::server {

/// Who this process is.
enum class Role {
  kAuto,        // a rank where a scheduler has started it as one, else the supervisor
  kSupervisor,  // starts, watches and restarts the job
  kRank,        // the front or an engine
  kWorker,      // the guard of a worker process
};

/// Which functions of users' are run.
enum class ApplyMode {
  kDefault,  // kOn for a daemon that only this machine can reach, else kOff
  kOff,
  kSource,  // those given as source text
  kOn,      // pickled ones too
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
  ApplyMode apply = ApplyMode::kDefault;
  bool sandbox_strict = false;           // Landlock and seccomp for workers, or none at all
  std::string worker_python;             // the workers' interpreter; empty: found beside the binary, else python3
  std::string worker_path;               // folders, with colons between, where workers also find modules
  std::int64_t worker_uid = 64200;       // the first of the uids that workers get from a daemon of root; 0: its own
  std::int64_t worker_pools = 4;         // MPI jobs of workers at a time
  std::int64_t worker_memory_bytes = 0;  // what a call may take on each target besides its arrays
  std::int64_t worker_processes = 64;    // below each worker
  std::int64_t worker_scratch_bytes = 1LL << 30;
  double worker_cpu_seconds = 0;  // of each worker process in its life; 0: no limit
  double call_limit_seconds = 0;  // longest that a call may take; 0: no limit
  double call_grace_seconds = 5;  // after one target has failed, for the others
  bool die_with_parent = false;   // end at the end of standard input
  std::string log_level = "info";
  std::string log_file;  // empty: standard error
};

}  // namespace distarray::server
