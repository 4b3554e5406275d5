#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "client-cpp/src/operands.h"
#include "client-cpp/src/status.h"
#include "distarray/array.h"

namespace distarray::inline client {

// What the chapters of functions are made of: requests for computations, views, arrays dealt out as others, and checks.

/// Of a computation, by name.
using Parameters = std::vector<std::pair<std::string_view, Scalar>>;

/// A computation's one result, whose shape and dtype the caller knows. Does not wait. Failed: that of a failed operand;
/// kInvalidValue operands of several contexts. `shape`: of reshape's result.
Array Compute(std::string_view name, const std::vector<Operand>& operands, Outcome outcome,
              const Parameters& parameters = {}, const Shape& shape = {});
/// As Compute, for results whose shapes only the daemon knows: waits for them. Errors: as Compute; the daemon's.
absl::StatusOr<std::vector<Array>> ComputeAwaited(std::string_view name, const std::vector<Operand>& operands,
                                                  int count);
/// A computation that writes to `target`. Does not wait: the daemon's errors are those of the context's next call that
/// does. Errors: as Compute.
absl::Status ComputeInPlace(std::string_view name, const Array& target, const std::vector<Operand>& operands,
                            const Parameters& parameters = {});

/// A view with dimension d the array's dimension axes[d], which are all of them. The array is not a failed one.
Array Permuted(const Array& x, const std::vector<int>& axes);
/// A view of a shape that the array's broadcasts to. The array is not a failed one.
Array Broadcast(const Array& x, const Shape& shape);
/// A slice of one dimension.
Array Along(const Array& x, int axis, IndexEntry entry);
/// An index that takes whole the dimensions before `axis`, then this entry.
Index IndexAlong(int axis, IndexEntry entry);

/// An array made new in another shape of as many elements, in C order, also where a view would do.
Array ReshapedCopy(const Array& x, const Shape& shape);

// Arrays made from nothing, dealt out as a result of other arrays is. They are not failed ones, and of one context.

Array EmptyLike(std::span<const Array> arrays, const Shape& shape, DType dtype);
Array FullLike(const Array& like, const Shape& shape, const Scalar& value, DType dtype);
/// Of every element its index along the axis; nothing is stored for it.
Array IndicesLike(const Array& like, int axis);

/// Whether all arrays are good, and of one context; at least one is given. Errors: that of a failed array;
/// kInvalidValue.
absl::Status CheckArrays(std::string_view name, std::span<const Array> arrays);
/// An axis counted from 0. Errors: that of a failed array; kAxisOutOfRange.
absl::StatusOr<int> AxisOf(const Array& x, int axis);
/// The same for an array of so many dimensions.
absl::StatusOr<int> NormalAxis(int axis, int ndim);
/// Each counted from 0. Errors: kAxisOutOfRange; kInvalidValue one is given twice.
absl::StatusOr<std::vector<int>> NormalAxes(const Axes& axes, int ndim);
/// NumPy 2's result_type of the arrays, which are good and of one context.
DType PromotedType(std::span<const Array> arrays);
bool IsInteger(DType dtype);
/// 0 to count - 1.
std::vector<int> Counting(int count);

/// What `make` returns, an absl::StatusOr<Array>; of an error, a failed array.
template <typename Make>
Array Made(Make&& make) {
  absl::StatusOr<Array> made = std::forward<Make>(make)();
  return made.ok() ? *std::move(made) : ArrayState::Failed(nullptr, made.status());
}

}  // namespace distarray::inline client
