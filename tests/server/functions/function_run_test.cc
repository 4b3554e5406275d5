#include "server/functions/function_run.h"

#include <map>
#include <string>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

/// A run on targets 1 and 0 whose supervisor, engines and clock are played by hand.
struct Bench {
  explicit Bench(double timeout = 0, FunctionLimits given = {.call_grace_seconds = 5}) : limits(given) {
    run = Another(7, timeout);
  }

  std::shared_ptr<FunctionRun> Another(CallId call, double timeout = 0) {
    return std::make_shared<FunctionRun>(&scheduler, &workforce,
                                         FunctionRun::Spec{.call = call,
                                                           .owner = 3,
                                                           .targets = {1, 0},
                                                           .job = {{"results", "values"}},
                                                           .payload = "function",
                                                           .timeout_seconds = timeout},
                                         limits, &counters, [this] { ++done; });
  }

  /// Commands that go out now; each once.
  std::vector<Command> Sent() {
    std::map<std::int64_t, Command> sent;
    for (const auto& outgoing : scheduler.TakeOutgoing()) {
      const Command command = *Command::Decode(*outgoing.bytes);
      sent.emplace(command.number, command);
    }
    std::vector<Command> commands;
    for (auto& [number, command] : sent) {
      commands.push_back(std::move(command));
    }
    return commands;
  }

  void ComeUp(PoolId pool) {
    workforce.OnStarted(pool, "cookie");
    for (const Command& command : Sent()) {
      for (const int target : command.targets) {
        scheduler.OnReply({.number = command.number, .target = target});
      }
    }
  }

  /// Starts it; the CallFunction command.
  Command Launch(bool pool_is_there = false) {
    run->Start(nullptr);
    if (!pool_is_there) {
      ComeUp(1);
    }
    for (Command& command : Sent()) {
      if (std::holds_alternative<CallFunction>(command.body)) {
        run->Tick(now);
        return std::move(command);
      }
    }
    FAIL("no call was sent");
    return {};
  }

  void Answer(const Command& call, int target, const std::string& result) {
    scheduler.OnReply({.number = call.number, .target = target, .bytes = FunctionOutcome{.result = result}.Encode()});
  }

  Scheduler scheduler{2};
  std::vector<PoolId> stopped;
  Workforce workforce{
      &scheduler, {0, 1}, {.start = [](PoolId) {}, .stop = [this](PoolId p) { stopped.push_back(p); }}, 2};
  FunctionLimits limits;
  FunctionCounters counters;
  int done = 0;
  double now = 100;
  std::shared_ptr<FunctionRun> run;
};

constexpr char kGood[] = R"({"type":"result","status":"ok","value":{"kind":"none"}})";
constexpr char kRaised[] =
    R"({"status":"error","error":{"type":"ValueError","message":"no","reason":"FUNCTION_FAILED"}})";
constexpr char kLost[] = R"json({"lost":"signal 11 (Segmentation fault)","output":""})json";

Reason ReasonOn(Bench& bench, int target) { return ReasonOf(bench.run->outcomes()[target].status); }

TEST_CASE("a call that goes well gives its pool back") {
  Bench bench;
  const Command call = bench.Launch();
  CHECK(call.targets == std::vector<int>{0, 1});
  CHECK(call.owner == 3);
  bench.Answer(call, 0, kGood);
  CHECK(bench.done == 0);
  bench.Answer(call, 1, kGood);
  CHECK(bench.done == 1);
  CHECK(bench.run->status().ok());
  CHECK(bench.run->outcomes()[0].status.ok());
  bench.run->Finish();
  const auto sent = bench.Sent();
  REQUIRE(sent.size() == 1);
  CHECK(std::get<EndCall>(sent[0].body).call == 7);
  CHECK(bench.stopped.empty());
  CHECK(bench.counters.calls == 1);
}

TEST_CASE("a call that is cancelled while its arrays are another's gives them back once it has them") {
  Bench bench;
  const auto lent = std::make_shared<Completion>();
  bench.run->Start(lent);
  bench.run->Cancel();
  CHECK(bench.done == 1);
  bench.run->Finish();
  CHECK(bench.Sent().empty());
  lent->finished = true;
  for (const auto& waiter : lent->waiters) {
    waiter();
  }
  const auto sent = bench.Sent();
  REQUIRE(sent.size() == 1);
  CHECK(std::get<EndCall>(sent[0].body).call == 7);
}

