#pragma once

#include <array>
#include <cstdint>

#include "engine/dtype/dtype.h"

namespace distarray {

/// A product in plain loops. Element (i, l) of a is at a[i * a_row + l * a_column] and so on; strides in elements.
struct PlainProduct {
  std::int64_t m, n, k;
  const void* a;
  std::int64_t a_row, a_column;
  const void* b;
  std::int64_t b_row, b_column;
  void* c;
  std::int64_t c_row, c_column;
  bool accumulate;
};
using MultiplyFunction = void (*)(const PlainProduct& product);

/// One for each dtype, compiled for one instruction set.
using MultiplyTable = std::array<MultiplyFunction, kDTypeCount>;

}  // namespace distarray
