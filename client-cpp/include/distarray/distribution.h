#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distarray/index.h"

namespace distarray::inline client {

/// How one dimension is dealt out over the processes 0..grid_size-1 of one dimension of the process grid: the kinds of
/// the Distributed Array Protocol 0.10, plus "not distributed".
struct DimensionMap {
  enum class Kind : std::uint8_t {
    kWhole,         // 'n': every index on the one process
    kBlock,         // 'b': process p holds [bounds[p], bounds[p + 1])
    kCyclic,        // 'c': blocks of block_size indices, dealt in turn
    kUnstructured,  // 'u': process p holds indices[p], in that order
  };

  Kind kind = Kind::kWhole;
  std::int64_t size = 0;                           // global extent, elements
  std::int64_t grid_size = 1;                      // processes in this dimension of the grid
  std::vector<std::int64_t> bounds;                // kBlock: grid_size + 1, from 0 to size, ascending
  std::int64_t block_size = 1;                     // kCyclic
  std::vector<std::vector<std::int64_t>> indices;  // kUnstructured: grid_size lists that partition [0, size)
  std::int64_t communication_padding = 0;          // kBlock, of neighbours' elements; carried, not yet allocated
  std::int64_t boundary_padding = 0;               // kBlock, beyond the edge; carried, not yet allocated
  bool periodic = false;

  static DimensionMap Whole(std::int64_t size);
  static DimensionMap Block(std::vector<std::int64_t> bounds);
  static DimensionMap Cyclic(std::int64_t size, std::int64_t grid_size, std::int64_t block_size = 1);
  static DimensionMap Unstructured(std::vector<std::vector<std::int64_t>> indices);

  friend bool operator==(const DimensionMap&, const DimensionMap&) = default;
};

/// How an array is dealt out: one map a dimension over an N-d process grid, whose coordinates are ranked in C order
/// over `targets`.
struct Distribution {
  std::vector<DimensionMap> dimensions;
  std::vector<std::int32_t> targets;  // engine numbers, 0-based, distinct, as many as the grid has processes

  Shape shape() const;
  Shape grid_shape() const;
  /// One letter a dimension: n, b, c, u.
  std::string kinds() const;

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

/// What one asks of a distribution; the daemon works out the rest. Default: the context's, else block along the first
/// dimension over all targets.
struct DistributionRequest {
  std::string kinds;                     // one of n, b, c a dimension, padded with n; empty: the default
  std::vector<std::int64_t> grid_shape;  // processes a dimension; empty: chosen
  std::vector<std::int32_t> targets;     // in this order; empty: the context's
  std::optional<Distribution> exact;     // complete; when given, the fields above must be empty
};

}  // namespace distarray::inline client
