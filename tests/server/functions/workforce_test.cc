#include "server/functions/workforce.h"

#include <string>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

struct Asker : Workforce::Client {
  bool OnPool(PoolId given, std::int64_t its_generation) override {
    if (wanted) {
      pool = given;
      generation = its_generation;
    }
    return wanted;
  }
  void OnNoPool(const absl::Status& status) override { refused = status; }
  void OnPoolGone() override { gone = true; }

  bool wanted = true;
  PoolId pool = 0;
  std::int64_t generation = -1;
  bool gone = false;
  absl::Status refused;
};

/// A workforce whose host and engines are played by hand.
struct Bench {
  explicit Bench(std::int64_t pools_max = 2)
      : workforce(&scheduler, {0, 1},
                  {.start = [this](PoolId pool) { started.push_back(pool); },
                   .stop = [this](PoolId pool) { stopped.push_back(pool); }},
                  pools_max) {}

  std::shared_ptr<Asker> Ask(std::int64_t owner = 7) {
    auto asker = std::make_shared<Asker>();
    workforce.Acquire(asker, owner);
    return asker;
  }

  /// The supervisor has started it, and the engines say how its workers came up.
  void ComeUp(PoolId pool, Reason reason = Reason::kUnspecified, const std::string& message = {}) {
    workforce.OnStarted(pool, "cookie");
    for (const auto& outgoing : scheduler.TakeOutgoing()) {
      const Command command = *Command::Decode(*outgoing.bytes);
      if (std::holds_alternative<ExpectWorkers>(command.body)) {
        scheduler.OnReply({.number = command.number,
                           .target = outgoing.target,
                           .reason = outgoing.target == 1 ? reason : Reason::kUnspecified,
                           .message = message});
      }
    }
  }

  Scheduler scheduler{2};
  std::vector<PoolId> started;
  std::vector<PoolId> stopped;
  Workforce workforce;
};

TEST_CASE("a pool is started with the first call, kept, and lent again") {
  Bench bench;
  const auto first = bench.Ask();
  REQUIRE(bench.started == std::vector<PoolId>{1});
  CHECK(first->pool == 0);
  bench.ComeUp(1);
  CHECK(first->pool == 1);
  CHECK(first->generation == 0);
  bench.workforce.Release(1, true);
  const auto second = bench.Ask();
  CHECK(second->pool == 1);
  CHECK(second->generation == 0);
  CHECK(bench.started.size() == 1);
}

TEST_CASE("after a call that went wrong the next one is told") {
  Bench bench;
  const auto first = bench.Ask();
  bench.ComeUp(1);
  bench.workforce.Release(1, false);
  const auto second = bench.Ask();
  CHECK(second->generation == 1);
  bench.workforce.Release(1, true);
  CHECK(bench.Ask()->generation == 1);
}

TEST_CASE("calls at the same time get pools of their own, all but one; then they wait in turn") {
  Bench bench(3);
  const auto a = bench.Ask();
  const auto b = bench.Ask();
  const auto c = bench.Ask();
  auto d = bench.Ask();
  const auto e = bench.Ask();
  CHECK(bench.started == std::vector<PoolId>{1, 2});
  const auto other = bench.Ask(8);
  CHECK(bench.started == std::vector<PoolId>{1, 2, 3});
  bench.ComeUp(2);
  bench.ComeUp(1);
  bench.ComeUp(3);
  CHECK(other->pool == 3);
  CHECK(a->pool == 2);
  CHECK(b->pool == 1);
  CHECK(c->pool == 0);
  d.reset();  // went away while it waited
  bench.workforce.Release(1, true);
  CHECK(c->pool == 1);
  bench.workforce.Release(2, true);
  CHECK(e->pool == 2);
}

TEST_CASE("a pool that was ended is gone before its client goes on, and another takes its place") {
  Bench bench;
  const auto client = bench.Ask();
  bench.ComeUp(1);
  bench.workforce.End(1, client);
  CHECK(bench.stopped == std::vector<PoolId>{1});
  CHECK(bench.started == std::vector<PoolId>{1, 2});
  CHECK_FALSE(client->gone);
  bench.workforce.OnEnded(1, "killed");
  CHECK(client->gone);
  bench.ComeUp(2);
  CHECK(bench.Ask()->pool == 2);
}

TEST_CASE("a pool that ends by itself under its client") {
  Bench bench;
  const auto client = bench.Ask();
  bench.ComeUp(1);
  bench.workforce.OnEnded(1, "mpirun died");
  CHECK_FALSE(client->gone);  // the engines say first which calls are lost
  bench.workforce.End(1, client);
  CHECK(client->gone);
}

