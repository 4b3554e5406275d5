#pragma once

#include <cstdint>

namespace distarray {

/// Bytes this process may still take without pushing the host, or a control group it lies in, out of memory: what the
/// kernel calls available, less a small reserve. Reads /proc and /sys (about 50 us).
std::int64_t AvailableMemory();

/// The host's memory, bytes.
std::int64_t TotalMemory();

}  // namespace distarray
