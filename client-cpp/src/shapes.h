#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distarray/index.h"

namespace distarray::inline client {

/// "(3, 4)", "(3,)", "()".
std::string ToString(const Shape& shape);

/// Number of elements. Precondition: CheckShape.
std::int64_t ElementCount(const Shape& shape);

/// Error kInvalidValue: a negative length, more than dimensions_max dimensions, 2^63 bytes and more.
absl::Status CheckShape(const Shape& shape, std::int64_t element_bytes, int dimensions_max);

/// Extends `shape` to what it broadcasts to with `other`, numpy.broadcast_shapes. Error kInvalidValue.
absl::Status BroadcastInto(Shape& shape, const Shape& other);

/// The shape of an index expression's result. Errors: kIndexOutOfRange an integer, or too many entries; kInvalidValue a
/// step of 0, several Ellipsis.
absl::StatusOr<Shape> SliceShape(const Shape& shape, const Index& index);

/// The shape of a reduction over `axes` (none: all). Errors: kAxisOutOfRange; kInvalidValue an axis given twice.
absl::StatusOr<Shape> ReducedShape(const Shape& shape, const std::optional<std::vector<int>>& axes, bool keepdims);

/// A box of elements, C order.
struct Box {
  Shape start;
  Shape shape;
};

/// Cuts an array into boxes of at most `elements_max` elements, each contiguous in C order, in that order; none for no
/// elements. `offset`: of the box's first element. Precondition: elements_max >= 1.
void ForEachBox(const Shape& shape, std::int64_t elements_max,
                const std::function<void(const Box& box, std::int64_t offset)>& take);

}  // namespace distarray::inline client
