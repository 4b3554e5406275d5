#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "distarray/array.h"
#include "distarray/operand.h"

namespace distarray::inline client {

// Elements by position and by mask. Index arrays hold integers, of which negative ones count from the end; masks hold
// bools. What is taken is a new array. Slices (Array::Slice) and dimensions in another order (PermuteDims) are views,
// also for writing: TakeAt(x.Slice({All(), 3}), {rows, columns}) is x[:, 3][rows, columns].
//
// Failed, and errors: INVALID_ARGUMENT/kInvalidType no integers, no mask; /kInvalidValue shapes that do not fit;
// OUT_OF_RANGE/kAxisOutOfRange; OUT_OF_RANGE/kIndexOutOfRange an index, when the result is read; of what writes, by the
// context's next call that waits, and the array is as it was.

/// The elements (or rows, along an axis) that the indices name, in the indices' shape in the place of the axis; no
/// axis: of all elements in C order. Lies as the indices do, in blocks; along an axis that is whole on each of several
/// targets, as x.
Array Take(const Array& x, const Array& indices, std::optional<int> axis = {});
/// x[indices[0], indices[1], ...] for axis and those behind it: the arrays broadcast to one shape, which is in the
/// place of their axes. Lies as Take's.
Array TakeAt(const Array& x, const std::vector<Array>& indices, int axis = 0);
/// At each position of the indices, the element of x that is there but for its position along the axis, which the index
/// says; the other axes broadcast. Lies as the indices if each target has the axis whole there, else as x, else in
/// blocks of another axis.
Array TakeAlongAxis(const Array& x, const Array& indices, int axis = -1);
/// x[mask], for a mask of x's shape or of its first dimensions: the elements or rows where it is true, in C order. They
/// stay where the mask is. Waits for their number.
absl::StatusOr<Array> TakeWhere(const Array& x, const Array& mask);
/// The rows along an axis where a condition of one dimension, which may be shorter, is not 0; no axis: of all elements
/// in C order. As TakeWhere; a condition longer than the axis is kInvalidValue.
absl::StatusOr<Array> Compress(const Array& condition, const Array& x, std::optional<int> axis = {});
/// The elements in C order where those of the condition are not 0. As Compress.
absl::StatusOr<Array> Extract(const Array& condition, const Array& x);

/// x[indices[0], indices[1], ...] = value, for axis and those behind it: broadcast, converted to x's dtype, seen by
/// every view. Where an element is named twice the last value counts. OK means recorded.
absl::Status PutAt(const Array& x, const std::vector<Array>& indices, const Operand& value, int axis = 0);
/// The elements that the indices name in C order become the values, which are repeated as needed. As PutAt.
absl::Status Put(const Array& x, const Array& indices, const Operand& values);
/// x[mask] = value, for a mask of x's shape or of its first dimensions; of as many rows as are selected, or broadcast.
absl::Status PutWhere(const Array& x, const Array& mask, const Operand& value);

/// Each element (or row, along an axis) so often in a row; no axis: of all elements in C order. In blocks.
Array Repeat(const Array& x, std::int64_t repeats, std::optional<int> axis = {});
/// Of as many numbers as there are rows (or one). Waits for their sum. In blocks where its rows come from.
absl::StatusOr<Array> Repeat(const Array& x, const Array& repeats, std::optional<int> axis = {});

/// Coordinates of the elements that are not 0, in C order: an int64 array a dimension, which lie where those elements
/// do if these are in blocks of rows, else in such blocks. Waits for their number.
absl::StatusOr<std::vector<Array>> Nonzero(const Array& x);
/// Positions in C order of the elements that are not 0. As Nonzero.
absl::StatusOr<Array> FlatNonzero(const Array& x);
/// Coordinates of the elements that are not 0, a row each. As Nonzero.
absl::StatusOr<Array> Argwhere(const Array& x);

/// Elementwise the choice that belongs to the first condition (bools) that is true, else the default; all broadcast.
/// Dealt out as elementwise functions are.
Array Select(const std::vector<Array>& conditions, const std::vector<Array>& choices, const Operand& otherwise = 0);
/// For each element that of the choice whose number it is; all broadcast. Numbers out of range are those of the last.
Array Choose(const Array& numbers, const std::vector<Array>& choices);

}  // namespace distarray::inline client
