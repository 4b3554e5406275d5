// Rows where a mask is true, on the engine where they are.
#include <algorithm>
#include <cstring>
#include <deque>
#include <span>

#include "engine/gathering/select_rows.h"
#include "engine/runtime/new_buffer.h"
#include "engine/runtime/row_parts.h"

namespace distarray {
namespace {

constexpr std::int64_t kLooked = std::int64_t{1} << 17;  // mask elements between two looks at the clock

/// A mask's elements here, bool or how often int64.
struct Mask {
  StoredPart part;
  bool repeats = false;

  std::span<const std::uint8_t> Flags(std::int64_t from, std::int64_t count) const {
    return {reinterpret_cast<const std::uint8_t*>(part.data()) + from, static_cast<std::size_t>(count)};
  }
  std::span<const std::int64_t> Repeats(std::int64_t from, std::int64_t count) const {
    return {reinterpret_cast<const std::int64_t*>(part.data()) + from, static_cast<std::size_t>(count)};
  }
};

Mask FindMask(const Services& services, const BufferView& view, absl::Status& status) {
  Mask mask{.part = FindPart(services, view, status), .repeats = view.dtype == DType::kInt64};
  if (!mask.repeats && view.dtype != DType::kBool) {
    status.Update(Error(Reason::kInternal, "a mask is neither bool nor int64"));
  }
  return mask;
}

/// Rows per mask element are bytes.
std::int64_t RowBytes(const StoredPart& source, const Mask& mask, DType dtype) {
  const std::int64_t count = mask.part.count();
  return count == 0 ? 0 : source.count() / count * SizeOf(dtype);
}

Task Select(Execution& execution, const Mask& mask, const StoredPart& source, DType dtype, const Buffer& to) {
  const std::int64_t bytes = RowBytes(source, mask, dtype);
  // As many mask elements at a time as have little to copy.
  const std::int64_t step = std::clamp<std::int64_t>((kLooked * 8) / std::max<std::int64_t>(bytes, 1), 1, kLooked);
  std::int64_t out = 0;
  for (std::int64_t from = 0; from < mask.part.count(); from += step) {
    const std::int64_t count = std::min(step, mask.part.count() - from);
    const std::byte* rows = source.data() + from * bytes;
    if (mask.repeats) {
      out += RepeatRows(mask.Repeats(from, count), rows, bytes, to.data() + out * bytes);
    } else {
      const std::span<std::byte> room(to.data() + out * bytes, static_cast<std::size_t>(to.bytes() - out * bytes));
      out += CopySelected(mask.Flags(from, count), rows, bytes, room);
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

Task Number(Execution& execution, const Mask& mask, const SelectRows::Number& number, const Buffer& to) {
  const auto columns = std::ssize(number.sizes);
  std::int64_t first = 0;
  for (int rank = 0; rank < mask.part.rank; ++rank) {
    first += mask.part.distribution->LocalCount(rank);
  }
  const std::span<std::int64_t> room(reinterpret_cast<std::int64_t*>(to.data()),
                                     static_cast<std::size_t>(to.bytes()) / sizeof(std::int64_t));
  std::int64_t out = 0;
  for (std::int64_t from = 0; from < mask.part.count(); from += kLooked) {
    const std::int64_t count = std::min(kLooked, mask.part.count() - from);
    std::int64_t found = 0;
    for (std::int64_t d = 0; d < columns && out * columns + d < std::ssize(room); ++d) {
      const auto at = static_cast<std::size_t>(d);
      const Coordinate coordinate{.divisor = number.divisors[at], .size = number.sizes[at]};
      found = SelectCoordinates(mask.Flags(from, count), first + from, coordinate, columns,
                                room.subspan(static_cast<std::size_t>(out * columns + d)));
    }
    out += found;
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task ExecuteCountSelected(Execution& execution, const CountSelected& command) {
  absl::Status status;
  const Mask mask = FindMask(execution.services, command.mask, status);
  std::int64_t selected = 0;
  for (std::int64_t from = 0; status.ok() && from < mask.part.count(); from += kLooked) {
    const std::int64_t count = std::min(kLooked, mask.part.count() - from);
    if (mask.repeats) {
      const auto sum = CountRepeated(mask.Repeats(from, count));
      status = sum.status();
      if (sum.ok() && __builtin_add_overflow(selected, *sum, &selected)) {
        status = Error(Reason::kMemoryLimit, "the repeated array has more than 2^63 elements");
      }
    } else {
      selected += CountTrue(mask.Flags(from, count));
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  execution.reply_bytes.assign(reinterpret_cast<const char*>(&selected), sizeof(selected));
  co_return status;
}

Task ExecuteSelect(Execution& execution, const SelectRows& command) {
  const Services& services = execution.services;
  absl::Status first;
  const Mask mask = FindMask(services, command.mask, first);
  for (const SelectRows::Take& take : command.takes) {
    PendingBuffer destination{take.destination, nullptr, nullptr};
    absl::Status status = first;
    const StoredPart source = FindPart(services, take.source, status);
    status.Update(co_await Make(execution, destination));
    if (status.ok() && destination.buffer != nullptr) {
      status = co_await Select(execution, mask, source, take.source.dtype, *destination.buffer);
    }
    status.Update(destination.Publish(execution, status));
    first.Update(status);
  }
  for (const SelectRows::Number& number : command.numbers) {
    PendingBuffer destination{number.destination, nullptr, nullptr};
    absl::Status status = first;
    status.Update(co_await Make(execution, destination));
    if (status.ok() && destination.buffer != nullptr) {
      status = co_await Number(execution, mask, number, *destination.buffer);
    }
    status.Update(destination.Publish(execution, status));
    first.Update(status);
  }
  co_return first;
}

Task ExecutePutSelected(Execution& execution, const PutSelected& command) {
  absl::Status status;
  const Mask mask = FindMask(execution.services, command.mask, status);
  const StoredPart values = FindPart(execution.services, command.values, status);
  const StoredPart destination = FindPart(execution.services, command.destination, status);
  if (!status.ok() || mask.part.rank < 0 || mask.repeats) {
    co_return status;
  }
  const std::int64_t bytes = RowBytes(destination, mask, command.destination.dtype);
  const std::int64_t step = std::clamp<std::int64_t>((kLooked * 8) / std::max<std::int64_t>(bytes, 1), 1, kLooked);
  std::int64_t in = 0;
  for (std::int64_t from = 0; values.data() != nullptr && from < mask.part.count(); from += step) {
    const std::int64_t count = std::min(step, mask.part.count() - from);
    const std::span<const std::byte> rows(values.data() + in * bytes,
                                          static_cast<std::size_t>(values.buffer->bytes() - in * bytes));
    in += PutSelectedRows(mask.Flags(from, count), rows, bytes, destination.data() + from * bytes);
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
