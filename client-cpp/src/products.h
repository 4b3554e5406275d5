#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "distarray/array.h"

namespace distarray::inline client {

// Parts of products of tensors. Arrays are good ones, axes counted from 0.

/// A view with dimensions of length 1 at these places of the result.
Array Expanded(const Array& x, const std::vector<int>& places);
/// Sums of x1 * x2 over axes (none: all), in the products' own dtype; of bools, whether one is true.
Array SummedProduct(const Array& x1, const Array& x2, const std::optional<std::vector<int>>& axes);
/// Sums in the array's own dtype; of bools, whether one is true.
Array SummedOver(const Array& x, const std::optional<std::vector<int>>& axes);
/// Two groups of axes as the two dimensions of a matrix; a view where one group is in front in order.
Array AsMatrix(const Array& x, const std::vector<int>& rows, const std::vector<int>& columns);
/// Product of the lengths.
std::int64_t LengthOf(const Array& x, const std::vector<int>& axes);
std::vector<int> Joined(std::vector<int> first, const std::vector<int>& second);

}  // namespace distarray::inline client
