#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "distarray/context.h"

namespace distarray::inline client {

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

 private:
  Array Make(int kind, const Shape& shape, const Scalar& low, const Scalar& high, DType dtype,
             const DistributionRequest& distribution) const;

  Context context_;
  std::uint64_t seed_;
  std::shared_ptr<std::atomic<std::uint64_t>> next_stream_;
};

}  // namespace distarray::inline client
