#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace distarray::server {

/// What a rank and its supervisor tell each other.

/// A rank's first message.
struct Hello {
  std::int64_t rank = 0;
  std::int64_t epoch = 0;
  std::string cookie;
};
struct Heartbeat {};
/// The front serves at "host:port".
struct Ready {
  std::string address;
};
/// Comes with the segment's descriptor.
struct RegisterSegment {
  std::int64_t segment = 0;
  std::int64_t bytes = 0;
};
struct UnregisterSegment {
  std::int64_t segment = 0;
};
/// To the front: drain and end.
struct Stop {};
/// From the front: start a pool of workers (an MPI job, one worker a target) under this number; end it.
struct StartWorkers {
  std::int64_t pool = 0;
};
struct StopWorkers {
  std::int64_t pool = 0;
};
/// To the front: the pool's processes are being started; workers say the cookie.
struct WorkersStarted {
  std::int64_t pool = 0;
  std::string cookie;
};
/// To the front: no process of the pool is left.
struct WorkersEnded {
  std::int64_t pool = 0;
  std::string why;
};

using LinkMessage = std::variant<Hello, Heartbeat, Ready, RegisterSegment, UnregisterSegment, Stop, StartWorkers,
                                 StopWorkers, WorkersStarted, WorkersEnded>;

/// A connection between a rank and its supervisor: an abstract Unix socket that keeps messages whole and carries
/// descriptors. Send may be called by several threads.
class Link {
 public:
  Link() = default;
  explicit Link(UniqueFd fd) : fd_(std::move(fd)) {}

  /// Listens on an abstract address; the descriptor does not block.
  static absl::StatusOr<UniqueFd> Listen(const std::string& name);
  static absl::StatusOr<Link> Connect(const std::string& name);
  /// The next connection of a process of our own user, or nullopt.
  static std::optional<Link> Accept(int listener);

  int fd() const { return fd_.get(); }
  /// The process that made the connection.
  pid_t PeerPid() const;

  /// `fd` (or -1) stays the caller's. Waits while the socket is full unless `wait` is false (then the message is
  /// dropped). Error kUnavailable: the peer is gone.
  absl::Status Send(const LinkMessage& message, int fd = -1, bool wait = true) const;

  struct Received {
    LinkMessage message;
    UniqueFd fd;
  };
  /// The next message that has arrived, or nullopt. Never blocks. Error kUnavailable: the peer is gone. kInternal: not
  /// a message.
  absl::StatusOr<std::optional<Received>> Receive() const;

 private:
  UniqueFd fd_;
};

}  // namespace distarray::server
