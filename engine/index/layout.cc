#include <algorithm>

#include "engine/index/view.h"

namespace distarray {

Distribution DistributionOfView(const Distribution& base, const View& view) {
  const Shape shape = view.shape();
  if (view.IsWhole(base.shape())) {
    return base;
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return SingleTarget(shape, base.targets.front());
  }
  Distribution result;
  std::vector<std::vector<std::int64_t>> coordinates;  // of the base's grid, for each of the view's
  std::vector<std::int64_t> at(base.dimensions.size(), 0);
  for (const FixedDimension& fixed : view.fixed) {
    at[static_cast<std::size_t>(fixed.base)] = base.dimensions[static_cast<std::size_t>(fixed.base)].Owner(fixed.index);
  }
  for (const ViewDimension& dimension : view.dimensions) {
    if (dimension.base < 0 || dimension.step == 0) {
      result.dimensions.push_back(DimensionMap::Whole(dimension.count));
      coordinates.emplace_back();
      if (dimension.base >= 0) {
        const auto b = static_cast<std::size_t>(dimension.base);
        at[b] = base.dimensions[b].Owner(dimension.start);
      }
      continue;
    }
    SlicedMap sliced = SliceMap(base.dimensions[static_cast<std::size_t>(dimension.base)], dimension.start,
                                dimension.step, dimension.count);
    result.dimensions.push_back(std::move(sliced.map));
    coordinates.push_back(std::move(sliced.coordinates));
  }
  std::int64_t processes = 1;
  for (const DimensionMap& map : result.dimensions) {
    processes *= map.grid_size;
  }
  for (std::int64_t rank = 0; rank < processes; ++rank) {
    const auto mine = result.Coordinates(static_cast<int>(rank));
    for (std::size_t d = 0; d < mine.size(); ++d) {
      if (!coordinates[d].empty()) {
        at[static_cast<std::size_t>(view.dimensions[d].base)] = coordinates[d][static_cast<std::size_t>(mine[d])];
      }
    }
    result.targets.push_back(base.targets[static_cast<std::size_t>(base.RankAt(at))]);
  }
  return result;
}

std::vector<Segment> ViewSegments(const Distribution& base, const View& view, int d, std::int64_t p) {
  const ViewDimension& dimension = view.dimensions[static_cast<std::size_t>(d)];
  if (dimension.count == 0) {
    return {};
  }
  if (dimension.base < 0) {
    return {{0, 1, dimension.count, 0, 0}};
  }
  const DimensionMap& map = base.dimensions[static_cast<std::size_t>(dimension.base)];
  if (dimension.step == 0) {
    if (!map.replicated() && map.Owner(dimension.start) != p) {
      return {};
    }
    return {{0, 1, dimension.count, map.LocalIndex(dimension.start), 0}};
  }
  return SliceSegments(map.Segments(p), dimension.start, dimension.step, dimension.count);
}

}  // namespace distarray
