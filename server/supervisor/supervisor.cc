#include "server/supervisor/supervisor.h"

#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "server/config/values.h"
#include "server/supervisor/processes.h"
#include "server/supervisor/random.h"
#include "server/supervisor/supervision.h"

namespace distarray::server {
namespace {

// About what MPI's shared memory takes: a rank's segment and its session files.
constexpr std::int64_t kScratchBytesPerRank = 12 << 20;

UniqueFd TakeOverSignals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    sigaddset(&ours, signal);
  }
  sigprocmask(SIG_BLOCK, &ours, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
}

// Finds out before anything is started, with a message that says what is wrong.
absl::Status CheckAddressIsFree(const std::string& listen) {
  const HostPort address = *ReadHostPort(listen);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
      code != 0) {
    return absl::UnavailableError(absl::StrCat("--listen ", listen, ": ", gai_strerror(code)));
  }
  const UniqueFd probe(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = bind(probe.get(), found->ai_addr, found->ai_addrlen) == 0 && ::listen(probe.get(), 1) == 0;
  const int why = errno;
  freeaddrinfo(found);
  if (free) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("--listen ", listen, ": ", std::strerror(why),
                   why == EADDRINUSE ? " (is another distarrayd running? Port 0 takes any free port)" : ""));
}

int Refuse(const absl::Status& status) {
  spdlog::critical("{}", std::string(status.message()));
  return 1;
}

}  // namespace

int RunSupervisor(const Options& options, int open_mpi_major) {
  UniqueFd signals = TakeOverSignals();
  AdoptOrphans();
  SweepAbandonedScratch();
  if (absl::Status status = CheckAddressIsFree(options.listen); !status.ok()) {
    return Refuse(status);
  }
  std::string link_name = absl::StrCat("distarrayd-", RandomName());
  absl::StatusOr<UniqueFd> listener = Link::Listen(link_name);
  if (!listener.ok()) {
    return Refuse(listener.status());
  }
  absl::StatusOr<Scratch> scratch = Scratch::Make(kScratchBytesPerRank * (options.engines + 1));
  if (!scratch.ok()) {
    return Refuse(scratch.status());
  }
  absl::StatusOr<Janitor> janitor = Janitor::Start(scratch->path().string());
  if (!janitor.ok()) {
    return Refuse(janitor.status());
  }
  return Supervision(options, open_mpi_major, *std::move(scratch), *std::move(janitor), std::move(link_name),
                     *std::move(listener), std::move(signals))
      .Run();
}

}  // namespace distarray::server
