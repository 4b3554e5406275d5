#include "engine/runtime/partials.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "engine/comm/opening.h"
#include "engine/runtime/guard.h"

namespace distarray {
namespace {

struct Incoming {
  std::string message = std::string(static_cast<std::size_t>(Opening::kCapacity), '\0');
  Completion completion;
};

/// Reads an opening; room for the stream is made in `bytes`, which holds all of it if the opening does.
absl::StatusOr<Opening> Accept(const Incoming& incoming, std::vector<std::byte>& bytes) {
  DA_ASSIGN_OR_RETURN(
      const Opening opening,
      ReadOpening(
          std::string_view(incoming.message).substr(0, static_cast<std::size_t>(incoming.completion.received_bytes))));
  bytes.resize(static_cast<std::size_t>(opening.stream_bytes));
  std::copy(opening.bytes.begin(), opening.bytes.end(), bytes.begin());
  return opening;
}

}  // namespace

ReductionGroup ReductionGroup::Of(const Distribution& space, const std::vector<int>& axes, int rank) {
  auto coordinates = space.Coordinates(rank);
  for (const int axis : axes) {
    coordinates[static_cast<std::size_t>(axis)] = 0;
  }
  ReductionGroup group;
  while (true) {
    group.ranks.push_back(space.RankAt(coordinates));
    std::size_t a = axes.size();
    while (a > 0) {
      const auto axis = static_cast<std::size_t>(axes[a - 1]);
      if (++coordinates[axis] < space.dimensions[axis].grid_size) {
        break;
      }
      coordinates[axis] = 0;
      --a;
    }
    if (a == 0) {
      return group;
    }
  }
}

void SendPartial(Execution& execution, int target, const absl::Status& status, Accumulators partial,
                 OutgoingPartials& outgoing) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  const auto bytes = static_cast<std::int64_t>(partial.bytes.size());
  const bool whole = bytes <= Opening::kInline;
  std::string& opening =
      outgoing.openings.emplace_back(status.ok() ? MakeOpening(bytes, whole ? bytes : 0) : MakeFailedOpening(status));
  if (status.ok() && whole) {
    std::copy(partial.bytes.begin(), partial.bytes.end(), InlineBytesOf(opening));
  }
  exchange.Send(number, target, opening.data(), static_cast<std::int64_t>(opening.size()), outgoing.completion);
  if (status.ok() && !whole) {
    const Accumulators& kept = outgoing.accumulators.emplace_back(std::move(partial));
    exchange.Send(number, target, kept.bytes.data(), bytes, outgoing.completion);
  }
}

Task CombinePartials(Execution& execution, const Distribution& space, const ReductionGroup& group, int reduction,
                     DType compute, bool empty, Accumulators& accumulators, absl::Status& status) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  std::deque<Incoming> openings(group.ranks.size());
  for (std::size_t i = 1; i < group.ranks.size(); ++i) {
    const int peer = space.targets[static_cast<std::size_t>(group.ranks[i])];
    exchange.Receive(number, peer, openings[i].message.data(), Opening::kCapacity, openings[i].completion);
  }
  for (std::size_t i = 1; i < group.ranks.size(); ++i) {
    (co_await Finish(execution, openings[i].completion)).IgnoreError();
    Accumulators partial;
    const auto opening = Accept(openings[i], partial.bytes);
    if (!opening.ok()) {
      status.Update(opening.status());
      continue;
    }
    if (!opening->whole()) {
      Completion completion;
      const int peer = space.targets[static_cast<std::size_t>(group.ranks[i])];
      exchange.Receive(number, peer, partial.bytes.data(), opening->stream_bytes, completion);
      (co_await Finish(execution, completion)).IgnoreError();
    }
    if (!status.ok() || partial.bytes.empty()) {
      continue;
    }
    if (partial.bytes.size() != accumulators.bytes.size()) {
      status = Error(Reason::kInternal, "two engines differ in the size of a reduction's partial results");
      continue;
    }
    partial.count = accumulators.count;
    if (empty) {
      accumulators = std::move(partial);
      empty = false;
    } else {
      status = Guarded([&] { CombineAccumulators(reduction, compute, accumulators, partial); });
    }
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
