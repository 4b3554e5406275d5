#pragma once

#include <array>
#include <cstdint>

#include "engine/dtype/dtype.h"

namespace distarray {

/// Lines that are scanned side by side, one in each lane of a vector.
inline constexpr int kScanLanes = 8;

/// Running totals of the parts of floating numbers (complex ones have two), as unevaluated sums of two: entry part *
/// kScanLanes + lane.
struct ScanState {
  double high[2 * kScanLanes];
  double low[2 * kScanLanes];
};

/// How running totals are made of one dtype, which is also theirs. Floating sums have the first three, all else the
/// last two.
struct ScanKernels {
  /// Adds `length` elements of each of 1 to kScanLanes lines to its state.
  void (*totals)(int lanes, const void* const* in, std::int64_t length, ScanState* state) = nullptr;
  /// As totals, and writes every running total, rounded.
  void (*lines)(int lanes, const void* const* in, void* const* out, std::int64_t length, ScanState* state) = nullptr;
  /// As lines, for neighbours: row after row of `columns` numbers (two for a complex one), `stride` of them apart, with
  /// as many high and low parts.
  void (*columns)(std::int64_t rows, std::int64_t columns, const void* in, void* out, std::int64_t stride, double* high,
                  double* low) = nullptr;
  /// out[i][j] = out[i - 1][j] combined with in[i][j], of dense rows of `columns` elements; out[-1] is `before`.
  void (*plain)(std::int64_t rows, std::int64_t columns, const void* in, void* out, const void* before) = nullptr;
  /// *total = *total combined with each of n elements. Null: in an order that matters.
  void (*total)(std::int64_t n, const void* in, void* total) = nullptr;
};

/// [product][dtype]
using ScanTable = std::array<std::array<ScanKernels, kDTypeCount>, 2>;

}  // namespace distarray
