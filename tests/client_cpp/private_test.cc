// Daemons that the client starts for itself.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/client_cpp/processes.h"
#include "tests/client_cpp/values.h"

namespace distarray::inline client {
namespace {

Context StartPrivate(int engines) {
  auto context = Context::StartPrivate(engines);
  INFO(context.status().ToString());
  REQUIRE(context.ok());
  return *std::move(context);
}

Context ConnectToNowhere() {
  auto context = Context::Connect("");
  INFO(context.status().ToString());
  REQUIRE(context.ok());
  return *std::move(context);
}

// Writes a shell script that plays the daemon.
std::string Script(const TemporaryFolder& folder, const std::string& text) {
  const std::string path = folder.path() + "/script";
  std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

// The daemon's processes: the child and all below it.
std::vector<pid_t> Family(pid_t pid) {
  std::vector<pid_t> family = {pid};
  for (std::size_t i = 0; i < family.size(); ++i) {
    const auto children = ChildrenOf(family[i]);
    family.insert(family.end(), children.begin(), children.end());
  }
  return family;
}

TEST_CASE("a private daemon ends with the last handle, and leaves nothing behind") {
  const TemporaryFolder folder;
  const auto before = ChildrenOf(getpid());
  std::optional<Context> context = StartPrivate(3);
  REQUIRE(ChildrenOf(getpid()).size() == before.size() + 1);
  const auto info = context->Info();
  REQUIRE(info.ok());
  CHECK(info->engine_count == 3);
  std::optional<Context> copy = context;
  context.reset();
  std::optional<Array> x = copy->Arange(10);
  copy.reset();
  CHECK(Item<std::int64_t>(Sum(*x)) == 45);
  x.reset();
  CHECK(ChildrenOf(getpid()) == before);
  CHECK(folder.Empty());
}

TEST_CASE("private daemons are of their contexts alone") {
  const Context one = StartPrivate(1);
  const Context other = StartPrivate(1);
  CHECK(one.address() != other.address());
  CHECK_FALSE((one.Zeros({1}) + other.Zeros({1})).ok());
}

TEST_CASE("a private daemon does not see Ctrl-C") {
  const auto before = ChildrenOf(getpid());
  const Context context = StartPrivate(1);
  for (const pid_t child : ChildrenOf(getpid())) {
    if (std::find(before.begin(), before.end(), child) == before.end()) {
      CHECK(getsid(child) == child);
    }
  }
}

TEST_CASE("contexts without an address share the process's daemon, which is started again if it has died") {
  const Variable address("DISTARRAY_ADDRESS", nullptr);
  const auto before = ChildrenOf(getpid());
  std::string first;
  {
    const Context one = ConnectToNowhere();
    const Context other = ConnectToNowhere();
    first = one.address();
    CHECK(other.address() == first);
    CHECK(Item<std::int64_t>(Sum(other.Arange(10))) == 45);
  }
  const Context again = ConnectToNowhere();
  CHECK(again.address() == first);
  for (const pid_t child : ChildrenOf(getpid())) {
    if (std::find(before.begin(), before.end(), child) == before.end()) {
      REQUIRE(kill(child, SIGKILL) == 0);
      REQUIRE(Eventually([&] { return !Runs(child); }));
    }
  }
  const Context next = ConnectToNowhere();
  CHECK(next.address() != first);
  CHECK(Item<std::int64_t>(Sum(next.Arange(10))) == 45);
  CHECK(ReasonOf(again.Wait()) == Reason::kSessionUnknown);
}

TEST_CASE("$DISTARRAY_ADDRESS goes before a private daemon") {
  const Variable address("DISTARRAY_ADDRESS", "127.0.0.1:1");
  ContextOptions options;
  options.connect_timeout = absl::Milliseconds(200);
  const absl::Status status = Context::Connect("", options).status();
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(status.message().find("127.0.0.1:1") != absl::string_view::npos);
}

TEST_CASE("a program that ends takes its private daemon along") {
  const TemporaryFolder folder;
  const Variable address("DISTARRAY_ADDRESS", nullptr);
  CHECK(std::system(HEAT " 65 20") == 0);
  CHECK(folder.Empty());
}

TEST_CASE("a program that is killed takes its private daemon along, also while that starts") {
  const TemporaryFolder folder;
  const Variable address("DISTARRAY_ADDRESS", nullptr);
  // The program and the supervisor; or also its janitor, mpirun, the front and an engine.
  const std::size_t processes = GENERATE(2, 6);
  const pid_t heat = fork();
  if (heat == 0) {
    execl(HEAT, HEAT, "65", "1000000000", nullptr);
    _exit(127);
  }
  std::vector<pid_t> family;
  CHECK(Eventually([&] {
    family = Family(heat);
    return family.size() >= processes;
  }));
  kill(heat, SIGKILL);
  waitpid(heat, nullptr, 0);
  for (const pid_t pid : family) {
    CHECK(Eventually([&] { return !Runs(pid); }));
  }
  CHECK(Eventually([&] { return folder.Empty(); }));
}

TEST_CASE("where distarrayd is sought") {
  const TemporaryFolder folder;
  const auto error = [] { return Context::StartPrivate(1).status(); };
  const auto says = [&](const char* what) { return error().message().find(what) != absl::string_view::npos; };
  {
    const Variable named("DISTARRAYD", "/nonexistent/distarrayd");
    CHECK(error().code() == absl::StatusCode::kNotFound);
    CHECK(ReasonOf(error()) == Reason::kFileNotFound);
    CHECK(says("/nonexistent/distarrayd"));
  }
  const std::string script = Script(folder, "echo no engines today >&2; exit 3");
  const Variable path("PATH", folder.path().c_str());
  {
    const Variable named("DISTARRAYD", "script");
    CHECK(says("no engines today"));
  }
  const Variable none("DISTARRAYD", nullptr);
  const auto place = std::filesystem::current_path();
  std::filesystem::create_directories(folder.path() + "/build/bin");
  std::filesystem::create_directories(folder.path() + "/some/where");
  std::filesystem::current_path(folder.path() + "/some/where");
  CHECK(ReasonOf(error()) == Reason::kFileNotFound);
  CHECK(says("quickstart"));
  CHECK(says("DISTARRAY_ADDRESS"));
  std::filesystem::copy(script, folder.path() + "/build/bin/distarrayd");
  CHECK(says("no engines today"));
  Script(folder, "echo on PATH >&2; exit 3");
  std::filesystem::rename(script, folder.path() + "/distarrayd");
  CHECK(says("on PATH"));
  std::filesystem::current_path(place);
}

TEST_CASE("a daemon that does not start is an error that says what it said") {
  const TemporaryFolder folder;
  const auto before = ChildrenOf(getpid());
  const std::string script = Script(folder, "echo no engines today >&2; exit 3");
  const Variable named("DISTARRAYD", script.c_str());
  const absl::Status status = Context::StartPrivate(1).status();
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK(status.message() == "the private daemon ended with status 3: no engines today");
  CHECK(ReasonOf(Context::StartPrivate(0).status()) == Reason::kInvalidValue);
  std::filesystem::remove(script);
  CHECK(folder.Empty());
  CHECK(ChildrenOf(getpid()) == before);
}

}  // namespace
}  // namespace distarray::inline client
