#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/status.h"
#include "engine/distribution/distribution.h"
#include "engine/index/view.h"
#include "engine/program/partition.h"
#include "engine/program/program.h"

namespace distarray {

/// One engine's elements of an operand or output: `block` is the begin of the block, `region` where the program's
/// iteration space lies in it.
struct LocalOperand {
  const std::byte* block = nullptr;
  LocalRegion region;
};
struct LocalOutput {
  std::byte* block = nullptr;
  LocalRegion region;
};

/// Partial results of one reduction on one engine: an accumulator for each local element of the result, C order. Plain
/// bytes, so that they can be sent.
struct Accumulators {
  std::int64_t count = 0;
  std::vector<std::byte> bytes;
};

/// Runs a program over one engine's part of an iteration space, or a box of that, tile by tile, in slices. Knows no
/// other engine.
class Executor {
 public:
  /// `space` and `rank` (of its grid) say which global indices the local points are. Operands and outputs must have the
  /// local shape of the space, also where `part` is less. The program must have been validated; it is kept by reference
  /// until the executor's end.
  Executor(const Program& program, const Distribution& space, int rank, std::vector<LocalOperand> operands,
           std::vector<LocalOutput> outputs, const Part& part);
  /// All of the local space.
  Executor(const Program& program, const Distribution& space, int rank, std::vector<LocalOperand> operands,
           std::vector<LocalOutput> outputs);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Computes about `points` more points of the space; true when all are done.
  /// Error kInvalidValue: an operation failed on a value (integer to a negative integer power). Then outputs are
  /// undefined.
  absl::StatusOr<bool> Advance(std::int64_t points);

  /// After the end: partial results of reduction r (position in Program::reductions).
  Accumulators TakePartial(int r);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// into = into combined with from, element by element; both of reduction `reduction` on source dtype `compute`.
/// Called in order of grid coordinate, so that the order is fixed by global index. `from.count == into.count`.
void CombineAccumulators(int reduction, DType compute, Accumulators& into, const Accumulators& from);

/// Accumulators of no elements.
Accumulators EmptyAccumulators(int reduction, DType compute, std::int64_t count);

/// into = into combined with from, which are those of a box (`box`, within `whole`) of the points that `into` is of.
void CombineBox(const ReduceOutput& reduce, DType compute, const Part& whole, const Part& box, Accumulators& into,
                const Accumulators& from);

/// Writes the results. `reduced_count` is the number of elements that went into each. out: dense, accumulators.count
/// elements of `result`.
void FinishAccumulators(const ReduceOutput& reduce, DType compute, std::int64_t reduced_count,
                        const Accumulators& accumulators, std::byte* out);

/// "avx512", "avx2" or "baseline": the kernels in use here; DISTARRAYD_KERNELS overrides (tests).
const char* KernelSet();

}  // namespace distarray
