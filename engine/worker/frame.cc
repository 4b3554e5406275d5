#include "engine/worker/frame.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace distarray {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kPiece = std::size_t{256} << 10;

absl::Status Gone(std::string_view what) {
  return absl::UnavailableError(absl::StrCat(std::string(what), ": ", std::strerror(errno)));
}

}  // namespace

absl::Status FrameSocket::Send(std::string json, std::string payload, const std::vector<int>& fds) {
  const std::uint64_t length = sizeof(std::uint32_t) + json.size() + payload.size();
  if (length > kFrameBytesMax || json.size() > kJsonBytesMax || fds.size() > kDescriptorsMax) {
    return absl::InternalError(absl::StrCat("a frame of ", length, " bytes and ", fds.size(), " descriptors"));
  }
  Outgoing frame;
  const auto json_length = static_cast<std::uint32_t>(json.size());
  frame.head.append(reinterpret_cast<const char*>(&length), sizeof length);
  frame.head.append(reinterpret_cast<const char*>(&json_length), sizeof json_length);
  frame.head.append(json);
  frame.payload = std::move(payload);
  for (const int fd : fds) {
    frame.fds.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!frame.fds.back().valid()) {
      return absl::InternalError(absl::StrCat("cannot pass a descriptor: ", std::strerror(errno)));
    }
  }
  outgoing_.push_back(std::move(frame));
  return Flush();
}

absl::Status FrameSocket::SendSome(Outgoing& frame, bool& blocked) {
  std::array<iovec, 2> parts{};
  std::size_t count = 0;
  if (frame.sent < frame.head.size()) {
    parts[count++] = {frame.head.data() + frame.sent, frame.head.size() - frame.sent};
  }
  const std::size_t of_payload = frame.sent > frame.head.size() ? frame.sent - frame.head.size() : 0;
  if (of_payload < frame.payload.size()) {
    parts[count++] = {frame.payload.data() + of_payload, frame.payload.size() - of_payload};
  }
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = count;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsMax * sizeof(int))> control{};
  if (frame.sent == 0 && !frame.fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(frame.fds.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(frame.fds.size() * sizeof(int));
    for (std::size_t i = 0; i < frame.fds.size(); ++i) {
      const int fd = frame.fds[i].get();
      std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &fd, sizeof fd);
    }
  }
  const ssize_t sent = sendmsg(fd_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    blocked = errno == EAGAIN;
    return blocked || errno == EINTR ? absl::OkStatus() : Gone("cannot send");
  }
  frame.fds.clear();
  frame.sent += static_cast<std::size_t>(sent);
  return absl::OkStatus();
}

absl::Status FrameSocket::Flush() {
  bool blocked = false;
  while (!outgoing_.empty() && !blocked) {
    Outgoing& frame = outgoing_.front();
    const absl::Status status = SendSome(frame, blocked);
    if (!status.ok()) {
      return status;
    }
    if (frame.sent == frame.head.size() + frame.payload.size()) {
      outgoing_.pop_front();
    }
  }
  return absl::OkStatus();
}

absl::Status FrameSocket::Receive(std::vector<Frame>& frames, std::size_t most) {
  for (const std::size_t before = frames.size(); frames.size() < before + most;) {
    // No further than the frame at hand: descriptors that come with a reading are its.
    iovec part{.iov_base = head_.data() + received_, .iov_len = kHeadBytes - received_};
    if (received_ >= kHeadBytes) {
      const std::size_t had = received_ - kHeadBytes;
      body_.resize(std::min(had + kPiece, BodyBytes()));
      part = {.iov_base = body_.data() + had, .iov_len = body_.size() - had};
    }
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsMax * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
      return absl::OkStatus();
    }
    if (size <= 0) {
      return size < 0 ? Gone("cannot receive") : absl::UnavailableError("the connection has ended");
    }
    received_ += static_cast<std::size_t>(size);
    TakeDescriptors(header);
    if (received_ < kHeadBytes) {
      continue;
    }
    if (const std::uint64_t length = Length(); length > heard_bytes_max_ || JsonBytes() > kJsonBytesMax ||
                                               length < JsonBytes() + sizeof(std::uint32_t) ||
                                               arrived_fds_.size() > kDescriptorsMax) {
      return absl::InternalError("what came is no frame");
    }
    if (received_ == kHeadBytes + BodyBytes()) {
      body_.resize(BodyBytes());
      Frame frame{.payload = body_.substr(JsonBytes()), .fds = std::exchange(arrived_fds_, {})};
      body_.resize(JsonBytes());
      frame.json = std::exchange(body_, {});
      frames.push_back(std::move(frame));
      received_ = 0;
    }
  }
  return absl::OkStatus();
}

void FrameSocket::TakeDescriptors(msghdr& header) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count && each->cmsg_type == SCM_RIGHTS; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof(int), sizeof fd);
      arrived_fds_.emplace_back(fd);
    }
  }
}

std::uint64_t FrameSocket::Length() const {
  std::uint64_t length = 0;
  std::memcpy(&length, head_.data(), sizeof length);
  return length;
}

std::uint32_t FrameSocket::JsonBytes() const {
  std::uint32_t length = 0;
  std::memcpy(&length, head_.data() + kLengthBytes, sizeof length);
  return length;
}

std::size_t FrameSocket::BodyBytes() const { return Length() - sizeof(std::uint32_t); }

}  // namespace distarray
