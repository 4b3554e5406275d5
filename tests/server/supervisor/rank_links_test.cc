#include "server/supervisor/rank_links.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "server/supervisor/random.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using Event = RankLinks::Event;
using std::chrono::seconds;

struct Fixture {
  std::string name = "rank_links_test-" + RandomName();
  UniqueFd listener = *Link::Listen(name);
  SegmentHolder segments;
  RankLinks links{listener.get(), 3, &segments};
  RankLinks::Time now = RankLinks::Time() + seconds(100);

  Fixture() { links.NewJob(1, "secret"); }
  Link Join(std::int64_t rank, std::int64_t epoch = 1, const std::string& cookie = "secret") const {
    Link link = *Link::Connect(name);
    REQUIRE(link.Send(Hello{.rank = rank, .epoch = epoch, .cookie = cookie}).ok());
    return link;
  }
};

}  // namespace

TEST_CASE("only this job's ranks are let in, each once") {
  Fixture fixture;
  const Link front = fixture.Join(0);
  const Link wrong_epoch = fixture.Join(1, 2);
  const Link wrong_cookie = fixture.Join(1, 1, "guess");
  const Link wrong_rank = fixture.Join(3);
  const Link twice = fixture.Join(0);
  const std::vector<Event> events = fixture.links.Serve(fixture.now);
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == Event::Kind::kJoined);
  CHECK(events[0].rank == 0);
  CHECK(events[0].pid == getpid());
  CHECK(!wrong_cookie.Send(Heartbeat{}).ok());
}

TEST_CASE("a rank's end and a rank's silence are noticed") {
  Fixture fixture;
  const Link front = fixture.Join(0);
  auto engine = std::make_unique<Link>(fixture.Join(1));
  REQUIRE(fixture.links.Serve(fixture.now).size() == 2);
  CHECK(!fixture.links.Overdue(fixture.now + seconds(4), seconds(5)));
  REQUIRE(front.Send(Heartbeat{}).ok());
  fixture.links.Serve(fixture.now + seconds(4));
  const auto overdue = fixture.links.Overdue(fixture.now + seconds(6), seconds(5));
  REQUIRE(overdue);
  CHECK(overdue->rank == 1);
  engine.reset();
  const std::vector<Event> events = fixture.links.Serve(fixture.now + seconds(6));
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == Event::Kind::kLost);
  CHECK(events[0].rank == 1);
}

TEST_CASE("only the front says where it serves, and hears when to stop") {
  Fixture fixture;
  const Link engine = fixture.Join(1);
  fixture.links.Serve(fixture.now);
  CHECK(!fixture.links.TellFront(Stop{}));
  const Link front = fixture.Join(0);
  REQUIRE(engine.Send(Ready{.address = "engine:1"}).ok());
  REQUIRE(front.Send(Ready{.address = "front:1"}).ok());
  std::vector<std::string> addresses;
  for (const Event& event : fixture.links.Serve(fixture.now)) {
    if (event.kind == Event::Kind::kReady) {
      addresses.push_back(event.address);
    }
  }
  CHECK(addresses == std::vector<std::string>{"front:1"});
  CHECK(fixture.links.TellFront(Stop{}));
  CHECK(std::holds_alternative<Stop>((*front.Receive())->message));
}

TEST_CASE("segments are held until they are let go") {
  Fixture fixture;
  const Link engine = fixture.Join(1);
  const UniqueFd memory(memfd_create("segment", MFD_CLOEXEC));
  for (const std::int64_t segment : {1, 2, 2, 3}) {
    REQUIRE(engine.Send(RegisterSegment{.segment = segment, .bytes = 100}, memory.get()).ok());
  }
  REQUIRE(engine.Send(RegisterSegment{.segment = 8, .bytes = 100}).ok());  // without its descriptor
  REQUIRE(engine.Send(UnregisterSegment{.segment = 3}).ok());
  REQUIRE(engine.Send(UnregisterSegment{.segment = 77}).ok());
  fixture.links.Serve(fixture.now);
  CHECK(fixture.segments.count() == 2);
  CHECK(fixture.segments.bytes() == 200);
  fixture.segments.Clear();
  CHECK(fixture.segments.count() == 0);
  CHECK(fixture.segments.bytes() == 0);
}

}  // namespace distarray::server
