#include "server/supervisor/life.h"

#include <chrono>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Action = Life::Action;

Life::Time At(double second) {
  return Life::Time() + std::chrono::duration_cast<Life::Duration>(std::chrono::duration<double>(second));
}

Life Serving() {
  Life life((Life::Limits()));
  REQUIRE(life.Begin(At(0)) == Action::kStartJob);
  life.Served();
  return life;
}

}  // namespace

TEST_CASE("a failure kills the job, and after a short wait it starts under the next epoch") {
  Life life = Serving();
  CHECK(life.epoch() == 1);
  CHECK(!life.deadline());
  CHECK(life.Failed("engine 1 has ended", At(10)) == Action::kKillJob);
  CHECK(life.Failed("engine 2 has ended", At(10)) == Action::kNothing);
  CHECK(life.JobGone(At(10.1)) == Action::kNothing);
  REQUIRE(life.deadline());
  CHECK(*life.deadline() <= At(11));
  CHECK(life.Tick(At(10.1)) == Action::kNothing);
  CHECK(life.Tick(*life.deadline()) == Action::kStartJob);
  CHECK(life.epoch() == 2);
  CHECK(life.last_failure() == "engine 1 has ended");
}

TEST_CASE("too many failures within the window end it; rare ones do not") {
  for (const bool rare : {false, true}) {
    Life life = Serving();
    double now = 0;
    int survived = 0;
    while (!life.ended() && survived < 50) {
      now += rare ? 20 : 1;
      REQUIRE(life.Failed("x", At(now)) == Action::kKillJob);
      if (life.JobGone(At(now)) == Action::kNothing) {
        ++survived;
        REQUIRE(life.Tick(*life.deadline()) == Action::kStartJob);
        life.Served();
      }
    }
    CHECK(survived == (rare ? 50 : 5));
    CHECK(life.exit_code() == (rare ? 0 : 1));
  }
}

TEST_CASE("the wait grows with each failure") {
  Life life = Serving();
  Life::Duration last(0);
  for (int failure = 0; failure < 4; ++failure) {
    life.Failed("x", At(1));
    life.JobGone(At(1));
    CHECK(*life.deadline() - At(1) > last);
    last = *life.deadline() - At(1);
    life.Tick(*life.deadline());
    life.Served();
  }
  CHECK(last < seconds(2));
}

TEST_CASE("asked to stop, it drains, and kills what has not ended in time") {
  Life life = Serving();
  CHECK(life.StopRequested(At(5)) == Action::kAskToStop);
  CHECK(life.stopping());
  // Ranks end one after the other: no failure.
  CHECK(life.Failed("engine 0 has ended", At(5.1)) == Action::kNothing);
  SECTION("it has ended by itself") { CHECK(life.JobGone(At(5.2)) == Action::kKillJob); }
  SECTION("it has not") {
    CHECK(life.Tick(At(8.4)) == Action::kNothing);
    CHECK(life.Tick(At(8.5)) == Action::kKillJob);
  }
  SECTION("asked twice") { CHECK(life.StopRequested(At(5.1)) == Action::kKillJob); }
  CHECK(life.JobGone(At(8.6)) == Action::kEnd);
  CHECK(life.exit_code() == 0);
  CHECK(life.ended());
}

TEST_CASE("asked to stop while starting, or while waiting to start again") {
  Life starting((Life::Limits()));
  starting.Begin(At(0));
  CHECK(starting.StopRequested(At(0.1)) == Action::kKillJob);
  CHECK(starting.JobGone(At(0.2)) == Action::kEnd);
  CHECK(starting.exit_code() == 0);

  Life waiting = Serving();
  waiting.Failed("x", At(1));
  waiting.JobGone(At(1));
  CHECK(waiting.StopRequested(At(1)) == Action::kEnd);
  CHECK(waiting.exit_code() == 0);
}

TEST_CASE("a job that ends by itself, or does not get ready, has failed") {
  Life ended = Serving();
  CHECK(ended.JobGone(At(1)) == Action::kKillJob);
  Life slow((Life::Limits()));
  slow.Begin(At(0));
  CHECK(slow.Tick(At(59)) == Action::kNothing);
  CHECK(slow.Tick(At(61)) == Action::kKillJob);
}

}  // namespace distarray::server
