#include <absl/strings/str_cat.h>

#include <utility>

#include "engine/redistribution/redistribution.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/new_buffer.h"

namespace distarray {
namespace {

constexpr std::int64_t kCopied = std::int64_t{2} << 20;  // bytes copied between two looks at the clock

/// One side of the copy on this engine.
struct Side {
  DistributionPtr distribution;
  View view;
  BufferPtr buffer;     // null: no part here
  absl::Status status;  // why a part cannot be used
};

/// The side that a view of a stored buffer is. Error kInternal: unknown distribution.
absl::StatusOr<Side> StoredSide(const Services& services, const BufferView& view) {
  Side side;
  DA_ASSIGN_OR_RETURN(side.distribution, services.distributions.Find(view.distribution));
  side.view = view.view;
  if (side.distribution->RankOf(services.target) >= 0) {
    auto buffer = FindUsable(services, view.buffer, view.dtype);
    side.status = buffer.status();
    side.buffer = buffer.ok() ? *std::move(buffer) : nullptr;
  }
  return side;
}

std::byte* DataOf(const Side& side) { return side.buffer == nullptr ? nullptr : side.buffer->data(); }

/// Carries out a plan to its end. Its arguments must outlive it (GCC 12 destroys temporary ones twice).
Task Follow(Execution& execution, const RedistributionPlan& plan, DType dtype, const Redistribution::Ends& ends,
            bool& wrote) {
  Redistribution run(execution.services.exchange, execution.command.number, plan, SizeOf(dtype), ends);
  while (true) {
    const auto state = run.Advance(kCopied);
    if (state == Redistribution::State::kDone) {
      break;
    }
    if (state == Redistribution::State::kWaiting) {
      co_await execution.turn.ForMessages();
    } else if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  wrote = run.wrote();
  co_return run.status();
}

/// `source` and `destination` by now agree in shape, or all engines say alike that they do not.
Task Copy(Execution& execution, const Side& source, const Side& destination, DType dtype, bool& wrote) {
  Services& services = execution.services;
  if (source.view.shape() != destination.view.shape()) {
    co_return Error(Reason::kInternal, absl::StrCat("a redistribution from shape ", ToString(source.view.shape()),
                                                    " to shape ", ToString(destination.view.shape())));
  }
  const RedistributionPlan plan =
      PlanRedistribution({source.distribution.get(), &source.view}, {destination.distribution.get(), &destination.view},
                         services.target, services.exchange.engine_count());
  const Redistribution::Ends ends{DataOf(source), source.status, DataOf(destination), destination.status};
  co_return co_await Follow(execution, plan, dtype, ends, wrote);
}

}  // namespace

Task ExecuteRedistribute(Execution& execution, const Redistribute& command) {
  Services& services = execution.services;
  auto source = StoredSide(services, command.source);
  if (!source.ok()) {
    co_return source.status();
  }
  bool wrote = false;
  if (const auto* view = std::get_if<BufferView>(&command.destination)) {
    auto destination = StoredSide(services, *view);
    if (!destination.ok()) {
      co_return destination.status();
    }
    const absl::Status status = co_await Copy(execution, *source, *destination, command.source.dtype, wrote);
    // What was not touched stays as it was.
    if (!status.ok() && wrote) {
      destination->buffer->Poison(status);
    }
    co_return status;
  }
  PendingBuffer pending{std::get<NewBuffer>(command.destination), nullptr, nullptr};
  Side destination;
  destination.status = co_await Make(execution, pending);
  if (pending.distribution == nullptr) {
    co_return destination.status;
  }
  destination.distribution = pending.distribution;
  destination.view = View::Whole(pending.distribution->shape());
  destination.buffer = pending.buffer;
  absl::Status status = co_await Copy(execution, *source, destination, command.source.dtype, wrote);
  status.Update(pending.Publish(execution, status));
  co_return status;
}

Task ExecuteEdges(Execution& execution, const CopyEdges& command) {
  Services& services = execution.services;
  const auto space = services.distributions.Find(command.space);
  auto source = StoredSide(services, command.source);
  if (!space.ok() || !source.ok()) {
    co_return space.ok() ? source.status() : space.status();
  }
  const auto pieces = Pieces::Of(*source->distribution, source->view, **space);
  PendingBuffer pending{command.destination, nullptr, nullptr};
  absl::Status made = co_await Make(execution, pending);
  if (!pieces) {
    const absl::Status status = Error(Reason::kInternal, "edges of what is not dealt out in blocks");
    pending.Publish(execution, status).IgnoreError();
    co_return status;  // all engines find the same: nobody waits
  }
  bool wrote = false;
  const RedistributionPlan plan = PlanEdges(*pieces, **space, services.target, services.exchange.engine_count());
  const Redistribution::Ends ends{DataOf(*source), source->status,
                                  pending.buffer == nullptr ? nullptr : pending.buffer->data(), made};
  absl::Status status = co_await Follow(execution, plan, command.source.dtype, ends, wrote);
  status.Update(pending.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
