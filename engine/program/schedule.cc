#include "engine/program/schedule.h"

#include <algorithm>
#include <cstdlib>

namespace distarray {
namespace {

constexpr std::int64_t kShortRow = 64;
// Accumulators of so many columns stay in the second-level cache while all rows are added.
constexpr std::int64_t kPanel = 4096;
// Rows that are added to them at a time: each accumulator is then read and written once for so many elements.
constexpr std::int64_t kSummedRows = 8;
constexpr std::int64_t kSummedColumns = 128;
// A side of the boxes in which memory runs across the rows: four cache lines of float64.
constexpr std::int64_t kSquare = 32;

}  // namespace

Schedule::Schedule(std::span<const std::int64_t> shape, std::span<const Stream> streams, const std::vector<bool>& keep,
                   std::int64_t tile) {
  Merge(shape, streams, keep);
  ChooseBoxes(streams, tile);
  outer_.assign(depth_ - 2, 0);
  base_.reserve(streams.size());
  for (const Stream& stream : streams) {
    base_.push_back(stream.offset);
  }
  done_ = std::any_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent == 0; });
}

void Schedule::Merge(std::span<const std::int64_t> shape, std::span<const Stream> streams,
                     const std::vector<bool>& keep) {
  // groups: [first, last] dimensions of one merged dimension.
  struct Group {
    std::size_t last;
    std::int64_t extent;
    bool keep;
  };
  std::vector<Group> groups;
  merged_into_.assign(shape.size(), -1);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) {
      continue;
    }
    const bool joins = !groups.empty() && !groups.back().keep && !keep[d] &&
                       std::all_of(streams.begin(), streams.end(), [&](const Stream& stream) {
                         return stream.strides[groups.back().last] == stream.strides[d] * shape[d];
                       });
    if (joins) {
      groups.back().last = d;
      groups.back().extent *= shape[d];
    } else {
      groups.push_back({d, shape[d], keep[d]});
    }
    merged_into_[d] = static_cast<int>(groups.size()) - 1;
  }
  const std::size_t missing = groups.size() < 2 ? 2 - groups.size() : 0;
  depth_ = groups.size() + missing;
  for (int& merged : merged_into_) {
    merged += merged >= 0 ? static_cast<int>(missing) : 0;
  }
  extents_.assign(depth_, 1);
  strides_.assign(depth_ * streams.size(), 0);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    extents_[missing + g] = groups[g].extent;
    for (std::size_t s = 0; s < streams.size(); ++s) {
      strides_[s * depth_ + missing + g] = streams[s].strides[groups[g].last];
    }
  }
}

void Schedule::ChooseBoxes(std::span<const Stream> streams, std::int64_t tile) {
  const std::int64_t row_count = extents_[depth_ - 2];
  const std::int64_t column_count = extents_[depth_ - 1];
  bool crosses = false;
  bool sums_over_rows = false;
  for (std::size_t s = 0; s < streams.size(); ++s) {
    crosses |= streams[s].kind == Stream::Kind::kMemory && RowStride(s) != 0 &&
               std::abs(RowStride(s)) < std::abs(ColumnStride(s));
    sums_over_rows |= streams[s].kind == Stream::Kind::kAccumulator && RowStride(s) == 0 && ColumnStride(s) != 0;
  }
  if (column_count < kShortRow) {
    max_columns_ = std::max<std::int64_t>(column_count, 1);
    max_rows_ = std::clamp<std::int64_t>(row_count, 1, tile / max_columns_);
  } else if (sums_over_rows && !crosses) {
    max_columns_ = std::min(column_count, kSummedColumns);
    max_rows_ = std::min(row_count, kSummedRows);
  } else if (crosses && row_count >= kSquare) {
    max_columns_ = kSquare;
    max_rows_ = kSquare;
  } else {
    max_columns_ = std::min(column_count, tile);
    max_rows_ = 1;
  }
  panel_ = sums_over_rows ? std::max(kPanel, max_columns_) : std::max<std::int64_t>(column_count, 1);
}

bool Schedule::Next() {
  if (done_) {
    return false;
  }
  if (rows_ != 0) {
    const std::int64_t column_count = extents_[depth_ - 1];
    column_ += columns_;
    if (column_ >= std::min(panel_begin_ + panel_, column_count)) {
      column_ = panel_begin_;
      row_ += rows_;
      if (row_ == extents_[depth_ - 2]) {
        row_ = 0;
        panel_begin_ += panel_;
        if (panel_begin_ >= column_count) {
          panel_begin_ = 0;
          NextOuter();
        }
        column_ = panel_begin_;
      }
    }
    if (done_) {
      return false;
    }
  }
  rows_ = std::min(max_rows_, extents_[depth_ - 2] - row_);
  columns_ = std::min(max_columns_, std::min(panel_begin_ + panel_, extents_[depth_ - 1]) - column_);
  return true;
}

void Schedule::NextOuter() {
  for (std::size_t d = outer_.size(); d-- > 0;) {
    const bool turns = ++outer_[d] == extents_[d];
    const std::int64_t steps = turns ? 1 - extents_[d] : 1;
    for (std::size_t s = 0; s < base_.size(); ++s) {
      base_[s] += steps * strides_[s * depth_ + d];
    }
    if (!turns) {
      return;
    }
    outer_[d] = 0;
  }
  done_ = true;
}

Schedule::Role Schedule::RoleOf(std::size_t dimension) const {
  const auto merged = static_cast<std::size_t>(merged_into_[dimension]);
  return merged + 1 == depth_ ? Role::kColumn : (merged + 2 == depth_ ? Role::kRow : Role::kOuter);
}

std::int64_t Schedule::IndexOf(std::size_t dimension) const {
  switch (RoleOf(dimension)) {
    case Role::kColumn:
      return column_;
    case Role::kRow:
      return row_;
    default:
      return outer_[static_cast<std::size_t>(merged_into_[dimension])];
  }
}

}  // namespace distarray
