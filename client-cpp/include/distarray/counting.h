#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "distarray/array.h"

namespace distarray::inline client {

// How many elements there are of each number, or in each bin. New arrays: int64, or with weights float64, added with
// their rounding errors. Weights are real, and have the shape of the elements.

/// How often each of 0, 1, ... occurs among integers of one dimension: as many as the greatest needs, `count_min` at
/// least. Waits for the least and the greatest. Dealt out by the default rule over x's targets. Errors:
/// INVALID_ARGUMENT/kInvalidValue a negative element, another shape; /kInvalidType no integers; that of a failed array.
absl::StatusOr<Array> Bincount(const Array& x, std::int64_t count_min = 0);
/// The sums of the weights of equal elements.
absl::StatusOr<Array> Bincount(const Array& x, const Array& weights, std::int64_t count_min = 0);

struct HistogramOptions {
  std::int64_t bins = 10;  // of equal width, at least 1
  /// Between which the bins lie; none: between the least and the greatest element, which are waited for.
  std::optional<std::pair<double, double>> range;
  std::vector<double> edges;     // ascending, at least 2: in place of bins and range
  std::optional<Array> weights;  // of each element
  bool density = false;          // divided by their sum and the widths of the bins
};

struct Histogrammed {
  Array counts;               // one a bin
  std::vector<double> edges;  // one more
};

/// How many elements lie in each bin, which is without its upper edge, but for the last. Dealt out as Bincount's.
/// Errors: INVALID_ARGUMENT/kInvalidValue bins, range or edges as above, elements that are not finite without a range;
/// /kInvalidType complex elements; that of a failed array.
absl::StatusOr<Histogrammed> Histogram(const Array& x, const HistogramOptions& options = {});

}  // namespace distarray::inline client
