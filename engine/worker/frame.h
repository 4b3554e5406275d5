#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace distarray {

/// A message between an engine and a worker or its guard: a JSON text, binary data that goes with it, descriptors.
struct Frame {
  std::string json;
  std::string payload;
  std::vector<UniqueFd> fds;
};

/// A connected AF_UNIX SOCK_STREAM socket carrying frames. On the wire: the length of what follows (8
/// bytes, little-endian), the length of the JSON text (4 bytes), the text, the payload; descriptors ride on the first
/// byte. For one thread.
class FrameSocket {
 public:
  static constexpr std::uint64_t kFrameBytesMax = std::uint64_t{1} << 30;
  static constexpr std::uint32_t kJsonBytesMax = std::uint32_t{16} << 20;
  static constexpr std::size_t kDescriptorsMax = 64;
  static constexpr std::size_t kFramesAtOnce = 256;

  /// The descriptor need not be non-blocking: no call waits. `heard_bytes_max`: the largest frame that the peer may
  /// send.
  explicit FrameSocket(UniqueFd fd, std::uint64_t heard_bytes_max = kFrameBytesMax)
      : fd_(std::move(fd)), heard_bytes_max_(heard_bytes_max) {}

  int fd() const { return fd_.get(); }

  /// Queues a frame and sends what the socket takes now. `fds` stay the caller's. Errors: kUnavailable: the peer is
  /// gone; kInternal: the frame is larger than one may be.
  absl::Status Send(std::string json, std::string payload, const std::vector<int>& fds = {});
  /// Goes on sending. wants_write(): poll for POLLOUT.
  absl::Status Flush();
  bool wants_write() const { return !outgoing_.empty(); }
  /// Frames that wait to be sent.
  std::size_t queued() const { return outgoing_.size(); }

  /// Appends whole frames that have arrived, so many at most: who goes on sending does not keep us. Never blocks.
  /// Errors: kUnavailable: the peer is gone (frames that came before are appended); kInternal: what came is no frame.
  absl::Status Receive(std::vector<Frame>& frames, std::size_t most = kFramesAtOnce);

 private:
  struct Outgoing {
    std::string head;  // lengths and JSON text
    std::string payload;
    std::vector<UniqueFd> fds;  // to go with the first byte
    std::size_t sent = 0;       // of both
  };
  absl::Status SendSome(Outgoing& frame, bool& blocked);
  void TakeDescriptors(msghdr& header);
  // Of the frame that is arriving, once its head is there.
  std::uint64_t Length() const;     // of what follows the length
  std::uint32_t JsonBytes() const;  // of the text
  std::size_t BodyBytes() const;    // text and payload

  UniqueFd fd_;
  std::uint64_t heard_bytes_max_;
  std::deque<Outgoing> outgoing_;
  static constexpr std::size_t kHeadBytes = 12;  // both lengths
  std::array<char, kHeadBytes> head_{};
  std::string body_;
  std::size_t received_ = 0;  // bytes of the frame that is arriving
  std::vector<UniqueFd> arrived_fds_;
};

}  // namespace distarray
