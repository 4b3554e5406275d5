// What the client sends, and what it makes of answers, against a server without engines.
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "distarray/distarray.h"
#include "tests/client_cpp/fake_daemon.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

using Clock = std::chrono::steady_clock;

Context Connect(const FakeDaemon& daemon) {
  auto context = Context::Connect(daemon.address());
  REQUIRE(context.ok());
  return *std::move(context);
}

v1::Reply Failure(v1::ErrorReason reason, absl::StatusCode code, const std::string& message) {
  v1::Reply reply;
  reply.mutable_error()->set_reason(reason);
  reply.mutable_error()->set_code(static_cast<int>(code));
  reply.mutable_error()->set_message(message);
  reply.mutable_error()->add_targets(1);
  return reply;
}

TEST_CASE("an address that is no host:port is refused at once") {
  for (const char* const address : {"nonsense", "127.0.0.1", ":7755", "127.0.0.1:99999", "127.0.0.1:0", "http://a:1"}) {
    const absl::Status status = Context::Connect(address).status();
    CHECK(ReasonOf(status) == Reason::kInvalidValue);
    CHECK(std::string(status.message()).find(address) != std::string::npos);
  }
}

TEST_CASE("requests are numbered and name the keys of their results") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({4});
  const Array y = x + 1.5;
  REQUIRE(daemon.WaitForRequests(3));
  const auto requests = daemon.Requests();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK(requests[i].sequence() == static_cast<std::int64_t>(i) + 1);
  }
  CHECK(requests[0].open().client().find("cpp") != std::string::npos);
  CHECK(requests[1].create().key() == x.key());
  CHECK_FALSE(requests[1].awaited());
  const v1::UfuncRequest& ufunc = requests[2].ufunc();
  CHECK(ufunc.name() == "add");
  CHECK(ufunc.result() == y.key());
  CHECK(ufunc.operands(0).key() == x.key());
  CHECK(ufunc.operands(1).scalar().floating() == 1.5);
  CHECK(ufunc.operands(1).scalar().dtype() == v1::DTYPE_UNSPECIFIED);
}

TEST_CASE("a request larger than the daemon takes is an error, and the session goes on") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({4});
  const absl::Status refused = x.SaveHdf5(std::string(9 << 20, 'x'));
  CHECK(ReasonOf(refused) == Reason::kMessageTooLarge);
  const Array y = x + 1;
  REQUIRE(daemon.WaitForRequests(3));
  CHECK(daemon.Requests().back().sequence() == 3);
}

TEST_CASE("unsent requests go out by themselves, in batches") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  Array x = context.Zeros({4});
  for (int i = 0; i < 500; ++i) {
    x = x + 1;
  }
  REQUIRE(daemon.WaitForRequests(502));
  CHECK(daemon.Batches().size() < 100);
}

TEST_CASE("an awaited request takes the unsent ones with it, in order") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({4});
  REQUIRE(x.Wait().ok());
  const auto requests = daemon.Requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].has_create());
  CHECK(requests[2].wait().keys(0) == x.key());
  CHECK(requests[2].awaited());
}

TEST_CASE("handles that go delete their arrays, small ones together, large ones at once") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  std::vector<std::int64_t> keys;
  for (int i = 0; i < 20; ++i) {
    const Array small = context.Zeros({4});
    keys.push_back(small.key());
  }
  {
    const Array large = context.Zeros({1 << 20});
    const Array same = large;
    keys.push_back(large.key());
  }
  const Array after = context.Zeros({4});
  REQUIRE(context.Wait().ok());
  std::vector<std::int64_t> deleted;
  int deletes = 0;
  std::size_t large_deleted_at = 0;
  std::size_t after_made_at = 0;
  const auto requests = daemon.Requests();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].has_delete_()) {
      ++deletes;
      const auto& message = requests[i].delete_().keys();
      deleted.insert(deleted.end(), message.begin(), message.end());
      if (std::find(message.begin(), message.end(), keys.back()) != message.end()) {
        large_deleted_at = i;
      }
    }
    if (requests[i].has_create() && requests[i].create().key() == after.key()) {
      after_made_at = i;
    }
  }
  std::sort(deleted.begin(), deleted.end());
  CHECK(deleted == keys);
  CHECK(deletes < 10);
  CHECK(large_deleted_at < after_made_at);
}

TEST_CASE("a deletion alone is sent too") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  {
    const Array x = context.Zeros({4});
    REQUIRE(x.Wait().ok());
  }
  CHECK(daemon.WaitForRequests(4));
}

