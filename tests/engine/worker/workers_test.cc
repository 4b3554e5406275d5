#include "engine/worker/workers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using nlohmann::json;

constexpr int kTarget = 1;
constexpr std::int64_t kOwner = 5;

FrameSocket Connect(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  return FrameSocket(std::move(fd));
}

/// The engine's side, and what it has answered.
struct Engine {
  std::string name = "workers_test-" + std::to_string(getpid());
  MemoryPool pool{nullptr, std::int64_t{64} << 20};
  BufferStore store;
  Workers workers{pool, store, kTarget};
  std::vector<CommandReply> answers;

  Engine() {
    workers.AnswerWith([this](const CommandReply& reply) { answers.push_back(reply); });
    REQUIRE(workers.Listen(name).ok());
    workers.Expect(1, {.pool = 1, .cookie = "secret"});
  }

  FrameSocket Join(const std::string& role, const std::string& cookie = "secret", int target = kTarget) {
    FrameSocket socket = Connect(name);
    const json hello = {{"type", "hello"}, {"pool", 1}, {"target", target}, {"cookie", cookie}, {"role", role}};
    REQUIRE(socket.Send(hello.dump(), "").ok());
    workers.Serve();
    return socket;
  }

  BufferPtr Stored(std::int64_t elements) {
    const auto block = pool.Allocate(kOwner, elements * 8);
    REQUIRE(block.ok());
    while (elements > 0 && !*pool.Prepare(*block, 1 << 20)) {
    }
    auto distribution = std::make_shared<Distribution>();
    distribution->dimensions = {DimensionMap::Block({0, 1, 1 + elements})};
    distribution->targets = {0, kTarget};
    return std::make_shared<Buffer>(&pool, *block, distribution, DType::kFloat64, kOwner);
  }

  void Call(std::int64_t number, CallId call, const std::string& payload = "") {
    Command envelope;
    envelope.number = number;
    envelope.owner = kOwner;
    workers.Call(envelope, {.pool = 1, .call = call, .job = "{\"x\":1}", .payload = payload, .allowance_bytes = 4096});
  }
};

/// The worker's side.
struct Peer {
  FrameSocket socket;

  std::vector<Frame> Heard() {
    std::vector<Frame> frames;
    (void)socket.Receive(frames);
    return frames;
  }
  Frame HeardOne() {
    std::vector<Frame> frames = Heard();
    REQUIRE(frames.size() == 1);
    return std::move(frames[0]);
  }
  void Say(const json& said, const std::string& payload = "") { REQUIRE(socket.Send(said.dump(), payload).ok()); }
};

struct Ready : Engine {
  Peer guard{Join("guard")};
  Peer worker{Join("worker")};
  Ready() {
    worker.Say({{"type", "ready"}});
    workers.Serve();
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].status().ok());
    answers.clear();
  }
  FunctionOutcome Outcome() {
    REQUIRE(answers.size() == 1);
    auto outcome = FunctionOutcome::Decode(answers[0].bytes);
    REQUIRE(outcome.ok());
    answers.clear();
    return *outcome;
  }
};

TEST_CASE("only who knows the cookie is let in") {
  Engine engine;
  Peer stranger{engine.Join("worker", "guess")};
  Peer elsewhere{engine.Join("worker", "secret", 0)};
  CHECK(engine.answers.empty());
  std::vector<Frame> frames;
  CHECK(absl::IsUnavailable(stranger.socket.Receive(frames)));
  CHECK(absl::IsUnavailable(elsewhere.socket.Receive(frames)));
}

TEST_CASE("who connects and says nothing keeps nobody out") {
  Engine engine;
  std::vector<FrameSocket> silent;
  for (int i = 0; i < 300; ++i) {
    silent.push_back(Connect(engine.name));
    engine.workers.Serve();
  }
  Peer guard{engine.Join("guard")};
  Peer worker{engine.Join("worker")};
  worker.Say({{"type", "ready"}});
  engine.workers.Serve();
  CHECK(engine.answers.size() == 1);
  std::vector<Frame> frames;
  CHECK(absl::IsUnavailable(silent.front().Receive(frames)));  // let go
  CHECK(silent.back().Receive(frames).ok());
}

