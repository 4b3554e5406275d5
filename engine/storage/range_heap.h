#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace distarray {

/// The free ranges within some segments: best fit, neighbours joined again. Knows no memory, only addresses. Sizes are
/// multiples of 64.
class RangeHeap {
 public:
  struct Place {
    std::byte* data = nullptr;
    std::int64_t segment = 0;
  };

  void AddSegment(std::int64_t segment, std::byte* data, std::int64_t bytes);
  std::optional<Place> Take(std::int64_t bytes);
  /// True when nothing of its segment is taken any more: the segment is then no longer the heap's.
  bool Give(const Place& place, std::int64_t bytes);
  bool empty() const { return segments_.empty(); }

 private:
  struct Range {
    std::int64_t bytes = 0;
    std::int64_t segment = 0;
  };
  using Ranges = std::map<std::byte*, Range>;

  void Insert(std::byte* data, const Range& range);
  void Erase(Ranges::iterator at);

  Ranges by_address_;
  std::set<std::pair<std::int64_t, std::byte*>> by_size_;
  std::map<std::int64_t, std::int64_t> segments_;  // number to bytes
};

}  // namespace distarray
