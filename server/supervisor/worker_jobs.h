#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "server/config/options.h"
#include "server/supervisor/janitor.h"
#include "server/supervisor/job.h"
#include "server/supervisor/scratch.h"
#include "server/supervisor/worker_place.h"

namespace distarray::server {

/// How a worker's guard knows what it belongs to: variables set by the supervisor.
inline constexpr char kPoolVariable[] = "DISTARRAY_WORKER_POOL";
inline constexpr char kWorkerCookieVariable[] = "DISTARRAY_WORKER_COOKIE";
inline constexpr char kWorkerSocketVariable[] = "DISTARRAY_WORKER_SOCKET";  // WorkerSocketOf without the target
inline constexpr char kOwnUserVariable[] = "DISTARRAY_WORKER_OWN_USER";     // set: the user id is this pool's alone

/// The pools of workers that the front has asked for: each an MPI job of its own, with a directory and, from a daemon
/// of root's, a user id of its own.
class WorkerJobs {
 public:
  /// `scratch` and `janitor` are borrowed.
  WorkerJobs(const Options& options, const Scratch* scratch, const Janitor* janitor)
      : options_(options), scratch_(scratch), janitor_(janitor) {}

  /// Starts a pool for the engines of `engines`; returns the cookie that its workers will say. Error kWorkerLost: it
  /// cannot be started, and why.
  absl::StatusOr<std::string> Start(std::int64_t pool, const JobSpec& engines);
  /// Kills all processes of a pool, whatever they do; Reaped follows.
  void Kill(std::int64_t pool);
  /// Kills all pools, without waiting for them, and forgets them.
  void KillAll();
  /// A child has ended: if it was a pool's mpirun, the pool's rest is swept away. Returns the pool.
  std::optional<std::int64_t> Reaped(pid_t pid);

  /// The mpiruns.
  std::set<pid_t> processes() const;

 private:
  struct Pool {
    pid_t mpirun = -1;
    std::int64_t slot = 0;  // which of the user ids
    UniqueFd claim;         // to the user id: no other daemon of this machine uses it
  };
  void ClaimUser(Pool& pool) const;
  void KillProcesses(pid_t mpirun, std::int64_t slot) const;
  void RemoveFiles(std::int64_t slot) const;

  Options options_;
  const Scratch* scratch_;
  const Janitor* janitor_;
  std::optional<WorkerPlaces> places_;  // found out with the first pool
  std::map<std::int64_t, Pool> pools_;
};

}  // namespace distarray::server
