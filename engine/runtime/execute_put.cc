// Rows into an array that exists. Each engine sends its values, in chunks, to the engines that own their rows. Where
// two values go to one row the later one must win: so engines send one after the other, in the order of their parts.
// Where all values are the same, or each engine has no more than one chunk, all send at once.
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "engine/gathering/copy_rows.h"
#include "engine/gathering/row_bins.h"
#include "engine/runtime/guard.h"
#include "engine/runtime/row_parts.h"

namespace distarray {
namespace {

constexpr std::int64_t kNumberBytes = sizeof(std::int64_t);
constexpr std::int64_t kSlots = 2;  // chunks that are on their way from an engine to another at a time

/// A chunk's rows for another engine: their numbers in its block, then what they become.
struct Message {
  std::unique_ptr<std::byte[]> bytes;
  Completion completion;
};
struct Receiver {
  int peer = 0;
  int rank = 0;
  std::array<Message, kSlots> messages;
};
struct Sender {
  int peer = 0;
  int rank = 0;  // among those that have indices
  std::int64_t element_count = 0;
  std::array<Message, kSlots> messages;
};

struct Put {
  StoredPart destination;
  ChoicePart choice;
  std::vector<std::byte> fill;  // one row's piece; empty: there are values
  const std::byte* values = nullptr;
  std::int64_t row_bytes = 0;
  RowChunks chunks;
  std::vector<std::int64_t> rows;
  RowBins bins{{0, 0}};
  std::deque<Receiver> receivers;
  std::deque<Sender> senders;

