#pragma once

#include <cstdint>
#include <vector>

#include "engine/distribution/distribution.h"
#include "engine/io/handle.h"

namespace distarray::io {

/// Blocks of indices along one dimension of a dataset: start + i * stride + j, 0 <= i < count, 0 <= j < block. `first`
/// is the position of the first of them in the ascending order of all that are selected.
struct Slab {
  std::int64_t start = 0;
  std::int64_t stride = 1;
  std::int64_t count = 0;
  std::int64_t block = 1;
  std::int64_t first = 0;
};

/// What one process holds of a dimension, in ascending order of global index: HDF5 goes through a selection in that
/// order.
struct AxisSelection {
  std::int64_t size = 0;
  std::vector<Slab> slabs;          // their spans ascend and do not meet
  std::vector<std::int64_t> order;  // local index of the i-th; empty: i
};
AxisSelection SelectAxis(const DimensionMap& map, std::int64_t p);

/// A part of a process's block that one call transfers: positions low[d] to high[d] (exclusive) in each dimension's
/// ascending order.
struct Box {
  Shape low;
  Shape high;

  Shape shape() const;
  std::int64_t size() const;
};

/// The whole block in parts of at most `most_elements` and few enough slabs for one call, C order. None for an empty
/// block.
std::vector<Box> BoxesOf(const std::vector<AxisSelection>& axes, std::int64_t most_elements);

/// Selects a box's indices in a dataset's dataspace. False if the library fails.
bool SelectBox(hid_t space, const std::vector<AxisSelection>& axes, const Box& box);

}  // namespace distarray::io
