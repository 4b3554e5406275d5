#include "server/rank/handshake.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/unique_fd.h"
#include "server/supervisor/random.h"

namespace distarray::server {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
using Clock = std::chrono::steady_clock;

// What the front tells all ranks.
struct Invitation {
  std::array<char, 512> address{};  // ends with a zero byte; empty: the front could not listen
  std::array<char, 64> cookie{};
};

int MillisecondsUntil(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

bool OnOneHost(MPI_Comm comm) {
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
  int here = 0;
  int all = 0;
  MPI_Comm_size(host, &here);
  MPI_Comm_size(comm, &all);
  MPI_Comm_free(&host);
  return here == all;
}

absl::StatusOr<Channel::Listener> ListenForEngines(bool one_host) {
  if (one_host) {
    return Channel::Listen(absl::StrCat("unix:@distarray-", RandomName()));
  }
  DA_ASSIGN_OR_RETURN(Channel::Listener listener, Channel::Listen("tcp:0.0.0.0:0"));
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  listener.address = absl::StrCat("tcp:", host.data(), listener.address.substr(listener.address.rfind(':')));
  return listener;
}

// The target that a new connection says it is, or -1 if it is none of ours.
int TargetOf(Channel& channel, const std::string& cookie, Clock::time_point end) {
  std::vector<std::string> messages;
  while (messages.empty()) {
    pollfd waited{.fd = channel.fd(), .events = POLLIN, .revents = 0};
    const bool in_time = poll(&waited, 1, MillisecondsUntil(end)) > 0;
    if (!channel.Receive(messages).ok() || (!in_time && messages.empty())) {
      return -1;
    }
  }
  ByteReader hello(messages.front());
  const auto target = hello.Get<std::int64_t>();
  const std::string given = hello.GetString();
  return hello.AtEnd() && given == cookie ? static_cast<int>(target) : -1;
}

absl::StatusOr<std::vector<Channel>> AcceptAll(int listener, const std::string& cookie, int engines) {
  std::vector<Channel> channels(static_cast<std::size_t>(engines));
  const Clock::time_point end = Clock::now() + kPatience;
  for (int missing = engines; missing > 0;) {
    pollfd waited{.fd = listener, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, MillisecondsUntil(end)) == 0) {
      return absl::UnavailableError(absl::StrCat(missing, " of ", engines, " engines have not connected to the front"));
    }
    const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) {
      continue;
    }
    Channel channel(accepted);
    const int target = TargetOf(channel, cookie, end);
    if (target >= 0 && target < engines && !channels[static_cast<std::size_t>(target)].open()) {
      channels[static_cast<std::size_t>(target)] = std::move(channel);
      --missing;
    }
  }
  return channels;
}

}  // namespace

absl::StatusOr<std::vector<Channel>> AcceptEngines(MPI_Comm comm) {
  int size = 0;
  MPI_Comm_size(comm, &size);
  absl::StatusOr<Channel::Listener> listener = ListenForEngines(OnOneHost(comm));
  Invitation invitation;
  const std::string cookie = RandomName();
  std::memcpy(invitation.cookie.data(), cookie.data(), cookie.size());
  if (listener.ok()) {
    listener->address.copy(invitation.address.data(), invitation.address.size() - 1);
  }
  MPI_Bcast(&invitation, sizeof invitation, MPI_BYTE, 0, comm);
  if (!listener.ok()) {
    return listener.status();
  }
  const UniqueFd owned(listener->fd);
  return AcceptAll(owned.get(), cookie, size - 1);
}

absl::StatusOr<Channel> ConnectToFront(MPI_Comm comm) {
  OnOneHost(comm);  // the front's decision is collective
  Invitation invitation;
  MPI_Bcast(&invitation, sizeof invitation, MPI_BYTE, 0, comm);
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  const std::string address(invitation.address.data());
  if (address.empty()) {
    return absl::UnavailableError("the front could not listen for the engines");
  }
  constexpr int kPatienceMs = static_cast<int>(std::chrono::milliseconds(kPatience).count());
  DA_ASSIGN_OR_RETURN(Channel channel, Channel::Connect(address, kPatienceMs));
  ByteWriter hello;
  hello.Put(static_cast<std::int64_t>(rank - 1));
  hello.PutString(invitation.cookie.data());
  DA_RETURN_IF_ERROR(channel.Send(std::move(hello).Take()));
  return channel;
}

}  // namespace distarray::server
