#include "engine/program/reduction_run.h"

#include <algorithm>
#include <utility>

#include "engine/kernels/operations.h"

namespace distarray {

Accumulation AccumulationOf(int reduction) {
  static const std::vector<Accumulation> ways = [] {
    std::vector<Accumulation> table;
    for (const Reduction& row : Reductions()) {
      const std::string_view name = row.name;
      table.push_back(name == "sum" || name == "mean"  ? Accumulation::kSum
                      : name == "prod"                 ? Accumulation::kProduct
                      : name == "min" || name == "all" ? Accumulation::kMinimum
                      : name == "max" || name == "any" ? Accumulation::kMaximum
                                                       : Accumulation::kSquares);
    }
    return table;
  }();
  return ways[static_cast<std::size_t>(reduction)];
}

ReductionRun::ReductionRun(const ReduceOutput& reduce, DType compute, std::span<const std::int64_t> shape,
                           const KernelTable& kernels)
    : kernels_(kernels.Reduce(AccumulationOf(reduce.reduction), compute)) {
  stream_.kind = Stream::Kind::kAccumulator;
  stream_.strides.assign(shape.size(), 0);
  std::int64_t count = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (!std::binary_search(reduce.axes.begin(), reduce.axes.end(), static_cast<int>(d))) {
      stream_.strides[d] = count;
      count *= shape[d];
    }
  }
  accumulators_.count = count;
  accumulators_.bytes.resize(static_cast<std::size_t>(count * kernels_.planes * kernels_.plane_bytes));
  kernels_.clear(count, accumulators_.bytes.data());
  lanes_.resize(static_cast<std::size_t>(kernels_.lanes_bytes));
}

void ReductionRun::Add(const Schedule& schedule, std::size_t stream, const void* elements, std::int64_t row_stride) {
  const std::int64_t k = schedule.Position(stream);
  const std::int64_t row_step = schedule.RowStride(stream);
  std::byte* accumulators = accumulators_.bytes.data();
  if (schedule.IsConstant(stream)) {
    if (lanes_of_ != k) {
      FoldLanes();
      kernels_.clear_lanes(lanes_.data());
      lanes_of_ = k;
    }
    kernels_.add_to_lanes(schedule.points(), elements, lanes_.data());
  } else if (schedule.ColumnStride(stream) == 0) {
    kernels_.rows(schedule.rows(), schedule.columns(), elements, accumulators, accumulators_.count, k, row_step);
  } else {
    kernels_.columns(schedule.rows(), schedule.columns(), elements, row_stride, accumulators, accumulators_.count, k,
                     row_step);
  }
}

void ReductionRun::FoldLanes() {
  if (lanes_of_ >= 0) {
    kernels_.fold_lanes(lanes_.data(), accumulators_.bytes.data(), accumulators_.count, lanes_of_);
    lanes_of_ = -1;
  }
}

Accumulators ReductionRun::Take() {
  FoldLanes();
  return std::exchange(accumulators_, Accumulators{});
}

}  // namespace distarray
