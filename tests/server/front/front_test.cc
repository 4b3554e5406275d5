// Sessions: order, errors that surface at the first read, retries, ends.
#include "tests/server/front/front_harness.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using H = FrontHarness;

TEST_CASE("an engine's failure is the array's, and that of all computed from it, with the line that made it") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {100}));
  harness.Send(client, H::Wait(), true);
  harness.Run();
  harness.engine = [](const Command& command, CommandReply& reply) {
    if (std::holds_alternative<RunProgram>(command.body)) {
      reply.reason = Reason::kInvalidValue;
      reply.message = "no";
    }
  };
  v1::Request bad = H::Ufunc(2, "sin", {1});
  bad.set_origin("a.py:3");
  harness.Send(client, bad);
  harness.Send(client, H::Ufunc(3, "cos", {2}));
  const auto get = harness.Send(client, H::Get(3), true);
  harness.Run();
  REQUIRE(harness.ReplyTo(client, get) != nullptr);
  CHECK(harness.ReplyTo(client, get)->error().message() == "no");
}

TEST_CASE("a bad request makes its key a failed one") {
  H harness;
  const PeerId client = harness.Connect();
  v1::Request bad = H::Ufunc(2, "no_such_function", {});
  bad.set_origin("a.py:3");
  harness.Send(client, bad);
  harness.Send(client, H::Ufunc(3, "cos", {2}));
  const auto get = harness.Send(client, H::Get(3), true);
  REQUIRE(harness.ReplyTo(client, get)->has_error());
  CHECK(harness.ReplyTo(client, get)->error().reason() == v1::ERROR_REASON_UNKNOWN_OPERATION);
  CHECK(harness.ReplyTo(client, get)->error().origin() == "a.py:3");
  CHECK(harness.ReplyTo(client, harness.Send(client, H::Get(99), true))->error().reason() ==
        v1::ERROR_REASON_UNKNOWN_KEY);
}

TEST_CASE("a repeated request is answered again and not carried out again") {
  H harness;
  const PeerId client = harness.Connect();
  const auto sequence = harness.Send(client, H::Zeros(1, {4}), true);
  v1::Request again = H::Zeros(1, {4});
  again.set_sequence(sequence);
  again.set_awaited(true);
  v1::RequestBatch batch;
  *batch.add_requests() = again;
  harness.front.OnReceived(client, std::move(batch), nullptr, 0);
  const auto replies = harness.Replies(client, sequence);
  REQUIRE(replies.size() == 2);
  CHECK(replies[1].has_array());
}

TEST_CASE("an assignment that fails leaves the array, and the next awaited operation tells") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  v1::Request assign;
  assign.mutable_assign()->set_key(1);
  assign.mutable_assign()->set_array(77);
  harness.Send(client, assign);
  CHECK(harness.ReplyTo(client, harness.Send(client, H::Get(1), true))->error().reason() ==
        v1::ERROR_REASON_UNKNOWN_KEY);
  const auto second = harness.Send(client, H::Get(1), true);
  harness.Run();
  CHECK(harness.ReplyTo(client, second)->has_chunk());
}

TEST_CASE("a session without a connection ends after its grace period and frees its arrays") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  harness.Send(client, H::Wait(), true);
  harness.Run();
  harness.front.OnDisconnected(client, 100);
  CHECK(harness.front.Expire(105) > 0);
  CHECK(harness.freed.empty());
  CHECK(harness.front.Expire(111) < 0);
  harness.front.Settle();
  harness.Run();
  CHECK(harness.freed.size() == 1);
}

v1::Request Close() {
  v1::Request request;
  request.mutable_close();
  return request;
}

TEST_CASE("one client's end is nobody else's") {
  H harness;
  const PeerId first = harness.Connect();
  const PeerId second = harness.Connect();
  harness.Send(first, H::Zeros(1, {4}));
  const PeerId caller = harness.Call(first, H::Wait({1}));
  harness.Send(second, Close(), true);
  CHECK(harness.Ended(second));
  CHECK_FALSE(harness.Ended(first));
  CHECK_FALSE(harness.Ended(caller));
  harness.Run();
  REQUIRE(harness.Told(caller).size() == 1);
  CHECK(harness.Told(caller)[0].has_done());
}

TEST_CASE("a session that is closed answers what it still owes") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  const PeerId caller = harness.Call(client, H::Wait({1}));
  v1::RequestBatch batch;
  *batch.add_requests() = Close();
  batch.mutable_requests(0)->set_sequence(3);
  batch.mutable_requests(0)->set_awaited(true);
  harness.front.OnReceived(client, std::move(batch), nullptr, 0);
  harness.front.Settle();
  REQUIRE(harness.Told(caller).size() == 1);
  CHECK(harness.Told(caller)[0].error().reason() == v1::ERROR_REASON_SESSION_UNKNOWN);
  REQUIRE(harness.ReplyTo(client, 3) != nullptr);
  CHECK(harness.ReplyTo(client, 3)->has_done());
}

