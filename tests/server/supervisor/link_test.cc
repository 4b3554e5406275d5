#include "server/supervisor/link.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <variant>

#include "server/supervisor/random.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

struct Pair {
  Link rank;
  Link supervisor;
};

Pair Connected() {
  const std::string name = "link_test-" + RandomName();
  absl::StatusOr<UniqueFd> listener = Link::Listen(name);
  REQUIRE(listener.ok());
  absl::StatusOr<Link> rank = Link::Connect(name);
  REQUIRE(rank.ok());
  std::optional<Link> supervisor = Link::Accept(listener->get());
  REQUIRE(supervisor);
  return {.rank = *std::move(rank), .supervisor = *std::move(supervisor)};
}

Link::Received Next(const Link& link) {
  absl::StatusOr<std::optional<Link::Received>> received = link.Receive();
  REQUIRE(received.ok());
  REQUIRE(received->has_value());
  return std::move(received->value());
}

}  // namespace

TEST_CASE("messages arrive whole, in order and as they were") {
  const Pair pair = Connected();
  REQUIRE(pair.rank.Send(Hello{.rank = 2, .epoch = 7, .cookie = "secret"}).ok());
  REQUIRE(pair.rank.Send(Heartbeat{}).ok());
  REQUIRE(pair.rank.Send(Ready{.address = "127.0.0.1:1"}).ok());
  REQUIRE(pair.rank.Send(UnregisterSegment{.segment = 9}).ok());
  REQUIRE(pair.rank.Send(Stop{}).ok());
  const LinkMessage hello = Next(pair.supervisor).message;
  REQUIRE(std::holds_alternative<Hello>(hello));
  CHECK(std::get<Hello>(hello).rank == 2);
  CHECK(std::get<Hello>(hello).epoch == 7);
  CHECK(std::get<Hello>(hello).cookie == "secret");
  CHECK(std::holds_alternative<Heartbeat>(Next(pair.supervisor).message));
  CHECK(std::get<Ready>(Next(pair.supervisor).message).address == "127.0.0.1:1");
  CHECK(std::get<UnregisterSegment>(Next(pair.supervisor).message).segment == 9);
  CHECK(std::holds_alternative<Stop>(Next(pair.supervisor).message));
  CHECK(!pair.supervisor.Receive()->has_value());
  CHECK(pair.supervisor.PeerPid() == getpid());
}

TEST_CASE("a segment comes with a descriptor of the same memory") {
  const Pair pair = Connected();
  const UniqueFd memory(memfd_create("segment", MFD_CLOEXEC));
  REQUIRE(ftruncate(memory.get(), 12345) == 0);
  REQUIRE(pair.rank.Send(RegisterSegment{.segment = 4, .bytes = 12345}, memory.get()).ok());
  const Link::Received received = Next(pair.supervisor);
  CHECK(std::get<RegisterSegment>(received.message).bytes == 12345);
  REQUIRE(received.fd.valid());
  struct stat info {};
  REQUIRE(fstat(received.fd.get(), &info) == 0);
  CHECK(info.st_size == 12345);
}

TEST_CASE("a peer that is gone is told, a peer that does not listen is not waited for") {
  Pair pair = Connected();
  for (int i = 0; i < 10000; ++i) {
    REQUIRE(pair.rank.Send(Heartbeat{}, -1, /*wait=*/false).ok());
  }
  pair.supervisor = Link();
  CHECK(!pair.rank.Send(Heartbeat{}).ok());
  CHECK(!pair.rank.Receive().ok());
  CHECK(!Link::Connect("nobody-" + RandomName()).ok());
}

}  // namespace distarray::server
