#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/distribution/distribution.h"

namespace distarray {

/// Which matrices of two arrays of matrices make which matrix of the product: batches broadcast against each other.
class Batch {
 public:
  /// Shapes without the matrices' own two dimensions, of one length: sizes agree, or are 1 in a or b.
  Batch(const Shape& a, const Shape& b, const Shape& product);

  /// Matrices of the product.
  std::int64_t count() const { return count_; }
  /// The numbers, in C order, of the matrices of a and b that make matrix `number` of the product.
  std::pair<std::int64_t, std::int64_t> At(std::int64_t number) const;

 private:
  struct Dimension {
    std::int64_t size, a_step, b_step;
  };
  std::vector<Dimension> dimensions_;  // the last one first
  std::int64_t count_ = 1;
};

}  // namespace distarray
