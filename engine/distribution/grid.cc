#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "engine/distribution/distribution.h"

namespace distarray {
namespace {

using Factors = std::vector<std::int64_t>;

/// All ascending lists of `length` factors with this product (the factors from position `at` on are still free), in
/// lexicographic order.
void Factorize(std::int64_t product, std::size_t at, Factors& factors, std::vector<Factors>& out) {
  const std::int64_t least = at == 0 ? 1 : factors[at - 1];
  if (at + 1 == factors.size()) {
    if (product >= least) {
      factors[at] = product;
      out.push_back(factors);
    }
    return;
  }
  for (std::int64_t factor = least; factor * factor <= product; ++factor) {
    if (product % factor == 0) {
      factors[at] = factor;
      Factorize(product / factor, at + 1, factors, out);
    }
  }
}

/// Square of the Euclidean distance between the pairwise ratios of the sizes and of the factors.
double Distance(const Factors& sizes, const Factors& factors) {
  double distance = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    for (std::size_t j = i + 1; j < sizes.size(); ++j) {
      const double wanted = static_cast<double>(sizes[i]) / static_cast<double>(sizes[j]);
      const double given = static_cast<double>(factors[i]) / static_cast<double>(factors[j]);
      distance += (wanted - given) * (wanted - given);
    }
  }
  return distance;
}

/// The best factors of exactly this many processes for the sizes, if any fit.
std::optional<Factors> BestFactors(const Factors& sizes, std::int64_t processes) {
  std::vector<std::size_t> by_size(sizes.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(), [&](std::size_t x, std::size_t y) { return sizes[x] < sizes[y]; });
  std::vector<Factors> candidates;
  Factors scratch(sizes.size(), 1);
  Factorize(processes, 0, scratch, candidates);
  std::optional<Factors> best;
  double best_distance = 0;
  for (const Factors& ascending : candidates) {
    Factors factors(sizes.size());
    bool fits = true;
    for (std::size_t i = 0; i < by_size.size(); ++i) {
      factors[by_size[i]] = ascending[i];
      fits = fits && ascending[i] <= sizes[by_size[i]];
    }
    if (!fits) {
      continue;
    }
    const double distance = Distance(sizes, factors);
    if (!best || distance < best_distance) {
      best = std::move(factors);
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace

std::vector<std::int64_t> ChooseGrid(const Shape& shape, const std::vector<bool>& distributed, std::int64_t processes) {
  std::vector<std::int64_t> grid(shape.size(), 1);
  std::vector<std::size_t> dimensions;
  Factors sizes;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (distributed[d]) {
      dimensions.push_back(d);
      sizes.push_back(shape[d]);
    }
  }
  if (dimensions.empty() || std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) {
    return grid;
  }
  for (std::int64_t used = processes; used > 1; --used) {
    if (const auto factors = BestFactors(sizes, used)) {
      for (std::size_t i = 0; i < dimensions.size(); ++i) {
        grid[dimensions[i]] = (*factors)[i];
      }
      break;
    }
  }
  return grid;
}

}  // namespace distarray
