#pragma once

#include <absl/status/statusor.h>

#include "distarray/array.h"

namespace distarray::inline client {

// The distinct elements of an array, in ascending order. -0.0 and 0.0 are one, of which the first is taken; each NaN is
// distinct, unless Unique is asked otherwise. New arrays in blocks, over the array's targets. Each function waits for
// the number of distinct elements. Errors: the array's own.

struct UniqueAllResult {
  Array values;
  Array indices;          // where each is first, in C order
  Array inverse_indices;  // for each element, in the array's shape, which of the values it is
  Array counts;           // how often each occurs
};

struct UniqueCountsResult {
  Array values;
  Array counts;
};

struct UniqueInverseResult {
  Array values;
  Array inverse_indices;
};

absl::StatusOr<UniqueAllResult> UniqueAll(const Array& x);
absl::StatusOr<UniqueCountsResult> UniqueCounts(const Array& x);
absl::StatusOr<UniqueInverseResult> UniqueInverse(const Array& x);
absl::StatusOr<Array> UniqueValues(const Array& x);
/// numpy.unique: the values, all NaN being one if equal_nan.
absl::StatusOr<Array> Unique(const Array& x, bool equal_nan = true);

}  // namespace distarray::inline client
