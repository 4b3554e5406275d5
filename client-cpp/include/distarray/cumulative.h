#pragma once

#include <optional>

#include "distarray/array.h"

namespace distarray::inline client {

struct CumulativeOptions {
  std::optional<DType> dtype;    // of the sums or products, to which elements are converted first; default: Sum's
  bool include_initial = false;  // the result begins with 0 or 1, and is longer by that
};

// Running sums and products along an axis. Sums of floating numbers carry their rounding errors along and are rounded
// once for each element, in an order fixed by global index: the same bit for bit on any number of engines. A new array,
// which lies as x; with include_initial, in blocks where a line was dealt out otherwise. Failed:
// OUT_OF_RANGE/kAxisOutOfRange; INVALID_ARGUMENT/kInvalidValue no axis for more dimensions than one; /kInvalidType not
// defined for the dtype.

/// The sums of all elements up to each along an axis; none: of the only dimension.
Array CumulativeSum(const Array& x, std::optional<int> axis = {}, const CumulativeOptions& options = {});
Array CumulativeProd(const Array& x, std::optional<int> axis = {}, const CumulativeOptions& options = {});
/// numpy.cumsum: no axis: of all elements in C order, in one dimension.
Array Cumsum(const Array& x, std::optional<int> axis = {}, std::optional<DType> dtype = {});
Array Cumprod(const Array& x, std::optional<int> axis = {}, std::optional<DType> dtype = {});
/// With NaN taken for 0, and for 1.
Array NanCumsum(const Array& x, std::optional<int> axis = {}, std::optional<DType> dtype = {});
Array NanCumprod(const Array& x, std::optional<int> axis = {}, std::optional<DType> dtype = {});

struct DiffOptions {
  std::optional<Array> prepend;  // put before the elements first; 0-d: as often as needed
  std::optional<Array> append;   // and behind them
};

/// The differences of neighbours along an axis, n times over; of bools, whether they differ. Only rows at the edges of
/// blocks are sent. A new array; with n = 0 x itself. Failed: as above; kInvalidValue n below 0, a 0-d array.
Array Diff(const Array& x, int n = 1, int axis = -1, const DiffOptions& options = {});

}  // namespace distarray::inline client
