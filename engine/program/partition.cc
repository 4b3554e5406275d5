#include "engine/program/partition.h"

#include <algorithm>
#include <utility>

namespace distarray {

Partition::Partition(const Program& program, Shape shape, std::int64_t most_results)
    : shape_(std::move(shape)), sizes_(shape_), begin_(shape_.size(), 0) {
  const auto& reductions = program.reductions;
  const bool alike = !reductions.empty() && std::all_of(reductions.begin(), reductions.end(), [&](const auto& reduce) {
    return reduce.axes == reductions.front().axes;
  });
  if (!alike) {
    return;
  }
  const auto& axes = reductions.front().axes;
  const auto reduced = [&](std::size_t d) { return std::binary_search(axes.begin(), axes.end(), static_cast<int>(d)); };
  // Trailing dimensions that fit stay whole, the one before them is cut, those before that are taken index by index.
  // Sizes of reduced dimensions play no part, be they 0: others of a group of engines have other ones.
  std::int64_t results = 1;
  bool cut = false;
  for (std::size_t d = shape_.size(); d-- > 0;) {
    if (reduced(d)) {
      continue;
    }
    if (shape_[d] == 0) {
      sizes_ = shape_;
      return;
    }
    if (!cut && results * shape_[d] <= most_results) {
      results *= shape_[d];
      continue;
    }
    sizes_[d] = cut ? 1 : std::max<std::int64_t>(1, most_results / results);
    cut = true;
  }
}

bool Partition::Next(Part& part) {
  if (done_) {
    return false;
  }
  part.begin = begin_;
  part.shape = sizes_;
  for (std::size_t d = 0; d < shape_.size(); ++d) {
    part.shape[d] = std::min(sizes_[d], shape_[d] - begin_[d]);
  }
  std::size_t d = shape_.size();
  while (d > 0 && (begin_[d - 1] += sizes_[d - 1]) >= shape_[d - 1]) {
    begin_[--d] = 0;
  }
  done_ = d == 0;
  return true;
}

}  // namespace distarray
