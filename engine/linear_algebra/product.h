#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/dtype/dtype.h"

namespace distarray {

/// A factor of a product in memory: element (i, j) is at data[i * stride + j], or at data[j * stride + i] if
/// `transposed`. `stride` in elements.
struct Factor {
  const std::byte* data = nullptr;
  std::int64_t stride = 0;
  bool transposed = false;

  /// The factor without its first rows and columns.
  Factor From(std::int64_t row, std::int64_t column, int element_bytes) const {
    const std::int64_t skipped = transposed ? column * stride + row : row * stride + column;
    return {data + skipped * element_bytes, stride, transposed};
  }
};

/// c = a b, or c += a b: a is m by k, b is k by n, c is m by n with element (i, j) at c[i * c_stride + j]. Integers
/// wrap; of bools the product is `and`, the sum `or`.
struct Product {
  DType dtype = DType::kFloat64;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  Factor a;
  Factor b;
  std::byte* c = nullptr;
  std::int64_t c_stride = 0;
  bool accumulate = false;
};

/// Computes it at once. Floating numbers by OpenBLAS where it is installed.
void Multiply(const Product& product);

/// Computes it a slice at a time, each of a few milliseconds.
class ProductRun {
 public:
  explicit ProductRun(const Product& product);

  /// Does the next slice; false: there was none left.
  bool Advance();

 private:
  Product whole_;
  std::int64_t rows_ = 1;     // of a slice
  std::int64_t columns_ = 1;  // of a slice
  std::int64_t depth_ = 1;    // of a slice
  std::int64_t row_ = 0;
  std::int64_t column_ = 0;
  std::int64_t done_ = 0;  // of k
  bool ended_ = false;
};

/// into[i] += from[i], as sums of products are: bools by `or`.
void AddProducts(DType dtype, std::int64_t count, const std::byte* from, std::byte* into);

}  // namespace distarray
