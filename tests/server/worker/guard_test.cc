#include "server/worker/guard.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/worker/frame.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

using nlohmann::json;

/// An engine, and a guard (a process) that watches over a shell.
class Bench {
 public:
  explicit Bench(const std::string& script, GuardOptions options = {}) {
    std::string pattern = (std::filesystem::temp_directory_path() / "guard_test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    static int count = 0;
    const std::string name = "guard_test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener.get(), 4) == 0);
    options.pool = 3;
    options.target = 1;
    options.targets = 2;
    options.cookie = "secret";
    options.engine_socket = name;
    options.scratch = folder_;
    options.command = {"/bin/sh", "-c", script};
    pid_ = fork();
    if (pid_ == 0) {
      _exit(RunGuard(options));
    }
    for (int i = 0; i < 2; ++i) {
      FrameSocket joined(UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
      const json hello = Next(joined);
      CHECK(hello["type"] == "hello");
      CHECK(hello["pool"] == 3);
      CHECK(hello["target"] == 1);
      CHECK(hello["cookie"] == "secret");
      (hello["role"] == "guard" ? guard_ : worker_).emplace(std::move(joined));
    }
    REQUIRE(guard_.has_value());
    REQUIRE(worker_.has_value());
  }
  ~Bench() {
    guard_.reset();
    worker_.reset();
    waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  static json Next(FrameSocket& socket) {
    std::vector<Frame> frames;
    while (frames.empty()) {
      pollfd waited{.fd = socket.fd(), .events = POLLIN, .revents = 0};
      REQUIRE(poll(&waited, 1, 60000) == 1);
      const absl::Status status = socket.Receive(frames);
      REQUIRE((status.ok() || !frames.empty()));
    }
    return json::parse(frames[0].json);
  }
  json Told() {
    while (told_.empty()) {
      pollfd waited{.fd = guard_->fd(), .events = POLLIN, .revents = 0};
      REQUIRE(poll(&waited, 1, 60000) == 1);
      const absl::Status status = guard_->Receive(told_);
      REQUIRE((status.ok() || !told_.empty()));
    }
    json first = json::parse(told_.front().json);
    told_.erase(told_.begin());
    return first;
  }
  bool Has(const std::string& file) const { return std::filesystem::exists(folder_ + "/" + file); }
  void Order(const char* type) { REQUIRE(guard_->Send(json{{"type", type}}.dump(), "").ok()); }
  /// The engine lets the guard go; returns whether the guard has ended by itself.
  bool Part() {
    guard_.reset();
    worker_.reset();
    int status = 0;
    return waitpid(std::exchange(pid_, -1), &status, 0) > 0 && WIFEXITED(status);
  }

 private:
  std::string folder_;
  pid_t pid_ = -1;
  std::optional<FrameSocket> guard_;
  std::optional<FrameSocket> worker_;
  std::vector<Frame> told_;
};

TEST_CASE("how a worker ended is told, with what it had printed") {
  Bench bench("echo to stdout; echo to stderr >&2; exit 3");
  const json told = bench.Told();
  CHECK(told["type"] == "ended");
  CHECK(told["how"] == "exit code 3");
  CHECK(told["output"] == "to stdout\nto stderr\n");
}

TEST_CASE("a signal, and being stopped") {
  Bench killed("kill -SEGV $$");
  CHECK(killed.Told()["how"] == "signal 11 (Segmentation fault)");
  Bench stopped("kill -STOP $$");
  const json told = stopped.Told();
  CHECK(told["type"] == "stopped");
  CHECK(told["how"].get<std::string>().find("signal 19") != std::string::npos);
}

TEST_CASE("the worker has the engine's connection, variables and limits, and nothing else") {
  setenv("DISTARRAYD_SECRET", "must not be seen", 1);
  GuardOptions options;
  options.limits.file_bytes = 1 << 20;
  options.limits.cpu_seconds = 100;
  Bench bench(
      "echo target=$DISTARRAY_TARGET/$DISTARRAY_TARGETS secret=$DISTARRAYD_SECRET; pwd; ulimit -f; ulimit -t; ulimit "
      "-c;"
      "ls /proc/self/fd | tr '\\n' ' '; test -S /proc/self/fd/$DISTARRAY_WORKER_FD && echo socket;"
      "grep -E '^(NoNewPrivs|CapEff|CapBnd)' /proc/self/status; exit 0",
      options);
  unsetenv("DISTARRAYD_SECRET");
  const std::string output = bench.Told()["output"];
  INFO(output);
  CHECK(output.find("target=1/2 secret=\n") != std::string::npos);
  CHECK(output.find("guard_test-") != std::string::npos);
  CHECK(output.find("\n2048\n100\n0\n") != std::string::npos);  // blocks of 512 bytes, seconds, no core
  CHECK(output.find("socket") != std::string::npos);
  CHECK(output.find("NoNewPrivs:\t1") != std::string::npos);
  CHECK(output.find("CapEff:\t0000000000000000") != std::string::npos);
}

TEST_CASE("limits that the kernel does not keep") {
  GuardOptions options;
  SECTION("the scratch folder") {
    options.limits.scratch_bytes = 1 << 20;
    Bench bench("head -c 3000000 /dev/zero > file; sleep 600", options);
    const json told = bench.Told();
    CHECK(told["type"] == "limit");
    CHECK(told["how"].get<std::string>().find("--worker-scratch") != std::string::npos);
  }
  SECTION("processes") {
    options.limits.processes = 20;
    // Where the user id is shared the kernel's limit counts all its processes.
    Bench bench("for i in $(seq 40); do sleep 600 & done; sleep 600", options);
    const json told = bench.Told();
    INFO(told.dump());
    CHECK((told["type"] == "limit" || told["type"] == "ended"));
  }
}

TEST_CASE("interrupts reach the worker") {
  // A shell cannot catch a signal that its parent ignores.
  Bench bench("exec perl -e '$SIG{INT} = sub { exit 7 }; open(F, \">ready\"); close F; sleep 600'");
  while (!bench.Has("ready")) {
    usleep(1000);
  }
  bench.Order("interrupt");
  CHECK(bench.Told()["type"] == "interrupted");
  CHECK(bench.Told()["how"] == "exit code 7");
}

TEST_CASE("a worker that finds its connection closed says so by its exit code") {
  Bench bench("exit 76");
  CHECK(bench.Told()["how"] == "exit code 76: it closed its connection to the engine");
}

TEST_CASE("processor time") {
  GuardOptions options;
  options.limits.cpu_seconds = 1;
  Bench told("while :; do :; done", options);
  CHECK(told.Told()["how"].get<std::string>().find("(--worker-cpu)") != std::string::npos);
  Bench deaf("trap '' XCPU; while :; do :; done", options);
  CHECK(deaf.Told()["how"].get<std::string>().find("(--worker-cpu)") != std::string::npos);
}

TEST_CASE("a worker is in a session of its own") {
  Bench bench("cut -d ' ' -f 1,6 /proc/$$/stat; exit 0");
  const std::string output = bench.Told()["output"];
  const auto space = output.find(' ');
  CHECK(output.substr(0, space) + "\n" == output.substr(space + 1));
}

TEST_CASE("a worker has no capabilities in a user namespace") {
  Bench bench("unshare --user --map-root-user true; echo code $?; exit 0");
  const std::string output = bench.Told()["output"];
  INFO(output);
  CHECK(output.find("code 0") == std::string::npos);
}

TEST_CASE("a worker that has closed its connection is ended") {
  Bench bench("exec sleep 600");
  bench.Order("hangup");
  CHECK(bench.Told()["how"].get<std::string>().find("closed its connection") != std::string::npos);
}

TEST_CASE("when the engine hangs up nothing is left") {
  Bench bench("setsid sleep 612 & sleep 613 & echo $$ > pid; wait");
  CHECK(bench.Part());
}

}  // namespace
}  // namespace distarray::server
