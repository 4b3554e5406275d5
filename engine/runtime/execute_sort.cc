#include <absl/strings/str_cat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/runtime/execute.h"
#include "engine/runtime/new_buffer.h"
#include "engine/runtime/sort_segment.h"
#include "engine/sorting/row_sorter.h"
#include "engine/sorting/search.h"

namespace distarray {
namespace {

constexpr std::int64_t kLongRow = std::int64_t{1} << 18;   // elements; longer rows are sorted in slices
constexpr std::int64_t kElements = std::int64_t{1} << 15;  // of short rows between two looks at the clock

/// A row of which several engines have a part.
struct SharedRow {
  std::int64_t row = 0;
  std::vector<int> ranks;
};

/// What a sort works on here. The elements of all blocks, laid end to end, are rows of `length` elements.
struct SortData {
  const SortRows* command = nullptr;
  std::int64_t length = 0;
  std::vector<std::int64_t> bounds;  // of the blocks; one more than there are
  std::vector<int> targets;
  int rank = -1;
  BufferPtr source;
  std::byte* result = nullptr;

  std::int64_t begin() const { return bounds[static_cast<std::size_t>(rank)]; }
  std::int64_t end() const { return bounds[static_cast<std::size_t>(rank) + 1]; }
  std::int64_t result_size() const { return SizeOf(command->indices ? DType::kInt64 : command->source.dtype); }
  const std::byte* ElementAt(std::int64_t position) const {
    return source->data() + (position - begin()) * SizeOf(command->source.dtype);
  }
  std::byte* ResultAt(std::int64_t position) const { return result + (position - begin()) * result_size(); }

