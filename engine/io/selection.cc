#include "engine/io/selection.h"

#include <algorithm>
#include <numeric>

namespace distarray::io {
namespace {

/// One selection of more slabs than this takes the library longer than another call.
constexpr std::int64_t kMostSlabs = 512;

std::int64_t SizeOf(const Slab& slab) { return slab.count * slab.block; }

Slab SlabOf(const Segment& run, std::int64_t first) {
  if (run.step == 1) {
    return {run.start, run.count, 1, run.count, first};
  }
  return {run.start, run.step, run.count, 1, first};
}

std::pair<std::size_t, std::size_t> SlabsWithin(const AxisSelection& axis, std::int64_t low, std::int64_t high) {
  const auto begin = axis.slabs.begin();
  const auto from =
      std::partition_point(begin, axis.slabs.end(), [&](const Slab& slab) { return slab.first + SizeOf(slab) <= low; });
  const auto to = std::partition_point(from, axis.slabs.end(), [&](const Slab& slab) { return slab.first < high; });
  return {static_cast<std::size_t>(from - begin), static_cast<std::size_t>(to - begin)};
}

/// Positions in a list of distinct indices below `size`, by ascending index.
std::vector<std::int64_t> AscendingOrder(const std::vector<std::int64_t>& list, std::int64_t size) {
  std::vector<std::int64_t> order(list.size());
  if (size / 16 > std::ssize(list)) {
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::sort(order.begin(), order.end(), [&list](std::int64_t x, std::int64_t y) {
      return list[static_cast<std::size_t>(x)] < list[static_cast<std::size_t>(y)];
    });
    return order;
  }
  // A good part of all indices: a table of all is faster than sorting.
  std::vector<std::int64_t> place(static_cast<std::size_t>(size), -1);
  for (std::size_t i = 0; i < list.size(); ++i) {
    place[static_cast<std::size_t>(list[i])] = static_cast<std::int64_t>(i);
  }
  std::copy_if(place.begin(), place.end(), order.begin(), [](std::int64_t at) { return at >= 0; });
  return order;
}

/// The slabs of the positions from low to high: one that is cut within its blocks becomes up to three.
std::vector<Slab> Clip(const AxisSelection& axis, std::int64_t low, std::int64_t high) {
  std::vector<Slab> clipped;
  const auto [from, to] = SlabsWithin(axis, low, high);
  for (std::size_t s = from; s < to; ++s) {
    const Slab& slab = axis.slabs[s];
    std::int64_t at = std::max(low - slab.first, std::int64_t{0});
    const std::int64_t end = std::min(high - slab.first, SizeOf(slab));
    const auto add = [&](std::int64_t count, std::int64_t block) {
      const std::int64_t start = slab.start + at / slab.block * slab.stride + at % slab.block;
      clipped.push_back({start, std::max(slab.stride, block), count, block, slab.first + at});
      at += count * block;
    };
    if (at % slab.block != 0) {
      add(1, std::min(slab.block - at % slab.block, end - at));
    }
    if (end - at >= slab.block) {
      add((end - at) / slab.block, slab.block);
    }
    if (end > at) {
      add(1, end - at);
    }
  }
  return clipped;
}

/// The dimension to cut a box along, or -1 if it is small enough.
int DimensionToCut(const std::vector<AxisSelection>& axes, const Box& box, std::int64_t most_elements) {
  std::int64_t slabs = 1;
  int first_long = -1;
  int first_split = -1;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    const auto [from, to] = SlabsWithin(axes[d], box.low[d], box.high[d]);
    const auto here = static_cast<std::int64_t>(to - from);
    slabs = slabs > kMostSlabs ? slabs : slabs * here;
    if (first_long < 0 && box.high[d] - box.low[d] > 1) {
      first_long = static_cast<int>(d);
    }
    if (first_split < 0 && here > 1) {
      first_split = static_cast<int>(d);
    }
  }
  if (box.size() > most_elements && first_long >= 0) {
    return first_long;
  }
  return slabs > kMostSlabs ? first_split : -1;
}

}  // namespace

