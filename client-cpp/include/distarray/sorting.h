#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>

#include "distarray/array.h"

namespace distarray::inline client {

// Sorting, and searching in what is sorted. NaNs count as greater than all numbers, 0.0 and -0.0 as equal; complex
// numbers are ordered by their real parts, then by their imaginary ones, with NaN where NumPy has it. Failed:
// OUT_OF_RANGE/kAxisOutOfRange; INVALID_ARGUMENT/kInvalidValue shapes that do not fit.

/// The elements in ascending order along an axis; descending: from the greatest on, NaNs first. A new array, dealt out
/// as x. What is in blocks is sorted by all its engines together; to sort one dimension in blocks takes the memory of
/// the result and half as much again. Other distributions are brought into blocks and back.
Array Sort(const Array& x, int axis = -1, bool descending = false);
/// Where along an axis the elements of Sort are: int64. Equal elements stay in their order, also descending. As Sort.
Array Argsort(const Array& x, int axis = -1, bool descending = false);

/// Before or behind elements that are equal to what is sought.
enum class Side : std::uint8_t { kLeft, kRight };

/// Where each element of `values` belongs in `sorted`, of one dimension in ascending order: int64, dealt out as the
/// values. The sorted array is copied to each of their targets.
Array SearchSorted(const Array& sorted, const Array& values, Side side = Side::kLeft);
/// The same where Take(x, sorter) is in order.
Array SearchSorted(const Array& x, const Array& values, Side side, const Array& sorter);

}  // namespace distarray::inline client
