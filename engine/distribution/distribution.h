#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/distribution/dimension_map.h"

namespace distarray {

using Shape = std::vector<std::int64_t>;

/// "(3, 4)", "(3,)", "()".
std::string ToString(const Shape& shape);

/// No negative size, fewer than 2^63 elements (sizes of 0 left out). Error kInvalidValue.
absl::Status ValidateShape(const Shape& shape);

/// Targets distinct and within [0, engine_count). Error kInvalidValue.
absl::Status ValidateTargets(std::span<const int> targets, int engine_count);

/// How an array is dealt out: one map a dimension over an N-d process grid. Ranks of the grid are its coordinates in C
/// order; rank r of the grid is engine targets[r]. A 0-d array has no dimensions and one target. Immutable, shared.
struct Distribution {
  std::vector<DimensionMap> dimensions;
  std::vector<int> targets;

  int ndim() const { return static_cast<int>(dimensions.size()); }
  Shape shape() const;
  Shape grid_shape() const;
  std::int64_t size() const;  // elements

  /// Position of an engine among the targets, or -1.
  int RankOf(int target) const;
  std::vector<std::int64_t> Coordinates(int rank) const;
  int RankAt(std::span<const std::int64_t> coordinates) const;
  /// Shape of the block of grid rank `rank`; blocks are dense, C order.
  Shape LocalShape(int rank) const;
  std::int64_t LocalCount(int rank) const;

  /// All maps valid, targets distinct and within [0, engine_count), as many as the grid has processes. Error
  /// kInvalidValue.
  absl::Status Validate(int engine_count) const;

  void Encode(ByteWriter& out) const;
  static Distribution Decode(ByteReader& in);
};
using DistributionPtr = std::shared_ptr<const Distribution>;

/// Same elements on the same targets in the same local order.
bool Equivalent(const Distribution& a, const Distribution& b);

/// What a user asks for; the rest is chosen by the rules of MakeDistribution.
struct DistributionSpec {
  std::string kinds;                     // one of n, b, c a dimension, padded with n; empty: the default "b"
  std::vector<std::int64_t> grid_shape;  // processes a dimension, padded with 1; empty: chosen
  std::vector<int> targets;              // in this order; empty: the default targets
};

/// The rules: all 'n' (or 0-d, or no elements): one target, the first. One distributed dimension: min(targets, size)
/// processes. Several: ChooseGrid. Blocks are ceil(size / processes) long. Unless targets were given explicitly,
/// processes with empty blocks are dropped (5 elements on 4 engines: 2, 2, 1 on three). Error kInvalidValue: unknown
/// letter, too many letters, grid that needs more targets than there are, grid > 1 on an 'n' dimension, repeated or
/// unknown targets, negative or too large size.
absl::StatusOr<Distribution> MakeDistribution(const Shape& shape, const DistributionSpec& spec,
                                              std::span<const int> default_targets, int engine_count);

/// Processes for each dimension (1 where not distributed): among the factorizations of the process count whose factors
/// rank as the sizes do, the one whose pairwise ratios are nearest to the sizes' (Euclidean); each at most its size.
/// Where no grid uses all processes, the largest smaller number that fits. (20,60) on 12: (2,6). (100,10,300) "bnc" on
/// 12: (2,1,6).
std::vector<std::int64_t> ChooseGrid(const Shape& shape, const std::vector<bool>& distributed, std::int64_t processes);

/// Distribution of a reduction over `axes` (ascending, distinct): the other dimensions keep their maps, bounds, block
/// sizes and lists; the targets are those at grid coordinate 0 of every reduced dimension. keepdims: reduced dimensions
/// stay with size 1, whole.
Distribution ReducedDistribution(const Distribution& source, std::span<const int> axes, bool keepdims);

/// All on one target.
Distribution SingleTarget(const Shape& shape, int target);

}  // namespace distarray
