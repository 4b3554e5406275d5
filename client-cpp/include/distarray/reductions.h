#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string_view>
#include <vector>

#include "distarray/array.h"
#include "distarray/operand.h"

namespace distarray::inline client {

struct ReduceOptions {
  std::optional<std::vector<int>> axes;  // negative ones count from the end; none given: all
  bool keepdims = false;                 // reduced dimensions stay, with length 1
  std::optional<DType> dtype;            // of the accumulation and the result; default: NumPy 2's
  double correction = 0;                 // Var, Std: delta degrees of freedom
};

// Each makes an array without the reduced dimensions (0-d for all axes; Item() fetches it). Failed:
// OUT_OF_RANGE/kAxisOutOfRange; INVALID_ARGUMENT/kInvalidValue the same axis twice; /kInvalidType not defined for the
// dtype.

/// Integers narrower than 64 bits are summed as int64 or uint64.
Array Sum(const Array& x, const ReduceOptions& options = {});
Array Prod(const Array& x, const ReduceOptions& options = {});
/// Of no elements: INVALID_ARGUMENT/kInvalidValue.
Array Min(const Array& x, const ReduceOptions& options = {});
Array Max(const Array& x, const ReduceOptions& options = {});
Array Mean(const Array& x, const ReduceOptions& options = {});
Array Var(const Array& x, const ReduceOptions& options = {});
Array Std(const Array& x, const ReduceOptions& options = {});
/// numpy.any and numpy.all: bool.
Array AnyOf(const Array& x, const ReduceOptions& options = {});
Array AllOf(const Array& x, const ReduceOptions& options = {});

/// Whether |a - b| <= atol + rtol * |b| everywhere, equal infinities among it, and NaN beside NaN if equal_nan
/// (numpy.allclose). Shapes broadcast; at least one operand is an array. Waits for the answer. Errors: of the operands
/// and of computing, as those of functions.h.
absl::StatusOr<bool> AllClose(const Operand& a, const Operand& b, double rtol = 1e-5, double atol = 1e-8,
                              bool equal_nan = false);

/// A reduction by NumPy's name. Failed also: INVALID_ARGUMENT/kUnknownOperation.
Array Reduce(std::string_view name, const Array& x, const ReduceOptions& options = {});

}  // namespace distarray::inline client
