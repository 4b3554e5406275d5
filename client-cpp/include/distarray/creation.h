#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "distarray/array.h"
#include "distarray/scalar.h"

namespace distarray::inline client {

// Arrays made from other arrays: of the shape of one and, unless another is asked for, of its dtype, dealt out as it
// is. What makes them from nothing are functions of the Context. Failed: as those; the array's own error.

/// Elements are whatever the caller's own freed memory held.
Array EmptyLike(const Array& x, std::optional<DType> dtype = {});
Array ZerosLike(const Array& x, std::optional<DType> dtype = {});
Array OnesLike(const Array& x, std::optional<DType> dtype = {});
/// Every element `value`, converted.
Array FullLike(const Array& x, const Scalar& value, std::optional<DType> dtype = {});
/// x with 0 above the diagonal of its last two dimensions; 0: the main one, above it positive. A new array in one pass.
/// Failed also: INVALID_ARGUMENT/kInvalidValue less than two dimensions.
Array Tril(const Array& x, std::int64_t diagonal = 0);
/// x with 0 below the diagonal.
Array Triu(const Array& x, std::int64_t diagonal = 0);

enum class MeshIndexing : std::uint8_t {
  kXy,  // the first array runs along axis 1, the second along axis 0
  kIj,  // each along its own axis
};

/// The coordinates of a grid from those along its axes, of one dimension each (or none): views, broadcast. Errors:
/// INVALID_ARGUMENT/kInvalidValue more dimensions; that of a failed array.
absl::StatusOr<std::vector<Array>> Meshgrid(const std::vector<Array>& axes, MeshIndexing indexing = MeshIndexing::kXy);

}  // namespace distarray::inline client