AxisSelection SelectAxis(const DimensionMap& map, std::int64_t p) {
  AxisSelection axis;
  axis.size = map.LocalSize(p);
  if (axis.size == 0) {
    return axis;
  }
  if (map.kind == DimensionMap::Kind::kUnstructured) {
    const auto& list = (*map.indices)[static_cast<std::size_t>(p)];
    std::vector<std::int64_t> sorted = list;
    if (!std::is_sorted(list.begin(), list.end())) {
      axis.order = AscendingOrder(list, map.size);
      for (std::size_t i = 0; i < sorted.size(); ++i) {
        sorted[i] = list[static_cast<std::size_t>(axis.order[i])];
      }
    }
    for (const Segment& run : DimensionMap::Unstructured({std::move(sorted)}).Segments(0)) {
      axis.slabs.push_back(SlabOf(run, run.local_start));
    }
    return axis;
  }
  const std::int64_t block = map.block_size;
  if (map.kind != DimensionMap::Kind::kCyclic || block == 1 || map.grid_size == 1 || axis.size <= block) {
    axis.slabs.push_back(SlabOf(map.Segments(p).front(), 0));
    return axis;
  }
  const std::int64_t blocks = axis.size / block;
  axis.slabs.push_back({map.GlobalIndex(p, 0), block * map.grid_size, blocks, block, 0});
  if (const std::int64_t rest = axis.size % block; rest > 0) {
    axis.slabs.push_back({map.GlobalIndex(p, blocks * block), rest, 1, rest, blocks * block});
  }
  return axis;
}

Shape Box::shape() const {
  Shape sizes(low.size());
  for (std::size_t d = 0; d < low.size(); ++d) {
    sizes[d] = high[d] - low[d];
  }
  return sizes;
}

std::int64_t Box::size() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape()) {
    count *= size;
  }
  return count;
}

std::vector<Box> BoxesOf(const std::vector<AxisSelection>& axes, std::int64_t most_elements) {
  Box whole;
  for (const AxisSelection& axis : axes) {
    whole.low.push_back(0);
    whole.high.push_back(axis.size);
  }
  std::vector<Box> boxes;
  if (whole.size() == 0) {
    return boxes;
  }
  std::vector<Box> rest = {whole};
  while (!rest.empty()) {
    Box box = std::move(rest.back());
    rest.pop_back();
    const int cut = DimensionToCut(axes, box, most_elements);
    if (cut < 0) {
      boxes.push_back(std::move(box));
      continue;
    }
    const auto d = static_cast<std::size_t>(cut);
    Box second = box;
    second.low[d] = box.low[d] + (box.high[d] - box.low[d] + 1) / 2;
    box.high[d] = second.low[d];
    rest.push_back(std::move(second));
    rest.push_back(std::move(box));
  }
  return boxes;
}

bool SelectBox(hid_t space, const std::vector<AxisSelection>& axes, const Box& box) {
  std::vector<std::vector<Slab>> slabs;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    slabs.push_back(Clip(axes[d], box.low[d], box.high[d]));
  }
  const std::size_t ndim = axes.size();
  std::vector<std::size_t> at(ndim, 0);
  std::vector<hsize_t> start(ndim), stride(ndim), count(ndim), block(ndim);
  H5S_seloper_t operation = H5S_SELECT_SET;
  while (true) {
    for (std::size_t d = 0; d < ndim; ++d) {
      const Slab& slab = slabs[d][at[d]];
      start[d] = static_cast<hsize_t>(slab.start);
      stride[d] = static_cast<hsize_t>(slab.stride);
      count[d] = static_cast<hsize_t>(slab.count);
      block[d] = static_cast<hsize_t>(slab.block);
    }
    if (H5Sselect_hyperslab(space, operation, start.data(), stride.data(), count.data(), block.data()) < 0) {
      return false;
    }
    operation = H5S_SELECT_OR;
    std::size_t d = ndim;
    while (d > 0 && ++at[d - 1] == slabs[d - 1].size()) {
      at[--d] = 0;
    }
    if (d == 0) {
      return true;
    }
  }
}

}  // namespace distarray::io
