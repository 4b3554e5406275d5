#include "server/compute/product.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace distarray::server {
namespace {

/// An operand as a factor with matrices; a vector is a row, transposed if it is to be a column.
absl::StatusOr<Factor> MakeFactor(const Operand& operand, bool column) {
  Factor factor;
  factor.operand = operand;
  const int ndim = static_cast<int>(operand.view.dimensions.size());
  if (ndim == 0) {
    return Error(Reason::kInvalidValue, "matmul: an operand has no dimensions; expected at least one");
  }
  if (ndim == 1) {
    factor.vector = true;
    factor.transposed = column;
    factor.added = 1;
    return factor;
  }
  // The transpose of what is stored as it is needs no copy.
  const Shape& base = operand.value->shape;
  if (!operand.view.IsWhole(base)) {
    std::vector<int> axes(operand.view.dimensions.size());
    for (int d = 0; d < ndim; ++d) {
      axes[static_cast<std::size_t>(d)] = d < ndim - 2 ? d : 2 * ndim - 3 - d;
    }
    DA_ASSIGN_OR_RETURN(View swapped, PermuteView(operand.view, axes));
    if (swapped.IsWhole(base)) {
      factor.operand.view = std::move(swapped);
      factor.transposed = true;
    }
  }
  return factor;
}

std::vector<int> UnionOf(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> all = a;
  for (const int target : b) {
    if (std::find(all.begin(), all.end(), target) == all.end()) {
      all.push_back(target);
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

absl::StatusOr<MatrixProduct> MakeMatrixProduct(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand left, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Operand right, asked.ArrayOperand(bench, 1));
  MatrixProduct problem;
  problem.dtype = ResultType(left.value->dtype, right.value->dtype);
  const auto cast = [&](const Operand& operand) -> absl::StatusOr<Operand> {
    if (operand.value->dtype == problem.dtype) {
      return operand;
    }
    DA_ASSIGN_OR_RETURN(const ValuePtr value, bench.Cast(operand, problem.dtype));
    return Workbench::Whole(value);
  };
  DA_ASSIGN_OR_RETURN(const Operand a, cast(left));
  DA_ASSIGN_OR_RETURN(const Operand b, cast(right));
  DA_ASSIGN_OR_RETURN(problem.a, MakeFactor(a, false));
  DA_ASSIGN_OR_RETURN(problem.b, MakeFactor(b, true));
  const std::size_t ndim = std::max(problem.a.stored_shape().size(), problem.b.stored_shape().size());
  for (Factor* factor : {&problem.a, &problem.b}) {
    factor->added += ndim - factor->stored_shape().size();
    factor->layout = LayoutOf(factor->operand, bench.planner().lane().cluster().registry);
  }
  problem.m = problem.a.Dimension(problem.a.transposed ? 1 : 2);
  problem.k = problem.a.Dimension(problem.a.transposed ? 2 : 1);
  problem.n = problem.b.Dimension(problem.b.transposed ? 2 : 1);
  const std::int64_t k = problem.b.Dimension(problem.b.transposed ? 1 : 2);
  if (problem.k != k) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("matmul: shapes ", ToString(left.view.shape()), " and ", ToString(right.view.shape()),
                              " are not aligned: ", problem.k, " and ", k, " are to be summed over"));
  }
  const auto batch_of = [](const Factor& factor) {
    Shape shape = factor.stored_shape();
    shape.resize(shape.size() - 2);
    return shape;
  };
  DA_ASSIGN_OR_RETURN(problem.batch, BroadcastShapes({batch_of(problem.a), batch_of(problem.b)}));
  problem.targets = UnionOf(problem.a.layout->value->targets, problem.b.layout->value->targets);
  for (const Operand& operand : {left, right}) {
    if (!problem.wished && operand.view.shape() == problem.shape()) {
      problem.wished = LayoutOf(operand, bench.planner().lane().cluster().registry);
    }
  }
  return problem;
}

}  // namespace distarray::server
