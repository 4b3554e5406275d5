// Rows to where their numbers are. Engines go through their indices in chunks, all at the same pace: each sends every
// engine that has rows the numbers of those that it wants (or an empty message), serves the others', and puts what it
// gets where it belongs. Between two engines a chunk's request travels before its answer, so no message says what it
// is.
#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

#include "engine/gathering/copy_rows.h"
#include "engine/gathering/row_bins.h"
#include "engine/runtime/guard.h"
#include "engine/runtime/new_buffer.h"
#include "engine/runtime/row_parts.h"

namespace distarray {
namespace {

constexpr std::int64_t kNumberBytes = sizeof(std::int64_t);
constexpr std::size_t kCopied = std::size_t{1} << 18;  // bytes copied between two looks at the clock

constexpr std::int64_t kRunElements = std::int64_t{1} << 16;  // taken between two looks at the clock

/// What another engine wants of this one, in one chunk.
struct Asked {
  int peer = 0;
  std::int64_t element_count = 0;  // of the peer's indices
  std::unique_ptr<std::int64_t[]> rows;
  std::unique_ptr<std::byte[]> reply;
  Completion received;
  Completion sent;
  bool waiting = false;
};

/// What this engine wants of another one.
struct Wanted {
  int peer = 0;
  int rank = 0;  // among those that have rows
  std::unique_ptr<std::byte[]> rows;
  Completion received;
  bool waiting = false;
};

struct Take {
  StoredPart source;
  ChoicePart choice;
  PendingBuffer destination;
  std::int64_t row_bytes = 0;
  RowChunks chunks;
  bool everywhere = false;
  std::int64_t round_count = 0;
  std::vector<std::int64_t> rows;
  RowBins bins{{0, 0}};
  std::deque<Asked> asked;
  std::deque<Wanted> wanted;
};

/// Makes everything that the exchange will need, so that it cannot fail.
void Prepare(const Services& services, const TakeRows& command, Take& take) {
  const Distribution& source = *take.source.distribution;
  const Distribution& choice = *take.choice.distribution;
  take.row_bytes = command.row_elements * SizeOf(command.destination.dtype);
  take.everywhere = IsEverywhere(source);
  take.chunks = RowChunks::Of(take.row_bytes, std::max(source.targets.size(), choice.targets.size()));
  take.bins = RowBins(take.everywhere ? std::vector<std::int64_t>{0, 0} : RowBounds(source, command.row_elements));
  if (take.choice.rank >= 0) {
    take.rows.resize(static_cast<std::size_t>(std::min(take.chunks.rows, take.choice.count)));
    take.bins.Reserve(take.rows.size());
  }
  const auto chunk = static_cast<std::size_t>(take.chunks.rows);
  const std::size_t staged_bytes = take.chunks.single ? 0 : chunk * static_cast<std::size_t>(take.chunks.piece_bytes);
  for (std::size_t rank = 0; rank < choice.targets.size(); ++rank) {
    const std::int64_t count = choice.LocalCount(static_cast<int>(rank));
    take.round_count = std::max(take.round_count, take.chunks.CountOf(count));
    if (!take.everywhere && take.source.rank >= 0 && choice.targets[rank] != services.target) {
      Asked& asked = take.asked.emplace_back();
      asked.peer = choice.targets[rank];
      asked.element_count = count;
      asked.rows = std::make_unique_for_overwrite<std::int64_t[]>(chunk);
      asked.reply = std::make_unique_for_overwrite<std::byte[]>(staged_bytes);
    }
  }
  for (std::size_t rank = 0; rank < source.targets.size(); ++rank) {
    if (!take.everywhere && take.choice.rank >= 0 && source.targets[rank] != services.target) {
      Wanted& wanted = take.wanted.emplace_back();
      wanted.peer = source.targets[rank];
      wanted.rank = static_cast<int>(rank);
      wanted.rows = std::make_unique_for_overwrite<std::byte[]>(staged_bytes);
    }
  }
}

/// The rows of this chunk that are here already.
Task TakeLocal(Execution& execution, Take& take, RowsAt<const std::byte> from, std::int64_t bytes,
               RowsAt<std::byte> to) {
  if (!take.everywhere && take.source.rank < 0) {
    co_return absl::OkStatus();
  }
  const std::span<const std::int64_t> rows =
      take.everywhere ? std::span<const std::int64_t>(take.rows) : take.bins.RowsOf(take.source.rank);
  const std::size_t step = std::max<std::size_t>(1, kCopied / static_cast<std::size_t>(std::max(bytes, kNumberBytes)));
  for (std::size_t i = 0; i < rows.size(); i += step) {
    const std::size_t count = std::min(step, rows.size() - i);
    if (take.everywhere) {
      GatherRows(from, rows.subspan(i, count), bytes, {to.data + static_cast<std::int64_t>(i) * to.stride, to.stride});
    } else {
      MoveRows(from, rows.subspan(i, count), bytes, to, take.bins.PositionsOf(take.source.rank).subspan(i, count));
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

/// Answers what has been asked and puts away what has come, until this chunk's is all done.
Task Serve(Execution& execution, Take& take, RowsAt<const std::byte> from, std::int64_t bytes, RowsAt<std::byte> to) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  while (true) {
    bool waiting = false;
    bool moved = false;
    for (Asked& asked : take.asked) {
      if (!asked.waiting || !asked.received.done()) {
        waiting = waiting || asked.waiting;
        continue;
      }
      asked.waiting = false;
      const std::int64_t count = asked.received.received_bytes / kNumberBytes;
      const std::span<const std::int64_t> rows(asked.rows.get(), static_cast<std::size_t>(count));
      if (take.chunks.single) {
        for (const std::int64_t row : rows) {
          exchange.Send(number, asked.peer, from.data + row * from.stride, bytes, asked.sent);
        }
      } else if (count > 0) {
        GatherRows(from, rows, bytes, {asked.reply.get(), bytes});
        exchange.Send(number, asked.peer, asked.reply.get(), count * bytes, asked.sent);
      }
      moved = true;
    }
    for (Wanted& wanted : take.wanted) {
      if (!wanted.waiting || !wanted.received.done()) {
        waiting = waiting || wanted.waiting;
        continue;
      }
      wanted.waiting = false;
      if (!take.chunks.single) {
        ScatterRows({wanted.rows.get(), bytes}, take.bins.PositionsOf(wanted.rank), bytes, to);
      }
      moved = true;
    }
    if (!waiting) {
      co_return absl::OkStatus();
    }
    if (moved || exchange.Progress()) {
      if (execution.turn.Over()) {
        co_await execution.turn.Yield();
      }
    } else {
      co_await execution.turn.ForMessages();
    }
  }
}

/// Chunk number t, of which this engine's part are `count` rows.
Task TakeChunk(Execution& execution, Take& take, std::int64_t t, std::int64_t count, RowsAt<const std::byte> from,
               std::int64_t bytes, RowsAt<std::byte> to) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  Completion requests;
  if (count > 0) {
    take.rows.resize(static_cast<std::size_t>(count));
    take.choice.rows.Rows(t * take.chunks.rows, take.rows);
    if (!take.everywhere) {
      take.bins.Sort(take.rows);
    }
    for (const Wanted& wanted : take.wanted) {
      const auto rows = take.bins.RowsOf(wanted.rank);
      exchange.Send(number, wanted.peer, rows.data(), std::ssize(rows) * kNumberBytes, requests);
    }
  }
  for (Asked& asked : take.asked) {
    asked.waiting = take.chunks.SizeOf(t, asked.element_count) > 0;
    if (asked.waiting) {
      asked.received = {};
      exchange.Receive(number, asked.peer, asked.rows.get(), take.chunks.rows * kNumberBytes, asked.received);
    }
  }
  for (Wanted& wanted : take.wanted) {
    const auto rows = count > 0 ? take.bins.RowsOf(wanted.rank) : std::span<const std::int64_t>();
    wanted.waiting = !rows.empty();
    wanted.received = {};
    if (!wanted.waiting) {
      continue;
    }
    if (take.chunks.single) {
      for (const std::int64_t position : take.bins.PositionsOf(wanted.rank)) {
        exchange.Receive(number, wanted.peer, to.data + position * to.stride, bytes, wanted.received);
      }
    } else {
      exchange.Receive(number, wanted.peer, wanted.rows.get(), std::ssize(rows) * bytes, wanted.received);
    }
  }
  if (count > 0) {
    (co_await TakeLocal(execution, take, from, bytes, to)).IgnoreError();
  }
  (co_await Serve(execution, take, from, bytes, to)).IgnoreError();
  (co_await Finish(execution, requests)).IgnoreError();
  for (Asked& asked : take.asked) {
    (co_await Finish(execution, asked.sent)).IgnoreError();
  }
  co_return absl::OkStatus();
}

Task TakeAll(Execution& execution, Take& take) {
  const std::byte* source = take.source.data();
  std::byte* destination = take.destination.buffer == nullptr ? nullptr : take.destination.buffer->data();
  for (std::int64_t begin = 0; begin < take.row_bytes; begin += take.chunks.piece_bytes) {
    const std::int64_t bytes = std::min(take.chunks.piece_bytes, take.row_bytes - begin);
    for (std::int64_t t = 0; t < take.round_count; ++t) {
      const std::int64_t count = take.choice.rank < 0 ? 0 : take.chunks.SizeOf(t, take.choice.count);
      const std::int64_t row = t * take.chunks.rows;
      (co_await TakeChunk(execution, take, t, count, {source + begin, take.row_bytes}, bytes,
                          {destination + row * take.row_bytes + begin, take.row_bytes}))
          .IgnoreError();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task ExecuteCheckRows(Execution& execution, const CheckRows& command) {
  absl::Status status;
  const ChoicePart choice = FindChoice(execution.services, command.choice, status);
  for (const BufferView& needed : command.needed) {
    FindPart(execution.services, needed, status);
  }
  if (status.ok()) {
    status = co_await CheckChoice(execution, command.choice, choice);
  }
  (co_await Agree(execution, execution.command.targets, status)).IgnoreError();
  co_return status;
}

Task ExecuteTakeRows(Execution& execution, const TakeRows& command) {
  Take take;
  take.destination.spec = command.destination;
  absl::Status status = co_await Make(execution, take.destination);
  if (take.destination.distribution == nullptr) {
    co_return status;  // all engines find the same
  }
  take.source = FindPart(execution.services, command.source, status);
  take.choice = FindChoice(execution.services, command.choice, status);
  if (status.ok()) {
    status = co_await CheckChoice(execution, command.choice, take.choice);
  }
  if (status.ok() && take.choice.rank >= 0 &&
      take.destination.distribution->LocalCount(take.choice.rank) != take.choice.count * command.row_elements) {
    status = Error(Reason::kInternal, "the rows taken are not laid out as the indices");
  }
  if (status.ok() && command.row_elements > 0) {
    status = Guarded([&] { Prepare(execution.services, command, take); });
  }
  (co_await Agree(execution, execution.command.targets, status)).IgnoreError();
  if (status.ok()) {
    status = co_await TakeAll(execution, take);
  }
  status.Update(take.destination.Publish(execution, status));
  co_return status;
}

Task ExecuteTakeAligned(Execution& execution, const TakeAligned& command) {
  PendingBuffer destination{command.destination, nullptr, nullptr};
  absl::Status status = co_await Make(execution, destination);
  const StoredPart source = FindPart(execution.services, command.source, status);
  const StoredPart indices = FindPart(execution.services, command.indices, status);
  if (status.ok() && indices.count() > 0) {
    const auto axis = static_cast<std::size_t>(command.axis);
    const Shape shape = source.distribution->LocalShape(source.rank);
    const std::int64_t size = shape[axis];
    const std::int64_t inner =
        std::accumulate(shape.begin() + command.axis + 1, shape.end(), std::int64_t{1}, std::multiplies<>());
    const std::int64_t chosen = indices.distribution->LocalShape(indices.rank)[axis] * inner;
    const int bytes = SizeOf(command.source.dtype);
    const auto* numbers = reinterpret_cast<const std::int64_t*>(indices.data());
    const RowIndices rows{{numbers}, {size}};
    // Runs end with rows, so that each begins with the first element of one.
    const std::int64_t run = std::max<std::int64_t>(1, kRunElements / inner) * inner;
    for (std::int64_t begin = 0, from = 0; status.ok() && begin < indices.count(); begin += chosen) {
      for (std::int64_t at = begin; status.ok() && at < begin + chosen; at += run) {
        const std::int64_t count = std::min(run, begin + chosen - at);
        status = rows.Check(at, count, std::span(&command.axis, 1));
        if (status.ok()) {
          TakeElements(source.data() + from * bytes, size, inner, {numbers + at, static_cast<std::size_t>(count)},
                       bytes, destination.buffer->data() + at * bytes);
        }
        if (execution.turn.Over()) {
          co_await execution.turn.Yield();
        }
      }
      from += size * inner;
    }
  }
  status.Update(destination.Publish(execution, status));
  co_return status;
}

Task ExecuteTakeAlong(Execution& execution, const TakeAlong& command) {
  PendingBuffer destination{command.destination, nullptr, nullptr};
  absl::Status status = co_await Make(execution, destination);
  const StoredPart source = FindPart(execution.services, command.source, status);
  const ChoicePart choice = FindChoice(execution.services, command.choice, status);
  if (status.ok()) {
    status = co_await CheckChoice(execution, command.choice, choice);
  }
  if (status.ok() && source.rank >= 0) {
    const std::byte* from = source.data();
    std::byte* to = destination.buffer->data();
    const auto take = [from, to](const RowsAlong& along) {
      GatherRows({from + along.whole * along.stride + along.begin, along.stride}, along.rows, along.bytes,
                 {to + along.chosen * along.stride + along.begin, along.stride});
    };
    status =
        co_await WalkAlong(execution, choice, *source.distribution, command.axis, SizeOf(command.source.dtype), take);
  }
  status.Update(destination.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
