#include "engine/worker/dim_data.h"

#include <vector>

namespace distarray {

nlohmann::json DimDataOf(const Distribution& distribution, int rank, std::string* indices) {
  const std::vector<std::int64_t> coordinates = distribution.Coordinates(rank);
  nlohmann::json dimensions = nlohmann::json::array();
  for (std::size_t i = 0; i < distribution.dimensions.size(); ++i) {
    const DimensionMap& map = distribution.dimensions[i];
    const std::int64_t p = coordinates[i];
    nlohmann::json dimension = {{"size", map.size}, {"proc_grid_size", map.grid_size}, {"proc_grid_rank", p}};
    switch (map.kind) {
      case DimensionMap::Kind::kWhole:
        dimension["dist_type"] = "b";
        dimension["start"] = 0;
        dimension["stop"] = map.size;
        break;
      case DimensionMap::Kind::kBlock:
        dimension["dist_type"] = "b";
        dimension["start"] = map.bounds[static_cast<std::size_t>(p)];
        dimension["stop"] = map.bounds[static_cast<std::size_t>(p) + 1];
        if (map.periodic) {
          dimension["periodic"] = true;
        }
        break;
      case DimensionMap::Kind::kCyclic:
        dimension["dist_type"] = "c";
        dimension["start"] = p * map.block_size;
        if (map.block_size != 1) {
          dimension["block_size"] = map.block_size;
        }
        break;
      case DimensionMap::Kind::kUnstructured:
        dimension["dist_type"] = "u";
        if (const auto& held = (*map.indices)[static_cast<std::size_t>(p)]; indices == nullptr) {
          dimension["indices"] = held;
        } else {
          dimension["indices"] = {{"offset", indices->size()}, {"count", held.size()}};
          indices->append(reinterpret_cast<const char*>(held.data()), held.size() * sizeof held[0]);
        }
        dimension["one_to_one"] = true;
        break;
    }
    dimensions.push_back(std::move(dimension));
  }
  return dimensions;
}

}  // namespace distarray
