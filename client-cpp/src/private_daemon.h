#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

namespace distarray::inline client {

/// A daemon that only this process uses. It ends with this object, and with this process, however that ends: its
/// standard input is a pipe that the process holds open. Leaves no file behind.
class PrivateDaemon {
 public:
  /// Finds a distarrayd, starts it and waits until it serves. engines: none given, the daemon's default. Errors:
  /// kFileNotFound there is no distarrayd; UNAVAILABLE it cannot be started, has ended, or is not ready within a
  /// minute.
  static absl::StatusOr<std::shared_ptr<PrivateDaemon>> Start(std::optional<int> engines);
  /// The process's own, started when it is first asked for and again if it has died. It ends with the process.
  static absl::StatusOr<std::shared_ptr<const PrivateDaemon>> Shared();

  /// Waits until the daemon has ended; kills it after ten seconds.
  ~PrivateDaemon();
  PrivateDaemon(const PrivateDaemon&) = delete;
  PrivateDaemon& operator=(const PrivateDaemon&) = delete;

  /// "host:port".
  const std::string& address() const { return address_; }

 private:
  PrivateDaemon() = default;

  absl::Status Spawn(const std::string& program, std::optional<int> engines, int log);
  absl::Status AwaitAddress(int log);
  /// True: the process runs no more; it has been waited for.
  bool Ended();
  bool AwaitEnd();

  std::string address_;
  std::string port_file_;  // empty: removed
  int input_ = -1;         // our end of the daemon's standard input
  pid_t owner_ = 0;        // the process that started it
  pid_t pid_ = 0;          // 0: ended
  int exit_status_ = 0;    // as waitpid gives it
};

}  // namespace distarray::inline client