TEST_CASE("what a closed session's work under way still held is freed when it ends") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {1000}));
  harness.Send(client, H::Wait({1}), true);  // under way: nothing has been answered yet
  const auto outgoing = harness.front.scheduler().TakeOutgoing();
  harness.Send(client, Close(), true);
  harness.front.OnDisconnected(client, 0);
  harness.front.Settle();
  for (const auto& message : outgoing) {
    const Command command = *Command::Decode(*message.bytes);
    if (HasReply(command.body)) {
      harness.front.OnReply({.number = command.number, .target = message.target});
    }
  }
  harness.Run();
  CHECK(harness.freed.size() == 1);
  CHECK(harness.front.scheduler().idle());
}

TEST_CASE("a session is not ended while somebody waits for its answer") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  const PeerId caller = harness.Call(client, H::Wait({1}));
  harness.front.OnDisconnected(client, 100);
  CHECK(harness.front.Expire(200) > 0);
  harness.Run();
  CHECK(harness.Told(caller).size() == 1);
  CHECK(harness.front.Expire(300) < 0);
}

TEST_CASE("a session whose client is gone ends although its function runs on") {
  H harness;
  const PeerId client = harness.Connect();
  v1::Request request;
  request.mutable_apply()->mutable_function()->set_source("def f(): pass");
  request.mutable_apply()->mutable_function()->set_name("f");
  request.mutable_apply()->set_results(v1::ApplyRequest::RESULTS_VALUES);
  harness.Send(client, request, true);
  REQUIRE(harness.pools_started == std::vector<PoolId>{1});
  harness.front.OnPoolStarted(1, "cookie");
  const auto sent = [&harness](auto answered) {
    std::vector<Command> commands;
    for (const auto& message : harness.front.scheduler().TakeOutgoing()) {
      commands.push_back(*Command::Decode(*message.bytes));
      if (std::holds_alternative<decltype(answered)>(commands.back().body)) {
        harness.front.OnReply({.number = commands.back().number, .target = message.target});
      }
    }
    harness.front.Settle();
    return commands;
  };
  sent(ExpectWorkers());
  const auto calls = sent(ExpectWorkers());
  REQUIRE(calls.size() == 2);  // one an engine
  CHECK(std::holds_alternative<CallFunction>(calls[0].body));
  harness.front.Expire(50);
  harness.front.OnDisconnected(client, 100);
  CHECK(harness.front.Expire(105) > 0);
  harness.front.Expire(200);
  const auto interrupts = sent(ExpectWorkers());
  REQUIRE(interrupts.size() == 2);
  CHECK(std::holds_alternative<InterruptCall>(interrupts[0].body));
  harness.front.Expire(201);
  CHECK(harness.pools_stopped.empty());
  harness.front.Expire(202);  // that it was interrupted has not helped
  CHECK(harness.pools_stopped == std::vector<PoolId>{1});
}

TEST_CASE("a front that is to stop refuses what is new and ends what it took") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  const auto wait = harness.Send(client, H::Wait({1}), true);
  harness.front.StopTaking();
  const auto refused = harness.Send(client, H::Wait({1}), true);
  CHECK(harness.ReplyTo(client, refused)->error().reason() == v1::ERROR_REASON_SHUTTING_DOWN);
  harness.Run();
  CHECK(harness.ReplyTo(client, wait)->has_done());
}

TEST_CASE("elements that were sent count as held until an engine has them") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  auto receipt = std::make_shared<int>();
  harness.Send(client, H::Put(1, {1, 2, 3, 4}), false, receipt);
  const std::weak_ptr<int> held = std::exchange(receipt, nullptr);
  CHECK_FALSE(held.expired());
  harness.Run();
  CHECK(held.expired());
}

TEST_CASE("requests wait while a session's commands wait for the engines; other sessions' do not") {
  H harness;
  const PeerId client = harness.Connect();
  const PeerId other = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  harness.Send(other, H::Zeros(1, {4}));
  auto receipt = std::make_shared<int>();
  for (int i = 0; i < 1000; ++i) {
    harness.Send(client, H::Put(1, {1, 2, 3, 4}), false, receipt);
  }
  const auto last = harness.Send(client, H::Put(1, {5, 6, 7, 8}), true);
  const auto others = harness.Send(other, H::Put(1, {5, 6, 7, 8}), true);
  CHECK(harness.ReplyTo(client, last) == nullptr);
  CHECK(harness.ReplyTo(other, others)->has_done());
  harness.Run();
  CHECK(harness.ReplyTo(client, last)->has_done());
  CHECK(receipt.use_count() == 1);
  CHECK(harness.Of<StoreBytes>().size() == 1002);
}

TEST_CASE("a stream whose client will send no more ends when it has its answers") {
  H harness;
  const PeerId client = harness.Connect();
  harness.Send(client, H::Zeros(1, {4}));
  const auto wait = harness.Send(client, H::Wait({1}), true);
  harness.front.OnHalfClosed(client);
  harness.front.Expire(0);
  CHECK_FALSE(harness.Ended(client));
  harness.Run();
  harness.front.Expire(0);
  CHECK(harness.ReplyTo(client, wait)->has_done());
  CHECK(harness.Ended(client));
}

TEST_CASE("sessions do not see each other's keys") {
  H harness;
  const PeerId first = harness.Connect();
  const PeerId second = harness.Connect();
  harness.Send(first, H::Zeros(1, {4}));
  CHECK(harness.ReplyTo(second, harness.Send(second, H::Get(1), true))->has_error());
}

}  // namespace
}  // namespace distarray::server