  std::int64_t sent_bytes(std::int64_t bytes) const { return kNumberBytes + (fill.empty() ? bytes : 0); }
};

void RepeatElement(const std::string& element, std::vector<std::byte>& fill) {
  for (std::size_t at = 0; at < fill.size(); at += element.size()) {
    std::memcpy(fill.data() + at, element.data(), std::min(element.size(), fill.size() - at));
  }
}

void Prepare(const Services& services, const PutRows& command, Put& put) {
  const Distribution& destination = *put.destination.distribution;
  const Distribution& choice = *put.choice.distribution;
  put.row_bytes = command.row_elements * SizeOf(command.destination.dtype);
  put.chunks = RowChunks::Of(put.row_bytes, std::max(destination.targets.size(), choice.targets.size()));
  put.bins = RowBins(RowBounds(destination, command.row_elements));
  if (!command.values) {
    put.fill.resize(static_cast<std::size_t>(put.chunks.piece_bytes));
    RepeatElement(command.fill, put.fill);
  }
  const auto bytes = static_cast<std::size_t>(put.chunks.rows * put.sent_bytes(put.chunks.piece_bytes));
  if (put.choice.rank >= 0) {
    put.rows.resize(static_cast<std::size_t>(std::min(put.chunks.rows, put.choice.count)));
    put.bins.Reserve(put.rows.size());
  }
  for (std::size_t rank = 0; rank < destination.targets.size(); ++rank) {
    if (put.choice.rank >= 0 && destination.targets[rank] != services.target) {
      Receiver& receiver = put.receivers.emplace_back();
      receiver.peer = destination.targets[rank];
      receiver.rank = static_cast<int>(rank);
      for (Message& message : receiver.messages) {
        message.bytes = std::make_unique_for_overwrite<std::byte[]>(bytes);
      }
    }
  }
  for (std::size_t rank = 0; rank < choice.targets.size(); ++rank) {
    Sender& sender = put.senders.emplace_back();  // this engine, too: its turn comes among the others'
    sender.peer = choice.targets[rank];
    sender.rank = static_cast<int>(rank);
    sender.element_count = choice.LocalCount(sender.rank);
    if (put.destination.rank >= 0 && sender.peer != services.target) {
      for (Message& message : sender.messages) {
        message.bytes = std::make_unique_for_overwrite<std::byte[]>(bytes);
      }
    }
  }
}

struct Piece {
  std::int64_t begin = 0;
  std::int64_t bytes = 0;
};

/// Sorts this engine's chunk number t and sends the others their parts of it.
Task SendChunk(Execution& execution, Put& put, std::int64_t t, Piece piece) {
  put.rows.resize(static_cast<std::size_t>(put.chunks.SizeOf(t, put.choice.count)));
  put.choice.rows.Rows(t * put.chunks.rows, put.rows);
  put.bins.Sort(put.rows);
  const std::byte* values = put.fill.empty() ? put.values + t * put.chunks.rows * put.row_bytes + piece.begin : nullptr;
  for (Receiver& receiver : put.receivers) {
    Message& message = receiver.messages[static_cast<std::size_t>(t % kSlots)];
    (co_await Finish(execution, message.completion)).IgnoreError();
    const auto rows = put.bins.RowsOf(receiver.rank);
    const std::int64_t numbers = std::ssize(rows) * kNumberBytes;
    std::copy(rows.begin(), rows.end(), reinterpret_cast<std::int64_t*>(message.bytes.get()));
    if (values != nullptr) {
      GatherRows({values, put.row_bytes}, put.bins.PositionsOf(receiver.rank), piece.bytes,
                 {message.bytes.get() + numbers, piece.bytes});
    }
    execution.services.exchange.Send(execution.command.number, receiver.peer, message.bytes.get(),
                                     std::ssize(rows) * put.sent_bytes(piece.bytes), message.completion);
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

/// Writes what this engine has for itself in the chunk that it has sorted.
void PutLocal(Put& put, std::int64_t t, Piece piece) {
  const auto rows = put.bins.RowsOf(put.destination.rank);
  const RowsAt<std::byte> to{put.destination.data() + piece.begin, put.row_bytes};
  if (!put.fill.empty()) {
    ScatterRows({put.fill.data(), 0}, rows, piece.bytes, to);
    return;
  }
  MoveRows({put.values + t * put.chunks.rows * put.row_bytes + piece.begin, put.row_bytes},
           put.bins.PositionsOf(put.destination.rank), piece.bytes, to, rows);
}

void PutReceived(Put& put, const Message& message, Piece piece) {
  const std::int64_t count = message.completion.received_bytes / put.sent_bytes(piece.bytes);
  const std::span rows(reinterpret_cast<const std::int64_t*>(message.bytes.get()), static_cast<std::size_t>(count));
  const RowsAt<std::byte> to{put.destination.data() + piece.begin, put.row_bytes};
  if (put.fill.empty()) {
    ScatterRows({message.bytes.get() + count * kNumberBytes, piece.bytes}, rows, piece.bytes, to);
  } else {
    ScatterRows({put.fill.data(), 0}, rows, piece.bytes, to);
  }
}

void Receive(Execution& execution, Put& put, Sender& sender, std::int64_t t, Piece piece) {
  if (t < put.chunks.CountOf(sender.element_count)) {
    Message& message = sender.messages[static_cast<std::size_t>(t % kSlots)];
    message.completion = {};
    execution.services.exchange.Receive(execution.command.number, sender.peer, message.bytes.get(),
                                        put.chunks.rows * put.sent_bytes(piece.bytes), message.completion);
  }
}

/// All chunks of some senders, those of one number in the order of the senders.
Task PutGroup(Execution& execution, Put& put, std::span<Sender*> group, Piece piece) {
  const bool owns = put.destination.rank >= 0;
  const int self = execution.services.target;
  std::int64_t rounds = 0;
  for (Sender* sender : group) {
    rounds = std::max(rounds, put.chunks.CountOf(sender->element_count));
    if (owns && sender->peer != self) {
      Receive(execution, put, *sender, 0, piece);
    }
  }
  const bool sends = std::any_of(group.begin(), group.end(), [self](Sender* sender) { return sender->peer == self; });
  for (std::int64_t t = 0; t < rounds; ++t) {
    if (sends && t < put.chunks.CountOf(put.choice.count)) {
      (co_await SendChunk(execution, put, t, piece)).IgnoreError();
    }
    for (Sender* sender : group) {
      if (t >= put.chunks.CountOf(sender->element_count)) {
        continue;
      }
      if (sender->peer == self) {
        if (owns) {
          PutLocal(put, t, piece);
        }
      } else if (owns) {
        Receive(execution, put, *sender, t + 1, piece);
        Message& message = sender->messages[static_cast<std::size_t>(t % kSlots)];
        (co_await Finish(execution, message.completion)).IgnoreError();
        PutReceived(put, message, piece);
      }
      if (execution.turn.Over()) {
        co_await execution.turn.Yield();
      }
    }
  }
  for (Receiver& receiver : put.receivers) {
    for (Message& message : receiver.messages) {
      (co_await Finish(execution, message.completion)).IgnoreError();
    }
  }
  co_return absl::OkStatus();
}

Task PutAll(Execution& execution, Put& put) {
  std::vector<Sender*> senders;
  std::int64_t chunks_most = 0;
  for (Sender& sender : put.senders) {
    senders.push_back(&sender);
    chunks_most = std::max(chunks_most, put.chunks.CountOf(sender.element_count));
  }
  const bool together = !put.fill.empty() || chunks_most <= 1;
  for (Piece piece; piece.begin < put.row_bytes; piece.begin += put.chunks.piece_bytes) {
    piece.bytes = std::min(put.chunks.piece_bytes, put.row_bytes - piece.begin);
    if (together) {
      (co_await PutGroup(execution, put, senders, piece)).IgnoreError();
      continue;
    }
    for (std::size_t s = 0; s < senders.size(); ++s) {
      (co_await PutGroup(execution, put, std::span(senders).subspan(s, 1), piece)).IgnoreError();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task ExecutePutRows(Execution& execution, const PutRows& command) {
  Put put;
  absl::Status status;
  put.destination = FindPart(execution.services, command.destination, status);
  put.choice = FindChoice(execution.services, command.choice, status);
  StoredPart values;
  if (command.values) {
    values = FindPart(execution.services, *command.values, status);
    put.values = values.data();
    if (status.ok() && values.count() != put.choice.count * command.row_elements) {
      status = Error(Reason::kInternal, "the rows to put are not laid out as the indices");
    }
  }
  if (status.ok() && command.row_elements > 0) {
    status = Guarded([&] { Prepare(execution.services, command, put); });
  }
  (co_await Agree(execution, execution.command.targets, status)).IgnoreError();
  if (status.ok()) {
    status = co_await PutAll(execution, put);
  }
  co_return status;
}

Task ExecutePutAlong(Execution& execution, const PutAlong& command) {
  absl::Status status;
  const StoredPart destination = FindPart(execution.services, command.destination, status);
  const ChoicePart choice = FindChoice(execution.services, command.choice, status);
  StoredPart values;
  if (command.values) {
    values = FindPart(execution.services, *command.values, status);
  }
  (co_await Agree(execution, execution.command.targets, status)).IgnoreError();
  if (!status.ok() || destination.rank < 0) {
    co_return status;
  }
  std::byte* to = destination.data();
  const std::byte* from = values.data();
  std::vector<std::byte> fill;
  const auto put = [&](const RowsAlong& along) {
    const RowsAt<std::byte> rows{to + along.whole * along.stride + along.begin, along.stride};
    if (command.values) {
      ScatterRows({from + along.chosen * along.stride + along.begin, along.stride}, along.rows, along.bytes, rows);
      return;
    }
    if (std::ssize(fill) < along.bytes) {
      fill.resize(static_cast<std::size_t>(along.bytes));
      RepeatElement(command.fill, fill);
    }
    ScatterRows({fill.data(), 0}, along.rows, along.bytes, rows);
  };
  co_return co_await WalkAlong(execution, choice, *destination.distribution, command.axis,
                               SizeOf(command.destination.dtype), put);
}

}  // namespace distarray