TEST_CASE("what a worker says right after its hello is heard") {
  Engine engine;
  Peer guard{engine.Join("guard")};
  Peer worker{Connect(engine.name)};
  worker.Say({{"type", "hello"}, {"pool", 1}, {"target", kTarget}, {"cookie", "secret"}, {"role", "worker"}});
  worker.Say({{"type", "ready"}});
  engine.workers.Serve();
  CHECK(engine.answers.size() == 1);
}

TEST_CASE("a worker that asks without end does not keep the engine, nor take its memory") {
  Ready engine;
  engine.Call(1, 1);
  (void)engine.worker.HeardOne();
  for (int i = 0; i < 100'000 && !engine.worker.socket.wants_write(); ++i) {
    engine.worker.Say({{"type", "allocate"}, {"bytes", 0}});
  }
  REQUIRE(engine.worker.socket.wants_write());  // the engine has not read yet
  for (int i = 0; i < 3000; ++i) {
    engine.workers.Serve();
    while (engine.workers.Prepare()) {
    }
    if (engine.worker.socket.wants_write()) {
      REQUIRE(engine.worker.socket.Flush().ok());
    } else {
      engine.worker.Say({{"type", "allocate"}, {"bytes", 0}});
    }
  }
  // It does not read, so it is not heard.
  for (int i = 0; i < 100'000 && !engine.worker.socket.wants_write(); ++i) {
    engine.worker.Say({{"type", "allocate"}, {"bytes", 0}});
  }
  CHECK(engine.worker.socket.wants_write());
  CHECK(engine.worker.Heard().size() >= 1);
}

TEST_CASE("a call goes to the worker, and its result back") {
  Ready engine;
  engine.Call(7, 70, "pickle");
  const Frame frame = engine.worker.HeardOne();
  const json said = json::parse(frame.json);
  CHECK(said["type"] == "call");
  CHECK(said["call"] == 70);
  CHECK(said["arrays"] == json::array());
  CHECK(said["job"] == json{{"x", 1}});
  CHECK(frame.payload == "pickle");
  engine.worker.Say({{"type", "result"}, {"call", 69}}, "of another call");
  engine.workers.Serve();
  CHECK(engine.answers.empty());
  engine.worker.Say({{"type", "result"}, {"call", 70}, {"status", "ok"}}, "back");
  engine.workers.Serve();
  CHECK(engine.answers.at(0).number == 7);
  const FunctionOutcome outcome = engine.Outcome();
  CHECK(json::parse(outcome.result)["status"] == "ok");
  CHECK(outcome.payload == "back");
  CHECK(outcome.ended);
}

