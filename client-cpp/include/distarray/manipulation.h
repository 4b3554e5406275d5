#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "distarray/array.h"
#include "distarray/index.h"

namespace distarray::inline client {

// Arrays of other shapes, as NumPy's functions of these names make them. Failed: OUT_OF_RANGE/kAxisOutOfRange;
// INVALID_ARGUMENT/kInvalidValue shapes or sizes that do not fit, an axis given twice, arrays of several contexts.

// Views: no element moves, and what is written to them, the array has. They lie where their elements do.

/// The shape to which these broadcast together. Error INVALID_ARGUMENT/kInvalidValue.
absl::StatusOr<Shape> BroadcastShapes(const std::vector<Shape>& shapes);
/// x, repeated to a shape. Repeated elements cannot be written.
Array BroadcastTo(const Array& x, const Shape& shape);
/// The arrays, broadcast together. Errors: kInvalidValue; that of a failed array.
absl::StatusOr<std::vector<Array>> BroadcastArrays(const std::vector<Array>& arrays);
/// Dimension d is x's dimension axes[d]; each must be named.
Array PermuteDims(const Array& x, const std::vector<int>& axes);
/// The dimensions in reverse order.
Array Transpose(const Array& x);
/// As PermuteDims.
Array Transpose(const Array& x, const std::vector<int>& axes);
/// Dimension source[i] becomes dimension destination[i]; the others stay in order.
Array MoveAxis(const Array& x, const Axes& source, const Axes& destination);
Array SwapAxes(const Array& x, int axis1, int axis2);
/// With new dimensions of length 1, which are these of the result's.
Array ExpandDims(const Array& x, const Axes& axes);
/// Without the dimensions of length 1.
Array Squeeze(const Array& x);
/// Without these dimensions, which must have length 1.
Array Squeeze(const Array& x, const Axes& axes);
/// In reverse order along all axes.
Array Flip(const Array& x);
Array Flip(const Array& x, const Axes& axes);
/// In reverse order along axis 1.
Array FlipLr(const Array& x);
/// In reverse order along axis 0.
Array FlipUd(const Array& x);
/// Turned by `quarters` of a turn in the plane of two axes, from the first to the second.
Array Rot90(const Array& x, int quarters = 1, std::pair<int, int> axes = {0, 1});
/// x itself, or with dimensions of length 1 before its own.
Array Atleast1d(const Array& x);
Array Atleast2d(const Array& x);
/// One dimension becomes the middle of three; the new one of two is the last.
Array Atleast3d(const Array& x);
/// The parts along an axis, without it. Errors: those above; that of a failed array.
absl::StatusOr<std::vector<Array>> Unstack(const Array& x, int axis = 0);
/// So many parts along an axis, of lengths that differ by at most 1. Errors as Unstack.
absl::StatusOr<std::vector<Array>> ArraySplit(const Array& x, std::int64_t sections, int axis = 0);
/// Cut before these indices (negative: from the end) along an axis. Errors as Unstack.
absl::StatusOr<std::vector<Array>> SplitAt(const Array& x, const std::vector<std::int64_t>& indices, int axis = 0);
/// As ArraySplit, of a number that divides the length.
absl::StatusOr<std::vector<Array>> Split(const Array& x, std::int64_t sections, int axis = 0);
/// Split along axis 0 (of at least 2 dimensions), axis 1 (of one dimension: axis 0), axis 2 (of at least 3).
absl::StatusOr<std::vector<Array>> VSplit(const Array& x, std::int64_t sections);
absl::StatusOr<std::vector<Array>> HSplit(const Array& x, std::int64_t sections);
absl::StatusOr<std::vector<Array>> DSplit(const Array& x, std::int64_t sections);

// Another shape: a view, dealt out as x is, if only dimensions of length 1 come or go; else a new array, in blocks
// along its first dimension that is not 1.

/// The elements, in C order, in another shape, of which one length may be -1: what is left.
Array Reshape(const Array& x, const Shape& shape);
/// In one dimension.
Array Ravel(const Array& x);

// New arrays.

/// One after the other along an axis (none: flat), in the dtype to which they are promoted. Dealt out by the default
/// rule over all of their targets, or as one of them that has the result's shape.
Array Concat(const std::vector<Array>& arrays, std::optional<int> axis = 0);
/// Arrays of one shape along a new axis; dealt out as Concat's.
Array Stack(const std::vector<Array>& arrays, int axis = 0);
/// Concat of two; no axis: flat.
Array Append(const Array& x, const Array& values, std::optional<int> axis = {});
/// Along axis 0 of at least two dimensions; along axis 1 (of one dimension: axis 0); along axis 2 of at least three.
Array VStack(const std::vector<Array>& arrays);
Array HStack(const std::vector<Array>& arrays);
Array DStack(const std::vector<Array>& arrays);
/// Arrays of one dimension as columns, and of two, side by side.
Array ColumnStack(const std::vector<Array>& arrays);
/// With the elements shifted in C order; those that leave at one end come in at the other. In blocks, if x has more
/// dimensions than one, else dealt out as x.
Array Roll(const Array& x, std::int64_t shift);
/// Shifted along one axis; dealt out as x.
Array Roll(const Array& x, std::int64_t shift, int axis);
/// Shifted along several, of which one may be named more than once.
Array Roll(const Array& x, const std::vector<std::int64_t>& shifts, const std::vector<int>& axes);
/// x so many times along each dimension; dealt out as Reshape's.
Array Tile(const Array& x, const std::vector<std::int64_t>& repetitions);

}  // namespace distarray::inline client
