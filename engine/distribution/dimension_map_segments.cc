#include <algorithm>
#include <cstdlib>

#include "engine/distribution/dimension_map.h"

namespace distarray {
namespace {

/// Strided runs shorter than this stay single indices: chance pairs of a random list would only make long, interleaved
/// runs.
constexpr std::size_t kShortestStridedRun = 4;

/// Length of the longest regular run that begins at `from`.
std::size_t RunLength(const std::vector<std::int64_t>& list, std::size_t from) {
  if (from + 1 >= list.size()) {
    return list.size() - from;
  }
  const std::int64_t step = list[from + 1] - list[from];
  std::size_t length = 2;
  while (from + length < list.size() && list[from + length] - list[from + length - 1] == step) {
    ++length;
  }
  return std::abs(step) == 1 || length >= kShortestStridedRun ? length : 1;
}

std::vector<Segment> SegmentsOfList(const std::vector<std::int64_t>& list) {
  std::vector<Segment> segments;
  for (std::size_t from = 0; from < list.size();) {
    const std::size_t length = RunLength(list, from);
    const auto local = static_cast<std::int64_t>(from);
    const auto count = static_cast<std::int64_t>(length);
    const std::int64_t step = length > 1 ? list[from + 1] - list[from] : 1;
    if (step > 0) {
      segments.push_back({list[from], step, count, local, 1});
    } else {
      segments.push_back({list[from + length - 1], -step, count, local + count - 1, -1});
    }
    from += length;
  }
  return segments;
}

}  // namespace

std::vector<Segment> DimensionMap::Segments(std::int64_t p) const {
  const std::int64_t local_size = LocalSize(p);
  if (local_size == 0) {
    return {};
  }
  if (kind == Kind::kUnstructured) {
    return SegmentsOfList((*indices)[static_cast<std::size_t>(p)]);
  }
  const std::int64_t first = GlobalIndex(p, 0);
  if (kind != Kind::kCyclic || grid_size == 1 || local_size <= block_size) {
    return {{first, 1, local_size, 0, 1}};
  }
  if (block_size == 1) {
    return {{first, grid_size, local_size, 0, 1}};
  }
  std::vector<Segment> segments;
  segments.reserve(static_cast<std::size_t>((local_size - 1) / block_size + 1));
  for (std::int64_t local = 0; local < local_size; local += block_size) {
    segments.push_back({GlobalIndex(p, local), 1, std::min(block_size, local_size - local), local, 1});
  }
  return segments;
}

}  // namespace distarray
