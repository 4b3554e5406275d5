#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/dtype/dtype.h"

namespace distarray {

/// How an operation treats operands that were promoted to one dtype: they are cast to `compute`, the kernel for
/// `compute` gives `result`.
struct LoopTypes {
  DType compute;
  DType result;
};

/// An elementwise operation as NumPy names it. `loops[promoted]` is empty where the operation is not defined (a
/// TypeError). With `condition_first` ("where") the first operand is cast to bool and takes no part in the promotion.
struct Operation {
  std::string_view name;
  int operand_count = 0;
  std::array<std::optional<LoopTypes>, kDTypeCount> loops;
  bool condition_first = false;
  bool may_fail = false;  // on some values (integer to a negative integer power): never compute it in place
};

/// All operations, ordered by name; an operation's number is its position. Includes "copy" (identity on every dtype).
std::span<const Operation> Operations();
/// Position in Operations(), or -1.
int FindOperation(std::string_view name);

/// A reduction as NumPy names it: sum prod min max mean var std any all. `loops[source]`: `compute` is the dtype
/// elements are cast to first (int8 sums as int64; mean of int8 as float64), `result` what comes out.
struct Reduction {
  std::string_view name;
  std::array<std::optional<LoopTypes>, kDTypeCount> loops;
  bool needs_elements = false;  // min, max: an error on no elements
};
std::span<const Reduction> Reductions();
int FindReduction(std::string_view name);

}  // namespace distarray
