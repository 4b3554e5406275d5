// Running sums and products. Along an axis that is whole here, each engine works by itself. A line that is dealt out
// takes two passes: every engine sums up its part; what is before each part passes from engine to engine; then all scan
// theirs at the same time.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "engine/runtime/execute.h"
#include "engine/runtime/new_buffer.h"
#include "engine/scans/scan.h"

namespace distarray {
namespace {

template <typename Scan>
Task Run(Execution& execution, Scan& scan, bool (Scan::*advance)()) {
  while ((scan.*advance)()) {
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

Task ScanBlock(Execution& execution, const ScanArray& command, const Shape& shape, const Buffer& source,
               const Buffer& result) {
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  const auto axis = static_cast<std::size_t>(command.axis);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    (d < axis ? outer : inner) *= d == axis ? 1 : shape[d];
  }
  BlockScan scan({command.product, command.result.dtype}, outer, shape[axis], inner, source.data(), result.data(),
                 command.initial);
  co_return co_await Run(execution, scan, &BlockScan::Advance);
}

/// The parts of a line that have elements.
struct Stretch {
  int target = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

std::vector<Stretch> StretchesOf(const Distribution& line) {
  std::vector<Stretch> stretches;
  std::int64_t begin = 0;
  for (int rank = 0; rank < static_cast<int>(line.targets.size()); ++rank) {
    const std::int64_t end = begin + line.LocalCount(rank);
    if (end > begin) {
      stretches.push_back({line.targets[static_cast<std::size_t>(rank)], begin, end});
    }
    begin = end;
  }
  return stretches;
}

std::int64_t HeadBegin(const ScanKind& kind, const Stretch& stretch) {
  return kind.compensated() ? stretch.begin / kScanChunk * kScanChunk : stretch.begin;
}

/// What of `stretch` lies in the head of `later`: the elements before it in its first chunk.
Stretch InHead(const ScanKind& kind, const Stretch& stretch, const Stretch& later) {
  const std::int64_t begin = std::max(stretch.begin, HeadBegin(kind, later));
  return {stretch.target, begin, std::max(begin, std::min(stretch.end, later.begin))};
}

Task ScanLine(Execution& execution, const ScanKind& kind, const std::vector<Stretch>& stretches, std::size_t own,
              const std::byte* in, std::byte* out) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  const std::int64_t size = SizeOf(kind.dtype);
  const Stretch& mine = stretches[own];
  LinePart part(kind, mine.begin, mine.end, in, out);
  Completion sent;
  Completion received;
  for (std::size_t other = 0; other < stretches.size(); ++other) {
    if (other < own) {
      const Stretch needed = InHead(kind, stretches[other], mine);
      if (needed.end > needed.begin) {
        exchange.Receive(number, needed.target, part.head() + (needed.begin - HeadBegin(kind, mine)) * size,
                         (needed.end - needed.begin) * size, received);
      }
    } else if (other > own) {
      const Stretch needed = InHead(kind, mine, stretches[other]);
      if (needed.end > needed.begin) {
        exchange.Send(number, stretches[other].target, in + (needed.begin - mine.begin) * size,
                      (needed.end - needed.begin) * size, sent);
      }
    }
  }
  (co_await Finish(execution, received)).IgnoreError();
  part.UseHead();
  (co_await Run(execution, part, &LinePart::AdvanceTotals)).IgnoreError();
  ScanCarry before{};
  if (own > 0) {
    exchange.Receive(number, stretches[own - 1].target, &before, sizeof(before), received);
    (co_await Finish(execution, received)).IgnoreError();
  }
  ScanCarry after = part.Start(before);
  const auto pass_on = [&] {
    if (own + 1 < stretches.size()) {
      exchange.Send(number, stretches[own + 1].target, &after, sizeof(after), sent);
    }
  };
  if (part.KnowsTotal()) {
    pass_on();
  }
  (co_await Run(execution, part, &LinePart::AdvanceScan)).IgnoreError();
  if (!part.KnowsTotal()) {
    after = part.After();
    pass_on();
  }
  (co_await Finish(execution, sent)).IgnoreError();
  co_return absl::OkStatus();
}

/// A line that is dealt out. No messages are sent unless all can take part.
Task ScanDealtOut(Execution& execution, const ScanArray& command, const Distribution& line, const Buffer* source,
                  const Buffer* result, absl::Status status) {
  (co_await Agree(execution, execution.command.targets, status)).IgnoreError();
  if (!status.ok()) {
    co_return status;
  }
  const ScanKind kind{command.product, command.result.dtype};
  std::byte* out = result->data();
  if (command.initial && execution.services.target == line.targets.front()) {
    StoreScanIdentity(kind, 1, out);
    out += SizeOf(kind.dtype);
  }
  const std::vector<Stretch> stretches = StretchesOf(line);
  const auto own = std::find_if(stretches.begin(), stretches.end(),
                                [&](const Stretch& stretch) { return stretch.target == execution.services.target; });
  if (own == stretches.end()) {
    co_return absl::OkStatus();
  }
  co_return co_await ScanLine(execution, kind, stretches, static_cast<std::size_t>(own - stretches.begin()),
                              source->data(), out);
}

}  // namespace

Task ExecuteScan(Execution& execution, const ScanArray& command) {
  Services& services = execution.services;
  PendingBuffer pending{command.result, nullptr, nullptr};
  absl::Status status = co_await Make(execution, pending);
  if (pending.distribution == nullptr) {
    co_return status;
  }
  const auto distribution = services.distributions.Find(command.distribution);
  if (!distribution.ok() || command.axis < 0 || command.axis >= (*distribution)->ndim()) {
    status.Update(distribution.ok() ? Error(Reason::kInternal, "a running sum along an axis that is not there")
                                    : distribution.status());
    status.Update(pending.Publish(execution, status));
    co_return status;
  }
  const Distribution& dealt = **distribution;
  auto source = FindUsable(services, command.source, command.result.dtype);
  status.Update(source.status());
  if (dealt.dimensions[static_cast<std::size_t>(command.axis)].grid_size > 1) {
    status = co_await ScanDealtOut(execution, command, dealt, source.ok() ? source->get() : nullptr,
                                   pending.buffer.get(), status);
  } else if (status.ok()) {
    status = co_await ScanBlock(execution, command, dealt.LocalShape(dealt.RankOf(services.target)), **source,
                                *pending.buffer);
  }
  status.Update(pending.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
