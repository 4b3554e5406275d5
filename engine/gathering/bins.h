#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace distarray {

/// Finds the bins of numbers: bin i is edges[i] <= x < edges[i + 1], the last edge included.
class Edges {
 public:
  /// Ascending, at least two. Borrows them.
  explicit Edges(std::span<const double> edges);

  /// The bin of x; -1: outside all, or NaN.
  std::int64_t Find(double x) const;

 private:
  std::span<const double> edges_;
  double scale_ = 0;  // bins a unit, where edges are about evenly spaced; else 0
};

/// A count, or a sum of weights with the error that rounding made (TwoSum), so that it is the same in any order in all
/// but contrived cases.
struct BinSum {
  double sum = 0;
  double error = 0;

  void Add(double x) {
    const double next = sum + x;
    const double back = next - sum;
    error += (sum - (next - back)) + (x - back);
    sum = next;
  }
  void Add(const BinSum& other) {
    Add(other.sum);
    error += other.error;
  }
  double value() const { return std::isfinite(sum) ? sum + error : sum; }
};

/// Counts (`bins` begins with bin `first`) which of those bins numbers lie in; others are left out.
void CountIn(std::span<const std::int64_t> bin_numbers, std::int64_t first, std::span<std::int64_t> bins);
/// Adds weights up.
void AddIn(std::span<const std::int64_t> bin_numbers, const double* weights, std::int64_t first,
           std::span<BinSum> bins);

}  // namespace distarray
