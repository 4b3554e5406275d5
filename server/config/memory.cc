#include "server/config/memory.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <vector>

namespace distarray::server {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::int64_t MemAvailable(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string line;
  while (std::getline(file, line)) {
    absl::string_view rest = line;
    std::int64_t kibibytes = 0;
    if (absl::ConsumePrefix(&rest, "MemAvailable:") && absl::ConsumeSuffix(&rest, "kB") &&
        absl::SimpleAtoi(rest, &kibibytes)) {
      return kibibytes * 1024;
    }
  }
  return kNoLimit;
}

std::int64_t LimitIn(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::int64_t bytes = 0;
  // "max" (v2) is no number, and a number near 2^63 (v1) is no limit.
  return std::getline(file, text) && absl::SimpleAtoi(text, &bytes) && bytes > 0 ? bytes : kNoLimit;
}

// The least limit of the group and of those around it. Inside a container the path may name groups that only the host
// can see; then the root of what is mounted is the container's own.
std::int64_t LeastLimit(const std::string& mount, std::string path, absl::string_view file) {
  std::int64_t least = LimitIn(absl::StrCat(mount, "/", file));
  while (path.size() > 1) {
    least = std::min(least, LimitIn(absl::StrCat(mount, path, "/", file)));
    path.resize(path.rfind('/'));
  }
  return least;
}

}  // namespace

std::int64_t AvailableMemory(const std::string& root) {
  std::int64_t least = MemAvailable(root);
  std::ifstream groups(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));  // number:controllers:path
    if (parts.size() != 3 || parts[2].empty() || parts[2].front() != '/') {
      continue;
    }
    if (parts[1].empty()) {
      least = std::min(least, LeastLimit(root + "/sys/fs/cgroup", parts[2], "memory.max"));
    } else if (parts[1] == "memory") {
      least = std::min(least, LeastLimit(root + "/sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes"));
    }
  }
  return least;
}

}  // namespace distarray::server
