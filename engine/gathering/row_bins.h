#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace distarray {

/// Deals a chunk of row numbers out to the blocks that the rows lie in.
class RowBins {
 public:
  /// Block p has the rows bounds[p], ..., bounds[p + 1] - 1. Ascending; blocks may be empty.
  explicit RowBins(std::vector<std::int64_t> bounds);

  int block_count() const { return static_cast<int>(bounds_.size()) - 1; }
  std::int64_t first(int block) const { return bounds_[static_cast<std::size_t>(block)]; }

  /// Makes room for so many rows.
  void Reserve(std::size_t row_count);
  /// Sorts rows, all of which are in some block. Those of one block keep their order.
  void Sort(std::span<const std::int64_t> rows);

  /// The rows that lie in a block, counted from the block's first.
  std::span<const std::int64_t> RowsOf(int block) const { return Part(rows_, block); }
  /// Where in the chunk they were.
  std::span<const std::int64_t> PositionsOf(int block) const { return Part(positions_, block); }

 private:
  using Numbers = std::unique_ptr<std::int64_t[]>;

  std::span<const std::int64_t> Part(const Numbers& all, int block) const {
    const auto begin = static_cast<std::size_t>(begins_[static_cast<std::size_t>(block)]);
    const auto end = static_cast<std::size_t>(begins_[static_cast<std::size_t>(block) + 1]);
    return {all.get() + begin, end - begin};
  }
  void SortByPasses(std::span<const std::int64_t> rows);
  void FindOwners(std::span<const std::int64_t> rows);

  std::vector<std::int64_t> bounds_;
  std::vector<std::int64_t> begins_;  // in rows_ and positions_
  std::vector<std::int32_t> owners_;
  std::size_t reserved_ = 0;
  Numbers rows_;
  Numbers positions_;
};

}  // namespace distarray
