#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "engine/distribution/distribution.h"
#include "engine/index/view.h"

namespace distarray {

/// Random shapes, distributions and views; the same on all ranks that begin with the same seed.
class RandomLayouts {
 public:
  RandomLayouts(unsigned seed, int engine_count) : random_(seed), engine_count_(engine_count) {}

  int Below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool Chance(int percent) { return Below(100) < percent; }

  /// Any kinds of dimensions over any ordered subset of the engines.
  Distribution MakeDistribution(const Shape& shape, bool replicas);
  Shape MakeShape(int ndim, int most);
  /// Any slices, permutation, removed, and (if `broadcast`) new and repeated dimensions.
  View MakeView(const Shape& base, bool broadcast);
  /// A base shape and a view of it that has this shape; no repeated elements.
  View MakeViewOfShape(const Shape& shape, Shape& base);

 private:
  DimensionMap MakeMap(std::int64_t size, std::int64_t grid_size, bool replicas);

  std::mt19937 random_;
  int engine_count_;
};

/// Calls f with every index of a shape, C order.
void ForEachIndex(const Shape& shape, const std::function<void(const std::vector<std::int64_t>&)>& f);

/// C-order position of an index.
std::int64_t Position(const Shape& shape, const std::vector<std::int64_t>& index);

/// The index in the base array of an index of a view.
std::vector<std::int64_t> BaseIndex(const View& view, std::size_t base_ndim, const std::vector<std::int64_t>& index);

/// C-order global position of each local element of a grid rank's block, C order.
std::vector<std::int64_t> GlobalPositions(const Distribution& distribution, int rank);

}  // namespace distarray
