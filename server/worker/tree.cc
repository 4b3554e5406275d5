#include "server/worker/tree.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "engine/base/unique_fd.h"

namespace distarray::server {
namespace {

struct Seen {
  pid_t parent = -1;
  char state = 0;
  std::int64_t threads = 1;
};

/// A small file of /proc; empty if it cannot be read.
std::string ReadSmall(const std::string& path) {
  std::string text(1024, '\0');
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = file.valid() ? read(file.get(), text.data(), text.size()) : 0;
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

// From /proc/PID/stat: "PID (NAME) STATE PARENT ..."; the name may hold anything, the threads are the 18th field after.
Seen Look(const std::string& process) {
  const std::string line = ReadSmall("/proc/" + process + "/stat");
  Seen seen;
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) {
    return seen;
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(line).substr(end_of_name + 1), ' ', absl::SkipEmpty());
  if (fields.size() < 18 || !absl::SimpleAtoi(fields[1], &seen.parent) ||
      !absl::SimpleAtoi(fields[17], &seen.threads)) {
    return {};
  }
  seen.state = fields[0].front();
  return seen;
}

}  // namespace

std::vector<Descendant> Descendants() {
  std::vector<std::pair<pid_t, Seen>> all;
  if (DIR* const proc = opendir("/proc")) {
    while (const dirent* const entry = readdir(proc)) {
      if (const pid_t pid = std::atoi(entry->d_name); pid > 0) {
        all.emplace_back(pid, Look(entry->d_name));
      }
    }
    closedir(proc);
  }
  std::set<pid_t> below = {getpid()};
  std::vector<Descendant> found;
  for (bool more = true; more;) {
    more = false;
    for (const auto& [pid, seen] : all) {
      if (seen.state != 'Z' && below.contains(seen.parent) && below.insert(pid).second) {
        found.push_back({.pid = pid, .threads = seen.threads});
        more = true;
      }
    }
  }
  return found;
}

std::string LastProcess() {
  const std::string line = ReadSmall("/proc/loadavg");
  return line.substr(line.rfind(' ') + 1);
}

void KillDescendants() {
  // Stopped processes fork no more: once a look finds none that was not there before, all of them are stopped.
  std::set<pid_t> stopped;
  for (bool more = true; more;) {
    more = false;
    for (const Descendant& each : Descendants()) {
      more = (stopped.insert(each.pid).second && kill(each.pid, SIGSTOP) == 0) || more;
    }
  }
  for (const pid_t pid : stopped) {
    kill(pid, SIGKILL);
  }
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

std::int64_t BytesBelow(const std::string& folder) {
  namespace fs = std::filesystem;
  std::int64_t bytes = 0;
  std::error_code ignored;
  for (auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored);
       entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
    struct stat info {};
    if (lstat(entry->path().c_str(), &info) == 0) {
      bytes += static_cast<std::int64_t>(info.st_blocks) * 512;
    }
  }
  return bytes;
}

}  // namespace distarray::server
