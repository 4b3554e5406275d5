#include "server/supervisor/link.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/bytes.h"

namespace distarray::server {
namespace {

constexpr std::size_t kMessageMax = 4096;

struct Address {
  sockaddr_un socket{};
  socklen_t size = 0;
};

Address AbstractAddress(const std::string& name) {
  Address address;
  address.socket.sun_family = AF_UNIX;
  // A leading zero byte makes it abstract: no file to sweep.
  const std::size_t length = std::min(name.size(), sizeof address.socket.sun_path - 1);
  std::memcpy(address.socket.sun_path + 1, name.data(), length);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  return address;
}

std::string Encode(const LinkMessage& message) {
  ByteWriter out;
  out.Put(static_cast<std::int64_t>(message.index()));
  if (const auto* hello = std::get_if<Hello>(&message)) {
    out.Put(hello->rank);
    out.Put(hello->epoch);
    out.PutString(hello->cookie);
  } else if (const auto* ready = std::get_if<Ready>(&message)) {
    out.PutString(ready->address);
  } else if (const auto* added = std::get_if<RegisterSegment>(&message)) {
    out.Put(added->segment);
    out.Put(added->bytes);
  } else if (const auto* removed = std::get_if<UnregisterSegment>(&message)) {
    out.Put(removed->segment);
  } else if (const auto* start = std::get_if<StartWorkers>(&message)) {
    out.Put(start->pool);
  } else if (const auto* stop = std::get_if<StopWorkers>(&message)) {
    out.Put(stop->pool);
  } else if (const auto* started = std::get_if<WorkersStarted>(&message)) {
    out.Put(started->pool);
    out.PutString(started->cookie);
  } else if (const auto* ended = std::get_if<WorkersEnded>(&message)) {
    out.Put(ended->pool);
    out.PutString(ended->why);
  }
  return std::move(out).Take();
}

std::optional<LinkMessage> Decode(absl::string_view bytes) {
  ByteReader in({bytes.data(), bytes.size()});
  LinkMessage message;
  // The numbers are positions in LinkMessage.
  switch (in.Get<std::int64_t>()) {
    case 0: {
      Hello hello;
      hello.rank = in.Get<std::int64_t>();
      hello.epoch = in.Get<std::int64_t>();
      hello.cookie = in.GetString();
      message = hello;
      break;
    }
    case 1:
      message = Heartbeat{};
      break;
    case 2:
      message = Ready{.address = in.GetString()};
      break;
    case 3: {
      RegisterSegment added;
      added.segment = in.Get<std::int64_t>();
      added.bytes = in.Get<std::int64_t>();
      message = added;
      break;
    }
    case 4:
      message = UnregisterSegment{.segment = in.Get<std::int64_t>()};
      break;
    case 5:
      message = Stop{};
      break;
    case 6:
      message = StartWorkers{.pool = in.Get<std::int64_t>()};
      break;
    case 7:
      message = StopWorkers{.pool = in.Get<std::int64_t>()};
      break;
    case 8: {
      WorkersStarted started;
      started.pool = in.Get<std::int64_t>();
      started.cookie = in.GetString();
      message = started;
      break;
    }
    case 9: {
      WorkersEnded ended;
      ended.pool = in.Get<std::int64_t>();
      ended.why = in.GetString();
      message = ended;
      break;
    }
    default:
      return std::nullopt;
  }
  return in.AtEnd() ? std::optional<LinkMessage>(message) : std::nullopt;
}

absl::Status Gone(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

ucred PeerOf(int fd) {
  ucred peer{.pid = -1, .uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1)};
  socklen_t size = sizeof peer;
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer;
}

}  // namespace

absl::StatusOr<UniqueFd> Link::Listen(const std::string& name) {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address address = AbstractAddress(name);
  if (!fd.valid() || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0 ||
      listen(fd.get(), SOMAXCONN) != 0) {
    return Gone("cannot listen for the ranks");
  }
  return fd;
}

absl::StatusOr<Link> Link::Connect(const std::string& name) {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const Address address = AbstractAddress(name);
  if (!fd.valid() || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.socket), address.size) != 0) {
    return Gone("cannot reach the supervisor");
  }
  return Link(std::move(fd));
}

std::optional<Link> Link::Accept(int listener) {
  while (true) {
    UniqueFd fd(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) {
      return std::nullopt;
    }
    if (PeerOf(fd.get()).uid == geteuid()) {
      return Link(std::move(fd));
    }
  }
}

pid_t Link::PeerPid() const { return PeerOf(fd_.get()).pid; }

absl::Status Link::Send(const LinkMessage& message, int fd, bool wait) const {
  const std::string bytes = Encode(message);
  iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (fd >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  while (sendmsg(fd_.get(), &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) < 0) {
    if (errno == EAGAIN && !wait) {
      return absl::OkStatus();
    }
    if (errno != EINTR) {
      return Gone("cannot send");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Link::Received>> Link::Receive() const {
  std::array<char, kMessageMax> bytes;
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return std::optional<Received>();
  }
  if (size <= 0) {
    return size < 0 ? Gone("cannot receive") : absl::UnavailableError("the connection has ended");
  }
  Received received;
  for (cmsghdr* part_header = CMSG_FIRSTHDR(&header); part_header != nullptr;
       part_header = CMSG_NXTHDR(&header, part_header)) {
    if (part_header->cmsg_level == SOL_SOCKET && part_header->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part_header), sizeof fd);
      received.fd = UniqueFd(fd);
    }
  }
  std::optional<LinkMessage> message = Decode(absl::string_view(bytes.data(), static_cast<std::size_t>(size)));
  if (!message) {
    return absl::InternalError("not a message between rank and supervisor");
  }
  received.message = *std::move(message);
  return std::optional<Received>(std::move(received));
}

}  // namespace distarray::server
