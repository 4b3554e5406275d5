#pragma once

#include <filesystem>
#include <string>

#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace distarray::server {

/// The one directory in which everything lies that the job makes besides arrays (MPI's session files and shared
/// memory), so that sweeping is removing it. In /dev/shm where there is room, else in the directory for temporary
/// files.
class Scratch {
 public:
  /// `bytes`: about how much a job needs.
  static absl::StatusOr<Scratch> Make(std::int64_t bytes);
  ~Scratch();
  Scratch(Scratch&& other) noexcept = default;
  Scratch& operator=(Scratch&& other) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// A directory for a pool of workers: nothing in it is believed, so no notes are read there.
  std::filesystem::path WorkerDirectory(std::int64_t pool) const;
  /// Makes an empty directory for the job of this epoch.
  absl::StatusOr<std::filesystem::path> MakeJobDirectory(std::int64_t epoch) const;
  /// Removes what jobs have left.
  void SweepJobs() const;

 private:
  Scratch(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  UniqueFd lock_;  // held while we live
};

/// Removes a daemon's directory, or a job's in it, and the users' unfinished files that jobs have noted there
/// (NotesIn).
void RemoveScratch(const std::filesystem::path& path);

/// Removes the directories of daemons of our user that ended without anybody left to sweep (all their processes killed
/// at once).
void SweepAbandonedScratch();

}  // namespace distarray::server
