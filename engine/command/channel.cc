#include "engine/command/channel.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace distarray {
namespace {

constexpr std::size_t kHeader = sizeof(std::uint64_t);
constexpr std::size_t kCoalesce = std::size_t{64} << 10;  // smaller messages are joined up to this size
constexpr std::size_t kReadSize = std::size_t{128} << 10;
constexpr std::size_t kGrowth = std::size_t{256} << 10;       // a large message's memory is filled in steps of this
constexpr std::size_t kReceiveLimit = std::size_t{64} << 20;  // bytes a call of Receive takes at most, about
constexpr std::uint64_t kLongest = std::uint64_t{1} << 44;    // a longer length is damage
constexpr std::size_t kMaxWrite = std::size_t{1} << 30;

absl::Status Gone(const char* what, int error) {
  return absl::UnavailableError(absl::StrCat("the connection's peer is gone (", what,
                                             error != 0 ? std::string(": ") + std::strerror(error) : "", ")"));
}

std::string Frame(std::size_t length) {
  const auto value = static_cast<std::uint64_t>(length);
  return {reinterpret_cast<const char*>(&value), kHeader};
}

}  // namespace

Channel::Channel(int fd) : fd_(fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // fails on a unix socket: nothing to switch off there
  const int buffer = 1 << 20;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
}

Channel::~Channel() { Close(); }

Channel::Channel(Channel&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      outgoing_(std::move(other.outgoing_)),
      sent_of_first_(std::exchange(other.sent_of_first_, 0)),
      queued_bytes_(std::exchange(other.queued_bytes_, 0)),
      incoming_(std::move(other.incoming_)),
      large_(std::move(other.large_)),
      large_missing_(std::exchange(other.large_missing_, 0)) {
  other.outgoing_.clear();
  other.incoming_.clear();
  other.large_.clear();
}

Channel& Channel::operator=(Channel&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    outgoing_ = std::exchange(other.outgoing_, {});
    sent_of_first_ = std::exchange(other.sent_of_first_, 0);
    queued_bytes_ = std::exchange(other.queued_bytes_, 0);
    incoming_ = std::exchange(other.incoming_, {});
    large_ = std::exchange(other.large_, {});
    large_missing_ = std::exchange(other.large_missing_, 0);
  }
  return *this;
}

void Channel::Close() {
  if (fd_ >= 0) {
    close(fd_);
    fd_ = -1;
  }
  outgoing_.clear();
  incoming_.clear();
  large_.clear();
  sent_of_first_ = 0;
  queued_bytes_ = 0;
  large_missing_ = 0;
}

void Channel::Queue(std::string message) {
  if (!open()) {
    return;
  }
  queued_bytes_ += static_cast<std::int64_t>(kHeader + message.size());
  const std::string frame = Frame(message.size());
  if (message.size() > kCoalesce) {
    if (!outgoing_.empty() && outgoing_.back().size() <= kCoalesce) {
      outgoing_.back() += frame;
    } else {
      outgoing_.push_back(frame);
    }
    outgoing_.push_back(std::move(message));
    return;
  }
  if (outgoing_.empty() || outgoing_.back().size() + message.size() + kHeader > kCoalesce) {
    outgoing_.emplace_back();
    outgoing_.back().reserve(kHeader + message.size());
  }
  outgoing_.back() += frame;
  outgoing_.back() += message;
}

absl::Status Channel::Send(std::string message) {
  Queue(std::move(message));
  return Flush();
}

absl::Status Channel::Flush() {
  if (!open()) {
    return Gone("closed", 0);
  }
  while (!outgoing_.empty()) {
    std::array<iovec, 32> pieces{};
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (auto it = outgoing_.begin(); it != outgoing_.end() && count < pieces.size() && bytes < kMaxWrite; ++it) {
      const std::size_t skip = count == 0 ? sent_of_first_ : 0;
      pieces[count].iov_base = it->data() + skip;
      pieces[count].iov_len = std::min(it->size() - skip, kMaxWrite - bytes);
      bytes += pieces[count].iov_len;
      ++count;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return absl::OkStatus();
      }
      return Gone("send", errno);
    }
    queued_bytes_ -= sent;
    auto left = static_cast<std::size_t>(sent);
    while (!outgoing_.empty() && left >= outgoing_.front().size() - sent_of_first_) {
      left -= outgoing_.front().size() - sent_of_first_;
      sent_of_first_ = 0;
      outgoing_.pop_front();
    }
    sent_of_first_ += left;
  }
  return absl::OkStatus();
}

absl::Status Channel::BeginLarge(std::uint64_t length) {
  if (length > kLongest) {
    return Gone("a damaged message", 0);
  }
  try {
    large_.reserve(length);
  } catch (const std::exception&) {
    return absl::UnavailableError(
        absl::StrCat("a message of ", length, " bytes does not fit into this process's memory"));
  }
  large_missing_ = length;
  return absl::OkStatus();
}

absl::Status Channel::TakeMessages(std::vector<std::string>& messages) {
  std::size_t at = 0;
  absl::Status status;
  while (incoming_.size() - at >= kHeader) {
    std::uint64_t length = 0;
    std::memcpy(&length, incoming_.data() + at, kHeader);
    const std::size_t have = incoming_.size() - at - kHeader;
    if (length <= have) {
      messages.emplace_back(incoming_, at + kHeader, length);
      at += kHeader + length;
      continue;
    }
    if (length > kReadSize) {
      status = BeginLarge(length);
      if (status.ok()) {
        large_.assign(incoming_, at + kHeader, have);
        large_missing_ = length - have;
      }
      at = incoming_.size();
    }
    break;
  }
  incoming_.erase(0, at);
  return status;
}

absl::Status Channel::Receive(std::vector<std::string>& messages) {
  if (!open()) {
    return Gone("closed", 0);
  }
  std::size_t taken = 0;
  while (taken < kReceiveLimit) {
    const bool large = large_missing_ > 0;
    std::string& into = large ? large_ : incoming_;
    const std::size_t had = into.size();
    const std::size_t want =
        large ? static_cast<std::size_t>(std::min<std::uint64_t>(large_missing_, kGrowth)) : kReadSize;
    std::array<char, kReadSize> small;  // not zeroed: a small message must not pay for the size of the buffer
    char* to = small.data();
    if (large) {
      into.resize(had + want);
      to = into.data() + had;
    }
    const ssize_t got = recv(fd_, to, want, MSG_DONTWAIT);
    const int error = errno;
    const auto received = got > 0 ? static_cast<std::size_t>(got) : std::size_t{0};
    if (large) {
      into.resize(had + received);
      large_missing_ -= received;
      if (large_missing_ == 0) {
        messages.push_back(std::exchange(large_, {}));
      }
    } else if (received > 0) {
      into.append(small.data(), received);
      DA_RETURN_IF_ERROR(TakeMessages(messages));
    }
    if (got == 0) {
      return Gone("end of stream", 0);
    }
    if (got < 0) {
      if (error == EINTR) {
        continue;
      }
      return error == EAGAIN || error == EWOULDBLOCK ? absl::OkStatus() : Gone("receive", error);
    }
    taken += received;
    if (received < want && !large) {
      return absl::OkStatus();  // drained: spare the call that would say so
    }
  }
  return absl::OkStatus();
}

}  // namespace distarray
