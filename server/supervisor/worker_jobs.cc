#include "server/supervisor/worker_jobs.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "server/config/settings.h"
#include "server/supervisor/files_of.h"
#include "server/supervisor/processes.h"
#include "server/supervisor/random.h"

namespace distarray::server {
namespace {

constexpr std::int64_t kUsersMax = 1024;

/// A name that one process of this machine can have at a time, until it ends or lets go of the descriptor. Not valid:
/// another one has it.
UniqueFd ClaimName(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);  // a leading zero byte: no file to sweep
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  UniqueFd claim(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const bool bound = claim.valid() && bind(claim.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0;
  return bound ? std::move(claim) : UniqueFd();
}

/// What the guards are told, besides variables: only what concerns them, so that nothing is looked for in vain under
/// another user id.
std::vector<std::string> GuardFlags(const Options& options, const WorkerPlace& place) {
  Options told;
  told.engines = options.engines;
  told.memory_limit_bytes = options.memory_limit_bytes;
  told.log_level = options.log_level;
  told.sandbox_strict = options.sandbox_strict;
  told.worker_python = place.python;
  told.worker_path = place.python_path;
  told.worker_memory_bytes = options.worker_memory_bytes;
  told.worker_processes = options.worker_processes;
  told.worker_scratch_bytes = options.worker_scratch_bytes;
  told.worker_cpu_seconds = options.worker_cpu_seconds;
  return FlagsOf(told);
}

std::vector<std::string> GuardEnvironment(const JobSpec& job, const WorkerPlace& place, std::int64_t pool,
                                          const std::string& cookie, const std::string& socket) {
  std::vector<std::string> inherited;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    inherited.emplace_back(*variable);
  }
  std::vector<std::string> environment = JobEnvironment(job, inherited);
  // The daemon's own: a worker is to know nothing of it.
  std::erase_if(environment, [](const std::string& variable) {
    return absl::StartsWith(variable, "DISTARRAY_") || absl::StartsWith(variable, "HOME=");
  });
  environment.push_back(absl::StrCat("HOME=", place.JobDirectory()));
  if (place.other_uid) {
    environment.push_back(absl::StrCat(kOwnUserVariable, "=1"));
  }
  environment.push_back(absl::StrCat(kPoolVariable, "=", pool));
  environment.push_back(absl::StrCat(kWorkerCookieVariable, "=", cookie));
  environment.push_back(absl::StrCat(kWorkerSocketVariable, "=", socket));
  return environment;
}

}  // namespace

void WorkerJobs::ClaimUser(Pool& pool) const {
  for (; pool.slot < kUsersMax; ++pool.slot) {
    pool.claim = ClaimName(absl::StrCat("distarray-worker-user-", options_.worker_uid + pool.slot));
    if (pool.claim.valid()) {
      return;
    }
  }
}

absl::StatusOr<std::string> WorkerJobs::Start(std::int64_t pool, const JobSpec& engines) {
  const std::string directory = scratch_->WorkerDirectory(pool).string();
  if (!places_) {
    DA_ASSIGN_OR_RETURN(places_, WorkerPlaces::Find(options_, engines.binary, directory));
  }
  Pool started;
  if (places_->other_uid()) {
    ClaimUser(started);
    if (!started.claim.valid()) {
      return Error(Reason::kWorkerLost, absl::StrCat("all of the ", kUsersMax, " user ids from --worker-uid=",
                                                     options_.worker_uid, " on are in use"));
    }
    // Of a daemon that was killed.
    KillUser(static_cast<uid_t>(options_.worker_uid + started.slot));
    RemoveFiles(started.slot);
  }
  DA_ASSIGN_OR_RETURN(const WorkerPlace place, places_->Make(directory, started.slot));
  JobSpec job = engines;
  job.with_front = false;
  job.ranks_may_copy = false;  // workers are kept from each other's memory (server/worker/sandbox)
  job.binary = place.binary;
  job.directory = place.JobDirectory();
  job.role = "worker";
  job.flags = GuardFlags(options_, place);
  std::string cookie = RandomName();
  const std::string socket = WorkerSocketOf(engines.supervisor, engines.epoch, 0);
  started.mpirun =
      StartProgram(JobArguments(job), GuardEnvironment(job, place, pool, cookie, socket.substr(0, socket.size() - 1)),
                   [&place] { return place.Enter(); });
  if (started.mpirun < 0) {
    return Error(Reason::kWorkerLost, absl::StrCat("cannot start a process: ", std::strerror(errno)));
  }
  janitor_->Watch(started.mpirun);
  pools_[pool] = std::move(started);
  return cookie;
}

void WorkerJobs::KillProcesses(pid_t mpirun, std::int64_t slot) const {
  KillTree(mpirun);
  if (places_ && places_->other_uid()) {
    KillUser(static_cast<uid_t>(options_.worker_uid + slot));
  }
}

void WorkerJobs::Kill(std::int64_t pool) {
  if (const auto found = pools_.find(pool); found != pools_.end()) {
    KillProcesses(found->second.mpirun, found->second.slot);
  }
}

void WorkerJobs::RemoveFiles(std::int64_t slot) const {
  if (places_ && places_->other_uid()) {
    RemoveFilesOf(static_cast<uid_t>(options_.worker_uid + slot));
  }
}

void WorkerJobs::KillAll() {
  for (const auto& [number, pool] : pools_) {
    KillProcesses(pool.mpirun, pool.slot);
    RemoveFiles(pool.slot);
  }
  pools_.clear();
}

std::set<pid_t> WorkerJobs::processes() const {
  std::set<pid_t> mpiruns;
  for (const auto& [number, pool] : pools_) {
    mpiruns.insert(pool.mpirun);
  }
  return mpiruns;
}

std::optional<std::int64_t> WorkerJobs::Reaped(pid_t pid) {
  const auto found =
      std::find_if(pools_.begin(), pools_.end(), [pid](const auto& entry) { return entry.second.mpirun == pid; });
  if (found == pools_.end()) {
    return std::nullopt;
  }
  const std::int64_t pool = found->first;
  // What outlived mpirun: with a user id of its own nothing escapes; without, orphans have become our children.
  KillProcesses(-1, found->second.slot);
  RemoveFiles(found->second.slot);
  pools_.erase(found);
  RemoveScratch(scratch_->WorkerDirectory(pool));
  return pool;
}

}  // namespace distarray::server
