#include "server/supervisor/segments.h"

namespace distarray::server {

void SegmentHolder::Add(std::int64_t rank, std::int64_t segment, UniqueFd fd, std::int64_t bytes) {
  Remove(rank, segment);
  segments_[{rank, segment}] = Segment{.fd = std::move(fd), .bytes = bytes};
  bytes_ += bytes;
}

void SegmentHolder::Remove(std::int64_t rank, std::int64_t segment) {
  const auto found = segments_.find({rank, segment});
  if (found != segments_.end()) {
    bytes_ -= found->second.bytes;
    segments_.erase(found);
  }
}

void SegmentHolder::Clear() {
  segments_.clear();
  bytes_ = 0;
}

}  // namespace distarray::server
