#include "server/supervisor/files_of.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"

namespace distarray::server {
namespace {

constexpr const char* kPlaces[] = {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"};
constexpr int kDepthMax = 100;
constexpr auto kPatience = std::chrono::seconds(1);

class Removal {
 public:
  explicit Removal(uid_t uid) : uid_(uid), deadline_(std::chrono::steady_clock::now() + kPatience) {}

  void RemoveIn(int folder, int depth) const {
    for (const std::string& name : NamesIn(folder)) {
      struct stat info {};
      if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_uid != uid_) {
        continue;
      }
      if (std::chrono::steady_clock::now() > deadline_) {
        return;
      }
      if (!S_ISDIR(info.st_mode)) {
        unlinkat(folder, name.c_str(), 0);
        continue;
      }
      const UniqueFd inner(openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner.valid() && depth < kDepthMax) {
        RemoveIn(inner.get(), depth + 1);
      }
      unlinkat(folder, name.c_str(), AT_REMOVEDIR);
    }
  }

 private:
  static std::vector<std::string> NamesIn(int folder) {
    std::vector<std::string> names;
    if (DIR* const listed = fdopendir(fcntl(folder, F_DUPFD_CLOEXEC, 0))) {
      while (const dirent* const entry = readdir(listed)) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") {
          names.push_back(name);
        }
      }
      closedir(listed);
    }
    return names;
  }

  uid_t uid_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace

void RemoveFilesOf(uid_t uid) {
  const Removal removal(uid);
  for (const char* const place : kPlaces) {
    const UniqueFd folder(open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.valid()) {
      removal.RemoveIn(folder.get(), 0);
    }
  }
}

}  // namespace distarray::server
