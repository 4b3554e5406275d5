#include "tests/client_cpp/daemon.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

using Clock = std::chrono::steady_clock;

// Waits for the process to end; false when it has not within the time.
bool Reap(pid_t pid, Clock::duration limit) {
  for (const auto end = Clock::now() + limit; Clock::now() < end;) {
    if (waitpid(pid, nullptr, WNOHANG) != 0) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace

Daemon::Daemon() {
  const char* const binary = std::getenv("DISTARRAYD");
  if (binary == nullptr) {
    throw std::runtime_error("DISTARRAYD is not set; expected the path of a distarrayd");
  }
  std::string name = std::filesystem::temp_directory_path() / "distarray-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a folder");
  }
  folder_ = name;
  const std::string port_file = folder_ + "/port";
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) {
      execl(binary, binary, "--listen", "127.0.0.1:0", "--port-file", port_file.c_str(), "--engines", "2", nullptr);
    }
    _exit(127);
  }
  for (const auto end = Clock::now() + std::chrono::seconds(30); Clock::now() < end && address_.empty();) {
    if (waitpid(pid_, nullptr, WNOHANG) != 0) {
      throw std::runtime_error("distarrayd ended before it was ready");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::getline(std::ifstream(port_file), address_);
  }
  if (address_.empty()) {
    throw std::runtime_error("distarrayd was not ready within 30 seconds");
  }
}

Daemon::~Daemon() {
  kill(pid_, SIGTERM);
  if (!Reap(pid_, std::chrono::seconds(50))) {
    std::fprintf(stderr, "distarrayd did not end within 50 seconds of SIGTERM\n");
    kill(pid_, SIGKILL);
    Reap(pid_, std::chrono::seconds(5));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Daemon& Daemon::Shared() {
  static Daemon daemon;
  return daemon;
}

Context ConnectToShared() {
  auto context = Context::Connect(Daemon::Shared().address());
  INFO(context.status().ToString());
  REQUIRE(context.ok());
  return *std::move(context);
}

}  // namespace distarray::inline client
