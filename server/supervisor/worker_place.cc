#include "server/supervisor/worker_place.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <grp.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "engine/base/error.h"
#include "server/supervisor/scratch.h"

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

// Several times what MPI needs for its files.
constexpr std::int64_t kJobBytes = std::int64_t{32} << 20;
constexpr std::int64_t kJobBytesOfTarget = std::int64_t{32} << 20;
constexpr fs::perms kPassable = fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec;

/// The interpreter: as told, else that of the virtual environment beside the binary, else the first on PATH.
std::string FindPython(const Options& options, const std::string& binary) {
  if (!options.worker_python.empty()) {
    return options.worker_python;
  }
  const fs::path beside = fs::path(binary).parent_path().parent_path() / "venv" / "bin" / "python";
  if (access(beside.c_str(), X_OK) == 0) {
    return beside.string();
  }
  const char* path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path != nullptr ? path : "/usr/bin", ':')) {
    const fs::path candidate = fs::path(std::string(folder)) / "python3";
    if (access(candidate.c_str(), X_OK) == 0) {
      return candidate.string();
    }
  }
  return "";
}

/// Whether a process of the place can run what it must: asked of a child that has entered it.
bool Works(const WorkerPlace& place) {
  const pid_t child = fork();
  if (child == 0) {
    const bool works = place.Enter() && access(place.binary.c_str(), X_OK) == 0 &&
                       access(place.python.c_str(), X_OK) == 0 &&
                       access(place.JobDirectory().c_str(), W_OK | X_OK) == 0;
    _exit(works ? 0 : 1);
  }
  int status = 1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && status == 0;
}

/// What is mounted below a folder from here on is seen by nobody outside of this mount namespace. That is a property of
/// the mount in which the folder lies; "/" need not be one, as in a chroot.
bool KeepMountsBelow(const std::string& folder) {
  for (fs::path path = folder;; path = path.parent_path()) {
    if (mount(nullptr, path.c_str(), nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {
      return true;
    }
    if (errno != EINVAL || path == path.parent_path()) {
      return false;
    }
  }
}

absl::Status CannotStart(const std::string& why) {
  return Error(Reason::kWorkerLost, absl::StrCat("workers cannot be started: ", why));
}

}  // namespace

bool WorkerPlace::Enter() const {
  if (own_mounts) {
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0 || !KeepMountsBelow(directory)) {
      return false;
    }
    for (const Bind& bind : binds) {
      if (mount(bind.from.c_str(), bind.to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
        return false;
      }
    }
    const auto mount_folder = [this](const std::string& folder, std::int64_t bytes) {
      const std::string options = absl::StrCat("size=", bytes, ",mode=0700,uid=", uid, ",gid=", uid);
      return mount("distarray", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
    };
    if (!mount_folder(JobDirectory(), kJobBytes + targets * kJobBytesOfTarget)) {
      return false;
    }
    for (std::int64_t target = 0; target < targets; ++target) {
      if (!mount_folder(ScratchOf(target), scratch_bytes)) {
        return false;
      }
    }
  }
  if (other_uid && (setgroups(0, nullptr) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)) {
    return false;
  }
  // Ours may be out of the uid's reach: Open MPI 5's mpirun does not survive that.
  return chdir(JobDirectory().c_str()) == 0;
}

absl::StatusOr<WorkerPlaces> WorkerPlaces::Find(const Options& options, const std::string& binary,
                                                const std::string& directory) {
  WorkerPlaces places;
  places.first_uid_ = options.worker_uid;
  places.targets_ = options.engines;
  places.scratch_bytes_ = options.worker_scratch_bytes;
  places.binary_ = binary;
  places.python_ = FindPython(options, binary);
  places.python_path_ = absl::StrSplit(options.worker_path, ':', absl::SkipEmpty());
  if (places.python_.empty()) {
    return CannotStart("there is no Python: --worker-python names it");
  }
  if (geteuid() == 0 && options.worker_uid != 0) {
    places.other_uid_ = true;
    // Best first. Without mounts of their own, workers must reach the binary and the interpreter by themselves.
    for (const auto& [mounts, bind] : {std::pair(true, false), std::pair(true, true), std::pair(false, false)}) {
      places.own_mounts_ = mounts;
      places.bind_ = bind;
      const absl::StatusOr<WorkerPlace> place = places.Make(directory, 0);
      const bool works = place.ok() && Works(*place);
      RemoveScratch(directory);
      if (works) {
        return places;
      }
    }
    places.other_uid_ = places.own_mounts_ = places.bind_ = false;
    spdlog::warn("workers run under the daemon's own user id: user {} cannot run {} or {}", options.worker_uid, binary,
                 places.python_);
  }
  if (options.sandbox_strict && geteuid() == 0) {
    return CannotStart("--sandbox=strict, and they cannot have a user id of their own here");
  }
  return places;
}

WorkerPlace WorkerPlaces::PlaceIn(const std::string& directory, std::int64_t slot) const {
  WorkerPlace place;
  place.directory = directory;
  place.other_uid = other_uid_;
  place.uid = other_uid_ ? static_cast<uid_t>(first_uid_ + slot) : geteuid();
  place.own_mounts = own_mounts_;
  place.targets = targets_;
  place.scratch_bytes = scratch_bytes_;
  place.binary = binary_;
  place.python = python_;
  place.python_path = absl::StrJoin(python_path_, ":");
  if (bind_) {
    const fs::path program(python_);
    const auto bind = [&place](const fs::path& from, const std::string& name) {
      place.binds.push_back({.from = from.string(), .to = absl::StrCat(place.directory, "/", name)});
      return place.binds.back().to;
    };
    place.binary =
        absl::StrCat(bind(fs::path(binary_).parent_path(), "bin"), "/", fs::path(binary_).filename().string());
    place.python = absl::StrCat(bind(program.parent_path().parent_path(), "python"), "/",
                                program.parent_path().filename().string(), "/", program.filename().string());
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < python_path_.size(); ++i) {
      paths.push_back(bind(python_path_[i], absl::StrCat("path-", i)));
    }
    place.python_path = absl::StrJoin(paths, ":");
  }
  return place;
}

absl::StatusOr<WorkerPlace> WorkerPlaces::Make(const std::string& directory, std::int64_t slot) const {
  WorkerPlace place = PlaceIn(directory, slot);
  std::vector<std::string> folders = {place.directory, place.JobDirectory()};
  for (std::int64_t target = 0; target < place.targets; ++target) {
    folders.push_back(place.ScratchOf(target));
  }
  for (const WorkerPlace::Bind& bind : place.binds) {
    folders.push_back(bind.to);
  }
  for (const std::string& folder : folders) {
    std::error_code error;
    fs::create_directory(folder, error);
    if (!error) {
      fs::permissions(folder, fs::perms::owner_all, error);
    }
    if (!error && place.other_uid && folder != place.directory && chown(folder.c_str(), place.uid, place.uid) != 0) {
      error = std::error_code(errno, std::generic_category());
    }
    if (error) {
      return CannotStart(absl::StrCat("cannot make ", folder, ": ", error.message()));
    }
  }
  // Nothing is written there but to the folders in it, which are limited.
  std::error_code ignored;
  fs::permissions(place.directory, place.other_uid ? kPassable : fs::perms::owner_read | fs::perms::owner_exec,
                  ignored);
  return place;
}

}  // namespace distarray::server