  /// The part of a row that a block holds.
  std::pair<std::int64_t, std::int64_t> PartOf(std::int64_t row, int of_rank) const {
    const auto r = static_cast<std::size_t>(of_rank);
    const std::int64_t from = std::max(bounds[r], row * length);
    return {from, std::max(from, std::min(bounds[r + 1], (row + 1) * length))};
  }
};

/// In ascending order.
std::vector<SharedRow> SharedRows(const SortData& data) {
  std::vector<SharedRow> shared;
  for (std::size_t i = 1; i + 1 < data.bounds.size(); ++i) {
    const std::int64_t bound = data.bounds[i];
    const std::int64_t row = bound / data.length;
    if (bound % data.length == 0 || (!shared.empty() && shared.back().row == row)) {
      continue;
    }
    shared.push_back({row, {}});
    for (int rank = 0; rank < static_cast<int>(data.targets.size()); ++rank) {
      if (const auto [from, to] = data.PartOf(row, rank); from < to) {
        shared.back().ranks.push_back(rank);
      }
    }
  }
  return shared;
}

SegmentJob JobOf(const SortData& data, std::int64_t row, const std::vector<int>& ranks) {
  SegmentJob job;
  job.segment.dtype = data.command->source.dtype;
  job.segment.indices = data.command->indices;
  job.segment.descending = data.command->descending;
  for (const int rank : ranks) {
    const auto [from, to] = data.PartOf(row, rank);
    if (rank == data.rank) {
      job.part = static_cast<int>(job.targets.size());
      job.elements = data.source == nullptr ? nullptr : data.ElementAt(from);
      job.result = data.result == nullptr ? nullptr : data.ResultAt(from);
    }
    job.segment.counts.push_back(to - from);
    job.targets.push_back(data.targets[static_cast<std::size_t>(rank)]);
  }
  return job;
}

/// Rows that are here whole.
Task SortOwnRows(Execution& execution, const SortData& data, absl::Status& status) {
  const SortRows& command = *data.command;
  const std::int64_t first = (data.begin() + data.length - 1) / data.length;
  const std::int64_t last = data.end() / data.length;
  const auto sorter = RowSorter::Make(command.source.dtype, command.indices, command.descending);
  std::int64_t elements = 0;
  for (std::int64_t row = first; row < last && status.ok(); ++row) {
    if (data.length > kLongRow) {
      const SegmentJob job = JobOf(data, row, {data.rank});
      (co_await SortSegment(execution, job, status)).IgnoreError();
      continue;
    }
    const std::int64_t begin = row * data.length;
    sorter->Sort(data.ElementAt(begin), data.length, data.ResultAt(begin));
    elements += data.length;
    if (elements > kElements) {
      elements = 0;
      if (execution.turn.Over()) {
        co_await execution.turn.Yield();
      }
    }
  }
  co_return absl::OkStatus();
}

/// Every second shared row first, then the others: an engine has two at most, one of either kind, so that none waits
/// for one that waits for another.
Task SortSharedRows(Execution& execution, const SortData& data, absl::Status& status) {
  const std::vector<SharedRow> shared = SharedRows(data);
  for (std::size_t kind = 0; kind < 2; ++kind) {
    for (std::size_t i = kind; i < shared.size(); i += 2) {
      const auto& ranks = shared[i].ranks;
      if (std::find(ranks.begin(), ranks.end(), data.rank) != ranks.end()) {
        const SegmentJob job = JobOf(data, shared[i].row, ranks);
        (co_await SortSegment(execution, job, status)).IgnoreError();
      }
    }
  }
  co_return absl::OkStatus();
}

}  // namespace

Task ExecuteSort(Execution& execution, const SortRows& command) {
  Services& services = execution.services;
  auto distribution = services.distributions.Find(command.source.distribution);
  if (!distribution.ok()) {
    co_return distribution.status();
  }
  SortData data;
  data.command = &command;
  data.targets = (*distribution)->targets;
  data.rank = (*distribution)->RankOf(services.target);
  if (data.rank < 0) {
    co_return absl::OkStatus();
  }
  data.bounds.push_back(0);
  for (int rank = 0; rank < static_cast<int>(data.targets.size()); ++rank) {
    data.bounds.push_back(data.bounds.back() + (*distribution)->LocalCount(rank));
  }
  data.length = std::max<std::int64_t>(command.row_length, 1);
  PendingBuffer pending{command.result, nullptr, nullptr};
  absl::Status status = co_await Make(execution, pending);
  auto source = FindUsable(services, command.source.buffer, command.source.dtype);
  status.Update(source.status());
  if (status.ok() && pending.buffer->bytes() != (data.end() - data.begin()) * data.result_size()) {
    status =
        Error(Reason::kInternal, absl::StrCat("buffer ", command.result.buffer, " is not laid out as what is sorted"));
  }
  if (status.ok()) {
    data.source = *std::move(source);
    data.result = pending.buffer->data();
  }
  (co_await SortSharedRows(execution, data, status)).IgnoreError();
  (co_await SortOwnRows(execution, data, status)).IgnoreError();
  status.Update(pending.Publish(execution, status));
  co_return status;
}

Task ExecuteSearch(Execution& execution, const SearchRows& command) {
  Services& services = execution.services;
  PendingBuffer pending{command.result, nullptr, nullptr};
  absl::Status status = co_await Make(execution, pending);
  if (pending.distribution == nullptr || pending.distribution->RankOf(services.target) < 0) {
    co_return status;
  }
  auto sorted = FindUsable(services, command.sorted.buffer, command.sorted.dtype);
  auto values = FindUsable(services, command.values.buffer, command.values.dtype);
  status.Update(sorted.status());
  status.Update(values.status());
  const DType dtype = command.sorted.dtype;
  if (status.ok() && (dtype != command.values.dtype ||
                      pending.buffer->bytes() / SizeOf(DType::kInt64) != (*values)->bytes() / SizeOf(dtype))) {
    status = Error(Reason::kInternal, absl::StrCat("buffer ", command.result.buffer, " does not fit what is sought"));
  }
  if (status.ok()) {
    const std::int64_t size = (*sorted)->bytes() / SizeOf(dtype);
    const std::int64_t count = (*values)->bytes() / SizeOf(dtype);
    constexpr std::int64_t kSought = std::int64_t{1} << 12;  // values between two looks at the clock
    auto* const places = reinterpret_cast<std::int64_t*>(pending.buffer->data());
    for (std::int64_t i = 0; i < count; i += kSought) {
      SearchSorted(dtype, (*sorted)->data(), size, (*values)->data() + i * SizeOf(dtype), std::min(kSought, count - i),
                   command.right, places + i);
      if (execution.turn.Over()) {
        co_await execution.turn.Yield();
      }
    }
  }
  status.Update(pending.Publish(execution, status));
  co_return status;
}

}  // namespace distarray