TEST_CASE("the client does not run ahead without bound") {
  FakeDaemon daemon;
  daemon.SetAnswer([](const v1::Request&, v1::Reply&) { return false; });
  const Context context = Connect(daemon);
  std::atomic<int> made = 0;
  std::thread maker([&] {
    const Array x = context.Zeros({4});
    while (made < 100000 && x.ok()) {
      static_cast<void>(x + 1);
      ++made;
    }
  });
  int before = -1;
  for (int i = 0; i < 100 && before != made; ++i) {
    before = made;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK(made < 20000);
  daemon.Break(absl::OkStatus());
  maker.join();  // goes on: nothing is sent any more
  CHECK(made == 100000);
}

TEST_CASE("large arrays travel in boxes of the daemon's size") {
  FakeDaemon daemon;  // at most 64 bytes a box
  const Context context = Connect(daemon);
  std::vector<double> elements(5 * 3);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    elements[i] = static_cast<double>(i);
  }
  const Array x = context.FromSpan(std::span<const double>(elements), {5, 3});
  const Array small = context.FromVector(std::vector<float>{1, 2, 3});
  REQUIRE(x.Wait().ok());
  std::string data;
  for (const v1::Request& request : daemon.Requests()) {
    if (request.put().key() == x.key()) {
      CHECK(request.put().data().size() <= 64);
      CHECK(request.put().start_size() == 2);
      data += request.put().data();
    } else if (request.put().key() == small.key() && request.has_put()) {
      CHECK(request.put().start().empty());
      CHECK(request.put().data().size() == 12);
    }
  }
  CHECK(data == std::string(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(double)));
}

TEST_CASE("chunks are laid end to end, and those that do not fit are an error") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({3}, DType::kUInt8);
  const auto answer_with = [&](std::int64_t offset, const std::string& data) {
    daemon.SetAnswer([=](const v1::Request&, v1::Reply& reply) {
      reply.mutable_chunk()->set_offset_bytes(offset);
      reply.mutable_chunk()->set_data(data);
      reply.mutable_chunk()->set_last(true);
      return true;
    });
  };
  answer_with(0, "\x01\x02\x03");
  CHECK(*x.ToVector<std::uint8_t>() == std::vector<std::uint8_t>{1, 2, 3});
  answer_with(0, "\x01\x02");
  CHECK(ReasonOf(x.ToVector<std::uint8_t>().status()) == Reason::kInternal);
  answer_with(0, "\x01\x02\x03\x04");
  CHECK(ReasonOf(x.ToVector<std::uint8_t>().status()) == Reason::kInternal);
  answer_with(2, "\x01");
  CHECK(ReasonOf(x.ToVector<std::uint8_t>().status()) == Reason::kInternal);
}

TEST_CASE("errors of the daemon carry their reason and targets") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({3});
  daemon.SetAnswer([](const v1::Request& request, v1::Reply& reply) {
    const auto sequence = request.sequence();
    reply = Failure(v1::ERROR_REASON_MEMORY_LIMIT, absl::StatusCode::kResourceExhausted, "too much");
    reply.mutable_error()->set_origin("heat.cc:7");
    reply.set_sequence(sequence);
    return true;
  });
  const absl::Status status = x.ToVector<double>().status();
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(ReasonOf(status) == Reason::kMemoryLimit);
  CHECK(TargetsOf(status) == std::vector<std::int32_t>{1});
  CHECK(status.message() == "too much [made at heat.cc:7]");
  CHECK(ReasonOf(absl::OkStatus()) == Reason::kUnspecified);
}

