#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/distribution/distribution.h"
#include "engine/kernels/kernel_set.h"
#include "engine/program/schedule.h"

namespace distarray {

/// An integer that is a weighted sum of a point's global indices: the index along one axis, or the position in C order.
/// Where a process owns every step-th index of a dimension it moves linearly, as a stream; the other dimensions
/// (block-cyclic, unstructured) are looked up.
class IndexSource {
 public:
  /// `weights`: for each dimension of the space. `begin`: the local indices of the first point.
  IndexSource(const Distribution& space, int rank, std::span<const std::int64_t> begin,
              std::span<const std::int64_t> weights);
  static IndexSource AlongAxis(const Distribution& space, int rank, std::span<const std::int64_t> begin, int axis);
  static IndexSource InCOrder(const Distribution& space, int rank, std::span<const std::int64_t> begin);

  /// The linear part.
  const Stream& stream() const { return stream_; }
  /// Marks the dimensions that are looked up: they must not be merged.
  void MarkKept(std::vector<bool>& keep) const;

  /// The numbers of the schedule's current box; `stream` is where stream() is in the schedule.
  void Fill(const Schedule& schedule, std::size_t stream, const MemoryKernels& kernels, std::int64_t* out) const;

 private:
  struct LookedUp {
    std::size_t dimension;
    std::int64_t weight;
    DimensionMap map;
    std::int64_t process;
    std::int64_t begin;

    std::int64_t At(std::int64_t index) const { return weight * map.GlobalIndex(process, begin + index); }
  };
  Stream stream_;
  std::vector<LookedUp> looked_up_;
};

}  // namespace distarray
