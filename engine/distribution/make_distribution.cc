#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/distribution/distribution.h"

namespace distarray {
namespace {

/// The letters, one a dimension.
absl::StatusOr<std::string> Kinds(const Shape& shape, const DistributionSpec& spec) {
  if (spec.kinds.size() > shape.size()) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("dist '", spec.kinds, "' has ", spec.kinds.size(), " letters, but shape ",
                              ToString(shape), " has ", shape.size(), " dimensions"));
  }
  const auto unknown = spec.kinds.find_first_not_of("nbc");
  if (unknown != std::string::npos) {
    return Error(Reason::kInvalidValue, absl::StrCat("dist '", spec.kinds, "': '", spec.kinds.substr(unknown, 1),
                                                     "' is not a kind, expected n, b or c"));
  }
  std::string kinds = spec.kinds;
  if (kinds.empty() && !shape.empty()) {
    kinds.push_back('b');
  }
  kinds.resize(shape.size(), 'n');
  return kinds;
}

absl::StatusOr<std::vector<std::int64_t>> GivenGrid(const std::string& kinds, const DistributionSpec& spec,
                                                    std::size_t target_count) {
  const std::string given = ToString(spec.grid_shape);
  if (spec.grid_shape.size() > kinds.size()) {
    return Error(Reason::kInvalidValue, absl::StrCat("grid_shape ", given, " has ", spec.grid_shape.size(),
                                                     " dimensions, but the array has ", kinds.size()));
  }
  std::vector<std::int64_t> grid = spec.grid_shape;
  grid.resize(kinds.size(), 1);
  std::int64_t processes = 1;
  for (std::size_t d = 0; d < grid.size(); ++d) {
    if (grid[d] < 1) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("grid_shape ", given, ": expected at least 1 in each dimension"));
    }
    if (grid[d] > 1 && kinds[d] == 'n') {
      return Error(Reason::kInvalidValue, absl::StrCat("grid_shape ", given, ": dimension ", d,
                                                       " is not distributed ('n'), expected 1 there"));
    }
    if (__builtin_mul_overflow(processes, grid[d], &processes)) {
      processes = std::numeric_limits<std::int64_t>::max();
    }
  }
  if (processes > static_cast<std::int64_t>(target_count)) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("grid_shape ", given, " needs ", processes, " targets, but there are ", target_count));
  }
  return grid;
}

/// The distribution without the processes whose blocks are empty; the targets at the coordinates that stay.
Distribution WithoutEmptyBlocks(const Distribution& full) {
  Distribution trimmed;
  for (const DimensionMap& map : full.dimensions) {
    std::int64_t used = map.grid_size;
    while (used > 1 && map.LocalSize(used - 1) == 0) {
      --used;
    }
    if (used == map.grid_size) {
      trimmed.dimensions.push_back(map);
    } else {
      trimmed.dimensions.push_back(
          DimensionMap::Block(std::vector<std::int64_t>(map.bounds.begin(), map.bounds.begin() + used + 1)));
    }
  }
  for (std::size_t rank = 0; rank < full.targets.size(); ++rank) {
    const auto coordinates = full.Coordinates(static_cast<int>(rank));
    bool stays = true;
    for (std::size_t d = 0; d < coordinates.size(); ++d) {
      stays = stays && coordinates[d] < trimmed.dimensions[d].grid_size;
    }
    if (stays) {
      trimmed.targets.push_back(full.targets[rank]);
    }
  }
  return trimmed;
}

}  // namespace

absl::StatusOr<Distribution> MakeDistribution(const Shape& shape, const DistributionSpec& spec,
                                              std::span<const int> default_targets, int engine_count) {
  DA_RETURN_IF_ERROR(ValidateShape(shape));
  DA_ASSIGN_OR_RETURN(const std::string kinds, Kinds(shape, spec));
  const std::span<const int> targets = spec.targets.empty() ? default_targets : std::span<const int>(spec.targets);
  DA_RETURN_IF_ERROR(ValidateTargets(targets, engine_count));
  if (targets.empty()) {
    return Error(Reason::kInvalidValue, "targets: none given, expected at least one");
  }
  std::vector<bool> distributed;
  for (const char kind : kinds) {
    distributed.push_back(kind != 'n');
  }
  std::vector<std::int64_t> grid;
  if (!spec.grid_shape.empty()) {
    DA_ASSIGN_OR_RETURN(grid, GivenGrid(kinds, spec, targets.size()));
  } else if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    grid.assign(shape.size(), 1);
  } else {
    grid = ChooseGrid(shape, distributed, static_cast<std::int64_t>(targets.size()));
  }
  Distribution distribution;
  std::int64_t processes = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    processes *= grid[d];
    switch (kinds[d]) {
      case 'b':
        distribution.dimensions.push_back(DimensionMap::Block(shape[d], grid[d]));
        break;
      case 'c':
        distribution.dimensions.push_back(DimensionMap::Cyclic(shape[d], grid[d]));
        break;
      default:
        distribution.dimensions.push_back(DimensionMap::Whole(shape[d]));
    }
  }
  distribution.targets.assign(targets.begin(), targets.begin() + processes);
  const bool keep_empty = !spec.targets.empty() || !spec.grid_shape.empty();
  return keep_empty ? distribution : WithoutEmptyBlocks(distribution);
}

}  // namespace distarray
