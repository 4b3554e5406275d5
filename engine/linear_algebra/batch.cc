#include "engine/linear_algebra/batch.h"

namespace distarray {

Batch::Batch(const Shape& a, const Shape& b, const Shape& product) {
  std::int64_t a_step = 1;
  std::int64_t b_step = 1;
  for (std::size_t d = product.size(); d-- > 0;) {
    count_ *= product[d];
    if (product[d] != 1) {
      dimensions_.push_back({product[d], a[d] == 1 ? 0 : a_step, b[d] == 1 ? 0 : b_step});
    }
    a_step *= a[d];
    b_step *= b[d];
  }
}

std::pair<std::int64_t, std::int64_t> Batch::At(std::int64_t number) const {
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (const Dimension& dimension : dimensions_) {
    const std::int64_t index = number % dimension.size;
    number /= dimension.size;
    a += index * dimension.a_step;
    b += index * dimension.b_step;
  }
  return {a, b};
}

}  // namespace distarray
