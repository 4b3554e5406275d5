#include "client-cpp/src/private_daemon.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "client-cpp/src/find_daemon.h"
#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

constexpr auto kReadyMax = absl::Seconds(60);
constexpr auto kEndMax = absl::Seconds(10);
constexpr auto kPauseLeast = absl::Milliseconds(2);
constexpr auto kPauseMost = absl::Milliseconds(50);
constexpr std::int64_t kLogShown = 2000;  // bytes at the end

absl::Status StartError(const std::string& what, int error) {
  return absl::UnavailableError(absl::StrCat("the private daemon: cannot ", what, ": ", std::strerror(error)));
}

// A name that nobody else uses. No file is made: if this process is killed, nobody would remove it.
std::string PortFileName() {
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(failed);
  std::random_device random;
  std::string name = "distarray-";
  for (int i = 0; i < 4; ++i) {
    absl::StrAppend(&name, absl::Hex(random(), absl::kZeroPad8));
  }
  return (failed ? std::filesystem::path("/tmp") : folder) / absl::StrCat(name, ".address");
}

std::string EndOf(int log) {
  const off_t size = lseek(log, 0, SEEK_END);
  std::array<char, kLogShown> text{};
  const ssize_t count = pread(log, text.data(), text.size(), std::max<off_t>(0, size - kLogShown));
  const auto said =
      absl::StripAsciiWhitespace(absl::string_view(text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, count))));
  return said.empty() ? "it said nothing" : std::string(said);
}

std::string DescribeEnd(int status) {
  return WIFSIGNALED(status) ? absl::StrCat("was killed by signal ", WTERMSIG(status))
                             : absl::StrCat("ended with status ", WEXITSTATUS(status));
}

// Starts `command` as the leader of a session of its own: Ctrl-C is for the client. Returns errno's number.
int SpawnLeader(std::vector<std::string>& command, int input, int log, pid_t& pid) {
  std::vector<char*> arguments;
  for (std::string& argument : command) {
    arguments.push_back(argument.data());
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  // Whatever this program does with signals is not the daemon's.
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD}) {
    sigaddset(&signals, signal);
  }
  posix_spawnattr_setsigdefault(&attributes, &signals);
  const int error = posix_spawn(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

absl::StatusOr<std::shared_ptr<PrivateDaemon>> PrivateDaemon::Start(std::optional<int> engines) {
  const auto program = FindDaemon();
  DA_RETURN_IF_ERROR(program.status());
  std::shared_ptr<PrivateDaemon> daemon(new PrivateDaemon());
  daemon->port_file_ = PortFileName();
  const int log = memfd_create("distarrayd-log", MFD_CLOEXEC);  // without a name
  if (log < 0) {
    return StartError("make its log", errno);
  }
  absl::Status status = daemon->Spawn(*program, engines, log);
  if (status.ok()) {
    status = daemon->AwaitAddress(log);
  }
  close(log);
  DA_RETURN_IF_ERROR(status);
  // Now rather than by the daemon: so it is gone however the daemon ends.
  unlink(daemon->port_file_.c_str());
  daemon->port_file_.clear();
  return daemon;
}

absl::StatusOr<std::shared_ptr<const PrivateDaemon>> PrivateDaemon::Shared() {
  struct Holder {
    std::mutex mutex;
    std::shared_ptr<PrivateDaemon> daemon;
  };
  static Holder holder;
  const std::scoped_lock lock(holder.mutex);
  if (holder.daemon != nullptr && holder.daemon->Ended()) {
    holder.daemon.reset();
  }
  if (holder.daemon == nullptr) {
    auto started = Start(std::nullopt);
    DA_RETURN_IF_ERROR(started.status());
    holder.daemon = *std::move(started);
  }
  return holder.daemon;
}

absl::Status PrivateDaemon::Spawn(const std::string& program, std::optional<int> engines, int log) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return StartError("make a pipe", errno);
  }
  input_ = ends[1];
  owner_ = getpid();
  std::vector<std::string> command = {program,       "--listen", "127.0.0.1:0",
                                      "--port-file", port_file_, "--die-with-parent"};
  if (engines.has_value()) {
    command.insert(command.end(), {"--engines", std::to_string(*engines)});
  }
  const int error = SpawnLeader(command, ends[0], log, pid_);
  close(ends[0]);
  if (error != 0) {
    pid_ = 0;
    return StartError(absl::StrCat("start ", program), error);
  }
  return absl::OkStatus();
}

absl::Status PrivateDaemon::AwaitAddress(int log) {
  const absl::Time deadline = absl::Now() + kReadyMax;
  for (absl::Duration pause = kPauseLeast;; pause = std::min(2 * pause, kPauseMost)) {
    const bool ended = Ended();
    std::ifstream file(port_file_);
    if (std::getline(file, address_) && !address_.empty()) {
      return absl::OkStatus();
    }
    if (ended || absl::Now() > deadline) {
      return absl::UnavailableError(absl::StrCat(
          "the private daemon ",
          ended ? DescribeEnd(exit_status_) : absl::StrCat("was not ready after ", absl::FormatDuration(kReadyMax)),
          ": ", EndOf(log)));
    }
    absl::SleepFor(pause);
  }
}

bool PrivateDaemon::Ended() {
  // An error: the program has waited for the child itself, or has the system do it.
  if (pid_ != 0 && waitpid(pid_, &exit_status_, WNOHANG) != 0) {
    pid_ = 0;
  }
  return pid_ == 0;
}

bool PrivateDaemon::AwaitEnd() {
  const absl::Time deadline = absl::Now() + kEndMax;
  for (absl::Duration pause = kPauseLeast; !Ended(); pause = std::min(2 * pause, kPauseMost)) {
    if (absl::Now() > deadline) {
      return false;
    }
    absl::SleepFor(pause);
  }
  return true;
}

PrivateDaemon::~PrivateDaemon() {
  if (input_ >= 0) {
    close(input_);
  }
  if (pid_ != 0 && owner_ != getpid()) {
    return;  // a forked child: the daemon is its parent's
  }
  if (!AwaitEnd()) {
    kill(pid_, SIGKILL);
    AwaitEnd();
  }
  if (!port_file_.empty()) {
    unlink(port_file_.c_str());
  }
}

}  // namespace distarray::inline client
