#include "server/scheduler/scheduler.h"

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

QueuedCommand Make(std::int64_t lane, CommandBody body, std::vector<int> targets, CompletionPtr completion = nullptr) {
  QueuedCommand queued;
  queued.command.lane = lane;
  queued.command.targets = std::move(targets);
  queued.command.body = std::move(body);
  queued.completion = std::move(completion);
  return queued;
}

QueuedCommand Fetch(std::int64_t lane, CompletionPtr completion = nullptr) {
  return Make(lane, FetchBytes{.buffer = lane}, {0}, std::move(completion));
}

std::vector<Command> Sent(Scheduler& scheduler) {
  std::vector<Command> commands;
  for (const auto& outgoing : scheduler.TakeOutgoing()) {
    commands.push_back(*Command::Decode(*outgoing.bytes));
  }
  return commands;
}

CommandReply ReplyTo(const Command& command, int target, Reason reason = Reason::kUnspecified,
                     std::string message = {}) {
  return {.number = command.number, .target = target, .reason = reason, .message = std::move(message)};
}

TEST_CASE("lanes take turns, and keep their own order") {
  Scheduler scheduler(1);
  for (int i = 0; i < 3; ++i) scheduler.Enqueue(Fetch(1));
  for (int i = 0; i < 2; ++i) scheduler.Enqueue(Fetch(2));
  std::vector<std::int64_t> lanes;
  std::int64_t number = 0;
  for (const Command& command : Sent(scheduler)) {
    lanes.push_back(command.lane);
    CHECK(command.number > number);
    number = command.number;
  }
  CHECK(lanes == std::vector<std::int64_t>{1, 2, 1, 2, 1});
}

TEST_CASE("definitions go before everything") {
  Scheduler scheduler(2);
  scheduler.Enqueue(Fetch(1));
  scheduler.Enqueue(Make(0, ForgetDistributions{.ids = {7}}, {0, 1}));
  const auto sent = Sent(scheduler);
  REQUIRE(sent.size() == 3);
  CHECK(std::holds_alternative<ForgetDistributions>(sent[0].body));
  CHECK(std::holds_alternative<FetchBytes>(sent[2].body));
}

TEST_CASE("what is under way is bounded") {
  Scheduler scheduler(1);
  for (int i = 0; i < 1000; ++i) scheduler.Enqueue(Fetch(1));
  const auto first = Sent(scheduler);
  CHECK(first.size() == 256);
  CHECK(Sent(scheduler).empty());
  for (const Command& command : first) scheduler.OnReply(ReplyTo(command, 0));
  CHECK(Sent(scheduler).size() == 256);
}

TEST_CASE("one file command at a time, over all lanes") {
  Scheduler scheduler(1);
  scheduler.Enqueue(Make(1, InspectHdf5{.target = 0, .path = "a", .dataset = "x"}, {0}));
  scheduler.Enqueue(Make(2, InspectHdf5{.target = 0, .path = "b", .dataset = "x"}, {0}));
  scheduler.Enqueue(Fetch(3));
  const auto sent = Sent(scheduler);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].lane == 1);
  CHECK(sent[1].lane == 3);
  scheduler.OnReply(ReplyTo(sent[0], 0));
  const auto next = Sent(scheduler);
  REQUIRE(next.size() == 1);
  CHECK(next[0].lane == 2);
}

TEST_CASE("a command ends with the last answer and the lowest failing target's status") {
  Scheduler scheduler(3);
  auto completion = std::make_shared<Completion>();
  int woken = 0;
  completion->waiters.emplace_back([&] { ++woken; });
  scheduler.Enqueue(Make(1, Redistribute{}, {0, 1, 2}, completion));
  const auto sent = Sent(scheduler);
  REQUIRE(sent.size() == 3);
  scheduler.OnReply(ReplyTo(sent[0], 2, Reason::kMemoryLimit, "two"));
  scheduler.OnReply(ReplyTo(sent[0], 0));
  CHECK_FALSE(completion->finished);
  scheduler.OnReply(ReplyTo(sent[0], 1, Reason::kInvalidValue, "one"));
  CHECK(completion->finished);
  CHECK(woken == 1);
  CHECK(completion->status.message() == "one");
  CHECK(scheduler.idle());
}

TEST_CASE("a failure takes the origin of the command that failed first") {
  Scheduler scheduler(1);
  auto first = std::make_shared<Completion>();
  first->origin = "a.py:1";
  auto second = std::make_shared<Completion>();
  second->origin = "a.py:2";
  second->inputs.push_back(first);
  scheduler.Enqueue(Fetch(1, first));
  scheduler.Enqueue(Fetch(1, second));
  for (const Command& command : Sent(scheduler)) {
    scheduler.OnReply(ReplyTo(command, 0, Reason::kInvalidValue, "bad"));
  }
  CHECK(second->origin == "a.py:1");
}

}  // namespace
}  // namespace distarray::server
