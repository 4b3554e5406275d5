#include "engine/worker/frame.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace distarray {
namespace {

std::pair<UniqueFd, UniqueFd> Connection() {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

UniqueFd Memory(const std::string& text) {
  UniqueFd fd(memfd_create("frame_test", MFD_CLOEXEC));
  REQUIRE(write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return fd;
}

std::string Read(const UniqueFd& fd) {
  std::string text(16, '\0');
  text.resize(static_cast<std::size_t>(pread(fd.get(), text.data(), text.size(), 0)));
  return text;
}

TEST_CASE("frames arrive whole, in order, with their descriptors") {
  auto [left, right] = Connection();
  FrameSocket sender(std::move(left));
  FrameSocket receiver(std::move(right));
  const UniqueFd first = Memory("one");
  const UniqueFd second = Memory("two");
  REQUIRE(sender.Send("{}", "").ok());
  REQUIRE(sender.Send("{\"n\":2}", "payload", {first.get(), second.get()}).ok());
  REQUIRE(sender.Send("", std::string("\0\1", 2)).ok());
  std::vector<Frame> frames;
  REQUIRE(receiver.Receive(frames).ok());
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].json == "{}");
  CHECK(frames[0].fds.empty());
  CHECK(frames[1].json == "{\"n\":2}");
  CHECK(frames[1].payload == "payload");
  REQUIRE(frames[1].fds.size() == 2);
  CHECK(Read(frames[1].fds[0]) == "one");
  CHECK(Read(frames[1].fds[1]) == "two");
  CHECK(frames[2].payload == std::string("\0\1", 2));
  CHECK(frames[2].fds.empty());
}

TEST_CASE("a frame larger than the socket's buffer goes in pieces, and neither side waits") {
  auto [left, right] = Connection();
  FrameSocket sender(std::move(left));
  FrameSocket receiver(std::move(right));
  std::string payload(5 << 20, 'x');
  payload.back() = 'y';
  REQUIRE(sender.Send("{}", payload).ok());
  CHECK(sender.wants_write());
  std::vector<Frame> frames;
  while (frames.empty()) {
    REQUIRE(sender.Flush().ok());
    REQUIRE(receiver.Receive(frames).ok());
  }
  CHECK_FALSE(sender.wants_write());
  CHECK(frames[0].payload == payload);
}

TEST_CASE("a frame that comes byte by byte") {
  auto [left, right] = Connection();
  FrameSocket receiver(std::move(right));
  const std::uint64_t length = 4 + 2 + 3;
  const std::uint32_t json = 2;
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes.append(reinterpret_cast<const char*>(&json), sizeof json);
  bytes.append("{}abc");
  std::vector<Frame> frames;
  for (const char byte : bytes) {
    CHECK(frames.empty());
    REQUIRE(write(left.get(), &byte, 1) == 1);
    REQUIRE(receiver.Receive(frames).ok());
  }
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].json == "{}");
  CHECK(frames[0].payload == "abc");
}

TEST_CASE("a peer that is gone, after what it had said") {
  auto [left, right] = Connection();
  FrameSocket receiver(std::move(right));
  {
    FrameSocket sender(std::move(left));
    REQUIRE(sender.Send("{}", "last").ok());
  }
  std::vector<Frame> frames;
  CHECK(absl::IsUnavailable(receiver.Receive(frames)));
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].payload == "last");
  CHECK_FALSE(receiver.Send("{}", "").ok());
}

TEST_CASE("what is no frame") {
  struct Case {
    std::uint64_t length;
    std::uint32_t json;
  };
  for (const Case& each : {Case{3, 0}, Case{8, 100}, Case{FrameSocket::kFrameBytesMax + 1, 2},
                           Case{std::uint64_t{64} << 20, FrameSocket::kJsonBytesMax + 1}}) {
    auto [left, right] = Connection();
    FrameSocket receiver(std::move(right));
    REQUIRE(write(left.get(), &each.length, sizeof each.length) == sizeof each.length);
    REQUIRE(write(left.get(), &each.json, sizeof each.json) == sizeof each.json);
    std::vector<Frame> frames;
    CHECK(absl::IsInternal(receiver.Receive(frames)));
    CHECK(frames.empty());
  }
}

TEST_CASE("what is too large is refused") {
  auto [left, right] = Connection();
  FrameSocket sender(std::move(left));
  CHECK(absl::IsInternal(sender.Send("{}", "", std::vector<int>(FrameSocket::kDescriptorsMax + 1, 0))));
  CHECK(absl::IsInternal(sender.Send(std::string(FrameSocket::kJsonBytesMax + 1, ' '), "")));
}

}  // namespace
}  // namespace distarray
