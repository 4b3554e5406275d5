#pragma once

#include <cstdint>

#include "engine/distribution/distribution.h"
#include "engine/program/program.h"

namespace distarray {

/// A box of an engine's part of an iteration space, in local indices.
struct Part {
  Shape begin;
  Shape shape;
};

/// Cuts a local space so that a program's reductions have few accumulators at a time: those of a reduction along a
/// short axis would else take several times the memory of its result. The parts' results are consecutive in C order.
/// Programs without reductions, or with reductions over differing axes, run in one part. What is cut are dimensions
/// that are not reduced: engines that combine their partial results cut alike.
class Partition {
 public:
  static constexpr std::int64_t kMostResults = 1 << 16;

  /// `shape`: of the local space. A part has at most `most_results` results of each reduction.
  Partition(const Program& program, Shape shape, std::int64_t most_results = kMostResults);

  /// The next part, at least one; false when there are no more.
  bool Next(Part& part);

 private:
  Shape shape_;
  Shape sizes_;  // of a part, but for the last along the cut dimension
  Shape begin_;  // of the next one
  bool done_ = false;
};

}  // namespace distarray
