#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "engine/program/executor.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/guard.h"
#include "engine/runtime/new_buffer.h"
#include "engine/runtime/partials.h"

namespace distarray {
namespace {

constexpr std::int64_t kFirstPoints = std::int64_t{1} << 15;
constexpr std::int64_t kFewestPoints = std::int64_t{1} << 10;
constexpr auto kShortStep = std::chrono::microseconds(400);
constexpr auto kLongStep = std::chrono::microseconds(1500);

/// A program's data on this engine.
struct ProgramData {
  DistributionPtr space;
  int rank = -1;                // of the space's grid
  std::vector<BufferPtr> held;  // what the operands and outputs point into
  std::vector<LocalOperand> operands;
  std::vector<LocalOutput> outputs;
  std::deque<PendingBuffer> made;     // new output buffers
  std::vector<BufferPtr> in_place;    // output buffers that existed
  std::deque<PendingBuffer> results;  // of the reductions, in their order
  bool started = false;
};

/// A reduction under way, part by part.
struct PartialResult {
  Accumulators accumulators;       // of this part
  std::int64_t written_bytes = 0;  // of the result, so far
  absl::Status status;
};

/// The planner's promises that the executor relies on. Error kInternal.
absl::Status Check(const RunProgram& command, const Distribution& space) {
  const Program& program = command.program;
  DA_RETURN_IF_ERROR(program.Validate(space.ndim()));
  bool fits =
      program.operand_types.size() == command.operands.size() && program.reductions.size() == command.results.size();
  for (std::size_t i = 0; fits && i < command.operands.size(); ++i) {
    fits = program.operand_types[i] == command.operands[i].dtype;
  }
  for (const StoreOutput& store : program.stores) {
    fits = fits && static_cast<std::size_t>(store.output) < command.outputs.size();
    if (fits) {
      const DType made = program.instructions[static_cast<std::size_t>(store.value)].dtype;
      fits = std::visit([made](const auto& output) { return output.dtype == made; },
                        command.outputs[static_cast<std::size_t>(store.output)]);
    }
  }
  return fits ? absl::OkStatus() : Error(Reason::kInternal, "a program's buffers do not fit its instructions");
}

/// Poisons all that a program that cannot be run would have made here.
void Abandon(Execution& execution, const RunProgram& command, const absl::Status& status) {
  const auto poison = [&](const NewBuffer& spec) {
    const auto distribution = execution.services.distributions.Find(spec.distribution);
    PendingBuffer{spec, distribution.ok() ? *distribution : nullptr, nullptr}.Publish(execution, status).IgnoreError();
  };
  for (const OutputBuffer& output : command.outputs) {
    if (const auto* spec = std::get_if<NewBuffer>(&output)) {
      poison(*spec);
    }
  }
  std::for_each(command.results.begin(), command.results.end(), poison);
}

struct Located {
  BufferPtr buffer;
  LocalRegion region;
};

absl::StatusOr<Located> Locate(const Services& services, const BufferView& view, const ProgramData& data) {
  DA_ASSIGN_OR_RETURN(const DistributionPtr distribution, services.distributions.Find(view.distribution));
  auto region = RegionOfView(*distribution, view.view, *data.space, services.target);
  if (!region) {
    return Error(Reason::kInternal,
                 absl::StrCat("the view of buffer ", view.buffer, " is not regular in a program's space"));
  }
  Located located{nullptr, *std::move(region)};
  const bool stored = distribution->RankOf(services.target) >= 0;
  if (stored) {
    DA_ASSIGN_OR_RETURN(located.buffer, FindUsable(services, view.buffer, view.dtype));
  } else if (data.space->LocalCount(data.rank) > 0) {
    return Error(Reason::kInternal, absl::StrCat("buffer ", view.buffer, " has no part where a program needs it"));
  }
  return located;
}

absl::Status LocateOperands(const Services& services, const RunProgram& command, ProgramData& data) {
  for (const BufferView& view : command.operands) {
    DA_ASSIGN_OR_RETURN(Located located, Locate(services, view, data));
    data.operands.push_back({located.buffer == nullptr ? nullptr : located.buffer->data(), std::move(located.region)});
    data.held.push_back(std::move(located.buffer));
  }
  return absl::OkStatus();
}

/// The whole block of the space.
LocalRegion DenseRegion(const Distribution& space, int rank) {
  LocalRegion region;
  region.shape = space.LocalShape(rank);
  region.strides = region.shape;
  std::int64_t stride = 1;
  for (std::size_t d = region.strides.size(); d-- > 0;) {
    stride *= std::exchange(region.strides[d], stride);
  }
  return region;
}

/// Makes new buffers and finds those that exist. All of `data.made` and `data.results` are there even after a failure.
Task MakeOutputs(Execution& execution, const RunProgram& command, ProgramData& data, absl::Status& status) {
  Services& services = execution.services;
  for (const OutputBuffer& output : command.outputs) {
    if (const auto* view = std::get_if<BufferView>(&output)) {
      auto located = Locate(services, *view, data);
      status.Update(located.status());
      if (located.ok() && located->buffer != nullptr) {
        data.outputs.push_back({located->buffer->data(), std::move(located->region)});
        data.in_place.push_back(std::move(located->buffer));
      } else {
        data.outputs.push_back({nullptr, DenseRegion(*data.space, data.rank)});
      }
      continue;
    }
    PendingBuffer& pending = data.made.emplace_back(PendingBuffer{std::get<NewBuffer>(output), nullptr, nullptr});
    status.Update(co_await Make(execution, pending));
    if (status.ok() && pending.buffer != nullptr &&
        pending.buffer->bytes() != BlockBytes(*data.space, data.rank, pending.spec.dtype)) {
      status = Error(Reason::kInternal,
                     absl::StrCat("buffer ", pending.spec.buffer, " is not laid out as a program's space"));
    }
    data.outputs.push_back(
        {pending.buffer == nullptr ? nullptr : pending.buffer->data(), DenseRegion(*data.space, data.rank)});
  }
  for (const NewBuffer& result : command.results) {
    PendingBuffer& pending = data.results.emplace_back(PendingBuffer{result, nullptr, nullptr});
    status.Update(co_await Make(execution, pending));
  }
  co_return absl::OkStatus();
}

/// Computes a part of this engine's points, a slice at a time, and takes the partial results.
Task Compute(Execution& execution, const RunProgram& command, ProgramData& data, const Part& part,
             std::vector<PartialResult>& partials) {
  std::optional<Executor> executor;
  absl::Status status =
      Guarded([&] { executor.emplace(command.program, *data.space, data.rank, data.operands, data.outputs, part); });
  if (!status.ok()) {
    co_return status;
  }
  data.started = true;
  std::int64_t points = kFirstPoints;
  auto before = Turn::Clock::now();
  bool done = false;
  while (true) {
    status = Guarded([&]() -> absl::Status {
      DA_ASSIGN_OR_RETURN(done, executor->Advance(points));
      return absl::OkStatus();
    });
    if (!status.ok() || done) {
      break;
    }
    auto now = Turn::Clock::now();
    if (now - before < kShortStep) {
      points *= 2;
    } else if (now - before > kLongStep) {
      points = std::max(points / 2, kFewestPoints);
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
      now = Turn::Clock::now();
    }
    before = now;
  }
  if (status.ok()) {
    status = Guarded([&] {
      for (std::size_t r = 0; r < partials.size(); ++r) {
        partials[r].accumulators = executor->TakePartial(static_cast<int>(r));
      }
    });
  }
  co_return status;
}

std::int64_t ReducedCount(const Distribution& space, const std::vector<int>& axes) {
  std::int64_t count = 1;
  for (const int axis : axes) {
    count *= space.dimensions[static_cast<std::size_t>(axis)].size;
  }
  return count;
}

/// Brings the partial results of one reduction's part together, here or elsewhere, and writes that part of the result
/// where it belongs. `partial.status`: of this engine's program and of the result so far.
Task Reduce(Execution& execution, const RunProgram& command, const ProgramData& data, std::size_t r,
            PartialResult& partial, OutgoingPartials& outgoing) {
  const ReduceOutput& reduce = command.program.reductions[r];
  const DType compute = command.program.instructions[static_cast<std::size_t>(reduce.value)].dtype;
  const Distribution& space = *data.space;
  const auto group = ReductionGroup::Of(space, reduce.axes, data.rank);
  const bool empty = space.LocalCount(data.rank) == 0;
  Accumulators& accumulators = partial.accumulators;
  absl::Status& status = partial.status;
  if (group.ranks.front() != data.rank) {
    const int owner = space.targets[static_cast<std::size_t>(group.ranks.front())];
    SendPartial(execution, owner, status, empty ? Accumulators{} : std::move(accumulators), outgoing);
    co_return absl::OkStatus();
  }
  if (group.ranks.size() > 1) {
    (co_await CombinePartials(execution, space, group, reduce.reduction, compute, empty, accumulators, status))
        .IgnoreError();
  }
  const PendingBuffer& result = data.results[r];
  const std::int64_t begin = partial.written_bytes;
  partial.written_bytes += accumulators.count * SizeOf(result.spec.dtype);
  if (status.ok() && (result.buffer == nullptr || partial.written_bytes > result.buffer->bytes())) {
    status = Error(Reason::kInternal,
                   absl::StrCat("buffer ", result.spec.buffer, " is not laid out as a reduction's result"));
  }
  if (status.ok()) {
    status = Guarded([&] {
      FinishAccumulators(reduce, compute, ReducedCount(space, reduce.axes), accumulators,
                         result.buffer->data() + begin);
    });
  }
  co_return absl::OkStatus();
}

/// Puts the results into the store where they belong.
absl::Status PublishResults(Execution& execution, const RunProgram& command, const ProgramData& data,
                            std::vector<PartialResult>& partials) {
  absl::Status first;
  for (std::size_t r = 0; r < partials.size(); ++r) {
    if (ReductionGroup::Of(*data.space, command.program.reductions[r].axes, data.rank).ranks.front() != data.rank) {
      continue;
    }
    const PendingBuffer& result = data.results[r];
    absl::Status& status = partials[r].status;
    if (status.ok() && partials[r].written_bytes != result.buffer->bytes()) {
      status =
          Error(Reason::kInternal, absl::StrCat("buffer ", result.spec.buffer, " has elements that no part wrote"));
    }
    status.Update(result.Publish(execution, status));
    first.Update(status);
  }
  return first;
}

}  // namespace

Task ExecuteProgram(Execution& execution, const RunProgram& command) {
  Services& services = execution.services;
  auto space = services.distributions.Find(command.space);
  if (!space.ok()) {
    co_return space.status();
  }
  ProgramData data;
  data.space = *std::move(space);
  data.rank = data.space->RankOf(services.target);
  if (data.rank < 0) {
    co_return absl::OkStatus();
  }
  absl::Status status = Check(command, *data.space);
  if (!status.ok()) {
    Abandon(execution, command, status);  // all engines find the same: nobody waits
    co_return status;
  }
  status = LocateOperands(services, command, data);
  (co_await MakeOutputs(execution, command, data, status)).IgnoreError();
  std::vector<PartialResult> partials(command.program.reductions.size());
  Partition partition(command.program, data.space->LocalShape(data.rank));
  for (Part part; partition.Next(part);) {
    if (status.ok()) {
      status = co_await Compute(execution, command, data, part, partials);
    }
    OutgoingPartials outgoing;
    for (std::size_t r = 0; r < partials.size(); ++r) {
      partials[r].status.Update(status);
      (co_await Reduce(execution, command, data, r, partials[r], outgoing)).IgnoreError();
    }
    (co_await Finish(execution, outgoing.completion)).IgnoreError();
  }
  for (const PendingBuffer& made : data.made) {
    status.Update(made.Publish(execution, status));
  }
  for (const BufferPtr& buffer : data.in_place) {
    // A program that was never started has left it as it was.
    if (!status.ok() && data.started) {
      buffer->Poison(status);
    }
  }
  status.Update(PublishResults(execution, command, data, partials));
  co_return status;
}

}  // namespace distarray