TEST_CASE("a timeout counts the time that the call waits for a pool") {
  Bench bench(2.0);
  bench.run->Start(nullptr);
  CHECK(bench.run->Tick(100) == 2);
  CHECK(bench.run->Tick(101) == 1);
  CHECK(bench.done == 0);
  bench.run->Tick(102);
  CHECK(bench.done == 1);
  CHECK(ReasonOf(bench.run->status()) == Reason::kTimeout);
  bench.ComeUp(1);
  for (const Command& command : bench.Sent()) {
    CHECK(!std::holds_alternative<CallFunction>(command.body));
  }
}

TEST_CASE("an exception on one target waits for the others, for the grace") {
  Bench bench;
  const Command call = bench.Launch();
  bench.Answer(call, 1, kRaised);
  CHECK(bench.run->Tick(bench.now) > 0);
  CHECK(bench.run->Tick(bench.now + 4.9) > 0);
  CHECK(bench.done == 0);
  bench.run->Tick(bench.now + 5.1);
  CHECK(bench.stopped == std::vector<PoolId>{1});  // its other worker may hang in a collective
  CHECK(bench.done == 0);                          // and might write still
  bench.workforce.OnEnded(1, "killed");
  CHECK(bench.done == 1);
  CHECK(ReasonOn(bench, 1) == Reason::kFunctionFailed);
  CHECK(ReasonOn(bench, 0) == Reason::kWorkerLost);
  CHECK(std::string(bench.run->outcomes()[0].status.message()).find("ValueError: no") != std::string::npos);
}

TEST_CASE("an exception everywhere keeps the pool") {
  Bench bench;
  const Command call = bench.Launch();
  bench.Answer(call, 1, kRaised);
  bench.Answer(call, 0, kRaised);
  CHECK(bench.done == 1);
  CHECK(bench.stopped.empty());
}

TEST_CASE("communicators are used again unless a call that went wrong has used them") {
  const std::string account = R"({"status":"error","error":{"type":"ValueError"},"communicators":")";
  for (const auto& [text, generation] : {std::pair<std::string, std::int64_t>{account + "\"}", 0},
                                         {account + "used\"}", 1},
                                         {R"({"status":"ok","communicators":"used"})", 0},
                                         {R"({"status":"ok","communicators":"lost"})", 1}}) {
    INFO(text);
    Bench bench;
    const Command call = bench.Launch();
    bench.Answer(call, 1, text);
    bench.Answer(call, 0, text);
    CHECK(bench.done == 1);
    bench.run = bench.Another(8);
    const Command next = bench.Launch(true);
    const auto job = nlohmann::json::parse(std::get<CallFunction>(next.body).job);
    CHECK(job["communicators"] == generation);
  }
}

TEST_CASE("a worker that is unfit for another call ends its pool, and all results stay") {
  Bench bench;
  const Command call = bench.Launch();
  bench.Answer(call, 1, R"({"status":"ok","value":{"kind":"none"},"unfit":"it left processes"})");
  bench.Answer(call, 0, kGood);
  CHECK(bench.stopped == std::vector<PoolId>{1});
  CHECK(bench.done == 0);
  bench.workforce.OnEnded(1, "killed");
  CHECK(bench.done == 1);
  CHECK(bench.run->outcomes()[0].status.ok());
  CHECK(bench.run->outcomes()[1].status.ok());
}

TEST_CASE("a worker that ended ends its pool; the other target's result stays") {
  Bench bench;
  const Command call = bench.Launch();
  bench.Answer(call, 0, kLost);
  bench.Answer(call, 1, kGood);
  CHECK(bench.stopped == std::vector<PoolId>{1});
  bench.workforce.OnEnded(1, "killed");
  CHECK(bench.done == 1);
  CHECK(ReasonOn(bench, 0) == Reason::kWorkerLost);
  CHECK(std::string(bench.run->outcomes()[0].status.message()).find("signal 11") != std::string::npos);
  CHECK(bench.run->outcomes()[1].status.ok());
}

