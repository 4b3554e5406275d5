#include "server/supervisor/supervision.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "server/config/settings.h"
#include "server/supervisor/huge_pages.h"
#include "server/supervisor/port_file.h"
#include "server/supervisor/processes.h"
#include "server/supervisor/random.h"

namespace distarray::server {
namespace {

using std::chrono::milliseconds;

// Heartbeats come once a second; looking at the clock more often finds nothing.
constexpr milliseconds kWaitMost(1000);
constexpr milliseconds kKillPatience(1200);

Life::Time Now() { return std::chrono::steady_clock::now(); }

std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

double SecondsSince(Life::Time start) { return std::chrono::duration<double>(Now() - start).count(); }

}  // namespace

Supervision::Supervision(const Options& options, int open_mpi_major, Scratch scratch, Janitor janitor,
                         std::string link_name, UniqueFd listener, UniqueFd signals)
    : options_(options),
      life_(Life::Limits{}),
      scratch_(std::move(scratch)),
      janitor_(std::move(janitor)),
      listener_(std::move(listener)),
      signals_(std::move(signals)),
      links_(listener_.get(), options.engines + 1, &segments_),
      workers_(options, &scratch_, &janitor_),
      watch_standard_input_(options.die_with_parent) {
  job_.mpirun = DISTARRAY_MPIRUN;
  job_.open_mpi_major = open_mpi_major;
  std::string self(4096, '\0');
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size());
  job_.binary = self.substr(0, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  job_.engines = options.engines;
  job_.ranks_may_copy = CanReadMemoryOf(janitor_.pid());
  job_.supervisor = std::move(link_name);
  job_.instance = RandomName();
  if (!job_.ranks_may_copy) {
    spdlog::warn(
        "processes may not read each other's memory here (process_vm_readv): engines exchange data more slowly");
  }
}

int Supervision::Run() {
  Do(life_.Begin(Now()));
  while (!life_.ended()) {
    Wait();
  }
  return life_.exit_code();
}

void Supervision::Wait() {
  std::vector<pollfd> waited = {{.fd = signals_.get(), .events = POLLIN, .revents = 0}};
  if (watch_standard_input_) {
    waited.push_back({.fd = STDIN_FILENO, .events = POLLIN, .revents = 0});
  }
  links_.AppendTo(waited);
  milliseconds timeout = kWaitMost;
  if (life_.deadline()) {
    const auto left = std::chrono::ceil<milliseconds>(*life_.deadline() - Now());
    timeout = std::clamp(left, milliseconds(0), kWaitMost);
  }
  poll(waited.data(), waited.size(), static_cast<int>(timeout.count()));
  TakeSignals();
  TakeStandardInput(waited);
  const Time now = Now();
  TakeRankEvents(now);
  CheckHeartbeats(now);
  Do(life_.Tick(Now()));
}

void Supervision::Do(Life::Action action) {
  switch (action) {
    case Life::Action::kNothing:
      return;
    case Life::Action::kStartJob:
      return StartJob();
    case Life::Action::kAskToStop:
      if (!links_.TellFront(server::Stop{})) {
        spdlog::warn("cannot reach the front");
      }
      return;
    case Life::Action::kKillJob:
      KillJob();
      return Do(life_.JobGone(Now()));
    case Life::Action::kEnd:
      return End();
  }
}

void Supervision::StartJob() {
  job_started_ = Now();
  job_.epoch = life_.epoch();
  job_.cookie = RandomName();
  Options told = options_;
  if (!address_.empty()) {
    told.listen = address_;  // clients find it again where it was
  }
  job_.flags = FlagsOf(told);
  links_.NewJob(job_.epoch, job_.cookie);
  absl::StatusOr<std::filesystem::path> directory = scratch_.MakeJobDirectory(job_.epoch);
  if (!directory.ok()) {
    return Fail(std::string(directory.status().message()));
  }
  job_.directory = directory->string();
  mpirun_ = StartProgram(JobArguments(job_), JobEnvironment(job_, Environment()));
  if (mpirun_ < 0) {
    return Fail(absl::StrCat("cannot start a process: ", std::strerror(errno)));
  }
  janitor_.Watch(mpirun_);
  spdlog::info("starting {} engine(s), epoch {}", options_.engines, job_.epoch);
}

void Supervision::KillJob() {
  links_.NewJob(0, "");
  workers_.KillAll();
  if (mpirun_ > 0) {
    kill(mpirun_, SIGKILL);
  }
  if (!KillChildren(janitor_.pid(), kKillPatience)) {
    spdlog::error("some processes of the job cannot be killed");
  }
  mpirun_ = -1;
  janitor_.ForgetProcesses();
  segments_.Clear();
  scratch_.SweepJobs();
}

void Supervision::End() {
  RemovePortFile(options_.port_file, address_);
  if (life_.exit_code() != 0) {
    spdlog::critical("giving up: the job failed again and again, last because {}", life_.last_failure());
  }
  janitor_.Dismiss();
  spdlog::info("ended");
}

void Supervision::TakeSignals() {
  signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) {
      ReapChildren();
    } else {
      Stop(strsignal(static_cast<int>(info.ssi_signo)));
    }
  }
}

