#pragma once

#include <sys/types.h>

#include <string>

#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace distarray::server {

/// A small child process that outlives us: when we are killed, it kills the job and removes our scratch directory and
/// port file. It learns of our death by the end of a socket.
class Janitor {
 public:
  /// Forks: call it while there is one thread.
  static absl::StatusOr<Janitor> Start(const std::string& scratch);
  Janitor() = default;

  pid_t pid() const { return pid_; }
  /// Adds a process to be killed.
  void Watch(pid_t pid) const;
  /// All watched processes are gone.
  void ForgetProcesses() const;
  /// The port file to be removed.
  void PortFile(const std::string& path, const std::string& address) const;
  /// Ends it, without sweeping, and waits for that.
  void Dismiss();

 private:
  Janitor(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}
  void Tell(const std::string& message) const;

  pid_t pid_ = -1;
  UniqueFd socket_;
};

}  // namespace distarray::server