TEST_CASE("blocks are lent by descriptor, once, and read-only ones cannot be mapped for writing") {
  Ready engine;
  const BufferPtr large = engine.Stored(1 << 18);
  const BufferPtr empty = engine.Stored(0);
  std::memset(large->data(), 3, 8);
  for (const CallId call : {1, 2}) {
    FunctionCall& lent = engine.workers.CallOf(call, kOwner);
    lent.Borrow({.buffer = large, .distribution = large->distribution(), .dtype = DType::kFloat64, .writable = false});
    lent.Borrow({.buffer = empty, .distribution = empty->distribution(), .dtype = DType::kFloat64, .writable = true});
    lent.Borrow({});
    CHECK_FALSE(large->MayBeWritten());
    CHECK(large->MayBeRead());
    engine.Call(call, call);
    std::vector<Frame> frames = engine.worker.Heard();
    REQUIRE(frames.size() == (call == 1 ? 2 : 1));
    const json arrays = json::parse(frames.back().json)["arrays"];
    CHECK(arrays[0]["local_shape"] == json{1 << 18});
    CHECK(arrays[0]["bytes"] == 8 << 18);
    CHECK(arrays[0]["dtype"] == "float64");
    CHECK(arrays[0]["writable"] == false);
    CHECK(arrays[1]["bytes"] == 0);
    CHECK(arrays[2].is_null());
    if (call == 1) {
      const json mapped = json::parse(frames[0].json);
      CHECK(mapped["segments"][0]["segment"] == arrays[0]["segment"]);
      const int fd = frames[0].fds.at(0).get();
      CHECK(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
      const void* memory = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
      REQUIRE(memory != MAP_FAILED);
      CHECK(*static_cast<const char*>(memory) == 3);
    }
    engine.worker.Say({{"type", "result"}, {"call", call}, {"status", "ok"}});
    engine.workers.Serve();
    const FunctionOutcome outcome = engine.Outcome();
    CHECK(outcome.lent_bytes == 8 << 18);
    CHECK_FALSE(outcome.ended);
    engine.workers.End({.call = call});
    CHECK(large->MayBeWritten());
  }
}

TEST_CASE("what may be written has a mapping of its own, besides that for reading, until its segment is no more") {
  Ready engine;
  BufferPtr buffer = engine.Stored(1 << 18);
  const std::int64_t segment = buffer->block().segment;
  std::vector<json> mapped;
  CallId number = 0;
  for (const bool writable : {true, false, true, false}) {
    engine.workers.CallOf(++number, kOwner)
        .Borrow(
            {.buffer = buffer, .distribution = buffer->distribution(), .dtype = DType::kFloat64, .writable = writable});
    engine.Call(number, number);
    for (const Frame& frame : engine.worker.Heard()) {
      if (const json said = json::parse(frame.json); said["type"] == "map") {
        mapped.push_back(said["segments"]);
      }
    }
    engine.worker.Say({{"type", "result"}, {"call", number}, {"status", "ok"}});
    engine.workers.Serve();
    engine.workers.End({.call = number});
  }
  REQUIRE(mapped.size() == 2);
  CHECK(mapped[0] == json{{{"segment", segment}, {"writable", true}}});
  CHECK(mapped[1] == json{{{"segment", segment}, {"writable", false}}});
  buffer.reset();
  engine.Call(5, 5);
  const std::vector<Frame> frames = engine.worker.Heard();
  REQUIRE(frames.size() == 2);
  CHECK(json::parse(frames[0].json) == json{{"type", "forget"}, {"segments", {segment}}});
}

TEST_CASE("more arrays than descriptors go in a frame") {
  Ready engine;
  std::vector<BufferPtr> buffers;
  FunctionCall& call = engine.workers.CallOf(1, kOwner);
  for (int i = 0; i < 70; ++i) {
    buffers.push_back(engine.Stored(1 << 17));
    call.Borrow({.buffer = buffers.back(),
                 .distribution = buffers.back()->distribution(),
                 .dtype = DType::kFloat64,
                 .writable = true});
  }
  engine.Call(1, 1);
  const std::vector<Frame> frames = engine.worker.Heard();
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].fds.size() == FrameSocket::kDescriptorsMax);
  CHECK(frames[1].fds.size() == 70 - FrameSocket::kDescriptorsMax);
  CHECK(json::parse(frames[2].json)["arrays"].size() == 70);
}

TEST_CASE("the worker asks for memory, which becomes a buffer or is given back") {
  Ready engine;
  engine.Call(1, 1);
  (void)engine.worker.HeardOne();
  const auto ask = [&engine](std::int64_t bytes) {
    engine.worker.Say({{"type", "allocate"}, {"bytes", bytes}});
    engine.workers.Serve();
    while (engine.workers.Prepare()) {
    }
    return json::parse(engine.worker.Heard().back().json);
  };
  const json kept = ask(800);
  CHECK(kept["type"] == "allocated");
  CHECK(kept["bytes"] == 800);
  const json freed = ask(3296);
  CHECK(ask(1).contains("error"));  // past the allowance of the call
  engine.worker.Say({{"type", "free"}, {"block", freed["block"]}});
  engine.workers.Serve();
  CHECK_FALSE(ask(3296).contains("error"));
  CHECK(ask(-1).contains("error"));
  engine.worker.Say({{"type", "result"}, {"call", 1}, {"status", "ok"}});
  engine.workers.Serve();
  CHECK_FALSE(engine.Outcome().ended);

  auto distribution = std::make_shared<Distribution>();
  distribution->dimensions = {DimensionMap::Whole(100)};
  distribution->targets = {kTarget};
  const auto find = [&distribution](DistributionId) { return absl::StatusOr<DistributionPtr>(distribution); };
  Command envelope;
  envelope.owner = kOwner;
  const auto adopt = [&](BufferId buffer, std::int64_t block) {
    return engine.workers.Adopt(
        envelope,
        {.call = 1,
         .adoptions = {{.buffer = {.buffer = buffer, .distribution = 1, .dtype = DType::kFloat64},
                        .parts = {{.target = 0, .block = 77}, {.target = kTarget, .block = block}}}}},
        find);
  };
  CHECK(adopt(1, kept["block"].get<std::int64_t>()).ok());
  CHECK(engine.store.count() == 1);
  CHECK_FALSE(adopt(2, kept["block"].get<std::int64_t>()).ok());  // taken already
  CHECK_FALSE(adopt(3, 999).ok());
  CHECK_FALSE(adopt(4, 0).ok());  // 800 bytes are expected
  CHECK(engine.store.count() == 1);
  engine.workers.End({.call = 1});
}

