#include "engine/program/executor.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "engine/base/error.h"
#include "engine/program/index_source.h"
#include "engine/program/reduction_run.h"
#include "engine/program/schedule.h"
#include "engine/program/tile_runner.h"

namespace distarray {
namespace {

// Of one value: several of this size stay in the first-level cache together, and the calls for a tile are cheap beside
// its elements. Of large arrays, shorter bursts of reading one after the other, and of writing, are faster.
constexpr std::int64_t kTileBytes = 2048;
constexpr std::int64_t kLargeTileBytes = 1024;
constexpr std::int64_t kMostTilePoints = 1024;

std::int64_t TilePoints(const Program& program, std::int64_t points) {
  std::int64_t widest = 1;
  for (const Instruction& instruction : program.instructions) {
    widest = std::max<std::int64_t>(widest, std::min(SizeOf(instruction.dtype), 8));
  }
  const bool has_streams = !program.stores.empty() || program.operand_types.size() > 1;
  const bool is_large = has_streams && points * widest >= TileRunner::kStreamedBytes;
  return std::min((is_large ? kLargeTileBytes : kTileBytes) / widest, kMostTilePoints);
}

/// Where a part's elements lie in a block.
Stream MemoryStream(const LocalRegion& region, const Part& part) {
  Stream stream{region.offset, region.strides, Stream::Kind::kMemory};
  for (std::size_t d = 0; d < part.begin.size(); ++d) {
    stream.offset += part.begin[d] * region.strides[d];
  }
  return stream;
}

}  // namespace

struct Executor::Impl {
  Impl(const Program& program_to_run, const Distribution& space, int rank, std::vector<LocalOperand> operand_blocks,
       std::vector<LocalOutput> output_blocks, const Part& part)
      : program(program_to_run), operands(std::move(operand_blocks)), outputs(std::move(output_blocks)) {
    std::vector<Stream> streams;
    std::vector<bool> keep(part.shape.size(), false);
    for (const LocalOperand& operand : operands) {
      streams.push_back(MemoryStream(operand.region, part));
    }
    for (const LocalOutput& output : outputs) {
      streams.push_back(MemoryStream(output.region, part));
    }
    for (const Instruction& instruction : program.instructions) {
      if (const auto* index = std::get_if<GlobalIndex>(&instruction.what)) {
        sources.push_back(IndexSource::AlongAxis(space, rank, part.begin, index->axis));
      } else if (std::holds_alternative<RandomNumber>(instruction.what)) {
        sources.push_back(IndexSource::InCOrder(space, rank, part.begin));
      }
    }
    for (const IndexSource& source : sources) {
      source.MarkKept(keep);
      streams.push_back(source.stream());
    }
    first_reduction_stream = streams.size();
    for (const ReduceOutput& reduce : program.reductions) {
      const DType compute = program.instructions[static_cast<std::size_t>(reduce.value)].dtype;
      reductions.emplace_back(reduce, compute, part.shape, kernels);
      streams.push_back(reductions.back().stream());
    }
    schedule.emplace(part.shape, streams, keep, TilePoints(program, space.LocalCount(rank)));
    runner.emplace(program, *schedule, kernels, operands, outputs, sources);
    done = !schedule->Next();
  }

  const Program& program;
  const KernelTable& kernels = ActiveKernels();
  std::vector<LocalOperand> operands;
  std::vector<LocalOutput> outputs;
  std::vector<IndexSource> sources;
  std::vector<ReductionRun> reductions;
  std::size_t first_reduction_stream = 0;
  std::optional<Schedule> schedule;
  std::optional<TileRunner> runner;
  bool done = false;
};

Executor::Executor(const Program& program, const Distribution& space, int rank, std::vector<LocalOperand> operands,
                   std::vector<LocalOutput> outputs, const Part& part)
    : impl_(std::make_unique<Impl>(program, space, rank, std::move(operands), std::move(outputs), part)) {}

Executor::Executor(const Program& program, const Distribution& space, int rank, std::vector<LocalOperand> operands,
                   std::vector<LocalOutput> outputs)
    : Executor(program, space, rank, std::move(operands), std::move(outputs),
               Part{Shape(space.dimensions.size(), 0), space.LocalShape(rank)}) {}

Executor::~Executor() = default;

absl::StatusOr<bool> Executor::Advance(std::int64_t points) {
  Impl& impl = *impl_;
  while (!impl.done && points > 0) {
    points -= impl.schedule->points();
    if (impl.runner->Run() != 0) {
      return Error(Reason::kInvalidValue, "integers to negative integer powers are not allowed");
    }
    for (std::size_t r = 0; r < impl.reductions.size(); ++r) {
      impl.reductions[r].Add(*impl.schedule, impl.first_reduction_stream + r,
                             impl.runner->Elements(impl.program.reductions[r].value),
                             impl.runner->RowStride(impl.program.reductions[r].value));
    }
    impl.done = !impl.schedule->Next();
  }
  // Stores past the cache are not ordered by themselves.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return impl.done;
}

Accumulators Executor::TakePartial(int r) { return impl_->reductions[static_cast<std::size_t>(r)].Take(); }

const char* KernelSet() { return ActiveKernels().name; }

}  // namespace distarray
