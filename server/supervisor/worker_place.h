#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "server/config/options.h"

namespace distarray::server {

/// Where and as whom a pool of workers runs.
struct WorkerPlace {
  std::string directory;  // its own; what it may write to are folders in it
  uid_t uid = 0;          // that its processes have; our own where they cannot have another
  bool other_uid = false;
  bool own_mounts = false;  // namespaces of its own: of mounts, with folders of limited size, and of System V's IPC
  std::int64_t targets = 1;
  std::int64_t scratch_bytes = 0;  // of each target's scratch folder

  struct Bind {
    std::string from;  // a folder that the uid cannot reach
    std::string to;    // where it finds it
  };
  std::vector<Bind> binds;
  // As the pool's processes see them.
  std::string binary;
  std::string python;
  std::string python_path;

  /// Folder of its mpirun, for MPI's session and shared memory files.
  std::string JobDirectory() const { return directory + "/job"; }
  /// Folder in which target `t`'s functions run.
  std::string ScratchOf(std::int64_t target) const { return directory + "/scratch-" + std::to_string(target); }

  /// Makes this process, a fresh child of the supervisor's, one of the pool. False: errno says why. Async-signal-safe
  /// but for allocation: the supervisor has one thread.
  bool Enter() const;
};

/// Finds places for pools.
class WorkerPlaces {
 public:
  /// Looks, with children that try, what this host lets us do: a user id of its own for each pool, and mounts.
  /// `binary`: distarrayd. Error kWorkerLost: the interpreter is missing, or (with --sandbox=strict) pools cannot be
  /// kept apart.
  static absl::StatusOr<WorkerPlaces> Find(const Options& options, const std::string& binary,
                                           const std::string& directory);

  /// The place of a pool. `slot`: tells pools that live at the same time apart. Makes its directories. Error
  /// kWorkerLost.
  absl::StatusOr<WorkerPlace> Make(const std::string& directory, std::int64_t slot) const;
  bool other_uid() const { return other_uid_; }

 private:
  WorkerPlaces() = default;
  WorkerPlace PlaceIn(const std::string& directory, std::int64_t slot) const;

  std::int64_t first_uid_ = 0;
  std::int64_t targets_ = 1;
  std::int64_t scratch_bytes_ = 0;
  std::string binary_;
  std::string python_;
  std::vector<std::string> python_path_;
  bool other_uid_ = false;
  bool own_mounts_ = false;
  bool bind_ = false;  // binary and interpreter must be bound to where the uid can reach them
};

}  // namespace distarray::server