TEST_CASE("a timeout names the targets that had not returned") {
  Bench bench(2.0);
  const Command call = bench.Launch();
  bench.Answer(call, 1, kGood);
  CHECK(bench.run->Tick(bench.now + 1.5) > 0);
  bench.run->Tick(bench.now + 2.0);
  bench.workforce.OnEnded(1, "killed");
  CHECK(bench.done == 1);
  CHECK(ReasonOn(bench, 0) == Reason::kTimeout);
  CHECK(bench.run->outcomes()[1].status.ok());
}

TEST_CASE("the daemon's limit holds where the client asks for more, or for none") {
  for (const double asked : {0.0, 60.0}) {
    Bench bench(asked, {.call_limit_seconds = 3});
    const Command call = bench.Launch();
    CHECK(bench.run->Tick(bench.now + 2.9) > 0);
    bench.run->Tick(bench.now + 3.1);
    bench.workforce.OnEnded(1, "killed");
    CHECK(ReasonOn(bench, 0) == Reason::kTimeout);
  }
}

TEST_CASE("cancelling interrupts, then ends") {
  Bench bench;
  const Command call = bench.Launch();
  bench.run->Cancel();
  const auto sent = bench.Sent();
  REQUIRE(sent.size() == 1);
  CHECK(std::holds_alternative<InterruptCall>(sent[0].body));
  CHECK(bench.run->Tick(bench.now) > 0);
  SECTION("a function that heeds it keeps the pool") {
    const std::string interrupted =
        R"({"status":"error","error":{"type":"KeyboardInterrupt","message":"","reason":"CANCELLED"}})";
    bench.Answer(call, 0, interrupted);
    bench.Answer(call, 1, interrupted);
    CHECK(bench.done == 1);
    CHECK(bench.stopped.empty());
    CHECK(ReasonOn(bench, 1) == Reason::kCancelled);
  }
  SECTION("one that does not is ended") {
    bench.run->Tick(bench.now + 0.5);
    CHECK(bench.stopped == std::vector<PoolId>{1});
    bench.workforce.OnEnded(1, "killed");
    CHECK(bench.done == 1);
    CHECK(ReasonOn(bench, 0) == Reason::kCancelled);
  }
}

TEST_CASE("cancelling what waits for a pool ends it at once, and the pool goes to the next") {
  Bench bench;
  bench.run->Start(nullptr);
  bench.run->Cancel();
  CHECK(bench.done == 1);
  CHECK(ReasonOf(bench.run->status()) == Reason::kCancelled);
  bench.ComeUp(1);
  CHECK(bench.Sent().empty());
}

TEST_CASE("arrays that cannot be lent: the function does not run") {
  Bench bench;
  const auto lent = std::make_shared<Completion>();
  bench.run->Start(lent);
  CHECK(bench.done == 0);
  lent->finished = true;
  lent->status = Error(Reason::kInvalidValue, "the array's own failure");
  for (const auto& waiter : std::exchange(lent->waiters, {})) {
    waiter();
  }
  CHECK(bench.done == 1);
  CHECK(bench.run->status().message() == "the array's own failure");
}

TEST_CASE("a pool that dies under a call") {
  Bench bench;
  const Command call = bench.Launch();
  bench.workforce.OnEnded(1, "mpirun ended");
  const auto sent = bench.Sent();
  REQUIRE(sent.size() == 1);
  CHECK(std::get<DropWorkers>(sent[0].body).pool == 1);
  bench.Answer(call, 0, kLost);
  bench.Answer(call, 1, kLost);
  CHECK(bench.done == 1);
}

TEST_CASE("an engine that says nonsense is no success") {
  Bench bench;
  const Command call = bench.Launch();
  bench.Answer(call, 0, "not json");
  bench.scheduler.OnReply({.number = call.number, .target = 1, .bytes = "no outcome"});
  CHECK(bench.stopped == std::vector<PoolId>{1});
}

}  // namespace
}  // namespace distarray::server
