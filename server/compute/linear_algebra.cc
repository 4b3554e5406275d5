// matmul: products of matrices, and of batches of them.
#include <algorithm>
#include <utility>

#include "server/compute/families.h"
#include "server/compute/product_plan.h"

namespace distarray::server {
namespace {

/// Whether a batch of matrices times one matrix can be taken for one matrix of all their rows, where it lies, times it.
bool IsOneTall(const MatrixProduct& problem) {
  return problem.matrices() > 1 && problem.b.operand.view.dimensions.size() <= 2 && !problem.a.transposed &&
         problem.a.added == 0 && Workbench::IsRows(**problem.a.layout) &&
         problem.a.layout->value->targets.size() == problem.targets.size();
}

/// The distribution of the result of such a product: the rows lie where they lay.
Distribution LikeRowsOf(const MatrixProduct& problem) {
  Distribution layout = **problem.a.layout;
  layout.dimensions.back() = DimensionMap::Whole(problem.n);
  return layout;
}

absl::StatusOr<MatrixProduct> AsOneTall(Workbench& bench, const MatrixProduct& problem) {
  DA_ASSIGN_OR_RETURN(const ValuePtr value, bench.Stored(problem.a.operand));
  const std::int64_t rows = problem.matrices() * problem.m;
  std::vector<std::int64_t> bounds = Workbench::FlatBounds(**value->layout);
  for (std::int64_t& bound : bounds) {
    bound /= problem.k;
  }
  DimensionMap map = bounds.size() == 2 ? DimensionMap::Whole(rows) : DimensionMap::Block(std::move(bounds));
  const Layout layout = bench.Intern(DealtOver({rows, problem.k}, 0, std::move(map), value->layout->value->targets));
  MatrixProduct tall = problem;
  tall.a = {.operand = Workbench::Whole(bench.Recast(value, layout, value->dtype)), .layout = layout};
  tall.b.added = 2 - problem.b.operand.view.dimensions.size();
  tall.batch.clear();
  tall.m = rows;
  return tall;
}

/// Queues the multiplication; the product has the full shape.
absl::StatusOr<ValuePtr> Multiply(Workbench& bench, const MatrixProduct& problem, const ProductPlan& plan) {
  DA_ASSIGN_OR_RETURN(Workbench::New made, bench.Make(problem.dtype, plan.result));
  ValuePtr product = made.value;
  const auto matrices = [](const ValuePtr& value, const Factor& factor) {
    return MatrixBuffer{value->buffer->id, value->layout->id, factor.transposed};
  };
  MultiplyMatrices command{
      .scheme = plan.scheme, .a = matrices(plan.a, problem.a), .b = matrices(plan.b, problem.b), .result = made.buffer};
  std::vector<Workbench::New> makes;
  makes.push_back(std::move(made));
  bench.Emit(std::move(command), {plan.a, plan.b}, std::move(makes));
  return product;
}

absl::StatusOr<Computed> Matmul(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const MatrixProduct problem, MakeMatrixProduct(bench, asked));
  if (problem.matrices() * problem.m * problem.n == 0 || problem.k == 0) {
    const Shape shape = problem.shape();
    const Layout rows = problem.wished ? problem.wished : bench.RowsLayout(shape, problem.targets);
    DA_ASSIGN_OR_RETURN(Array zeros, bench.Name(bench.recorder().Apply("copy", problem.dtype, problem.dtype,
                                                                       {Scalar{false}}, shape, rows, bench.origin())));
    return Computed{.arrays = {std::move(zeros)}};
  }
  ValuePtr product;
  Distribution layout;
  if (IsOneTall(problem)) {
    DA_ASSIGN_OR_RETURN(const MatrixProduct tall, AsOneTall(bench, problem));
    DA_ASSIGN_OR_RETURN(const ProductPlan plan,
                        tall.targets.size() == 1 ? PlanLocal(bench, tall, 0) : PlanPanels(bench, tall));
    DA_ASSIGN_OR_RETURN(product, Multiply(bench, tall, plan));
    layout = LikeRowsOf(problem);
  } else {
    DA_ASSIGN_OR_RETURN(const ProductPlan plan, PlanProduct(bench, problem));
    DA_ASSIGN_OR_RETURN(product, Multiply(bench, problem, plan));
    layout = **plan.result;
  }
  const std::vector<bool> kept = problem.kept();
  for (std::size_t d = kept.size(); d-- > 0;) {
    if (!kept[d]) {
      layout.dimensions.erase(layout.dimensions.begin() + static_cast<std::ptrdiff_t>(d));
    }
  }
  if (layout.shape() != product->shape) {
    product = bench.Recast(product, bench.Intern(std::move(layout)), product->dtype);
  }
  if (problem.wished) {
    product = bench.recorder().Redistribute(Workbench::Whole(product), problem.wished, bench.origin());
  }
  DA_ASSIGN_OR_RETURN(Array result, bench.Name(product));
  return Computed{.arrays = {std::move(result)}};
}

}  // namespace

std::vector<ComputationRow> LinearAlgebraRows() {
  return {{.name = "matmul", .operand_count_min = 2, .operand_count_max = 2, .function = Matmul}};
}

}  // namespace distarray::server
