#include "engine/kernels/simd/tables.h"

namespace distarray::DISTARRAY_KERNEL_SET {

SetTables Tables() {
  return {.rows = {ArithmeticRows(), ComparisonRows(), BitRows(), MathematicsRows()},
          .casts = &Casts(),
          .reductions = &Reductions(),
          .memory = &Memory()};
}

}  // namespace distarray::DISTARRAY_KERNEL_SET
