#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>

#include "engine/distribution/common_run.h"

namespace distarray {
namespace {

/// The smallest v in [0, count] whose index start + v * step is at or past `bound`, going the step's way.
std::int64_t FirstAtOrPast(std::int64_t bound, std::int64_t start, std::int64_t step, std::int64_t count) {
  const std::int64_t distance = step > 0 ? bound - start : start - bound;
  if (distance <= 0) {
    return 0;
  }
  return std::min(count, (distance - 1) / std::abs(step) + 1);
}

SlicedMap SliceBlocks(const DimensionMap& map, std::int64_t start, std::int64_t step, std::int64_t count) {
  SlicedMap sliced;
  std::vector<std::int64_t> bounds = {0};
  for (std::int64_t i = 0; i < map.grid_size; ++i) {
    const std::int64_t p = step > 0 ? i : map.grid_size - 1 - i;
    const auto at = static_cast<std::size_t>(p);
    const std::int64_t end = FirstAtOrPast(step > 0 ? map.bounds[at + 1] : map.bounds[at] - 1, start, step, count);
    if (end > bounds.back()) {
      bounds.push_back(end);
      sliced.coordinates.push_back(p);
    }
  }
  sliced.map = DimensionMap::Block(std::move(bounds));
  return sliced;
}

/// Cyclic where the slice meets whole blocks, each on the process a fixed number further: then the result is a cyclic
/// map again.
std::optional<SlicedMap> SliceCycle(const DimensionMap& map, std::int64_t start, std::int64_t step,
                                    std::int64_t count) {
  const std::int64_t block = map.block_size;
  const std::int64_t stride = std::abs(step);
  std::int64_t new_block = 1;
  std::int64_t blocks_further = 0;  // from one new block to the next
  if (stride % block == 0) {
    blocks_further = step / block;
  } else if (block % stride == 0) {
    const std::int64_t within = step > 0 ? start % block : block - 1 - start % block;
    if (within >= stride) {
      return std::nullopt;
    }
    new_block = block / stride;
    blocks_further = step > 0 ? 1 : -1;
  } else {
    return std::nullopt;
  }
  const std::int64_t grid = map.grid_size;
  const std::int64_t processes_further = (blocks_further % grid + grid) % grid;
  const std::int64_t cycle = grid / std::gcd(processes_further, grid);
  const std::int64_t processes = std::min(cycle, (count - 1) / new_block + 1);
  SlicedMap sliced;
  std::int64_t p = map.Owner(start);
  for (std::int64_t c = 0; c < processes; ++c) {
    sliced.coordinates.push_back(p);
    p = (p + processes_further) % grid;
  }
  sliced.map = DimensionMap::Cyclic(count, processes, new_block);
  return sliced;
}

/// Lists of the slice's indices on each process, in the order of SliceSegments.
SlicedMap SliceRuns(const DimensionMap& map, std::int64_t start, std::int64_t step, std::int64_t count) {
  SlicedMap sliced;
  DimensionMap::IndexLists lists;
  for (std::int64_t p = 0; p < map.grid_size; ++p) {
    std::vector<std::int64_t> list;
    for (const Segment& run : SliceSegments(map.Segments(p), start, step, count)) {
      for (std::int64_t i = 0; i < run.count; ++i) {
        list.push_back(run.start + i * run.step);
      }
    }
    if (!list.empty()) {
      lists.push_back(std::move(list));
      sliced.coordinates.push_back(p);
    }
  }
  sliced.map = DimensionMap::Unstructured(std::move(lists));
  return sliced;
}

SlicedMap SliceLists(const DimensionMap& map, std::int64_t start, std::int64_t step, std::int64_t count) {
  SlicedMap sliced;
  DimensionMap::IndexLists lists;
  for (std::int64_t p = 0; p < map.grid_size; ++p) {
    std::vector<std::int64_t> list;
    for (const std::int64_t index : (*map.indices)[static_cast<std::size_t>(p)]) {
      const std::int64_t v = (index - start) / step;
      if (v >= 0 && v < count && start + v * step == index) {
        list.push_back(v);
      }
    }
    if (list.empty()) {
      continue;
    }
    if (step < 0) {
      std::reverse(list.begin(), list.end());
    }
    lists.push_back(std::move(list));
    sliced.coordinates.push_back(p);
  }
  sliced.map = DimensionMap::Unstructured(std::move(lists));
  return sliced;
}

SlicedMap Empty(const DimensionMap& map) {
  switch (map.kind) {
    case DimensionMap::Kind::kWhole:
      return {DimensionMap::Whole(0), {0}};
    case DimensionMap::Kind::kBlock:
      return {DimensionMap::Block(0, 1), {0}};
    case DimensionMap::Kind::kCyclic:
      return {DimensionMap::Cyclic(0, 1, map.block_size), {0}};
    case DimensionMap::Kind::kUnstructured:
      break;
  }
  return {DimensionMap::Unstructured({{}}), {0}};
}

/// The whole map, if no process would have to go.
std::optional<SlicedMap> Unchanged(const DimensionMap& map) {
  SlicedMap sliced{map, {}};
  for (std::int64_t p = 0; p < map.grid_size; ++p) {
    if (map.LocalSize(p) == 0) {
      return std::nullopt;
    }
    sliced.coordinates.push_back(p);
  }
  return sliced;
}

}  // namespace

SlicedMap SliceMap(const DimensionMap& map, std::int64_t start, std::int64_t step, std::int64_t count) {
  if (count == 0) {
    return Empty(map);
  }
  if (start == 0 && (step == 1 || count == 1) && count == map.size) {
    if (auto unchanged = Unchanged(map)) {
      return *std::move(unchanged);
    }
  }
  switch (map.kind) {
    case DimensionMap::Kind::kWhole: {
      SlicedMap sliced{DimensionMap::Replicated(count, map.grid_size), {}};
      sliced.coordinates.resize(static_cast<std::size_t>(map.grid_size));
      std::iota(sliced.coordinates.begin(), sliced.coordinates.end(), std::int64_t{0});
      return sliced;
    }
    case DimensionMap::Kind::kBlock:
      return SliceBlocks(map, start, step, count);
    case DimensionMap::Kind::kCyclic:
      if (map.grid_size == 1) {
        return {DimensionMap::Cyclic(count, 1, map.block_size), {0}};
      }
      if (auto cycle = SliceCycle(map, start, step, count)) {
        return *std::move(cycle);
      }
      return SliceRuns(map, start, step, count);
    case DimensionMap::Kind::kUnstructured:
      break;
  }
  return SliceLists(map, start, step, count);
}

std::vector<Segment> SliceSegments(const std::vector<Segment>& segments, std::int64_t start, std::int64_t step,
                                   std::int64_t count) {
  std::vector<Segment> sliced;
  if (count == 0) {
    return sliced;
  }
  Segment slice{start, step, count, 0, 1};
  if (count == 1) {
    slice.step = 1;
  } else if (step < 0) {
    slice = {start + (count - 1) * step, -step, count, count - 1, -1};
  }
  for (const Segment& segment : segments) {
    // Local indices of the slice are its v, those of the run its positions.
    const auto found = CommonOf(slice, segment);
    if (!found) {
      continue;
    }
    const Overlap& common = found->overlap;
    if (common.a_step > 0) {
      sliced.push_back({common.a_start, common.a_step, common.count, common.b_start, common.b_step});
    } else {
      const std::int64_t back = common.count - 1;
      sliced.push_back({common.a_start + back * common.a_step, -common.a_step, common.count,
                        common.b_start + back * common.b_step, -common.b_step});
    }
  }
  if (step < 0) {
    std::reverse(sliced.begin(), sliced.end());
  }
  return sliced;
}

}  // namespace distarray
