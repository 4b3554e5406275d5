#pragma once

#include "server/compute/computation.h"

namespace distarray::server {

/// A factor: an operand, which as stored has matrices of lines by length behind `added` dimensions of extent 1 that it
/// does not have itself.
struct Factor {
  Operand operand;
  bool transposed = false;  // as stored
  bool vector = false;
  std::size_t added = 0;
  Layout layout;  // of the operand

  Shape stored_shape() const {
    Shape shape(added, 1);
    const Shape own = operand.view.shape();
    shape.insert(shape.end(), own.begin(), own.end());
    return shape;
  }
  std::int64_t Dimension(std::size_t from_end) const {
    const Shape shape = stored_shape();
    return shape[shape.size() - from_end];
  }
};

/// What is multiplied: m by k times k by n, for each of a batch.
struct MatrixProduct {
  Factor a;
  Factor b;
  DType dtype = DType::kFloat64;
  Shape batch;  // of the product; both factors have as many dimensions
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::vector<int> targets;
  Layout wished;  // of the product, if an operand has its shape

  std::int64_t matrices() const {
    std::int64_t count = 1;
    for (const std::int64_t size : batch) {
      count *= size;
    }
    return count;
  }
  /// Of the product with both dimensions of the matrices.
  Shape full_shape() const {
    Shape shape = batch;
    shape.push_back(m);
    shape.push_back(n);
    return shape;
  }
  /// Which of the dimensions of full_shape the product has.
  std::vector<bool> kept() const {
    std::vector<bool> kept(batch.size() + 2, true);
    kept[batch.size()] = !a.vector;
    kept[batch.size() + 1] = !b.vector;
    return kept;
  }
  Shape shape() const {
    Shape shape;
    const Shape full = full_shape();
    const std::vector<bool> keep = kept();
    for (std::size_t d = 0; d < full.size(); ++d) {
      if (keep[d]) {
        shape.push_back(full[d]);
      }
    }
    return shape;
  }
};

/// Errors kInvalidType, kInvalidValue: operands of matmul that are no matrices, or not aligned.
absl::StatusOr<MatrixProduct> MakeMatrixProduct(Workbench& bench, const Computation& asked);

}  // namespace distarray::server
