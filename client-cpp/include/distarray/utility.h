#pragma once

#include <absl/status/statusor.h>

#include "distarray/array.h"
#include "distarray/operand.h"

namespace distarray::inline client {

// Whether arrays are alike (see AllClose, AllOf and AnyOf in reductions.h too).

/// Elementwise: |a - b| <= atol + rtol * |b|, equal infinities among it, and NaN beside NaN if equal_nan. Dealt out and
/// failed as elementwise functions are. At least one is an array.
Array IsClose(const Operand& a, const Operand& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
/// Whether both have the same shape and elements. Waits for the answer, where shapes do not decide it. Errors: that of
/// a failed array; INVALID_ARGUMENT/kInvalidValue arrays of two contexts.
absl::StatusOr<bool> ArrayEqual(const Array& x1, const Array& x2, bool equal_nan = false);
/// Whether both have the same elements once they are broadcast together. As ArrayEqual.
absl::StatusOr<bool> ArrayEquiv(const Array& x1, const Array& x2);

}  // namespace distarray::inline client
