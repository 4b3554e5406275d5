// Counting in bins. Each engine counts its own elements in all bins (as many at a time as there is room for), and sends
// each owner of bins its part; owners add the parts up in the order of the engines.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "engine/gathering/bins.h"
#include "engine/runtime/guard.h"
#include "engine/runtime/new_buffer.h"
#include "engine/runtime/row_parts.h"

namespace distarray {
namespace {

constexpr std::int64_t kBinsAtATime = std::int64_t{1} << 20;
constexpr std::int64_t kLooked = std::int64_t{1} << 14;  // elements between two looks at the clock

/// The counts, or sums of weights, of some bins.
struct Bins {
  std::vector<std::int64_t> counts;
  std::vector<BinSum> sums;

  void Reset(std::int64_t count, bool weighted) {
    counts.assign(static_cast<std::size_t>(weighted ? 0 : count), 0);
    sums.assign(static_cast<std::size_t>(weighted ? count : 0), {});
  }
  std::byte* data() {
    return reinterpret_cast<std::byte*>(counts.empty() ? static_cast<void*>(sums.data()) : counts.data());
  }
  std::int64_t bin_bytes() const { return counts.empty() ? sizeof(BinSum) : sizeof(std::int64_t); }
  /// Adds the other's bins from number `first` on.
  void Add(const Bins& other, std::int64_t first, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const auto from = static_cast<std::size_t>(first + i);
      if (counts.empty()) {
        sums[at].Add(other.sums[from]);
      } else {
        counts[at] += other.counts[from];
      }
    }
  }
  void Write(std::int64_t count, std::byte* to) const {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double value = counts.empty() ? sums[at].value() : 0;
      std::memcpy(to + i * 8, counts.empty() ? static_cast<const void*>(&value) : &counts[at], 8);
    }
  }
};

struct Counting {
  StoredPart values;
  StoredPart weights;
  bool weighted = false;
  std::optional<Edges> edges;
  PendingBuffer destination;
  Bins own;
  Bins received;
  Bins sum;
};

/// Counts this engine's elements in the bins from `first` on.
Task Count(Execution& execution, Counting& counting, std::int64_t first) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t from = 0; from < counting.values.count(); from += kLooked) {
    const auto count = static_cast<std::size_t>(std::min(kLooked, counting.values.count() - from));
    std::span<const std::int64_t> bins;
    if (counting.edges) {
      const auto* values = reinterpret_cast<const double*>(counting.values.data()) + from;
      numbers.resize(count);
      std::transform(values, values + count, numbers.begin(), [&](double x) { return counting.edges->Find(x); });
      bins = numbers;
    } else {
      bins = {reinterpret_cast<const std::int64_t*>(counting.values.data()) + from, count};
    }
    if (counting.weighted) {
      AddIn(bins, reinterpret_cast<const double*>(counting.weights.data()) + from, first, counting.own.sums);
    } else {
      CountIn(bins, first, counting.own.counts);
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

/// Brings the parts of the bins first, ..., first + count - 1 of those being counted together on `owner`, which writes
/// them to `to`.
Task Combine(Execution& execution, Counting& counting, int owner, std::int64_t first, std::int64_t count,
             std::byte* to) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  if (execution.services.target != owner) {
    if (counting.values.rank >= 0) {
      Completion sent;
      const std::int64_t bytes = counting.own.bin_bytes();
      exchange.Send(number, owner, counting.own.data() + first * bytes, count * bytes, sent);
      (co_await Finish(execution, sent)).IgnoreError();
    }
    co_return absl::OkStatus();
  }
  counting.sum.Reset(count, counting.weighted);
  for (const int part : counting.values.distribution->targets) {
    if (part == owner) {
      counting.sum.Add(counting.own, first, count);
      continue;
    }
    counting.received.Reset(count, counting.weighted);
    Completion received;
    exchange.Receive(number, part, counting.received.data(), count * counting.received.bin_bytes(), received);
    (co_await Finish(execution, received)).IgnoreError();
    counting.sum.Add(counting.received, 0, count);
  }
  counting.sum.Write(count, to);
  co_return absl::OkStatus();
}

Task CountAll(Execution& execution, Counting& counting) {
  const Distribution& result = *counting.destination.distribution;
  const std::vector<std::int64_t> bounds = RowBounds(result, 1);
  for (std::int64_t first = 0; first < bounds.back(); first += kBinsAtATime) {
    const std::int64_t end = std::min(first + kBinsAtATime, bounds.back());
    counting.own.Reset(end - first, counting.weighted);
    (co_await Count(execution, counting, first)).IgnoreError();
    for (std::size_t rank = 0; rank < result.targets.size(); ++rank) {
      const std::int64_t from = std::max(first, bounds[rank]);
      const std::int64_t count = std::min(end, bounds[rank + 1]) - from;
      if (count <= 0) {
        continue;
      }
      const bool here = result.targets[rank] == execution.services.target;
      std::byte* to = here ? counting.destination.buffer->data() + (from - bounds[rank]) * 8 : nullptr;
      (co_await Combine(execution, counting, result.targets[rank], from - first, count, to)).IgnoreError();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task ExecuteCountBins(Execution& execution, const CountBins& command) {
  Counting counting;
  counting.destination.spec = command.destination;
  absl::Status status = co_await Make(execution, counting.destination);
  if (counting.destination.distribution == nullptr) {
    co_return status;
  }
  counting.values = FindPart(execution.services, command.values, status);
  counting.weighted = command.weights.has_value();
  if (counting.weighted) {
    counting.weights = FindPart(execution.services, *command.weights, status);
  }
  StoredPart edges;
  if (command.edges) {
    edges = FindPart(execution.services, *command.edges, status);
    if (status.ok() && edges.rank >= 0) {
      counting.edges.emplace(
          std::span(reinterpret_cast<const double*>(edges.data()), static_cast<std::size_t>(edges.count())));
    }
  }
  if (status.ok()) {
    status = Guarded([&] {
      counting.own.Reset(kBinsAtATime, counting.weighted);
      counting.received.Reset(kBinsAtATime, counting.weighted);
      counting.sum.Reset(kBinsAtATime, counting.weighted);
    });
  }
  (co_await Agree(execution, execution.command.targets, status)).IgnoreError();
  if (status.ok()) {
    status = co_await CountAll(execution, counting);
  }
  status.Update(counting.destination.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
