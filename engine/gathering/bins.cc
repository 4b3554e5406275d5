#include "engine/gathering/bins.h"

#include <algorithm>
#include <cmath>

namespace distarray {

Edges::Edges(std::span<const double> edges) : edges_(edges) {
  const double width = edges.back() - edges.front();
  const auto count = static_cast<double>(edges.size() - 1);
  if (!std::isfinite(width) || width <= 0 || !std::isfinite(count / width)) {
    return;
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const double even = edges.front() + width * (static_cast<double>(i) / count);
    if (std::abs(edges[i] - even) > width / count / 2) {
      return;
    }
  }
  scale_ = count / width;
}

std::int64_t Edges::Find(double x) const {
  const auto last = static_cast<std::int64_t>(edges_.size()) - 2;  // bin
  if (!(x >= edges_.front() && x <= edges_.back())) {
    return -1;
  }
  if (scale_ == 0) {
    const auto above = std::upper_bound(edges_.begin(), edges_.end(), x) - edges_.begin();
    return std::min<std::int64_t>(above - 1, last);
  }
  auto bin = std::clamp<std::int64_t>(static_cast<std::int64_t>((x - edges_.front()) * scale_), 0, last);
  while (bin > 0 && x < edges_[static_cast<std::size_t>(bin)]) {
    --bin;
  }
  while (bin < last && x >= edges_[static_cast<std::size_t>(bin) + 1]) {
    ++bin;
  }
  return bin;
}

void CountIn(std::span<const std::int64_t> bin_numbers, std::int64_t first, std::span<std::int64_t> bins) {
  const auto count = static_cast<std::uint64_t>(bins.size());
  for (const std::int64_t number : bin_numbers) {
    const auto bin = static_cast<std::uint64_t>(number - first);
    if (bin < count) {
      ++bins[bin];
    }
  }
}

void AddIn(std::span<const std::int64_t> bin_numbers, const double* weights, std::int64_t first,
           std::span<BinSum> bins) {
  const auto count = static_cast<std::uint64_t>(bins.size());
  for (std::size_t i = 0; i < bin_numbers.size(); ++i) {
    const auto bin = static_cast<std::uint64_t>(bin_numbers[i] - first);
    if (bin < count) {
      bins[bin].Add(weights[i]);
    }
  }
}

}  // namespace distarray
