#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "distarray/array.h"

namespace distarray::inline client {

/// NumPy's names for where a quantile lies among elements in order.
enum class QuantileMethod : std::uint8_t {
  kLinear,
  kAveragedInvertedCdf,
  kClosestObservation,
  kHazen,
  kHigher,
  kInterpolatedInvertedCdf,
  kInvertedCdf,
  kLower,
  kMedianUnbiased,
  kMidpoint,
  kNearest,
  kNormalUnbiased,
  kWeibull,
};

struct QuantileOptions {
  std::optional<std::vector<int>> axes;  // negative ones count from the end; none given: all
  bool keepdims = false;                 // reduced dimensions stay, with length 1
  QuantileMethod method = QuantileMethod::kLinear;
};

// Order statistics, from a sorted copy of x (see Sort), in which each is a slice or a weighted mean of two. New arrays,
// without the reduced dimensions; of integers float64, unless the method takes elements as they are. NaN where an
// element is, but of those whose names begin with Nan, which read the sorted elements twice. Failed:
// OUT_OF_RANGE/kAxisOutOfRange; INVALID_ARGUMENT/kInvalidType complex or bool elements; /kInvalidValue no elements
// (where NaN is not passed over), a share outside its bounds.

/// The element in the middle, or the mean of the two there; of no elements NaN. Also of complex elements and bools.
Array Median(const Array& x, const QuantileOptions& options = {});
/// What a share of 0 to 1 of the elements is not greater than.
Array Quantile(const Array& x, double share, const QuantileOptions& options = {});
/// Of several shares, which are the first dimension; at least float64.
Array Quantiles(const Array& x, const std::vector<double>& shares, const QuantileOptions& options = {});
/// Of a share in hundredths.
Array Percentile(const Array& x, double hundredths, const QuantileOptions& options = {});
Array Percentiles(const Array& x, const std::vector<double>& hundredths, const QuantileOptions& options = {});

// Of the elements that are not NaN; NaN if all are.

Array NanMedian(const Array& x, const QuantileOptions& options = {});
Array NanQuantile(const Array& x, double share, const QuantileOptions& options = {});
Array NanQuantiles(const Array& x, const std::vector<double>& shares, const QuantileOptions& options = {});
Array NanPercentile(const Array& x, double hundredths, const QuantileOptions& options = {});
Array NanPercentiles(const Array& x, const std::vector<double>& hundredths, const QuantileOptions& options = {});

}  // namespace distarray::inline client