TEST_CASE("what cannot be recorded fails here, and what is made of it") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({3});
  const Array bad = x + context.Zeros({4});
  CHECK(ReasonOf(bad.status()) == Reason::kInvalidValue);
  CHECK(bad.key() == 0);
  const Array worse = Reduce("sum", (bad * 2.0).Slice({0}).Copy());
  CHECK(worse.status() == bad.status());
  CHECK(worse.Item<double>().status() == bad.status());
  CHECK(worse.Wait() == bad.status());
  CHECK(worse.Describe().status() == bad.status());
  CHECK(worse.SaveHdf5("/tmp/never") == bad.status());
  CHECK(x.Assign({}, bad) == bad.status());
  CHECK(ReasonOf(context.Zeros({-1}).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(x.ToVector<float>().status()) == Reason::kInvalidType);
  CHECK(ReasonOf(x.Item<double>().status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(Add(1, 2).status()) == Reason::kInvalidType);
  CHECK_FALSE(Array().ok());
  CHECK_FALSE((Array() + x).ok());
  CHECK(ReasonOf((x + Connect(daemon).Zeros({3})).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(x.Assign({Range(0, 2)}, x)) == Reason::kInvalidValue);
  CHECK(ReasonOf(x.Assign({5}, 1)) == Reason::kIndexOutOfRange);
}

TEST_CASE("a failed in-place operation is told once, by the next call that waits") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  Array x = context.Zeros({3}, DType::kInt32);
  x += 0.5;  // float64 does not convert to int32 in place
  CHECK(x.ok());
  CHECK(ReasonOf(x.Wait()) == Reason::kInvalidType);
  CHECK(x.Wait().ok());
  x += context.Zeros({2, 3}, DType::kInt32);
  CHECK(ReasonOf(context.Wait()) == Reason::kInvalidValue);
  x += 1;
  CHECK(context.Wait().ok());
  const auto requests = daemon.Requests();
  CHECK(std::count_if(requests.begin(), requests.end(),
                      [](const v1::Request& request) { return request.ufunc().in_place() != 0; }) == 1);
}

TEST_CASE("a large array is made when the daemon says so, and its error is its own") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  Array x = context.Zeros({3}, DType::kInt32);
  x += 0.5;  // fails
  CHECK(context.Zeros({2 << 20}).ok());
  const auto made = daemon.Requests().back();
  CHECK(made.has_create());
  CHECK(made.awaited());
  CHECK(ReasonOf(x.Wait()) == Reason::kInvalidType);
  daemon.SetAnswer([](const v1::Request& request, v1::Reply& reply) {
    reply = Failure(v1::ERROR_REASON_MEMORY_LIMIT, absl::StatusCode::kResourceExhausted, "too much");
    reply.set_sequence(request.sequence());
    return true;
  });
  const std::vector<double> elements(2 << 20);
  const Array refused = context.FromSpan(std::span<const double>(elements), {2 << 20});
  CHECK(ReasonOf(refused.status()) == Reason::kMemoryLimit);
  CHECK(context.Zeros({3}).ok());
  const auto requests = daemon.Requests();
  CHECK(std::none_of(requests.begin(), requests.end(), [](const v1::Request& request) { return request.has_put(); }));
}

TEST_CASE("a lost connection fails every call, and does not block") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  const Array x = context.Zeros({3});
  daemon.SetAnswer([](const v1::Request&, v1::Reply&) { return false; });
  std::thread breaker([&] {
    daemon.WaitForRequests(3);
    daemon.Break(absl::UnavailableError("restarting"));
  });
  const absl::Status status = x.Wait();
  breaker.join();
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(ReasonOf(status) == Reason::kSessionUnknown);
  CHECK(status.message().find("restarting") != absl::string_view::npos);
  const Array y = x + 1;
  CHECK(ReasonOf(y.ToVector<double>().status()) == Reason::kSessionUnknown);
}

TEST_CASE("the last handle closes the session") {
  FakeDaemon daemon;
  const auto start = Clock::now();
  {
    const Context context = Connect(daemon);
    static_cast<void>(context.Zeros({3}));
  }
  CHECK(Clock::now() - start < std::chrono::seconds(5));
  REQUIRE(daemon.WaitForRequests(3));
  CHECK(daemon.Requests().back().has_close());
}

TEST_CASE("connecting to nothing is an error with the address") {
  std::string address;
  {
    FakeDaemon daemon;
    address = daemon.address();
  }
  ContextOptions options;
  options.connect_timeout = absl::Milliseconds(300);
  const absl::Status status = Context::Connect(address, options).status();
  CHECK(ReasonOf(status) == Reason::kUnspecified);
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(status.message().find(address) != absl::string_view::npos);
}

TEST_CASE("a context works from several threads") {
  FakeDaemon daemon;
  const Context context = Connect(daemon);
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Array x = context.Zeros({3});
      for (int i = 0; i < 300; ++i) {
        x = x + 1;
        failures += i % 10 == 0 && !x.Wait().ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(failures == 0);
  std::int64_t expected = 1;
  for (const v1::Request& request : daemon.Requests()) {
    REQUIRE(request.sequence() == expected);
    ++expected;
  }
}

}  // namespace
}  // namespace distarray::inline client
