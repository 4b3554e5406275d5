#include "server/rank/rank.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <mpi.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "engine/runtime/engine.h"
#include "server/config/logging.h"
#include "server/config/parse.h"
#include "server/config/values.h"
#include "server/front/run.h"
#include "server/rank/handshake.h"
#include "server/rank/supervisor_link.h"
#include "server/supervisor/job.h"
#include "server/supervisor/port_file.h"
#include "server/supervisor/random.h"
#include "server/supervisor/rank_links.h"

namespace distarray::server {
namespace {

// Where the launchers that Open MPI knows tell a process its rank.
constexpr std::array<const char*, 3> kRankVariables = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};

constexpr std::chrono::milliseconds kCauseFirst(200);

std::optional<std::int64_t> RankFromEnvironment() {
  for (const char* name : kRankVariables) {
    std::int64_t rank = 0;
    if (const std::optional<std::string> text = Variable(name); text && absl::SimpleAtoi(*text, &rank)) {
      return rank;
    }
  }
  return std::nullopt;
}

// With a supervisor only it says when to end; by hand, a signal to the front does.
UniqueFd TakeOverSignals(bool front_by_hand) {
  signal(SIGPIPE, SIG_IGN);
  if (!front_by_hand) {
    for (const int ignored : {SIGTERM, SIGINT, SIGHUP}) {
      signal(ignored, SIG_IGN);
    }
    return UniqueFd();
  }
  sigset_t ours;
  sigemptyset(&ours);
  for (const int taken : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&ours, taken);
  }
  sigprocmask(SIG_BLOCK, &ours, nullptr);
  return UniqueFd(signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::string UserName() {
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : absl::StrCat("uid ", geteuid());
}

Functions::Config FunctionsOf(const Options& options) {
  ApplyMode mode = options.apply;
  if (mode == ApplyMode::kDefault) {
    const std::optional<HostPort> address = ReadHostPort(options.listen);
    mode = address && IsLoopback(address->host) ? ApplyMode::kOn : ApplyMode::kOff;
  }
  return {
      .run_source = mode != ApplyMode::kOff,
      .run_pickled = mode == ApplyMode::kOn,
      .pools_max = options.worker_pools,
      .limits = {.call_limit_seconds = options.call_limit_seconds, .call_grace_seconds = options.call_grace_seconds}};
}

void TellOfPool(const LinkMessage& message, const FrontOptions::PoolListener& listener) {
  if (const auto* started = std::get_if<WorkersStarted>(&message)) {
    listener(started->pool, true, started->cookie);
  } else if (const auto* ended = std::get_if<WorkersEnded>(&message)) {
    listener(ended->pool, false, ended->why);
  }
}

int RunAsFront(const Options& options, SupervisorLink* supervisor, int stop_fd) {
  absl::StatusOr<std::vector<Channel>> engines = AcceptEngines(MPI_COMM_WORLD);
  if (!engines.ok()) {
    spdlog::critical("{}", std::string(engines.status().message()));
    return 1;
  }
  JoinAsFront(MPI_COMM_WORLD);
  std::string served_at;
  FrontOptions front;
  front.listen = options.listen;
  front.engines = *std::move(engines);
  front.epoch = supervisor != nullptr ? supervisor->epoch() : 1;
  front.instance = supervisor != nullptr ? supervisor->instance() : RandomName();
  front.memory_limit_bytes = options.memory_limit_bytes;
  front.data_root = options.data_root;
  front.user = UserName();
  front.working_directory = std::filesystem::current_path().string();
  front.message_bytes_max = options.message_limit_bytes;
  front.session_grace_seconds = options.session_grace_seconds;
  front.functions = FunctionsOf(options);
  if (supervisor != nullptr) {
    front.functions.host = {.start = [supervisor](PoolId pool) { supervisor->StartPool(pool); },
                            .stop = [supervisor](PoolId pool) { supervisor->StopPool(pool); }};
    front.listen_for_pools = [supervisor](FrontOptions::PoolListener listener) {
      supervisor->ListenForWorkers(listener ? [listener](const LinkMessage& message) { TellOfPool(message, listener); }
                                            : SupervisorLink::OnWorkers());
    };
  }
  front.stop_fd = supervisor != nullptr ? supervisor->stop_fd() : stop_fd;
  front.on_ready = [&](const std::string& address) {
    served_at = address;
    if (supervisor != nullptr) {
      supervisor->TellReady(address);
    } else if (absl::Status status = WritePortFile(options.port_file, address); !status.ok()) {
      spdlog::error("{}", std::string(status.message()));
    } else {
      spdlog::info("serving at {}", address);
    }
  };
  const int exit_code = RunFront(std::move(front));
  if (supervisor == nullptr) {
    RemovePortFile(options.port_file, served_at);
  }
  return exit_code;
}

int RunAsEngine(int rank, int size, SupervisorLink* supervisor) {
  absl::StatusOr<Channel> front = ConnectToFront(MPI_COMM_WORLD);
  if (!front.ok()) {
    spdlog::critical("{}", std::string(front.status().message()));
    return 1;
  }
  EngineOptions engine;
  engine.world = MPI_COMM_WORLD;
  engine.target = rank - 1;
  engine.engine_count = size - 1;
  engine.front = *std::move(front);
  engine.registry = supervisor;
  if (supervisor != nullptr) {
    engine.workers = WorkerSocketOf(Variable(kSupervisorVariable).value_or(""), supervisor->epoch(), engine.target);
  }
  if (supervisor != nullptr) {
    engine.notes = NotesIn(Variable("TMPDIR").value_or(""));  // the job's own directory
  }
  return RunEngine(std::move(engine));
}

}  // namespace

bool StartedAsRank() { return RankFromEnvironment().has_value(); }

int OpenMpiMajorVersion() {
#ifdef OMPI_MAJOR_VERSION
  return OMPI_MAJOR_VERSION;
#else
#error "Open MPI is expected"
#endif
}

int RunRank(const Options& options) {
  const std::optional<std::int64_t> told_rank = RankFromEnvironment();
  SetUpLogging(options, told_rank ? NameOfRank(*told_rank) : "rank");
  if (!told_rank) {
    spdlog::critical("--role rank: this process was not started by mpirun, srun or the like");
    return 1;
  }
  const bool by_hand = !Variable(kSupervisorVariable);
  if (!by_hand) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // mpirun's end is ours, even while we are stopped
  }
  const UniqueFd signals = TakeOverSignals(by_hand && *told_rank == 0);
  absl::StatusOr<std::unique_ptr<SupervisorLink>> supervisor = SupervisorLink::FromEnvironment(*told_rank);
  if (!supervisor.ok()) {
    spdlog::critical("{}", std::string(supervisor.status().message()));
    return 1;
  }
  int provided = 0;
  int rank = 0;
  int size = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  int exit_code = 1;
  if (size < 2) {
    spdlog::critical(
        "started as a job of one rank: at least two are needed, one front and one engine (mpirun -n 2 distarrayd ...)");
  } else if (provided < MPI_THREAD_MULTIPLE) {
    spdlog::critical("this MPI does not allow calls from several threads (MPI_THREAD_MULTIPLE)");
  } else {
    exit_code =
        rank == 0 ? RunAsFront(options, supervisor->get(), signals.get()) : RunAsEngine(rank, size, supervisor->get());
  }
  if (exit_code != 0) {
    // The others may never come to MPI_Finalize.
    if (by_hand) {
      MPI_Abort(MPI_COMM_WORLD, exit_code);
    }
    // Often another rank's end is the cause: the supervisor shall hear of that first.
    std::this_thread::sleep_for(kCauseFirst);
    _exit(exit_code);
  }
  MPI_Finalize();
  return 0;
}

}  // namespace distarray::server
