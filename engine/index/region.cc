#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/index/view.h"

namespace distarray {
namespace {

/// Indices start + i * step, 0 <= i < count.
struct Progression {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;

  std::int64_t last() const { return start + (count - 1) * step; }
};

/// What process p owns (at least one index), if its indices in local order are one progression (told without looking at
/// each).
std::optional<Progression> WholePart(const DimensionMap& map, std::int64_t p) {
  const std::int64_t count = map.LocalSize(p);
  if (count > 1 && map.kind == DimensionMap::Kind::kUnstructured) {
    return std::nullopt;
  }
  const std::int64_t first = map.GlobalIndex(p, 0);
  if (map.kind != DimensionMap::Kind::kCyclic || map.grid_size == 1 || count <= map.block_size) {
    return Progression{first, 1, count};
  }
  if (map.block_size > 1) {
    return std::nullopt;
  }
  return Progression{first, map.grid_size, count};
}

/// Local indices, on process p, of a progression of global indices, if p holds them all and they are a progression.
std::optional<Progression> Located(const DimensionMap& map, std::int64_t p, const Progression& global) {
  using Kind = DimensionMap::Kind;
  if (map.kind == Kind::kWhole) {
    return global;
  }
  if (map.kind == Kind::kUnstructured) {
    if (global.count != 1) {
      return std::nullopt;
    }
    const auto& list = (*map.indices)[static_cast<std::size_t>(p)];
    const auto found = std::find(list.begin(), list.end(), global.start);
    return found == list.end() ? std::nullopt : std::optional(Progression{found - list.begin(), 1, 1});
  }
  if (map.Owner(global.start) != p || map.Owner(global.last()) != p) {
    return std::nullopt;
  }
  const Progression local{map.LocalIndex(global.start), global.step, global.count};
  if (map.kind == Kind::kBlock || global.count == 1 || map.grid_size == 1 ||
      global.start / map.block_size == global.last() / map.block_size) {
    return local;
  }
  if (global.step / map.block_size % map.grid_size != 0 || global.step % map.block_size != 0) {
    return std::nullopt;
  }
  return Progression{local.start, global.step / map.grid_size, global.count};
}

/// Whether coordinate c of `space` holds the slice's part of several blocks of a block-cyclic map, each new block lying
/// alike in an old one: then its elements follow each other by the slice's step.
bool SameBlocks(const DimensionMap& map, std::int64_t p, const ViewDimension& dimension, const DimensionMap& space,
                std::int64_t c) {
  if (map.kind != DimensionMap::Kind::kCyclic || space.kind != DimensionMap::Kind::kCyclic ||
      space.grid_size != map.grid_size) {
    return false;
  }
  const std::int64_t block = map.block_size;
  const std::int64_t stride = std::abs(dimension.step);
  const std::int64_t at = dimension.start % block;
  const std::int64_t skipped = dimension.step > 0 ? at : block - 1 - at;
  return block % stride == 0 && space.block_size == block / stride && skipped < stride &&
         map.Owner(dimension.start + space.GlobalIndex(c, 0) * dimension.step) == p;
}

/// Whether coordinate c of one unstructured map lists what p of the other does.
bool SameList(const DimensionMap& map, std::int64_t p, const DimensionMap& space, std::int64_t c) {
  if (map.kind != DimensionMap::Kind::kUnstructured || space.kind != DimensionMap::Kind::kUnstructured) {
    return false;
  }
  const auto& here = (*map.indices)[static_cast<std::size_t>(p)];
  const auto& there = (*space.indices)[static_cast<std::size_t>(c)];
  return &here == &there || here == there;
}

/// As Located, of all that coordinate `c` of `space` holds of a slice of `map`.
std::optional<Progression> LocatedPart(const DimensionMap& map, std::int64_t p, const ViewDimension& dimension,
                                       const DimensionMap& space, std::int64_t c) {
  if (const auto part = WholePart(space, c)) {
    return Located(map, p, {dimension.start + part->start * dimension.step, part->step * dimension.step, part->count});
  }
  const bool identity = dimension.start == 0 && dimension.step == 1 && dimension.count == map.size;
  if (identity && SameList(map, p, space, c)) {
    return Progression{0, 1, space.LocalSize(c)};
  }
  if (!SameBlocks(map, p, dimension, space, c)) {
    return std::nullopt;
  }
  const std::int64_t first = dimension.start + space.GlobalIndex(c, 0) * dimension.step;
  return Progression{map.LocalIndex(first), dimension.step, space.LocalSize(c)};
}

/// The position in the base's block and the stride of a view dimension at one target.
std::optional<Progression> Place(const Distribution& base, std::span<const std::int64_t> at,
                                 const ViewDimension& dimension, const DimensionMap& space, std::int64_t c) {
  if (space.size != dimension.count) {
    return std::nullopt;
  }
  const std::int64_t count = space.LocalSize(c);
  if (dimension.base < 0) {
    return Progression{0, 0, count};
  }
  const auto b = static_cast<std::size_t>(dimension.base);
  if (dimension.step == 0) {
    const auto one = Located(base.dimensions[b], at[b], {dimension.start, 1, 1});
    return one ? std::optional(Progression{one->start, 0, count}) : std::nullopt;
  }
  return LocatedPart(base.dimensions[b], at[b], dimension, space, c);
}

LocalRegion EmptyRegion(Shape shape) {
  LocalRegion region;
  region.strides.assign(shape.size(), 0);
  region.shape = std::move(shape);
  return region;
}

}  // namespace

std::optional<LocalRegion> RegionOfView(const Distribution& base, const View& view, const Distribution& space,
                                        int target) {
  if (view.dimensions.size() != space.dimensions.size()) {
    return std::nullopt;
  }
  const int space_rank = space.RankOf(target);
  if (space_rank < 0) {
    return EmptyRegion(Shape(space.dimensions.size(), 0));
  }
  if (space.LocalCount(space_rank) == 0) {
    return EmptyRegion(space.LocalShape(space_rank));
  }
  const int base_rank = base.RankOf(target);
  if (base_rank < 0) {
    return std::nullopt;
  }
  const auto at = base.Coordinates(base_rank);
  const auto coordinates = space.Coordinates(space_rank);
  std::vector<std::int64_t> block_strides = base.LocalShape(base_rank);
  std::int64_t stride = 1;
  for (std::size_t b = block_strides.size(); b-- > 0;) {
    stride *= std::exchange(block_strides[b], stride);
  }
  LocalRegion region;
  region.shape = space.LocalShape(space_rank);
  for (const FixedDimension& fixed : view.fixed) {
    const auto b = static_cast<std::size_t>(fixed.base);
    const auto one = Located(base.dimensions[b], at[b], {fixed.index, 1, 1});
    if (!one) {
      return std::nullopt;
    }
    region.offset += one->start * block_strides[b];
  }
  for (std::size_t d = 0; d < view.dimensions.size(); ++d) {
    const ViewDimension& dimension = view.dimensions[d];
    const auto place = Place(base, at, dimension, space.dimensions[d], coordinates[d]);
    if (!place) {
      return std::nullopt;
    }
    const std::int64_t unit = dimension.base < 0 ? 0 : block_strides[static_cast<std::size_t>(dimension.base)];
    region.offset += place->start * unit;
    region.strides.push_back(place->step * unit);
  }
  return region;
}

bool IsRegular(const Distribution& base, const View& view, const Distribution& space) {
  return std::all_of(space.targets.begin(), space.targets.end(),
                     [&](int target) { return RegionOfView(base, view, space, target).has_value(); });
}

}  // namespace distarray