void Supervision::ReapChildren() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == mpirun_) {
      mpirun_ = -1;
      if (!life_.stopping()) {
        spdlog::warn("mpirun has ended with {}", DescribeEnd(status));
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
          spdlog::error("cannot run {}: is Open MPI installed?", job_.mpirun);
        }
      }
      Do(life_.JobGone(Now()));
    } else if (const std::optional<std::int64_t> pool = workers_.Reaped(pid)) {
      spdlog::info("workers {} have ended with {}", *pool, DescribeEnd(status));
      std::set<pid_t> known = workers_.processes();
      known.insert({mpirun_, janitor_.pid()});
      KillStrays(known);
      links_.TellFront(WorkersEnded{.pool = *pool, .why = absl::StrCat("mpirun ended with ", DescribeEnd(status))});
    } else if (pid == janitor_.pid()) {
      spdlog::warn("the janitor has ended with {}; starting another", DescribeEnd(status));
      if (absl::StatusOr<Janitor> janitor = Janitor::Start(scratch_.path().string()); janitor.ok()) {
        janitor_ = *std::move(janitor);
        janitor_.PortFile(options_.port_file, address_);
        janitor_.Watch(mpirun_);
      }
    }
  }
}

void Supervision::TakeStandardInput(const std::vector<pollfd>& waited) {
  if (!watch_standard_input_ || waited[1].revents == 0) {
    return;
  }
  char ignored[256];
  const ssize_t size = read(STDIN_FILENO, ignored, sizeof ignored);
  if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) {
    watch_standard_input_ = false;
    Stop("standard input has ended");
  }
}

void Supervision::TakeRankEvents(Time now) {
  for (const RankLinks::Event& event : links_.Serve(now)) {
    switch (event.kind) {
      case RankLinks::Event::Kind::kJoined:
        janitor_.Watch(event.pid);
        spdlog::debug("{} is process {}", NameOfRank(event.rank), event.pid);
        break;
      case RankLinks::Event::Kind::kReady:
        Served(event.address);
        break;
      case RankLinks::Event::Kind::kLost:
        ReapChildren();  // ranks die with mpirun: then that is the cause
        if (!life_.stopping()) {
          Fail(absl::StrCat("the ", NameOfRank(event.rank), " (process ", event.pid, ") has ended"));
        }
        break;
      case RankLinks::Event::Kind::kStartWorkers:
        StartWorkers(event.pool);
        break;
      case RankLinks::Event::Kind::kStopWorkers:
        workers_.Kill(event.pool);
        break;
    }
  }
}

void Supervision::StartWorkers(std::int64_t pool) {
  const absl::StatusOr<std::string> cookie = workers_.Start(pool, job_);
  if (cookie.ok()) {
    spdlog::info("starting workers {}", pool);
    links_.TellFront(WorkersStarted{.pool = pool, .cookie = *cookie});
  } else {
    spdlog::error("cannot start workers: {}", std::string(cookie.status().message()));
    links_.TellFront(WorkersEnded{.pool = pool, .why = std::string(cookie.status().message())});
  }
}

void Supervision::CheckHeartbeats(Time now) {
  const std::chrono::duration<double> timeout(options_.heartbeat_timeout_seconds);
  const std::optional<RankLinks::Event> overdue = life_.stopping() ? std::nullopt : links_.Overdue(now, timeout);
  if (overdue) {
    Fail(absl::StrCat("the ", NameOfRank(overdue->rank), " (process ", overdue->pid, ") has not been heard of for ",
                      options_.heartbeat_timeout_seconds, " s"));
  }
}

void Supervision::Served(const std::string& address) {
  address_ = address;
  janitor_.PortFile(options_.port_file, address_);
  if (absl::Status status = WritePortFile(options_.port_file, address_); !status.ok()) {
    spdlog::error("{}", std::string(status.message()));
  }
  life_.Served();
  spdlog::info("{}", TellHugePages());
  spdlog::info("serving at {} with {} engine(s), ready after {:.2f} s", address_, options_.engines,
               SecondsSince(job_started_));
}

void Supervision::Fail(const std::string& why) {
  const Life::Action action = life_.Failed(why, Now());
  if (action != Life::Action::kNothing) {
    spdlog::error("{}: all arrays are lost, starting again", why);
  }
  Do(action);
}

void Supervision::Stop(const std::string& why) {
  spdlog::info("stopping: {}", why);
  Do(life_.StopRequested(Now()));
}

}  // namespace distarray::server
