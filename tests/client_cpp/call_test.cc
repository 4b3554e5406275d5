// Calls of functions: what the client sends, and what it makes of answers, against a server without engines.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <complex>
#include <string>
#include <thread>

#include "distarray/distarray.h"
#include "tests/client_cpp/fake_daemon.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

using Results = v1::ApplyReply;

// Leaves calls unanswered; anything else is done.
bool AllButCalls(const v1::Request& request, v1::Reply& reply) {
  reply.mutable_done();
  return !request.has_apply();
}

struct Connected {
  Connected() : context(*Context::Connect(daemon.address())) { daemon.SetAnswer(AllButCalls); }

  // The n-th call, counted from 0; waits for it.
  v1::Request Call(std::size_t n) {
    for (int tries = 0; tries < 1000; ++tries) {
      std::size_t seen = 0;
      for (const v1::Request& request : daemon.Requests()) {
        if (request.has_apply() && seen++ == n) {
          return request;
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("the call was not sent");
    return {};
  }
  void Answer(const v1::Request& call, const Results& results) {
    v1::Reply reply;
    reply.set_sequence(call.sequence());
    *reply.mutable_apply() = results;
    daemon.Send(std::move(reply));
  }
  // Keys of which deletes were sent, ascending; waits until there are so many.
  std::vector<std::int64_t> Deleted(std::size_t count) {
    std::vector<std::int64_t> keys;
    for (int tries = 0; tries < 1000; ++tries) {
      keys.clear();
      for (const v1::Request& request : daemon.Requests()) {
        keys.insert(keys.end(), request.delete_().keys().begin(), request.delete_().keys().end());
      }
      if (keys.size() >= count) {
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  FakeDaemon daemon;
  Context context;
};

Results Number(std::int64_t number) {
  Results results;
  results.add_results()->mutable_plain()->mutable_scalar()->set_integer(number);
  return results;
}

void Fail(Results& results, std::int32_t target, v1::ErrorReason reason, const std::string& message) {
  Results::TargetResult& result = *results.add_results();
  result.set_target(target);
  result.mutable_error()->set_reason(reason);
  result.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kAborted));
  result.mutable_error()->set_message(message);
  result.mutable_error()->add_targets(target);
}

TEST_CASE("answers to calls come out of turn") {
  Connected the;
  const PendingCall first = the.context.ApplyAsync("first");
  const PendingCall second = the.context.ApplyAsync("second");
  CHECK(the.context.Wait().ok());  // sent after them, answered before
  CHECK_FALSE(first.done());
  CHECK_FALSE(first.WaitFor(absl::Milliseconds(20)));
  the.Answer(the.Call(1), Number(2));
  CHECK(second.Wait().results.at(0).value.To<int>().value() == 2);
  CHECK_FALSE(first.done());
  CHECK(the.context.Wait().ok());
  the.Answer(the.Call(0), Number(1));
  CHECK(first.WaitFor(absl::InfiniteDuration()));
  CHECK(first.Wait().results.at(0).value.To<int>().value() == 1);
  CHECK(first.Wait().results.size() == 1);  // the same again
}

TEST_CASE("answers to anything else must come in turn") {
  Connected the;
  the.daemon.SetAnswer([](const v1::Request&, v1::Reply&) { return false; });
  absl::Status statuses[2];
  std::thread first([&] { statuses[0] = the.context.Wait(); });
  REQUIRE(the.daemon.WaitForRequests(2));
  std::thread second([&] { statuses[1] = the.context.Wait(); });
  REQUIRE(the.daemon.WaitForRequests(3));
  v1::Reply reply;
  reply.set_sequence(the.daemon.Requests().back().sequence());
  reply.mutable_done();
  the.daemon.Send(reply);
  first.join();
  second.join();
  CHECK(ReasonOf(statuses[0]) == Reason::kSessionUnknown);
  CHECK(ReasonOf(statuses[1]) == Reason::kSessionUnknown);
}

TEST_CASE("what a call sends") {
  Connected the;
  const Array x = the.context.Zeros({3});
  const Array y = the.context.Zeros({3});
  const Value::Map map = {{"x", x}, {"bytes", Value::Bytes{std::string("\xff\x00", 2)}}};
  const PendingCall call =
      the.context.CallAsync("f", {x, 2.5, "text", Value::List{ReadOnly(y), {}, x, true}, map},
                            {.keywords = {{"scale", 3}}, .targets = {1, 0}, .timeout = absl::Milliseconds(1500)});
  const v1::Request request = the.Call(0);
  CHECK(request.awaited());
  CHECK_FALSE(request.operation().empty());
  const v1::ApplyRequest& apply = request.apply();
  CHECK(apply.function().registered() == "f");
  CHECK(apply.results() == v1::ApplyRequest::RESULTS_ARRAY);
  CHECK(apply.result() > y.key());
  CHECK(apply.plain_results());
  CHECK(apply.timeout_seconds() == 1.5);
  CHECK(std::vector<std::int32_t>(apply.targets().begin(), apply.targets().end()) == std::vector<std::int32_t>{1, 0});
  REQUIRE(apply.arrays_size() == 2);  // each once
  CHECK(apply.arrays(0).key() == x.key());
  CHECK_FALSE(apply.arrays(0).readonly());
  CHECK(apply.arrays(1).key() == y.key());
  CHECK(apply.arrays(1).readonly());
  REQUIRE(apply.arguments_size() == 6);
  CHECK(apply.arguments(0).value().has_array());
  CHECK(apply.arguments(0).value().array() == 0);
  CHECK(apply.arguments(1).value().scalar().floating() == 2.5);
  CHECK(apply.arguments(2).value().text() == "text");
  const v1::PlainValue::List& list = apply.arguments(3).value().list();
  REQUIRE(list.items_size() == 4);
  CHECK(list.items(0).array() == 1);
  CHECK(list.items(1).has_nothing());
  CHECK(list.items(2).has_array());
  CHECK(list.items(2).array() == 0);
  CHECK(list.items(3).scalar().boolean());
  CHECK(apply.arguments(4).value().map().entries().at("x").has_array());
  CHECK(apply.arguments(4).value().map().entries().at("bytes").data() == std::string("\xff\x00", 2));
  CHECK(apply.arguments(4).name().empty());
  CHECK(apply.arguments(5).name() == "scale");
  CHECK(apply.arguments(5).value().scalar().integer() == 3);

  const PendingCall other = the.context.ApplyAsync({"g", "def g(): pass"});
  const v1::Request next = the.Call(1);
  CHECK(next.operation() != request.operation());
  CHECK(next.apply().function().source() == "def g(): pass");
  CHECK(next.apply().function().name() == "g");
  CHECK(next.apply().results() == v1::ApplyRequest::RESULTS_VALUES);
  CHECK(next.apply().result() == 0);
  CHECK(next.apply().timeout_seconds() == 0);

  call.Cancel();
  REQUIRE(the.context.Wait().ok());
  const auto requests = the.daemon.Requests();
  CHECK(std::count_if(requests.begin(), requests.end(),
                      [&](const v1::Request& each) { return each.cancel().operation() == request.operation(); }) == 1);
}

TEST_CASE("arguments that cannot travel are refused at once, and the session goes on") {
  Connected the;
  const Connected other;
  const Array x = the.context.Zeros({3});
  Value deep = Value::List{std::complex<double>(1, 2)};
  for (int i = 0; i < 29; ++i) {
    deep = Value::Map{{"in", deep}};
  }
  CHECK(ReasonOf(the.context.Call("f", {Value::List{deep}}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {"\xff"}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {Value::Map{{"\xff", 1}}}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("\xff").status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call({"f", "\xff"}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Register("f", "\xff")) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Unregister("\xff")) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {}, {.keywords = {{"", 1}}}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {}, {.keywords = {{"\xff", 1}}}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {}, {.timeout = absl::ZeroDuration()}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {other.context.Zeros({3})}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {Array()}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {x + the.context.Zeros({4})}).status) == Reason::kInvalidValue);
  CHECK(ReasonOf(the.context.Call("f", {std::string(9 << 20, 'x')}).status) == Reason::kMessageTooLarge);
  const PendingCall refused = the.context.CallAsync("f", {"x", Value::List{"\xff"}});
  CHECK(refused.done());
  refused.Cancel();
  CHECK(refused.Wait().status.message() == "argument 1: text that is not UTF-8 given; Value::Bytes takes any");
  CHECK(refused.Wait().results.empty());
  REQUIRE(the.context.Wait().ok());
  const auto requests = the.daemon.Requests();
  CHECK(std::none_of(requests.begin(), requests.end(), [](const v1::Request& request) { return request.has_apply(); }));

  // As deep as may be: the server reads it.
  const PendingCall call = the.context.ApplyAsync("f", {deep});
  CHECK(the.Call(0).apply().arguments(0).value().map().entries().contains("in"));
  CHECK(the.context.Wait().ok());
}

TEST_CASE("an array that comes of a call, and its deletion") {
  Connected the;
  const PendingCall call = the.context.CallAsync("f");
  const std::int64_t key = the.Call(0).apply().result();
  Results results;
  results.mutable_array()->set_key(key);
  results.mutable_array()->add_shape(7);
  results.mutable_array()->set_dtype(v1::DTYPE_INT16);
  results.add_results();
  the.Answer(the.Call(0), results);
  {
    CallResult result = call.Wait();
    CHECK(result.ok());
    REQUIRE(result.array.has_value());
    CHECK(result.array->key() == key);
    CHECK(result.array->shape() == Shape{7});
    CHECK(result.array->dtype() == DType::kInt16);
    CHECK(call.Wait().array->key() == key);
  }
  REQUIRE(the.context.Wait().ok());
  CHECK(the.Deleted(0).empty());
  results.mutable_array()->set_dtype(v1::DTYPE_UNSPECIFIED);
  const PendingCall unknown = the.context.CallAsync("f");
  the.Answer(the.Call(1), results);
  CHECK(ReasonOf(unknown.Wait().status) == Reason::kInternal);
  CHECK(the.Deleted(1) == std::vector<std::int64_t>{the.Call(1).apply().result()});
}

TEST_CASE("what a call returns that nobody waits for is deleted") {
  Connected the;
  Results results;
  results.mutable_array()->set_nbytes(1 << 20);
  Results::TargetResult& result = *results.add_results();
  result.mutable_local_array()->mutable_part()->set_key(-1);
  result.mutable_pickled_part()->set_key(-2);
  result.add_buffers()->set_key(-3);
  std::int64_t keys[2];
  {
    const PendingCall call = the.context.CallAsync("f");
    keys[0] = the.Call(0).apply().result();
  }
  the.Answer(the.Call(0), results);  // after the handle has gone
  CHECK(the.Deleted(4) == std::vector<std::int64_t>{-3, -2, -1, keys[0]});
  {
    const PendingCall call = the.context.CallAsync("f");
    keys[1] = the.Call(1).apply().result();
    the.Answer(the.Call(1), results);
    REQUIRE(call.WaitFor(absl::Seconds(10)));
  }
  CHECK(the.Deleted(8) == std::vector<std::int64_t>{-3, -3, -2, -2, -1, -1, keys[0], keys[1]});
}

TEST_CASE("a failed call: the first cause leads, and nothing is lost of the others") {
  Connected the;
  Results results;
  Fail(results, 3, v1::ERROR_REASON_WORKER_LOST, "on target 3: did not return (on target 1: ValueError: bad)");
  Fail(results, 1, v1::ERROR_REASON_FUNCTION_FAILED, "on target 1: ValueError: bad");
  Results::TargetResult& failed = *results.mutable_results(1);
  failed.mutable_exception()->set_type("ValueError");
  failed.mutable_exception()->set_traceback("Traceback:\n  line 7");
  failed.set_output("so far");
  failed.set_output_truncated(true);
  Results::Warning& warning = *failed.add_warnings();
  warning.set_category("UserWarning");
  warning.set_message("careful");
  warning.set_filename("f.py");
  warning.set_line(3);
  Results::TargetResult& fine = *results.add_results();
  fine.set_target(2);
  fine.mutable_plain()->set_text("fine");
  const PendingCall call = the.context.CallAsync("f");
  the.Answer(the.Call(0), results);
  const CallResult result = call.Wait();
  CHECK_FALSE(result.ok());
  CHECK(ReasonOf(result.status) == Reason::kFunctionFailed);
  CHECK(result.status.code() == absl::StatusCode::kAborted);
  CHECK(result.status.message() == "on target 1: ValueError: bad\nTraceback:\n  line 7");
  CHECK(TargetsOf(result.status) == std::vector<std::int32_t>{3, 1});
  CHECK_FALSE(result.array.has_value());
  REQUIRE(result.results.size() == 3);
  CHECK(ReasonOf(result.results[0].status) == Reason::kWorkerLost);
  CHECK(TargetsOf(result.results[0].status) == std::vector<std::int32_t>{3});
  CHECK(result.results[1].status.message() == result.status.message());
  CHECK(result.results[1].exception_type == "ValueError");
  CHECK(result.results[1].traceback == "Traceback:\n  line 7");
  CHECK(result.results[1].output == "so far");
  CHECK(result.results[1].output_truncated);
  REQUIRE(result.results[1].warnings.size() == 1);
  CHECK(result.results[1].warnings[0].category == "UserWarning");
  CHECK(result.results[1].warnings[0].message == "careful");
  CHECK(result.results[1].warnings[0].filename == "f.py");
  CHECK(result.results[1].warnings[0].line == 3);
  CHECK(result.results[2].status.ok());
  CHECK(result.results[2].target == 2);
  CHECK(*result.results[2].value.text() == "fine");
  // The daemon has made its key a failed array.
  CHECK(the.Deleted(1) == std::vector<std::int64_t>{the.Call(0).apply().result()});

  // Of two lost workers, the one that was not ended because of the other.
  Results lost;
  Fail(lost, 0, v1::ERROR_REASON_WORKER_LOST, "on target 0: did not return (target 1 ended: signal 11)");
  Fail(lost, 1, v1::ERROR_REASON_WORKER_LOST, "target 1 ended: signal 11");
  const PendingCall other = the.context.ApplyAsync("f");
  the.Answer(the.Call(1), lost);
  CHECK(other.Wait().status.message() == "target 1 ended: signal 11");
}

TEST_CASE("a call that the daemon refuses, and one whose connection breaks") {
  Connected the;
  const PendingCall refused = the.context.CallAsync("f");
  v1::Reply reply;
  reply.set_sequence(the.Call(0).sequence());
  reply.mutable_error()->set_reason(v1::ERROR_REASON_UNKNOWN_KEY);
  reply.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kNotFound));
  the.daemon.Send(reply);
  CHECK(ReasonOf(refused.Wait().status) == Reason::kUnknownKey);
  CHECK(refused.Wait().results.empty());
  CHECK(the.Deleted(1) == std::vector<std::int64_t>{the.Call(0).apply().result()});

  const PendingCall call = the.context.CallAsync("f");
  the.Call(1);
  the.daemon.Break(absl::UnavailableError("restarting"));
  CHECK(ReasonOf(call.Wait().status) == Reason::kSessionUnknown);
  CHECK(ReasonOf(the.context.Call("f").status) == Reason::kSessionUnknown);
}

TEST_CASE("a reply that cannot be read ends the session, instead of leaving everybody waiting") {
  Connected the;
  Results results;
  v1::PlainValue* value = results.add_results()->mutable_plain();
  for (int i = 0; i < 60; ++i) {  // more than protocol buffers read
    value = value->mutable_list()->add_items();
  }
  const PendingCall call = the.context.ApplyAsync("f");
  the.Answer(the.Call(0), results);
  REQUIRE(call.WaitFor(absl::Seconds(10)));
  CHECK(ReasonOf(call.Wait().status) == Reason::kSessionUnknown);
  CHECK(ReasonOf(the.context.Wait()) == Reason::kSessionUnknown);
}

TEST_CASE("pickles are refused, not passed over") {
  Connected the;
  Results results;
  results.add_results()->set_pickled("\x80\x05N.");
  const PendingCall call = the.context.ApplyAsync("f");
  the.Answer(the.Call(0), results);
  CHECK(ReasonOf(call.Wait().status) == Reason::kInternal);
  results.mutable_results(0)->mutable_pickled_part()->set_key(-5);
  const PendingCall large = the.context.ApplyAsync("f");
  the.Answer(the.Call(1), results);
  CHECK(ReasonOf(large.Wait().results.at(0).status) == Reason::kInternal);
  CHECK(the.Deleted(1) == std::vector<std::int64_t>{-5});
}

TEST_CASE("local arrays are read and deleted; an error that is not theirs goes to whom it concerns") {
  Connected the;
  Results results;
  Results::LocalPart& part = *results.add_results()->mutable_local_array();
  part.set_dtype(v1::DTYPE_UINT8);
  part.add_shape(2);
  part.set_dim_data("[]");
  part.mutable_part()->set_key(-1);
  part.mutable_part()->set_bytes(2);
  int gets = 0;
  the.daemon.SetAnswer([&gets](const v1::Request& request, v1::Reply& reply) {
    if (request.has_get() && gets++ == 0) {
      reply.mutable_error()->set_reason(v1::ERROR_REASON_INVALID_VALUE);
      reply.mutable_error()->set_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
    } else if (request.has_get()) {
      reply.mutable_chunk()->set_data("\x01\x02");
      reply.mutable_chunk()->set_last(true);
    } else {
      reply.mutable_done();
    }
    return !request.has_apply();
  });
  const PendingCall call = the.context.ApplyAsync("f");
  the.Answer(the.Call(0), results);
  const CallResult result = call.Wait();
  REQUIRE(result.ok());
  REQUIRE(result.results.at(0).local_array.has_value());
  CHECK(result.results[0].local_array->shape == Shape{2});
  CHECK(result.results[0].local_array->dim_data == "[]");
  CHECK(*result.results[0].local_array->ToVector<std::uint8_t>() == std::vector<std::uint8_t>{1, 2});
  CHECK(the.Deleted(1) == std::vector<std::int64_t>{-1});
  CHECK(ReasonOf(the.context.Wait()) == Reason::kInvalidValue);
  CHECK(the.context.Wait().ok());

  part.mutable_part()->set_bytes(3);
  const PendingCall wrong = the.context.ApplyAsync("f");
  the.Answer(the.Call(1), results);
  CHECK(ReasonOf(wrong.Wait().status) == Reason::kInternal);
}

TEST_CASE("cancelling does not wait, also when much is under way") {
  Connected the;
  the.daemon.SetAnswer([](const v1::Request&, v1::Reply&) { return false; });
  const PendingCall call = the.context.ApplyAsync("f");
  const Array x = the.context.Zeros({3});
  std::atomic<int> made = 0;
  std::thread maker([&] {
    for (; made < 20000; ++made) {
      static_cast<void>(x + 1);
    }
  });
  for (int before = -1; before != made;) {  // until it waits for the daemon
    before = made;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  CHECK(made < 20000);
  call.Cancel();
  bool sent = false;
  for (int tries = 0; tries < 1000 && !sent; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto requests = the.daemon.Requests();
    sent = std::any_of(requests.begin(), requests.end(), [](const v1::Request& each) { return each.has_cancel(); });
  }
  CHECK(sent);
  the.daemon.Break(absl::OkStatus());
  maker.join();
  CHECK(ReasonOf(call.Wait().status) == Reason::kSessionUnknown);
}

TEST_CASE("registered functions are listed as the daemon tells of them") {
  Connected the;
  the.daemon.SetAnswer([](const v1::Request& request, v1::Reply& reply) {
    if (request.has_functions()) {
      v1::FunctionsReply::Entry& entry = *reply.mutable_functions()->add_functions();
      entry.set_name("f");
      entry.set_source("def f(): pass");
      entry.set_calls(3);
      reply.mutable_functions()->add_functions()->set_python_version("3.11");
    } else {
      reply.mutable_done();
    }
    return true;
  });
  REQUIRE(the.context.Register("f", "def f(): pass").ok());
  REQUIRE(the.context.Unregister("f").ok());
  const auto requests = the.daemon.Requests();
  CHECK(requests[1].register_().name() == "f");
  CHECK(requests[1].register_().function().source() == "def f(): pass");
  CHECK(requests[1].register_().function().name() == "f");
  CHECK_FALSE(requests[1].register_().remove());
  CHECK(requests[2].register_().name() == "f");
  CHECK(requests[2].register_().remove());
  const auto functions = the.context.Functions();
  REQUIRE(functions.ok());
  REQUIRE(functions->size() == 2);
  CHECK(functions->at(0).name == "f");
  CHECK(functions->at(0).source == "def f(): pass");
  CHECK(functions->at(0).calls == 3);
  CHECK(functions->at(1).python_version == "3.11");
}

}  // namespace
}  // namespace distarray::inline client
