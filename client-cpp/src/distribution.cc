#include "distarray/distribution.h"

#include <utility>

namespace distarray::inline client {

DimensionMap DimensionMap::Whole(std::int64_t size) {
  DimensionMap map;
  map.size = size;
  return map;
}

DimensionMap DimensionMap::Block(std::vector<std::int64_t> bounds) {
  DimensionMap map;
  map.kind = Kind::kBlock;
  map.size = bounds.empty() ? 0 : bounds.back();
  map.grid_size = static_cast<std::int64_t>(bounds.size()) - 1;
  map.bounds = std::move(bounds);
  return map;
}

DimensionMap DimensionMap::Cyclic(std::int64_t size, std::int64_t grid_size, std::int64_t block_size) {
  DimensionMap map;
  map.kind = Kind::kCyclic;
  map.size = size;
  map.grid_size = grid_size;
  map.block_size = block_size;
  return map;
}

DimensionMap DimensionMap::Unstructured(std::vector<std::vector<std::int64_t>> indices) {
  DimensionMap map;
  map.kind = Kind::kUnstructured;
  map.grid_size = static_cast<std::int64_t>(indices.size());
  for (const auto& list : indices) {
    map.size += static_cast<std::int64_t>(list.size());
  }
  map.indices = std::move(indices);
  return map;
}

Shape Distribution::shape() const {
  Shape shape;
  for (const DimensionMap& map : dimensions) {
    shape.push_back(map.size);
  }
  return shape;
}

Shape Distribution::grid_shape() const {
  Shape shape;
  for (const DimensionMap& map : dimensions) {
    shape.push_back(map.grid_size);
  }
  return shape;
}

std::string Distribution::kinds() const {
  std::string letters;
  for (const DimensionMap& map : dimensions) {
    letters += "nbcu"[static_cast<int>(map.kind)];
  }
  return letters;
}

}  // namespace distarray::inline client
