#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "engine/index/pieces.h"
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

/// An operand that this engine holds a part of; the rest are edges.
struct CutOperand {
  std::size_t operand = 0;
  std::vector<Piece> pieces;
  std::vector<LocalOperand> where;  // of each piece, by local index in the space
};

/// A program's data on this engine.
struct ProgramData {
  DistributionPtr space;
  int rank = -1;                // of the space's grid
  std::vector<BufferPtr> held;  // what the operands and outputs point into
  std::vector<LocalOperand> operands;
  std::vector<CutOperand> cut;
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
  for (const OperandEdges& edges : command.edges) {
    fits = fits && static_cast<std::size_t>(edges.operand) < command.operands.size();
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

/// The pieces of an operand with edges, where they lie.
absl::Status LocatePieces(const Services& services, const BufferView& view, const OperandEdges& edges,
                          ProgramData& data) {
  DA_ASSIGN_OR_RETURN(const DistributionPtr distribution, services.distributions.Find(view.distribution));
  const auto pieces = Pieces::Of(*distribution, view.view, *data.space);
  if (!pieces) {
    return Error(Reason::kInternal, absl::StrCat("buffer ", view.buffer, " is not dealt out in blocks"));
  }
  CutOperand cut{.operand = static_cast<std::size_t>(edges.operand), .pieces = pieces->At(data.rank), .where = {}};
  for (const Piece& piece : cut.pieces) {
    const bool own = piece.owner == services.target;
    DA_ASSIGN_OR_RETURN(BufferPtr buffer, FindUsable(services, own ? view.buffer : edges.buffer.buffer, view.dtype));
    LocalRegion region;
    if (own) {
      region = pieces->RegionAt(services.target, data.rank);
    } else {
      region.shape = data.space->LocalShape(data.rank);
      region.strides.resize(piece.shape.size());
      region.offset = piece.offset;
      std::int64_t stride = 1;
      for (std::size_t d = piece.shape.size(); d-- > 0;) {
        region.strides[d] = stride;
        region.offset -= piece.begin[d] * stride;
        stride *= piece.shape[d];
      }
    }
    cut.where.push_back({buffer->data(), std::move(region)});
    data.held.push_back(std::move(buffer));
  }
  data.operands.push_back({nullptr, {data.space->LocalShape(data.rank), 0, Shape(data.space->dimensions.size(), 0)}});
  data.cut.push_back(std::move(cut));
  return absl::OkStatus();
}

absl::Status LocateOperands(const Services& services, const RunProgram& command, ProgramData& data) {
  auto edges = command.edges.begin();
  for (const BufferView& view : command.operands) {
    if (edges != command.edges.end() && static_cast<std::size_t>(edges->operand) == data.operands.size()) {
      DA_RETURN_IF_ERROR(LocatePieces(services, view, *edges++, data));
      continue;
    }
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

/// The boxes of a part in each of which every operand lies in one piece.
std::vector<Part> BoxesOf(const ProgramData& data, const Part& part) {
  const std::size_t ndim = part.begin.size();
  std::vector<std::vector<std::int64_t>> cuts(ndim);
  for (std::size_t d = 0; d < ndim; ++d) {
    const std::int64_t end = part.begin[d] + part.shape[d];
    cuts[d] = {part.begin[d], end};
    for (const CutOperand& cut : data.cut) {
      for (const Piece& piece : cut.pieces) {
        if (piece.begin[d] > part.begin[d] && piece.begin[d] < end) {
          cuts[d].push_back(piece.begin[d]);
        }
      }
    }
    std::sort(cuts[d].begin(), cuts[d].end());
    cuts[d].erase(std::unique(cuts[d].begin() + 1, cuts[d].end()), cuts[d].end());
  }
  std::vector<Part> boxes{{{}, {}}};
  for (std::size_t d = 0; d < ndim; ++d) {
    std::vector<Part> longer;
    for (const Part& box : boxes) {
      for (std::size_t i = 0; i + 1 < cuts[d].size(); ++i) {
        longer.push_back(box);
        longer.back().begin.push_back(cuts[d][i]);
        longer.back().shape.push_back(cuts[d][i + 1] - cuts[d][i]);
      }
    }
    boxes = std::move(longer);
  }
  return boxes;
}

/// The operands for a box that no piece's edge runs through.
std::vector<LocalOperand> OperandsIn(const ProgramData& data, const Part& box) {
  std::vector<LocalOperand> operands = data.operands;
  for (const CutOperand& cut : data.cut) {
    for (std::size_t p = 0; p < cut.pieces.size(); ++p) {
      const Piece& piece = cut.pieces[p];
      bool inside = true;
      for (std::size_t d = 0; d < box.begin.size(); ++d) {
        inside = inside && box.begin[d] >= piece.begin[d] && box.begin[d] < piece.begin[d] + piece.shape[d];
      }
      if (inside) {
        operands[cut.operand] = cut.where[p];
      }
    }
  }
  return operands;
}

/// Computes a box of this engine's points, a slice at a time, and takes the partial results.
Task ComputeBox(Execution& execution, const RunProgram& command, ProgramData& data, const Part& part,
                std::vector<Accumulators>& partials) {
  std::optional<Executor> executor;
  absl::Status status = Guarded(
      [&] { executor.emplace(command.program, *data.space, data.rank, OperandsIn(data, part), data.outputs, part); });
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
        partials[r] = executor->TakePartial(static_cast<int>(r));
      }
    });
  }
  co_return status;
}

DType ComputeTypeOf(const RunProgram& command, const ReduceOutput& reduce) {
  return command.program.instructions[static_cast<std::size_t>(reduce.value)].dtype;
}

/// Computes a part of this engine's points, box by box, and takes the partial results.
Task Compute(Execution& execution, const RunProgram& command, ProgramData& data, const Part& part,
             std::vector<PartialResult>& partials) {
  const auto& reductions = command.program.reductions;
  const std::vector<Part> boxes = data.cut.empty() ? std::vector<Part>{part} : BoxesOf(data, part);
  std::vector<Accumulators> of_box(partials.size());
  absl::Status status;
  for (std::size_t b = 0; b < boxes.size() && status.ok(); ++b) {
    status = co_await ComputeBox(execution, command, data, boxes[b], of_box);
    if (!status.ok()) {
      break;
    }
    status = Guarded([&] {
      for (std::size_t r = 0; r < partials.size(); ++r) {
        Accumulators& total = partials[r].accumulators;
        const DType compute = ComputeTypeOf(command, reductions[r]);
        if (boxes.size() == 1) {
          total = std::move(of_box[r]);
          continue;
        }
        if (b == 0) {
          std::int64_t count = 1;
          for (std::size_t d = 0; d < part.shape.size(); ++d) {
            const auto& axes = reductions[r].axes;
            count *= std::binary_search(axes.begin(), axes.end(), static_cast<int>(d)) ? 1 : part.shape[d];
          }
          total = EmptyAccumulators(reductions[r].reduction, compute, count);
        }
        CombineBox(reductions[r], compute, part, boxes[b], total, of_box[r]);
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
  const DType compute = ComputeTypeOf(command, reduce);
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
