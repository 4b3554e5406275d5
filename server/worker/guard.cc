#include "server/worker/guard.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "engine/worker/frame.h"
#include "engine/worker/said.h"
#include "server/supervisor/processes.h"
#include "server/worker/sandbox.h"
#include "server/worker/tree.h"

namespace distarray::server {
namespace {

using nlohmann::json;

constexpr std::int64_t kOutputMax = std::int64_t{64} << 20;
constexpr std::int64_t kTail = std::int64_t{64} << 10;
constexpr int kLookMs = 200;  // between two looks at what has no limit in the kernel
constexpr auto kHangUpPatience = std::chrono::milliseconds(300);
constexpr auto kConnectPatience = std::chrono::seconds(10);
constexpr int kNoEngine = 76;  // exit code of a worker that finds its connection closed

/// Connects to an abstract socket, and waits for its listener if need be.
UniqueFd Connect(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path + 1, name.data(), length);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  const auto deadline = std::chrono::steady_clock::now() + kConnectPatience;
  while (true) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.valid() && connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) {
      return fd;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return UniqueFd();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// The child's variables: what programs and MPI need, nothing of the daemon's.
std::vector<std::string> ChildEnvironment(const GuardOptions& options, int worker_fd) {
  constexpr std::array<absl::string_view, 9> kKept = {
      "PATH=", "LANG=", "LC_", "TZ=", "OMPI_", "PMIX_", "PRTE_", "OPAL_", "LD_LIBRARY_PATH="};
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::any_of(kKept.begin(), kKept.end(),
                    [&](absl::string_view kept) { return absl::StartsWith(*variable, kept); })) {
      environment.emplace_back(*variable);
    }
  }
  // Threads of numerical libraries in every worker would be more than there are cores.
  for (const char* threads : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) {
    environment.push_back(absl::StrCat(threads, "=1"));
  }
  environment.push_back(absl::StrCat("HOME=", options.scratch));
  environment.push_back(absl::StrCat("TMPDIR=", options.scratch));
  environment.push_back("PYTHONSAFEPATH=1");
  environment.push_back("PYTHONDONTWRITEBYTECODE=1");
  if (!options.python_path.empty()) {
    environment.push_back(absl::StrCat("PYTHONPATH=", options.python_path));
  }
  environment.push_back(absl::StrCat("DISTARRAY_WORKER_FD=", worker_fd));
  environment.push_back(absl::StrCat("DISTARRAY_TARGET=", options.target));
  environment.push_back(absl::StrCat("DISTARRAY_TARGETS=", options.targets));
  environment.push_back(absl::StrCat("DISTARRAY_MEMORY_ALLOWANCE_BYTES=", options.limits.memory_allowance_bytes));
  return environment;
}

class Guard {
 public:
  explicit Guard(const GuardOptions& options) : options_(options), engine_(UniqueFd()) {}

