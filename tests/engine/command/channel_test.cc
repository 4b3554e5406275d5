#include "engine/command/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

std::pair<Channel, Channel> MakePair() {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) == 0);
  return {Channel(fds[0]), Channel(fds[1])};
}

std::string Pattern(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * 31 + i / 255 + seed);
  }
  return bytes;
}

void WaitFor(const Channel& channel, short events) {
  pollfd wait{channel.fd(), events, 0};
  REQUIRE(poll(&wait, 1, 10000) == 1);
}

/// Sends all on one side while receiving on the other.
std::vector<std::string> Pass(Channel& from, Channel& to, const std::vector<std::string>& messages) {
  for (const std::string& message : messages) {
    REQUIRE(from.Send(message).ok());
  }
  std::vector<std::string> received;
  while (received.size() < messages.size()) {
    WaitFor(to, POLLIN);
    REQUIRE(to.Receive(received).ok());
    REQUIRE(from.Flush().ok());
  }
  CHECK_FALSE(from.wants_write());
  CHECK(from.queued_bytes() == 0);
  return received;
}

TEST_CASE("messages of all sizes arrive whole and in order") {
  auto [a, b] = MakePair();
  std::vector<std::string> messages;
  for (const std::size_t size : {0, 1, 7, 8, 9, 100, 65535, 65536, 65537, 131072, 131073, 1000000, 3, 30000000, 0, 5}) {
    messages.push_back(Pattern(size, static_cast<unsigned>(messages.size())));
  }
  CHECK(Pass(a, b, messages) == messages);
  CHECK(Pass(b, a, messages) == messages);
}

TEST_CASE("many small messages") {
  auto [a, b] = MakePair();
  std::vector<std::string> messages;
  for (unsigned i = 0; i < 100000; ++i) {
    messages.push_back(Pattern(i % 50, i));
  }
  CHECK(Pass(a, b, messages) == messages);
}

TEST_CASE("queued messages go with the next flush") {
  auto [a, b] = MakePair();
  a.Queue("one");
  a.Queue("two");
  CHECK(a.wants_write());
  CHECK(a.queued_bytes() == 22);
  std::vector<std::string> received;
  CHECK(b.Receive(received).ok());
  CHECK(received.empty());
  CHECK(a.Flush().ok());
  CHECK(b.Receive(received).ok());
  CHECK(received == std::vector<std::string>{"one", "two"});
}

TEST_CASE("nothing blocks when the peer does not read") {
  auto [a, b] = MakePair();
  const std::string message = Pattern(10000000, 1);
  REQUIRE(a.Send(message).ok());
  REQUIRE(a.Send("after").ok());
  CHECK(a.wants_write());
  std::vector<std::string> received;
  while (received.size() < 2) {
    REQUIRE(b.Receive(received).ok());
    REQUIRE(a.Flush().ok());
  }
  CHECK(received[0] == message);
  CHECK(received[1] == "after");
}

TEST_CASE("what came before the peer's end is delivered, then the end is told") {
  auto [a, b] = MakePair();
  REQUIRE(a.Send("last words").ok());
  a.Close();
  CHECK_FALSE(a.open());
  std::vector<std::string> received;
  while (b.Receive(received).ok()) {
  }
  CHECK(received == std::vector<std::string>{"last words"});
  CHECK(absl::IsUnavailable(b.Receive(received)));
  absl::Status status;
  for (int i = 0; i < 3 && status.ok(); ++i) {
    status = b.Send("anyone?");  // no SIGPIPE
  }
  CHECK(absl::IsUnavailable(status));
  CHECK(absl::IsUnavailable(a.Send("closed")));
}

TEST_CASE("a damaged length ends the connection, not the process") {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) == 0);
  Channel channel(fds[0]);
  const std::string damage(16, '\xff');
  REQUIRE(write(fds[1], damage.data(), damage.size()) == 16);
  std::vector<std::string> received;
  CHECK(absl::IsUnavailable(channel.Receive(received)));
  close(fds[1]);
}

TEST_CASE("a channel moves with what is under way") {
  auto [a, b] = MakePair();
  const std::string message = Pattern(20000000, 5);
  REQUIRE(a.Send(message).ok());
  std::vector<std::string> received;
  REQUIRE(b.Receive(received).ok());
  Channel moved_from = std::move(a);
  Channel moved_to;
  moved_to = std::move(b);
  CHECK_FALSE(a.open());
  CHECK_FALSE(a.wants_write());
  while (received.empty()) {
    REQUIRE(moved_from.Flush().ok());
    REQUIRE(moved_to.Receive(received).ok());
  }
  CHECK(received.front() == message);
}

void CheckConnection(const std::string& address) {
  const auto listener = Channel::Listen(address);
  REQUIRE(listener.ok());
  auto client = Channel::Connect(listener->address, 5000);
  REQUIRE(client.ok());
  pollfd wait{listener->fd, POLLIN, 0};
  REQUIRE(poll(&wait, 1, 5000) == 1);
  Channel server(accept(listener->fd, nullptr, nullptr));
  REQUIRE(server.open());
  CHECK((fcntl(server.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((fcntl(client->fd(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(Pass(*client, server, {"to the server"}) == std::vector<std::string>{"to the server"});
  CHECK(Pass(server, *client, {"to the client"}) == std::vector<std::string>{"to the client"});
  close(listener->fd);
}

TEST_CASE("connections by unix socket and by TCP") {
  CheckConnection("unix:@distarray-channel-test-" + std::to_string(getpid()));
  CheckConnection("tcp:127.0.0.1:0");
}

TEST_CASE("connecting waits for the listener a while, not for ever") {
  const std::string address = "unix:@distarray-late-" + std::to_string(getpid());
  CHECK(absl::IsUnavailable(Channel::Connect(address, 30).status()));
  int listening = -1;
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    listening = Channel::Listen(address).value().fd;
  });
  CHECK(Channel::Connect(address, 5000).ok());
  late.join();
  close(listening);
}

TEST_CASE("addresses that are none") {
  for (const char* address : {"", "unix:", "unix:@", "unix:name", "tcp:", "tcp:1234", "tcp:no.such.host.invalid:1"}) {
    CHECK(absl::IsUnavailable(Channel::Listen(address).status()));
    CHECK(absl::IsUnavailable(Channel::Connect(address, 10).status()));
  }
}

}  // namespace
}  // namespace distarray
