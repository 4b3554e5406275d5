#pragma once

#include <cstdint>
#include <vector>

#include "engine/distribution/dimension_map.h"
#include "engine/index/view.h"
#include "engine/redistribution/copy_box.h"

namespace distarray {

/// One dimension of a view of a distributed array: `map` is that of its base dimension, null for a new dimension.
struct DealtDimension {
  const DimensionMap* map = nullptr;
  ViewDimension view;

  /// Whether all processes hold the same of it.
  bool alike() const { return map == nullptr || map->replicated(); }
  std::int64_t coordinates() const { return alike() ? 1 : map->grid_size; }
};

/// Which local indices of a source dimension go to which of a destination dimension (CopyRun's from and to; strides are
/// 1). Element [q] is what coordinate `mine` of the one (the source if `mine_is_source`) shares with coordinate q of
/// the other; one element if the other is alike everywhere. The order is the same seen from both.
///
/// Block-cyclic dimensions meet in a pattern that repeats, so that the number of runs does not grow with the size; for
/// unstructured ones, whose lists are walked over, it may.
std::vector<std::vector<CopyRun>> PairsByCoordinate(const DealtDimension& source, const DealtDimension& destination,
                                                    bool mine_is_source, std::int64_t mine);

}  // namespace distarray