TEST_CASE("a worker that ends loses its call, with what its guard says") {
  Ready engine;
  engine.Call(1, 1);
  SECTION("it dies") {
    engine.guard.Say({{"type", "ended"}, {"how", "signal 11"}, {"output", "last words"}});
    engine.workers.Serve();
    const json result = json::parse(engine.Outcome().result);
    CHECK(result["lost"] == "signal 11");
    CHECK(result["output"] == "last words");
  }
  SECTION("it hangs up: its guard is asked") {
    engine.worker.socket = FrameSocket(UniqueFd());
    engine.workers.Serve();
    CHECK(engine.answers.empty());
    CHECK(json::parse(engine.guard.HeardOne().json)["type"] == "hangup");
    engine.guard.Say({{"type", "limit"}, {"how", "closed its connection"}, {"output", ""}});
    engine.workers.Serve();
    CHECK(json::parse(engine.Outcome().result)["lost"] == "closed its connection");
  }
  SECTION("it says what no worker says") {
    engine.worker.Say({{"type", "nonsense"}});
    engine.workers.Serve();
    CHECK(json::parse(engine.guard.HeardOne().json)["type"] == "hangup");
    engine.guard.Say({{"type", "limit"}, {"how", "ended"}, {"output", ""}});
    engine.workers.Serve();
    CHECK(json::parse(engine.Outcome().result)["lost"] == "ended");
  }
  SECTION("its guard is killed") {
    engine.guard.socket = FrameSocket(UniqueFd());
    engine.workers.Serve();
    CHECK(json::parse(engine.Outcome().result).contains("lost"));
  }
  SECTION("its pool is dropped") {
    engine.workers.Drop({.pool = 1, .why = "timeout"});
    CHECK(json::parse(engine.Outcome().result)["lost"] == "timeout");
  }
  engine.Call(2, 2);
  CHECK(json::parse(engine.Outcome().result).contains("lost"));
}

TEST_CASE("an interrupt goes to the guard while the call runs, and not to the next one") {
  Ready engine;
  engine.workers.Interrupt({.call = 1});
  engine.Call(1, 1);
  (void)engine.worker.HeardOne();
  engine.workers.Interrupt({.call = 1});
  CHECK(json::parse(engine.guard.HeardOne().json)["type"] == "interrupt");
  engine.worker.Say({{"type", "result"}, {"call", 1}, {"status", "ok"}});
  engine.workers.Serve();
  engine.answers.clear();
  // It has returned, and the guard has not interrupted yet.
  engine.Call(2, 2);
  engine.workers.Serve();
  CHECK(engine.worker.Heard().empty());
  engine.guard.Say({{"type", "interrupted"}});
  engine.workers.Serve();
  CHECK(json::parse(engine.worker.HeardOne().json)["call"] == 2);
  CHECK(engine.answers.empty());
}

TEST_CASE("a call that comes when the worker has hung up waits for its guard's account") {
  Ready engine;
  engine.worker.socket = FrameSocket(UniqueFd());
  engine.workers.Serve();
  engine.Call(1, 1);
  CHECK(engine.answers.empty());
  engine.guard.Say({{"type", "ended"}, {"how", "signal 14"}, {"output", ""}});
  engine.workers.Serve();
  CHECK(json::parse(engine.Outcome().result)["lost"] == "signal 14");
}

TEST_CASE("what a worker says may be nested without end") {
  for (const std::string& deep : {std::string(200'000, '['), std::string(200'000, '[') + std::string(200'000, ']')}) {
    Ready engine;
    engine.Call(1, 1);
    (void)engine.worker.HeardOne();
    REQUIRE(engine.worker.socket.Send("{\"type\":\"result\",\"call\":1,\"value\":" + deep + "}", "").ok());
    engine.workers.Serve();
    while (engine.worker.socket.wants_write()) {
      REQUIRE(engine.worker.socket.Flush().ok());
      engine.workers.Serve();
    }
    engine.workers.Serve();
    CHECK(engine.answers.empty());
    CHECK(json::parse(engine.guard.HeardOne().json)["type"] == "hangup");
  }
}

}  // namespace
}  // namespace distarray
