#include "engine/storage/range_heap.h"

#include <iterator>

namespace distarray {

void RangeHeap::Insert(std::byte* data, const Range& range) {
  by_address_.emplace(data, range);
  by_size_.emplace(range.bytes, data);
}

void RangeHeap::Erase(Ranges::iterator at) {
  by_size_.erase({at->second.bytes, at->first});
  by_address_.erase(at);
}

void RangeHeap::AddSegment(std::int64_t segment, std::byte* data, std::int64_t bytes) {
  segments_.emplace(segment, bytes);
  Insert(data, {bytes, segment});
}

std::optional<RangeHeap::Place> RangeHeap::Take(std::int64_t bytes) {
  const auto fit = by_size_.lower_bound({bytes, nullptr});
  if (fit == by_size_.end()) {
    return std::nullopt;
  }
  const auto at = by_address_.find(fit->second);
  std::byte* const data = at->first;
  const Range range = at->second;
  Erase(at);
  if (range.bytes > bytes) {
    Insert(data + bytes, {range.bytes - bytes, range.segment});
  }
  return Place{data, range.segment};
}

bool RangeHeap::Give(const Place& place, std::int64_t bytes) {
  std::byte* data = place.data;
  auto next = by_address_.lower_bound(data);
  if (next != by_address_.begin()) {
    const auto before = std::prev(next);
    if (before->second.segment == place.segment && before->first + before->second.bytes == data) {
      data = before->first;
      bytes += before->second.bytes;
      Erase(before);
    }
  }
  if (next != by_address_.end() && next->second.segment == place.segment && data + bytes == next->first) {
    bytes += next->second.bytes;
    Erase(next);
  }
  if (bytes == segments_.at(place.segment)) {
    segments_.erase(place.segment);
    return true;
  }
  Insert(data, {bytes, place.segment});
  return false;
}

}  // namespace distarray
