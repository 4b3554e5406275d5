#pragma once

// What the files of a kernel set contribute to it. Included with DISTARRAY_KERNEL_SET set to the set's namespace.

#include <span>

#include "engine/kernels/kernel_set.h"

namespace distarray::DISTARRAY_KERNEL_SET {

std::span<const OperationRow> ArithmeticRows();
std::span<const OperationRow> ComparisonRows();
std::span<const OperationRow> BitRows();
std::span<const OperationRow> MathematicsRows();
const CastTable& Casts();
const ReductionTable& Reductions();
const MemoryKernels& Memory();
SetTables Tables();

}  // namespace distarray::DISTARRAY_KERNEL_SET
