#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "engine/base/unique_fd.h"

namespace distarray::server {

/// Holds a second descriptor of every memory segment of the engines, so that a segment outlives the process that made
/// it.
class SegmentHolder {
 public:
  void Add(std::int64_t rank, std::int64_t segment, UniqueFd fd, std::int64_t bytes);
  void Remove(std::int64_t rank, std::int64_t segment);
  /// Lets go of everything.
  void Clear();

  std::int64_t count() const { return static_cast<std::int64_t>(segments_.size()); }
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Segment {
    UniqueFd fd;
    std::int64_t bytes = 0;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Segment> segments_;  // by rank and number
  std::int64_t bytes_ = 0;
};

}  // namespace distarray::server
