#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/worker/limits.h"

namespace distarray::server {

struct GuardOptions {
  std::int64_t pool = 0;
  int target = 0;
  int targets = 1;  // of the daemon
  std::string cookie;
  std::string engine_socket;  // name of the abstract socket of the target's engine
  std::string python;
  std::string python_path;  // folders where the worker finds modules first; may be empty
  std::string scratch;      // folder that is to be the worker's working directory
  WorkerLimits limits;
  bool strict = false;                      // Sandbox, or fail
  std::vector<std::string> readable_paths;  // strict: besides the system's
  std::vector<std::string> writable_paths;  // strict: besides `scratch`
  std::vector<std::string> command;         // of the child; empty: python -m distarray.worker
};

/// Watches over one worker process: starts it under its limits, tells its engine how it ends, and ends it with all that
/// it has started when a limit is passed, its engine hangs up, or the engine is gone. Returns the exit code, always 1:
/// guards end only when they are not needed any more. Takes over the process's signals.
int RunGuard(const GuardOptions& options);

}  // namespace distarray::server
