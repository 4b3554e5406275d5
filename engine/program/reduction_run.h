#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/kernel_set.h"
#include "engine/program/executor.h"
#include "engine/program/program.h"
#include "engine/program/schedule.h"

namespace distarray {

/// How a reduction (position in Reductions()) accumulates.
Accumulation AccumulationOf(int reduction);

/// One reduction of a running program: an accumulator for each local element of the result.
class ReductionRun {
 public:
  /// `shape`: of the local space. `compute`: dtype of the reduced value.
  ReductionRun(const ReduceOutput& reduce, DType compute, std::span<const std::int64_t> shape,
               const KernelTable& kernels);

  /// Which accumulator a point goes to.
  const Stream& stream() const { return stream_; }

  /// Adds a box of elements; `stream` is where stream() is in the schedule. Rows of elements are dense and
  /// `row_stride` apart, which must be their length but where columns are added (Schedule::AddsColumns).
  void Add(const Schedule& schedule, std::size_t stream, const void* elements, std::int64_t row_stride);

  /// What has been accumulated; empties this.
  Accumulators Take();

 private:
  void FoldLanes();

  const ReductionKernels& kernels_;
  Stream stream_;
  Accumulators accumulators_;
  std::vector<std::byte> lanes_;
  std::int64_t lanes_of_ = -1;  // the accumulator that the lanes belong to
};

}  // namespace distarray
