#include "engine/gathering/row_bins.h"

#include <algorithm>
#include <utility>

namespace distarray {
namespace {

constexpr std::size_t kComparedBounds = 16;  // more are searched
constexpr int kPassesMost = 4;

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

/// One pass a block: where its next row goes stays in a register. Of few blocks that is faster than counting.
void RowBins::SortByPasses(std::span<const std::int64_t> rows) {
  std::size_t place = 0;
  for (std::size_t block = 0; block + 1 < bounds_.size(); ++block) {
    begins_[block] = static_cast<std::int64_t>(place);
    const std::int64_t first = bounds_[block];
    const auto size = static_cast<std::uint64_t>(bounds_[block + 1] - first);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int64_t row = rows[i] - first;
      rows_[place] = row;  // what is not of the block is overwritten, if only by what is behind the last
      positions_[place] = static_cast<std::int64_t>(i);
      place += static_cast<std::uint64_t>(row) < size ? 1 : 0;
    }
  }
  begins_.back() = static_cast<std::int64_t>(place);
}

void RowBins::Reserve(std::size_t row_count) {
  if (row_count > reserved_ || rows_ == nullptr) {
    rows_ = std::make_unique_for_overwrite<std::int64_t[]>(row_count + 1);
    positions_ = std::make_unique_for_overwrite<std::int64_t[]>(row_count + 1);
    reserved_ = row_count;
  }
}

void RowBins::Sort(std::span<const std::int64_t> rows) {
  Reserve(rows.size());
  if (block_count() <= kPassesMost) {
    return SortByPasses(rows);
  }
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