  int Run() {
    AdoptOrphans();
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGCHLD);
    sigprocmask(SIG_BLOCK, &taken, nullptr);
    for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
      signal(ignored, SIG_IGN);  // the engine's hanging up is what ends us
    }
    signals_ = UniqueFd(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
    engine_ = FrameSocket(Connect(options_.engine_socket));
    if (engine_.fd() < 0) {
      return 1;
    }
    SayHello(engine_, "guard");
    if (const std::string why = Start(); !why.empty()) {
      Tell("ended", why);
    }
    while (Turn()) {
    }
    KillDescendants();
    return 1;
  }

 private:
  void SayHello(FrameSocket& socket, const char* role) const {
    (void)socket.Send(Dump({{"type", "hello"},
                            {"pool", options_.pool},
                            {"target", options_.target},
                            {"cookie", options_.cookie},
                            {"role", role}}),
                      {});
  }

  /// Starts the worker; returns why it could not.
  std::string Start() {
    output_ = UniqueFd(memfd_create("output", MFD_CLOEXEC));
    UniqueFd worker = Connect(options_.engine_socket);
    if (!output_.valid() || !worker.valid()) {
      return absl::StrCat("it could not be started: ", std::strerror(errno));
    }
    const int worker_fd = worker.get();
    FrameSocket socket(std::move(worker));
    SayHello(socket, "worker");
    std::vector<std::string> command = options_.command;
    if (command.empty()) {
      command = {options_.python, "-m", "distarray.worker"};
    }
    const std::vector<std::string> environment = ChildEnvironment(options_, worker_fd);
    const pid_t guard = getpid();
    child_ = fork();
    if (child_ == 0) {
      Become(command, environment, worker_fd, guard);
    }
    return child_ > 0 ? "" : absl::StrCat("it could not be started: ", std::strerror(errno));
  }

  /// The child: never returns.
  [[noreturn]] void Become(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                           int worker_fd, pid_t guard) const {
    const auto fail = [](const char* what) {
      dprintf(STDERR_FILENO, "%s: %s\n", what, std::strerror(errno));
      _exit(127);
    };
    // Appending, so that what the processes of a function print does not overwrite.
    fcntl(output_.get(), F_SETFL, O_APPEND);
    dup2(output_.get(), STDOUT_FILENO);
    dup2(output_.get(), STDERR_FILENO);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard) {
      _exit(127);
    }
    setsid();  // away from the terminal that the daemon may have been started at
    fcntl(worker_fd, F_SETFD, 0);
    CloseAllBut(worker_fd);
    if (chdir(options_.scratch.c_str()) != 0) {
      fail("cannot enter the scratch folder");
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int restored : {SIGTERM, SIGHUP, SIGPIPE}) {
      signal(restored, SIG_DFL);
    }
    if (!EnterLimits(options_.limits)) {
      fail("cannot set the worker's limits");
    }
    if (const std::string missing = EnterSandbox(options_); !missing.empty()) {
      dprintf(STDERR_FILENO, "--sandbox: %s\n", missing.c_str());
      _exit(127);
    }
    std::vector<char*> arguments;
    std::vector<char*> variables;
    for (const auto& [from, to] : {std::pair(&command, &arguments), std::pair(&environment, &variables)}) {
      for (const std::string& text : *from) {
        to->push_back(const_cast<char*>(text.c_str()));
      }
      to->push_back(nullptr);
    }
    execve(arguments[0], arguments.data(), variables.data());
    fail(arguments[0]);
    _exit(127);
  }

  static void CloseAllBut(int kept) {
    for (int fd = STDERR_FILENO + 1; fd < static_cast<int>(sysconf(_SC_OPEN_MAX)) && fd < 65536; ++fd) {
      if (fd != kept) {
        close(fd);
      }
    }
  }

  /// False: the engine has hung up.
  bool Turn() {
    std::array<pollfd, 2> waited = {
        pollfd{.fd = engine_.fd(), .events = static_cast<short>(engine_.wants_write() ? POLLIN | POLLOUT : POLLIN)},
        pollfd{.fd = signals_.get(), .events = POLLIN}};
    poll(waited.data(), waited.size(), child_ > 0 ? kLookMs : -1);
    std::vector<Frame> frames;
    const bool heard = (!engine_.wants_write() || engine_.Flush().ok()) && engine_.Receive(frames).ok();
    for (const Frame& frame : frames) {
      Obey(ParseSaid(frame.json));
    }
    Reap();
    if (child_ > 0) {
      Watch();
    }
    return heard;
  }

  void Obey(const json& order) {
    const std::string type = TextOf(order, "type");
    if (child_ <= 0) {
      return;
    }
    if (type == "interrupt") {
      kill(child_, SIGINT);
      Tell("interrupted");
    } else if (type == "hangup") {
      // Its connection has ended: it is dying, or it has closed the connection and runs on.
      const auto deadline = std::chrono::steady_clock::now() + kHangUpPatience;
      while (child_ > 0 && std::chrono::steady_clock::now() < deadline) {
        Reap();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      if (child_ > 0) {
        EndChild("it closed its connection to the engine, and was ended");
      }
    }
  }

  void Reap() {
    signalfd_siginfo ignored;
    while (read(signals_.get(), &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    pid_t pid = 0;
    rusage used{};
    while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, &used)) > 0) {
      if (pid != child_) {
        continue;  // an orphan of the worker's
      }
      if (WIFSTOPPED(status)) {
        Tell("stopped",
             absl::StrCat("it was stopped by signal ", WSTOPSIG(status), " (", strsignal(WSTOPSIG(status)), ")"));
        continue;
      }
      child_ = -1;
      Tell("ended", DescribeEnd(status) + MeaningOf(status, used));
      KillDescendants();
    }
  }

  /// What the way it ended says more.
  std::string MeaningOf(int status, const rusage& used) const {
    const auto seconds_of = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    const double seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
    // The limit counts clock ticks, so that on a busy machine it may be met by much less than is reported here.
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (const double limit = options_.limits.cpu_seconds;
        limit > 0 && (signal == SIGXCPU || (signal == SIGKILL && seconds > limit / 2))) {
      return absl::StrCat(", after ", seconds, " s of processor time (--worker-cpu)");
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == kNoEngine ? ": it closed its connection to the engine" : "";
  }

  void Watch() {
    const WorkerLimits& limits = options_.limits;
    const std::int64_t processes = CountTasksBelow() - kWorkerTasks;
    struct stat output {};
    fstat(output_.get(), &output);
    if (limits.processes > 0 && processes > limits.processes) {
      EndChild(absl::StrCat("it had started ", processes, " processes and threads; at most ", limits.processes,
                            " (--worker-processes), and was ended"));
    } else if (output.st_size > kOutputMax) {
      EndChild(absl::StrCat("it had printed ", output.st_size, " bytes; at most ", kOutputMax, ", and was ended"));
    } else if (const std::int64_t bytes = limits.scratch_bytes > 0 ? BytesBelow(options_.scratch) : 0;
               bytes > limits.scratch_bytes) {
      EndChild(absl::StrCat("it had written ", bytes, " bytes to its scratch folder; at most ", limits.scratch_bytes,
                            " (--worker-scratch), and was ended"));
    }
  }

  void EndChild(const std::string& why) {
    child_ = -1;
    Tell("limit", why);
    KillDescendants();
  }

  void Tell(const char* type) { (void)engine_.Send(Dump({{"type", type}}), {}); }

  /// Tells that it can run nothing any more.
  void Tell(const char* type, const std::string& how) {
    std::string tail;
    struct stat output {};
    if (fstat(output_.get(), &output) == 0 && output.st_size > 0) {
      tail.resize(static_cast<std::size_t>(std::min<std::int64_t>(output.st_size, kTail)));
      const ssize_t size =
          pread(output_.get(), tail.data(), tail.size(), output.st_size - static_cast<off_t>(tail.size()));
      tail.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    (void)engine_.Send(Dump({{"type", type}, {"how", how}, {"output", tail}}), {});
  }

  GuardOptions options_;
  FrameSocket engine_;
  UniqueFd signals_;
  UniqueFd output_;
  pid_t child_ = -1;
};

}  // namespace

int RunGuard(const GuardOptions& options) { return Guard(options).Run(); }

}  // namespace distarray::server
