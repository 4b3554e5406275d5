#pragma once

#include <cstdint>
#include <string>

namespace distarray::server {

/// Bytes that this process and its children may come to hold: the machine's available memory, or less where a cgroup
/// (v1 or v2) sets a limit. `root` stands before /proc and /sys (for tests).
std::int64_t AvailableMemory(const std::string& root = "");

}  // namespace distarray::server
