#include "server/worker/tree.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
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

constexpr std::size_t kChildrenBytes = 64 << 10;  // of the children of one thread, as text

struct Seen {
  pid_t parent = -1;
  char state = 0;
  std::int64_t threads = 1;
};

/// A file of /proc, so much of it at most; empty if it cannot be read.
std::string Read(const std::string& path, std::size_t most) {
  std::string text(most, '\0');
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = file.valid() ? read(file.get(), text.data(), text.size()) : 0;
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

/// The processes or threads that a folder of /proc has.
std::vector<pid_t> NumbersIn(const std::string& folder) {
  std::vector<pid_t> numbers;
  if (DIR* const listed = opendir(folder.c_str())) {
    while (const dirent* const entry = readdir(listed)) {
      if (const pid_t number = std::atoi(entry->d_name); number > 0) {
        numbers.push_back(number);
      }
    }
    closedir(listed);
  }
  return numbers;
}

std::string ChildrenFile(pid_t process, pid_t thread) {
  return absl::StrCat("/proc/", process, "/task/", thread, "/children");
}

// From /proc/PID/stat: "PID (NAME) STATE PARENT ..."; the name may hold anything, the threads are the 18th field after.
Seen Look(pid_t process) {
  const std::string line = Read(absl::StrCat("/proc/", process, "/stat"), 1024);
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
  for (const pid_t pid : NumbersIn("/proc")) {
    all.emplace_back(pid, Look(pid));
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

std::int64_t CountTasksBelow() {
  std::int64_t tasks = 0;
  if (access(ChildrenFile(getpid(), getpid()).c_str(), R_OK) != 0) {
    for (const Descendant& each : Descendants()) {
      tasks += each.threads;
    }
    return tasks;
  }
  std::vector<pid_t> family = {getpid()};
  for (std::size_t i = 0; i < family.size(); ++i) {
    const pid_t process = family[i];
    for (const pid_t thread : NumbersIn(absl::StrCat("/proc/", process, "/task"))) {
      tasks += i > 0 ? 1 : 0;
      for (const absl::string_view child :
           absl::StrSplit(Read(ChildrenFile(process, thread), kChildrenBytes), ' ', absl::SkipEmpty())) {
        if (pid_t pid = 0; absl::SimpleAtoi(child, &pid)) {
          family.push_back(pid);
        }
      }
    }
  }
  return tasks;
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
