#include "server/supervisor/janitor.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "server/supervisor/port_file.h"
#include "server/supervisor/scratch.h"

namespace distarray::server {
namespace {

// First byte of a message.
constexpr char kWatch = 'w';
constexpr char kForget = 'f';
constexpr char kPortFile = 'p';
constexpr char kDismiss = 'd';
constexpr std::size_t kMessageMax = 8192;
constexpr int kPatienceMs = 1000;

// By number: glibc 2.36 declares its wrappers without extern "C".
int PidFdOpen(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
void PidFdKill(int descriptor) { syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, nullptr, 0); }

// A watched process. The descriptor stays that process's even when its number is used again.
struct Watched {
  UniqueFd descriptor;
};

// The janitor's side.
class Sweeper {
 public:
  Sweeper(UniqueFd socket, std::string scratch) : socket_(std::move(socket)), scratch_(std::move(scratch)) {}

  void Run() {
    std::array<char, kMessageMax> buffer;
    while (true) {
      const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR) {
        continue;
      }
      if (size <= 0) {
        Sweep();
        return;
      }
      const absl::string_view message(buffer.data(), static_cast<std::size_t>(size));
      if (message.front() == kDismiss) {
        return;
      }
      Take(message.front(), message.substr(1));
    }
  }

 private:
  void Take(char kind, absl::string_view text) {
    if (kind == kForget) {
      watched_.clear();
    } else if (kind == kPortFile) {
      const std::size_t newline = text.find('\n');
      address_ = std::string(text.substr(0, newline));
      port_file_ = std::string(text.substr(newline + 1));
    } else if (pid_t pid = 0; kind == kWatch && absl::SimpleAtoi(text, &pid)) {
      UniqueFd descriptor(PidFdOpen(pid));
      if (descriptor.valid()) {
        watched_.push_back({.descriptor = std::move(descriptor)});
      }
    }
  }

  void Sweep() {
    for (const Watched& process : watched_) {
      PidFdKill(process.descriptor.get());
    }
    for (const Watched& process : watched_) {
      pollfd end{.fd = process.descriptor.get(), .events = POLLIN, .revents = 0};
      poll(&end, 1, kPatienceMs);
    }
    RemovePortFile(port_file_, address_);
    // A rank that was just starting may make its directories anew before it notices.
    for (int round = 0; round < 3; ++round) {
      RemoveScratch(scratch_);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  UniqueFd socket_;
  std::string scratch_;
  std::string port_file_;
  std::string address_;
  std::vector<Watched> watched_;
};

// Leaves us nothing of the supervisor's but standard error and the socket; nothing that a terminal or a service manager
// sends to the supervisor's group ends us before our work is done.
void Detach(int socket) {
  setsid();
  prctl(PR_SET_NAME, "distarrayd-jan");
  for (const int ignored : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) {
    signal(ignored, SIG_IGN);
  }
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  const int kept = dup2(socket, STDERR_FILENO + 1);
  close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
}

}  // namespace

absl::StatusOr<Janitor> Janitor::Start(const std::string& scratch) {
  std::array<int, 2> sockets;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot start the janitor: ", std::strerror(errno)));
  }
  UniqueFd ours(sockets[0]);
  UniqueFd theirs(sockets[1]);
  const pid_t pid = fork();
  if (pid < 0) {
    return absl::UnavailableError(absl::StrCat("cannot start the janitor: ", std::strerror(errno)));
  }
  if (pid == 0) {
    Detach(theirs.get());
    Sweeper(UniqueFd(STDERR_FILENO + 1), scratch).Run();
    _exit(0);
  }
  return Janitor(pid, std::move(ours));
}

void Janitor::Tell(const std::string& message) const {
  send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

void Janitor::Watch(pid_t pid) const { Tell(absl::StrCat(std::string(1, kWatch), pid)); }

void Janitor::ForgetProcesses() const { Tell(std::string(1, kForget)); }

void Janitor::PortFile(const std::string& path, const std::string& address) const {
  Tell(absl::StrCat(std::string(1, kPortFile), address, "\n", path));
}

void Janitor::Dismiss() {
  Tell(std::string(1, kDismiss));
  socket_.Close();
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace distarray::server
