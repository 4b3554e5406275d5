#include "server/supervisor/scratch.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "server/supervisor/job.h"

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "distarrayd-";
constexpr char kLockName[] = "lock";
constexpr char kWorkersPrefix[] = "workers-";
// A directory without a lock that is younger may be somebody's who is just making it.
constexpr std::int64_t kYoungSeconds = 60;

std::vector<fs::path> Places() {
  const char* temporary = std::getenv("TMPDIR");
  std::vector<fs::path> places = {"/dev/shm", "/tmp"};
  if (temporary != nullptr && fs::path(temporary).is_absolute() && fs::path(temporary) != places[1]) {
    places.insert(places.begin() + 1, temporary);
  }
  return places;
}

bool HasRoom(const fs::path& place, std::int64_t bytes) {
  struct statvfs info {};
  return statvfs(place.c_str(), &info) == 0 &&
         static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize) >= static_cast<double>(bytes);
}

UniqueFd TakeLock(const fs::path& directory, int flags) {
  UniqueFd lock(open((directory / kLockName).c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
  if (lock.valid() && flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    lock.Close();
  }
  return lock;
}

bool IsAbandoned(const fs::path& directory) {
  struct stat info {};
  if (lstat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid()) {
    return false;
  }
  if (access((directory / kLockName).c_str(), F_OK) != 0) {
    return std::time(nullptr) - info.st_mtime > kYoungSeconds;
  }
  return TakeLock(directory, 0).valid();
}

/// Who is not root can empty only folders that may be written to; a pool's is none, and functions may have left more.
void AllowRemoval(const fs::path& folder) {
  if (geteuid() == 0) {
    return;
  }
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, ignored);
  for (auto entry = fs::recursive_directory_iterator(folder, ignored); entry != fs::recursive_directory_iterator();
       entry.increment(ignored)) {
    if (fs::is_directory(entry->symlink_status(ignored))) {
      fs::permissions(entry->path(), fs::perms::owner_all, ignored);  // before the next step goes into it
    }
  }
}

}  // namespace

void RemoveScratch(const fs::path& path) {
  std::error_code ignored;
  if (absl::StartsWith(path.filename().string(), kWorkersPrefix)) {
    AllowRemoval(path);
    fs::remove_all(path, ignored);
    return;
  }
  for (auto entry = fs::recursive_directory_iterator(path, ignored); entry != fs::recursive_directory_iterator();
       entry.increment(ignored)) {
    const fs::path& note = entry->path();
    if (absl::StartsWith(note.filename().string(), kWorkersPrefix)) {
      entry.disable_recursion_pending();  // functions of users write there: what they leave is not ours to follow
      AllowRemoval(note);
      continue;
    }
    if (note.parent_path().filename() == kNotesFolder && fs::is_symlink(note, ignored)) {
      const fs::path unfinished = fs::read_symlink(note, ignored);
      if (fs::is_regular_file(fs::symlink_status(unfinished, ignored)) && fs::remove(unfinished, ignored)) {
        spdlog::info("removed {}, which was not finished", unfinished.string());
      }
    }
  }
  fs::remove_all(path, ignored);
}

absl::StatusOr<Scratch> Scratch::Make(std::int64_t bytes) {
  std::string why = "no room";
  for (const fs::path& place : Places()) {
    std::string name = (place / absl::StrCat(kPrefix, "XXXXXX")).string();
    if (!HasRoom(place, bytes)) {
      continue;
    }
    if (mkdtemp(name.data()) == nullptr) {
      why = std::strerror(errno);
      continue;
    }
    chmod(name.c_str(), 0711);  // workers of other users have directories in it
    UniqueFd lock = TakeLock(name, O_CREAT);
    if (lock.valid()) {
      return Scratch(name, std::move(lock));
    }
    why = std::strerror(errno);
  }
  return absl::UnavailableError(absl::StrCat("cannot make a directory in /dev/shm or for temporary files: ", why));
}

Scratch::~Scratch() {
  if (lock_.valid()) {
    std::error_code error;
    fs::remove_all(path_, error);
    if (error) {
      spdlog::warn("cannot remove {}: {}", path_.string(), error.message());
    }
  }
}

fs::path Scratch::WorkerDirectory(std::int64_t pool) const { return path_ / absl::StrCat(kWorkersPrefix, pool); }

absl::StatusOr<fs::path> Scratch::MakeJobDirectory(std::int64_t epoch) const {
  const fs::path directory = path_ / absl::StrCat(epoch);
  std::error_code error;
  fs::create_directory(directory, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot make ", directory.string(), ": ", error.message()));
  }
  return directory;
}

void Scratch::SweepJobs() const {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    if (entry.path().filename() != kLockName) {
      RemoveScratch(entry.path());
    }
  }
}

void SweepAbandonedScratch() {
  for (const fs::path& place : Places()) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(place, error)) {
      if (absl::StartsWith(entry.path().filename().string(), kPrefix) && IsAbandoned(entry.path())) {
        RemoveScratch(entry.path());
        spdlog::info("removed {}, left by a daemon that was killed", entry.path().string());
      }
    }
  }
}

}  // namespace distarray::server
