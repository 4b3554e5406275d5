#pragma once

#include <absl/status/statusor.h>

#include <optional>

#include "distarray/array.h"
#include "distarray/reductions.h"

namespace distarray::inline client {

// Where elements are. New arrays of int64 without the axis (with length 1 if keepdims), dealt out as reductions are.
// Failed: OUT_OF_RANGE/kAxisOutOfRange; INVALID_ARGUMENT/kInvalidValue no elements along the axis.

/// Index of the first greatest (least) element, or of the first NaN, along an axis; none: in C order. Reads x twice.
Array Argmax(const Array& x, std::optional<int> axis = {}, bool keepdims = false);
Array Argmin(const Array& x, std::optional<int> axis = {}, bool keepdims = false);
/// Without NaN. Reads x thrice. Waits for whether there is nothing else somewhere: error kInvalidValue.
absl::StatusOr<Array> NanArgmax(const Array& x, std::optional<int> axis = {}, bool keepdims = false);
absl::StatusOr<Array> NanArgmin(const Array& x, std::optional<int> axis = {}, bool keepdims = false);
/// How many elements are not 0, along axes (`axes` and `keepdims` of the options).
Array CountNonzero(const Array& x, const ReduceOptions& options = {});

}  // namespace distarray::inline client
