#include "server/supervisor/janitor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "server/supervisor/port_file.h"
#include "server/supervisor/processes.h"
#include "tests/support/catch.h"

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

fs::path NewDirectory() {
  std::string name = (fs::temp_directory_path() / "janitor_test-XXXXXX").string();
  return mkdtemp(name.data());
}

bool Within(std::chrono::milliseconds limit, const auto& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

TEST_CASE("dismissed, it sweeps nothing") {
  const fs::path directory = NewDirectory();
  absl::StatusOr<Janitor> janitor = Janitor::Start(directory.string());
  REQUIRE(janitor.ok());
  janitor->Dismiss();
  CHECK(fs::exists(directory));
  fs::remove_all(directory);
}

TEST_CASE("when its owner is killed, it kills and removes what it was told to, even what is stopped") {
  const fs::path directory = NewDirectory();
  const fs::path port_file = fs::temp_directory_path() / ("janitor_test-port-" + std::to_string(getpid()));
  std::ofstream(directory / "file") << "x";
  const pid_t victim = StartProgram({"sleep", "60"}, {"PATH=/usr/bin:/bin"});
  kill(victim, SIGSTOP);
  const pid_t owner = fork();
  if (owner == 0) {
    const absl::StatusOr<Janitor> janitor = Janitor::Start(directory.string());
    janitor->Watch(victim);
    WritePortFile(port_file.string(), "127.0.0.1:1").IgnoreError();
    janitor->PortFile(port_file.string(), "127.0.0.1:1");
    raise(SIGKILL);
  }
  REQUIRE(waitpid(owner, nullptr, 0) == owner);
  int status = 0;
  CHECK(Within(std::chrono::seconds(10), [&] { return waitpid(victim, &status, WNOHANG) == victim; }));
  CHECK(WIFSIGNALED(status));
  CHECK(Within(std::chrono::seconds(10), [&] { return !fs::exists(directory); }));
  CHECK(Within(std::chrono::seconds(10), [&] { return !fs::exists(port_file); }));
}

}  // namespace distarray::server
