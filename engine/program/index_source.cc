#include "engine/program/index_source.h"

namespace distarray {
namespace {

/// Whether the global indices of a process's local indices have one distance.
bool IsLinear(const DimensionMap& map, std::int64_t local_size) {
  switch (map.kind) {
    case DimensionMap::Kind::kWhole:
    case DimensionMap::Kind::kBlock:
      return true;
    case DimensionMap::Kind::kCyclic:
      return map.block_size == 1 || map.grid_size == 1 || local_size <= map.block_size;
    case DimensionMap::Kind::kUnstructured:
      return local_size <= 1;
  }
  return false;
}

}  // namespace

IndexSource::IndexSource(const Distribution& space, int rank, std::span<const std::int64_t> begin,
                         std::span<const std::int64_t> weights) {
  const auto coordinates = space.Coordinates(rank);
  stream_.strides.assign(weights.size(), 0);
  for (std::size_t d = 0; d < weights.size(); ++d) {
    const DimensionMap& map = space.dimensions[d];
    const std::int64_t local_size = weights[d] == 0 ? 0 : map.LocalSize(coordinates[d]);
    if (local_size == 0) {
      continue;
    }
    if (!IsLinear(map, local_size)) {
      looked_up_.push_back({d, weights[d], map, coordinates[d], begin[d]});
      continue;
    }
    const std::int64_t first = map.GlobalIndex(coordinates[d], 0);
    stream_.strides[d] = local_size > 1 ? weights[d] * (map.GlobalIndex(coordinates[d], 1) - first) : 0;
    stream_.offset += weights[d] * first + begin[d] * stream_.strides[d];
  }
}

IndexSource IndexSource::AlongAxis(const Distribution& space, int rank, std::span<const std::int64_t> begin, int axis) {
  std::vector<std::int64_t> weights(space.dimensions.size(), 0);
  weights[static_cast<std::size_t>(axis)] = 1;
  return IndexSource(space, rank, begin, weights);
}

IndexSource IndexSource::InCOrder(const Distribution& space, int rank, std::span<const std::int64_t> begin) {
  std::vector<std::int64_t> weights(space.dimensions.size(), 1);
  for (std::size_t d = weights.size(); d-- > 1;) {
    weights[d - 1] = weights[d] * space.dimensions[d].size;
  }
  return IndexSource(space, rank, begin, weights);
}

void IndexSource::MarkKept(std::vector<bool>& keep) const {
  for (const LookedUp& part : looked_up_) {
    keep[part.dimension] = true;
  }
}

void IndexSource::Fill(const Schedule& schedule, std::size_t stream, const MemoryKernels& kernels,
                       std::int64_t* out) const {
  std::int64_t begin = schedule.Position(stream);
  const LookedUp* by_row = nullptr;
  const LookedUp* by_column = nullptr;
  for (const LookedUp& part : looked_up_) {
    switch (schedule.RoleOf(part.dimension)) {
      case Schedule::Role::kOuter:
        begin += part.At(schedule.IndexOf(part.dimension));
        break;
      case Schedule::Role::kRow:
        by_row = &part;
        break;
      case Schedule::Role::kColumn:
        by_column = &part;
        break;
    }
  }
  const std::int64_t columns = schedule.columns();
  for (std::int64_t r = 0; r < schedule.rows(); ++r, out += columns) {
    std::int64_t row_begin = begin + r * schedule.RowStride(stream);
    if (by_row != nullptr) {
      row_begin += by_row->At(schedule.IndexOf(by_row->dimension) + r);
    }
    if (by_column == nullptr) {
      kernels.iota(columns, row_begin, schedule.ColumnStride(stream), out);
      continue;
    }
    const std::int64_t first = schedule.IndexOf(by_column->dimension);
    for (std::int64_t i = 0; i < columns; ++i) {
      out[i] = row_begin + by_column->At(first + i);
    }
  }
}

}  // namespace distarray
