// How channels are found: listening and connecting.
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "engine/command/channel.h"

namespace distarray {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRetryPause = std::chrono::milliseconds(5);
constexpr std::string_view kUnix = "unix:@";
constexpr std::string_view kTcp = "tcp:";

struct Address {
  int family = AF_UNSPEC;
  sockaddr_storage storage{};
  socklen_t length = 0;
  std::string host;
};

absl::Status Unavailable(const std::string& what, const std::string& address, int error) {
  return absl::UnavailableError(absl::StrCat(what, " ", address, ": ", std::strerror(error)));
}

absl::StatusOr<Address> ParseUnix(const std::string& text) {
  Address address;
  auto* name = reinterpret_cast<sockaddr_un*>(&address.storage);
  const std::string rest = text.substr(kUnix.size());
  if (rest.empty() || rest.size() > sizeof(name->sun_path) - 1) {
    return absl::UnavailableError(
        absl::StrCat("no address: ", text, " (a name of 1 to 107 characters after @ is expected)"));
  }
  name->sun_family = AF_UNIX;
  std::memcpy(name->sun_path + 1, rest.data(), rest.size());
  address.family = AF_UNIX;
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + rest.size());
  return address;
}

absl::StatusOr<Address> ParseTcp(const std::string& text) {
  const std::string rest = text.substr(kTcp.size());
  const auto colon = rest.rfind(':');
  if (colon == std::string::npos) {
    return absl::UnavailableError(absl::StrCat("no address: ", text, " (tcp:HOST:PORT is expected)"));
  }
  Address address;
  address.host = rest.substr(0, colon);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.host.c_str(), rest.c_str() + colon + 1, &hints, &found);
  if (failed != 0) {
    return absl::UnavailableError(absl::StrCat("no address: ", text, ": ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  address.family = found->ai_family;
  address.length = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  return address;
}

absl::StatusOr<Address> Parse(const std::string& text) {
  if (text.rfind(kUnix, 0) == 0) {
    return ParseUnix(text);
  }
  if (text.rfind(kTcp, 0) == 0) {
    return ParseTcp(text);
  }
  return absl::UnavailableError(absl::StrCat("no address: ", text, " (unix:@NAME or tcp:HOST:PORT is expected)"));
}

/// 0, or the error that the attempt ended with. Waits until `end`.
int ConnectBefore(int fd, const Address& address, Clock::time_point end) {
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) {
    return 0;
  }
  if (errno != EINPROGRESS) {
    return errno;
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  pollfd wait{fd, POLLOUT, 0};
  if (poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0) {
    return ETIMEDOUT;
  }
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

absl::StatusOr<Channel::Listener> Channel::Listen(const std::string& address) {
  DA_ASSIGN_OR_RETURN(const Address parsed, Parse(address));
  const int fd = socket(parsed.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return Unavailable("cannot listen on", address, errno);
  }
  const int on = 1;
  if (parsed.family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  }
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&parsed.storage), parsed.length) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
    const int error = errno;
    close(fd);
    return Unavailable("cannot listen on", address, error);
  }
  if (parsed.family == AF_UNIX) {
    return Listener{fd, address};
  }
  char port[NI_MAXSERV] = "";
  getnameinfo(reinterpret_cast<const sockaddr*>(&bound), length, nullptr, 0, port, sizeof(port), NI_NUMERICSERV);
  return Listener{fd, absl::StrCat("tcp:", parsed.host, ":", port)};
}

absl::StatusOr<Channel> Channel::Connect(const std::string& address, int timeout_ms) {
  DA_ASSIGN_OR_RETURN(const Address parsed, Parse(address));
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    const int fd = socket(parsed.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
      return Unavailable("cannot connect to", address, errno);
    }
    const int error = ConnectBefore(fd, parsed, end);
    if (error == 0) {
      return Channel(fd);
    }
    close(fd);
    // Nobody listens yet, or the backlog is full: the listener may be about to start.
    const bool again = error == ECONNREFUSED || error == ENOENT || error == EAGAIN || error == EINTR;
    if (!again || Clock::now() + kRetryPause >= end) {
      return Unavailable("cannot connect to", address, error);
    }
    std::this_thread::sleep_for(kRetryPause);
  }
}

}  // namespace distarray
