#pragma once

#include <sys/types.h>

#include <string>

#include "distarray/context.h"

namespace distarray::inline client {

/// A distarrayd with two engines, from $DISTARRAYD, ended with this object and with the test program.
class Daemon {
 public:
  Daemon();
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// The one that the tests of a program share; started when first asked for.
  static Daemon& Shared();

  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  /// A folder for the tests' files; deleted with the daemon.
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::string address_;
  pid_t pid_ = 0;
};

/// A new session with the shared daemon.
Context ConnectToShared();

}  // namespace distarray::inline client
