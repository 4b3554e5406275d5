#include "engine/gathering/row_bins.h"

#include <algorithm>
#include <utility>

namespace distarray {
namespace {

constexpr std::size_t kComparedBounds = 16;  // more are searched

}  // namespace

RowBins::RowBins(std::vector<std::int64_t> bounds) : bounds_(std::move(bounds)), begins_(bounds_.size(), 0) {}

void RowBins::FindOwners(std::span<const std::int64_t> rows) {
  owners_.resize(rows.size());
  const std::size_t inner = bounds_.size() - 2;  // bounds between blocks
  if (inner > kComparedBounds) {
    const auto begin = bounds_.begin() + 1;
    const auto end = bounds_.end() - 1;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      owners_[i] = static_cast<std::int32_t>(std::upper_bound(begin, end, rows[i]) - begin);
    }
    return;
  }
  std::fill(owners_.begin(), owners_.end(), 0);
  for (std::size_t b = 1; b <= inner; ++b) {
    const std::int64_t bound = bounds_[b];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      owners_[i] += rows[i] >= bound ? 1 : 0;
    }
  }
}

void RowBins::Sort(std::span<const std::int64_t> rows) {
  FindOwners(rows);
  std::fill(begins_.begin(), begins_.end(), 0);
  std::vector<std::int64_t>& next = begins_;  // counts, then where each block's next row goes
  for (const std::int32_t owner : owners_) {
    ++next[static_cast<std::size_t>(owner)];
  }
  std::int64_t sum = 0;
  for (std::int64_t& count : next) {
    sum += std::exchange(count, sum);
  }
  rows_.resize(rows.size());
  positions_.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto owner = static_cast<std::size_t>(owners_[i]);
    const auto place = static_cast<std::size_t>(next[owner]++);
    rows_[place] = rows[i] - bounds_[owner];
    positions_[place] = static_cast<std::int64_t>(i);
  }
  // Each now is where the next block's begin.
  std::copy_backward(begins_.begin(), begins_.end() - 1, begins_.end());
  begins_.front() = 0;
}

}  // namespace distarray
