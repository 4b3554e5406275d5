#pragma once

#include <cstdint>

namespace distarray {

/// Where memory segments are registered by number, so that somebody outside the process (the supervisor) holds a second
/// descriptor of each. Calls may come from the engine's thread only.
class SegmentRegistry {
 public:
  virtual ~SegmentRegistry() = default;
  /// `fd` stays the caller's; the registry duplicates it.
  virtual void Register(std::int64_t segment, int fd, std::int64_t bytes) = 0;
  virtual void Unregister(std::int64_t segment) = 0;
};

}  // namespace distarray
