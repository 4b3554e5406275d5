#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/base/status.h"

namespace distarray {

/// A connected stream socket carrying whole messages (an 8-byte length, then the bytes) between the front and an
/// engine, or a rank and its supervisor. Non-blocking; wait on fd() with poll or epoll. For one thread. Owns the
/// descriptor.
class Channel {
 public:
  Channel() = default;
  explicit Channel(int fd);
  ~Channel();
  Channel(Channel&& other) noexcept;
  Channel& operator=(Channel&& other) noexcept;

  /// Listens on an address: "unix:@NAME" (abstract socket; no file) or "tcp:HOST:PORT" (0: any). Returns the descriptor
  /// and the address to connect to. Error kUnavailable.
  struct Listener {
    int fd = -1;
    std::string address;
  };
  static absl::StatusOr<Listener> Listen(const std::string& address);
  static absl::StatusOr<Channel> Connect(const std::string& address, int timeout_ms);

  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void Close();

  /// Queues a message and sends what the socket takes now. Error kUnavailable: the peer is gone.
  absl::Status Send(std::string message);
  /// Queues a message without a system call: several, then one Flush, are cheaper than several Sends.
  void Queue(std::string message);
  /// Goes on sending. wants_write(): poll for POLLOUT.
  absl::Status Flush();
  bool wants_write() const { return !outgoing_.empty(); }
  std::int64_t queued_bytes() const { return queued_bytes_; }

  /// Appends whole messages that have arrived; never blocks. May leave some for the next call, which poll then
  /// announces. Error kUnavailable: the peer is gone (messages that came before are appended).
  absl::Status Receive(std::vector<std::string>& messages);

 private:
  absl::Status TakeMessages(std::vector<std::string>& messages);
  absl::Status BeginLarge(std::uint64_t length);

  int fd_ = -1;
  std::deque<std::string> outgoing_;
  std::size_t sent_of_first_ = 0;
  std::int64_t queued_bytes_ = 0;
  std::string incoming_;             // bytes received that are not yet a whole message
  std::string large_;                // a large message under way
  std::uint64_t large_missing_ = 0;  // bytes of it still to come
};

}  // namespace distarray
