#include "tests/engine/redistribution/random_layouts.h"

#include <algorithm>
#include <numeric>

namespace distarray {

DimensionMap RandomLayouts::MakeMap(std::int64_t size, std::int64_t grid_size, bool replicas) {
  if (grid_size == 1 && Chance(50)) {
    return DimensionMap::Whole(size);
  }
  if (replicas && Chance(20)) {
    return DimensionMap::Replicated(size, grid_size);
  }
  switch (Below(5)) {
    case 0:
      return DimensionMap::Block(size, grid_size);
    case 1: {
      std::vector<std::int64_t> bounds{0, size};
      for (std::int64_t i = 1; i < grid_size; ++i) {
        bounds.push_back(Below(static_cast<int>(size) + 1));
      }
      std::sort(bounds.begin(), bounds.end());
      return DimensionMap::Block(bounds);
    }
    case 2:
      return DimensionMap::Cyclic(size, grid_size);
    case 3:
      return DimensionMap::Cyclic(size, grid_size, 2 + Below(3));
    default: {
      DimensionMap::IndexLists lists(static_cast<std::size_t>(grid_size));
      std::vector<std::int64_t> all(static_cast<std::size_t>(size));
      std::iota(all.begin(), all.end(), 0);
      std::shuffle(all.begin(), all.end(), random_);
      for (const std::int64_t index : all) {
        lists[static_cast<std::size_t>(Below(static_cast<int>(grid_size)))].push_back(index);
      }
      return DimensionMap::Unstructured(std::move(lists));
    }
  }
}

Distribution RandomLayouts::MakeDistribution(const Shape& shape, bool replicas) {
  Distribution distribution;
  int left = 1 + Below(engine_count_);
  int processes = 1;
  for (const std::int64_t size : shape) {
    const int grid_size = 1 + Below(left);
    left /= grid_size;
    processes *= grid_size;
    distribution.dimensions.push_back(MakeMap(size, grid_size, replicas));
  }
  std::vector<int> targets(static_cast<std::size_t>(engine_count_));
  std::iota(targets.begin(), targets.end(), 0);
  std::shuffle(targets.begin(), targets.end(), random_);
  targets.resize(static_cast<std::size_t>(processes));
  distribution.targets = targets;
  return distribution;
}

Shape RandomLayouts::MakeShape(int ndim, int most) {
  Shape shape;
  for (int d = 0; d < ndim; ++d) {
    shape.push_back(Chance(5) ? 0 : 1 + Below(most));
  }
  return shape;
}

View RandomLayouts::MakeView(const Shape& base, bool broadcast) {
  View view;
  for (int b = 0; b < static_cast<int>(base.size()); ++b) {
    const std::int64_t size = base[static_cast<std::size_t>(b)];
    const int kind = Below(10);
    if (size > 0 && kind < 2) {
      view.fixed.push_back({b, Below(static_cast<int>(size))});
    } else if (size > 0 && kind < 4 && broadcast) {
      view.dimensions.push_back({b, Below(static_cast<int>(size)), 0, Below(6)});
    } else if (size > 0 && kind < 8) {
      const std::int64_t count = 1 + Below(static_cast<int>(size));
      const std::int64_t most = count == 1 ? 3 : (size - 1) / (count - 1);
      const std::int64_t step = 1 + Below(static_cast<int>(most));
      const std::int64_t span = (count - 1) * step;
      const std::int64_t low = Below(static_cast<int>(size - span));
      view.dimensions.push_back(Chance(50) ? ViewDimension{b, low, step, count}
                                           : ViewDimension{b, low + span, -step, count});
    } else {
      view.dimensions.push_back({b, 0, 1, size});
    }
  }
  if (broadcast && Chance(20)) {
    view.dimensions.push_back({-1, 0, 0, 1 + Below(4)});
  }
  std::shuffle(view.dimensions.begin(), view.dimensions.end(), random_);
  return view;
}

View RandomLayouts::MakeViewOfShape(const Shape& shape, Shape& base) {
  View view;
  base.clear();
  std::vector<int> order(shape.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random_);
  view.dimensions.resize(shape.size());
  for (const int d : order) {
    const std::int64_t count = shape[static_cast<std::size_t>(d)];
    const std::int64_t step = 1 + Below(3);
    const std::int64_t low = Below(3);
    const std::int64_t span = std::max<std::int64_t>((count - 1) * step, 0);
    const int b = static_cast<int>(base.size());
    base.push_back(low + span + 1 + Below(3));
    view.dimensions[static_cast<std::size_t>(d)] =
        Chance(50) ? ViewDimension{b, low, step, count} : ViewDimension{b, low + span, -step, count};
    if (Chance(20)) {
      base.push_back(1 + Below(4));
      view.fixed.push_back({b + 1, Below(static_cast<int>(base.back()))});
    }
  }
  return view;
}

void ForEachIndex(const Shape& shape, const std::function<void(const std::vector<std::int64_t>&)>& f) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return;
  }
  std::vector<std::int64_t> index(shape.size(), 0);
  while (true) {
    f(index);
    std::size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1]) {
      index[--d] = 0;
    }
    if (d == 0) {
      return;
    }
  }
}

std::int64_t Position(const Shape& shape, const std::vector<std::int64_t>& index) {
  std::int64_t position = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    position = position * shape[d] + index[d];
  }
  return position;
}

std::vector<std::int64_t> BaseIndex(const View& view, std::size_t base_ndim, const std::vector<std::int64_t>& index) {
  std::vector<std::int64_t> base(base_ndim, 0);
  for (const FixedDimension& fixed : view.fixed) {
    base[static_cast<std::size_t>(fixed.base)] = fixed.index;
  }
  for (std::size_t d = 0; d < index.size(); ++d) {
    const ViewDimension& dimension = view.dimensions[d];
    if (dimension.base >= 0) {
      base[static_cast<std::size_t>(dimension.base)] = dimension.start + index[d] * dimension.step;
    }
  }
  return base;
}

std::vector<std::int64_t> GlobalPositions(const Distribution& distribution, int rank) {
  std::vector<std::int64_t> positions;
  const auto coordinates = distribution.Coordinates(rank);
  const Shape shape = distribution.shape();
  ForEachIndex(distribution.LocalShape(rank), [&](const std::vector<std::int64_t>& local) {
    std::vector<std::int64_t> global(local.size());
    for (std::size_t d = 0; d < local.size(); ++d) {
      global[d] = distribution.dimensions[d].GlobalIndex(coordinates[d], local[d]);
    }
    positions.push_back(Position(shape, global));
  });
  return positions;
}

}  // namespace distarray
