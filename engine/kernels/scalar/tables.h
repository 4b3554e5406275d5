#pragma once

// Operations that are compiled once, because wider vectors would gain nothing.

#include <span>

#include "engine/kernels/kernel.h"

namespace distarray::scalar {

std::span<const OperationRow> DivisionRows();
std::span<const OperationRow> FloatingRows();
std::span<const OperationRow> ComplexRows();

}  // namespace distarray::scalar
