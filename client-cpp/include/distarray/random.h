#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "distarray/context.h"

namespace distarray::inline client {

struct ChoiceOptions {
  bool replace = true;     // each may come more than once
  std::optional<Array> p;  // how likely each is, summing to 1; none: all alike
};

/// A generator of arrays of random numbers. Counter-based: for the same seed, the n-th array holds the same numbers on
/// any number of engines and with any distribution. Copies continue one sequence. Thread-safe.
class Random {
 public:
  Random(Context context, std::uint64_t seed);

  /// float32 or float64 of [low, high).
  Array Uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = DType::kFloat64,
                const DistributionRequest& distribution = {}) const;
  /// Normally distributed float32 or float64.
  Array Normal(const Shape& shape, double mean = 0, double deviation = 1, DType dtype = DType::kFloat64,
               const DistributionRequest& distribution = {}) const;
  /// Integers of [low, high).
  Array Integers(const Shape& shape, std::int64_t low, std::int64_t high, DType dtype = DType::kInt64,
                 const DistributionRequest& distribution = {}) const;
  /// Exponentially distributed float32 or float64, by the inverse of the distribution. Failed:
  /// INVALID_ARGUMENT/kInvalidValue a scale below 0.
  Array Exponential(const Shape& shape, double scale = 1, DType dtype = DType::kFloat64,
                    const DistributionRequest& distribution = {}) const;

  /// The numbers below `count` in a random order: int64. Failed: INVALID_ARGUMENT/kInvalidValue a count below 0.
  Array Permutation(std::int64_t count) const;
  /// x's parts along an axis in a random order: a new array, which lies as Take's. Failed:
  /// OUT_OF_RANGE/kAxisOutOfRange.
  Array Permutation(const Array& x, int axis = 0) const;
  /// Puts x's parts along an axis in a random order, in place. OK means recorded. Errors as Permutation.
  absl::Status Shuffle(const Array& x, int axis = 0) const;
  /// Some of the numbers below `count`, in this shape: int64. With p waits for its least and its sum. Errors:
  /// INVALID_ARGUMENT/kInvalidValue more than there are without replacement, p of another shape, below 0 or of another
  /// sum.
  absl::StatusOr<Array> Choice(std::int64_t count, const Shape& shape, const ChoiceOptions& options = {}) const;
  /// Some of x's parts along an axis: the shape is in its place. Errors also: OUT_OF_RANGE/kAxisOutOfRange.
  absl::StatusOr<Array> Choice(const Array& x, const Shape& shape, const ChoiceOptions& options = {},
                               int axis = 0) const;

 private:
  Array Make(int kind, const Shape& shape, const Scalar& low, const Scalar& high, DType dtype,
             const DistributionRequest& distribution) const;

  Context context_;
  std::uint64_t seed_;
  std::shared_ptr<std::atomic<std::uint64_t>> next_stream_;
};

}  // namespace distarray::inline client