TEST_CASE("pools that cannot be started refuse those who wait, with the engines' reason") {
  Bench bench;
  const auto client = bench.Ask();
  bench.ComeUp(1, Reason::kWorkerLost, "no module named mpi4py");
  CHECK(ReasonOf(client->refused) == Reason::kWorkerLost);
  CHECK(client->refused.message() == "no module named mpi4py");
  CHECK(bench.stopped == std::vector<PoolId>{1});
  bench.workforce.OnEnded(1, "killed");
  CHECK(bench.started.size() == 1);  // not again by itself
  const auto next = bench.Ask();
  CHECK(bench.started.size() == 2);
  bench.workforce.OnEnded(2, "there is no Python");
  CHECK(next->refused.message() == "there is no Python");
}

TEST_CASE("without a supervisor there are no pools") {
  Scheduler scheduler(1);
  Workforce workforce(&scheduler, {0}, {}, 1);
  const auto asker = std::make_shared<Asker>();
  workforce.Acquire(asker, 1);
  CHECK(ReasonOf(asker->refused) == Reason::kNotImplemented);
}

TEST_CASE("a pool that has run one owner's functions runs no other's") {
  Bench bench(2);
  const auto one = bench.Ask(1);
  bench.ComeUp(1);
  CHECK(one->pool == 1);
  bench.workforce.Release(1, true);
  const auto other = bench.Ask(2);
  CHECK(other->pool == 0);
  bench.ComeUp(2);
  CHECK(other->pool == 2);
  bench.workforce.Release(2, true);
  CHECK(bench.Ask(1)->pool == 1);
  CHECK(bench.Ask(2)->pool == 2);
  CHECK(bench.stopped.empty());
}

TEST_CASE("past the limit the longest unused pool of another owner makes room") {
  Bench bench(2);
  const auto one = bench.Ask(1);
  bench.ComeUp(1);
  const auto two = bench.Ask(2);
  bench.ComeUp(2);
  bench.workforce.Release(2, true);
  bench.workforce.Release(1, true);
  CHECK(bench.Ask(2)->pool == 2);
  bench.workforce.Release(2, true);
  const auto three = bench.Ask(3);
  CHECK(bench.stopped == std::vector<PoolId>{1});
  bench.ComeUp(3);
  CHECK(three->pool == 3);
  // Where all are lent, the first that comes back.
  CHECK(bench.Ask(2)->pool == 2);
  const auto four = bench.Ask(4);
  CHECK(bench.stopped == std::vector<PoolId>{1});
  bench.workforce.Release(3, true);
  CHECK(bench.stopped == std::vector<PoolId>{1, 3});
  bench.ComeUp(4);
  CHECK(four->pool == 4);
}

TEST_CASE("the pools of an owner that is gone end, and one can be kept warm for whoever comes next") {
  Bench bench(4);
  const auto idle = bench.Ask(1);
  const auto lent = bench.Ask(1);
  bench.ComeUp(1);
  bench.ComeUp(2);
  const auto others = bench.Ask(2);
  bench.ComeUp(3);
  bench.workforce.Release(1, true);
  CHECK_FALSE(bench.workforce.Forget(5));
  CHECK(bench.workforce.Forget(1));
  CHECK(bench.stopped == std::vector<PoolId>{1});
  bench.workforce.Release(2, true);
  CHECK(bench.stopped == std::vector<PoolId>{1, 2});
  bench.workforce.KeepWarm();
  bench.workforce.KeepWarm();  // one is enough
  CHECK(bench.started == std::vector<PoolId>{1, 2, 3, 4});
  bench.ComeUp(4);
  CHECK(bench.Ask(6)->pool == 4);
}

TEST_CASE("who needs no pool any more leaves it as it was") {
  Bench bench;
  const auto first = bench.Ask(1);
  first->wanted = false;
  bench.ComeUp(1);
  CHECK(first->pool == 0);
  CHECK(bench.Ask(2)->pool == 1);
}

TEST_CASE("a pool in which many calls have gone wrong is replaced") {
  Bench bench;
  auto client = bench.Ask();
  bench.ComeUp(1);
  for (int i = 0; bench.stopped.empty(); ++i) {
    REQUIRE(i < 1000);
    bench.workforce.Release(1, false);
    client = bench.stopped.empty() ? bench.Ask() : nullptr;
  }
  CHECK(bench.started == std::vector<PoolId>{1, 2});
  bench.ComeUp(2);
  CHECK(bench.Ask()->pool == 2);
}

}  // namespace
}  // namespace distarray::server
