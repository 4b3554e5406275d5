#pragma once

#include <absl/status/statusor.h>

#include <optional>

#include "distarray/array.h"
#include "distarray/reductions.h"

namespace distarray::inline client {

// Numbers of many elements beside the reductions, made of these: new arrays, dealt out and failed as theirs.

/// Max - Min. Reads x twice.
Array Ptp(const Array& x, const ReduceOptions& options = {});

// Ignoring NaN. x is read once for each pass over it that is said.

/// Of no numbers 0; one pass.
Array NanSum(const Array& x, const ReduceOptions& options = {});
/// Of no numbers 1; one pass.
Array NanProd(const Array& x, const ReduceOptions& options = {});
/// Of no numbers NaN; two passes.
Array NanMax(const Array& x, const ReduceOptions& options = {});
Array NanMin(const Array& x, const ReduceOptions& options = {});
Array NanMean(const Array& x, const ReduceOptions& options = {});
/// NaN where there are no more numbers than the correction; three passes.
Array NanVar(const Array& x, const ReduceOptions& options = {});
Array NanStd(const Array& x, const ReduceOptions& options = {});

struct Averaged {
  Array average;
  Array sum_of_weights;
};

/// The mean of elements weighted so: weights of x's shape, or one a position along the one axis that is given
/// (`axes` and `keepdims` of the options). Waits for the sum of the weights. Errors: INVALID_ARGUMENT/kInvalidValue a
/// sum of 0, weights of another shape; as reductions.
absl::StatusOr<Averaged> Average(const Array& x, const Array& weights, const ReduceOptions& options = {});

struct CovOptions {
  bool rowvar = true;                // variables are rows; else columns
  std::optional<double> correction;  // taken from the number of observations; default: 1
  std::optional<Array> y;            // more variables
  std::optional<Array> fweights;     // how often each observation was made
  std::optional<Array> aweights;     // how much each counts
};

/// The covariance matrix of variables: 0-d of one. Dealt out as Matmul's. Failed: INVALID_ARGUMENT/kInvalidValue more
/// dimensions than two, weights of another number than there are observations.
Array Cov(const Array& x, const CovOptions& options = {});
/// The correlation coefficients (`rowvar` and `y` of the options).
Array Corrcoef(const Array& x, const CovOptions& options = {});

}  // namespace distarray::inline client
