#include "engine/storage/available_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace distarray {
namespace {

constexpr std::int64_t kMebi = std::int64_t{1} << 20;
constexpr std::string_view kGroups = "/sys/fs/cgroup";

std::optional<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return std::nullopt;
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The number that follows `name` at the begin of a line.
std::optional<std::int64_t> NumberAfter(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, name.size()) == name) {
      at = std::min(text.find_first_of("0123456789", at + name.size()), text.size());
      std::int64_t value = 0;
      const auto result = std::from_chars(text.data() + at, text.data() + text.size(), value);
      return result.ec == std::errc() ? std::optional(value) : std::nullopt;
    }
    const auto end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  }
  return std::nullopt;
}

/// What one control group leaves (version 2), or nothing where it sets no limit. Its page cache can be dropped, so it
/// counts as free.
std::optional<std::int64_t> LeftInGroup(const std::string& folder) {
  const auto limit = ReadAll(folder + "/memory.max");
  const auto used = ReadAll(folder + "/memory.current");
  const auto most = limit ? NumberAfter(*limit, "") : std::nullopt;
  const auto now = used ? NumberAfter(*used, "") : std::nullopt;
  if (!most || !now) {
    return std::nullopt;
  }
  const auto details = ReadAll(folder + "/memory.stat");
  const auto cache = details ? NumberAfter(*details, "inactive_file ") : std::nullopt;
  return *most - *now + cache.value_or(0);
}

std::string OwnGroup() {
  const auto text = ReadAll("/proc/self/cgroup");
  if (!text) {
    return "";
  }
  const auto at = text->find("0::");
  if (at == std::string::npos) {
    return "";
  }
  const auto end = text->find('\n', at);
  return text->substr(at + 3, end == std::string::npos ? end : end - at - 3);
}

}  // namespace

std::int64_t TotalMemory() {
  return static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::int64_t>(sysconf(_SC_PAGESIZE));
}

std::int64_t AvailableMemory() {
  std::int64_t available = std::numeric_limits<std::int64_t>::max();
  if (const auto meminfo = ReadAll("/proc/meminfo")) {
    if (const auto kibi = NumberAfter(*meminfo, "MemAvailable:")) {
      available = *kibi * 1024;
    }
  }
  static const std::string own_group = OwnGroup();
  for (std::string group = own_group;; group.resize(std::min(group.rfind('/'), group.size()))) {
    if (const auto left = LeftInGroup(std::string(kGroups) + group)) {
      available = std::min(available, *left);
    }
    if (group.empty() || group == "/") {
      break;
    }
  }
  return std::max<std::int64_t>(available - std::min(256 * kMebi, TotalMemory() / 32), 0);
}

}  // namespace distarray
