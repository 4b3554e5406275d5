// How many elements, or what weight of them, lie in each of some bins.
#include <absl/strings/str_cat.h>

#include <optional>
#include <utility>

#include "server/compute/families.h"
#include "server/compute/row_layouts.h"

namespace distarray::server {
namespace {

/// Operand `number` as float64, laid out as `values`. Error kInvalidValue: another shape.
absl::StatusOr<ValuePtr> WeightsFor(Workbench& bench, const Computation& asked, std::size_t number,
                                    const ValuePtr& values) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, number));
  if (given.view.shape() != values->shape) {
    return Error(Reason::kInvalidValue, absl::StrCat("weights: shape ", ToString(given.view.shape()),
                                                     "; expected that of the values, ", ToString(values->shape)));
  }
  DA_ASSIGN_OR_RETURN(const ValuePtr weights, bench.Cast(given, DType::kFloat64));
  return bench.Moved(Workbench::Whole(weights), values->layout);
}

absl::StatusOr<Computed> CountIn(Workbench& bench, const ValuePtr& values, const std::optional<ValuePtr>& edges,
                                 const std::optional<ValuePtr>& weights, std::int64_t bins) {
  if (bins < 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("bins: ", bins, "; expected at least 0"));
  }
  DA_ASSIGN_OR_RETURN(Distribution dealt,
                      MakeDistribution({bins}, {}, values->layout->value->targets, bench.engine_count()));
  std::vector<Workbench::New> makes;
  DA_ASSIGN_OR_RETURN(makes.emplace_back(),
                      bench.Make(weights ? DType::kFloat64 : DType::kInt64, bench.Intern(std::move(dealt))));
  const ValuePtr made = makes.front().value;
  CountBins count{.values = Workbench::ViewOf(values), .destination = makes.front().buffer};
  std::vector<ValuePtr> reads{values};
  if (weights) {
    count.weights = Workbench::ViewOf(*weights);
    reads.push_back(*weights);
  }
  if (edges) {
    count.edges = Workbench::ViewOf(*edges);
    reads.push_back(*edges);
  }
  bench.Emit(std::move(count), reads, std::move(makes));
  DA_ASSIGN_OR_RETURN(Array result, bench.Name(made));
  return Computed{.arrays = {std::move(result)}};
}

absl::StatusOr<Computed> Bincount(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const ValuePtr values, bench.Cast(given, DType::kInt64));
  std::optional<ValuePtr> weights;
  if (asked.operands.size() > 1) {
    DA_ASSIGN_OR_RETURN(weights, WeightsFor(bench, asked, 1, values));
  }
  return CountIn(bench, values, {}, weights, asked.Integer("bins"));
}

absl::StatusOr<Computed> Histogram(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Operand bounds, asked.ArrayOperand(bench, 1));
  const Shape shape = bounds.view.shape();
  if (shape.size() != 1 || shape.front() < 2) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("edges: shape ", ToString(shape), "; expected one dimension of at least 2"));
  }
  DA_ASSIGN_OR_RETURN(const ValuePtr values, bench.Cast(given, DType::kFloat64));
  DA_ASSIGN_OR_RETURN(ValuePtr edges, bench.Cast(bounds, DType::kFloat64));
  DA_ASSIGN_OR_RETURN(edges,
                      bench.Moved(Workbench::Whole(edges), Everywhere(bench, shape, values->layout->value->targets)));
  std::optional<ValuePtr> weights;
  if (asked.operands.size() > 2) {
    DA_ASSIGN_OR_RETURN(weights, WeightsFor(bench, asked, 2, values));
  }
  return CountIn(bench, values, edges, weights, shape.front() - 1);
}

}  // namespace

std::vector<ComputationRow> CountingRows() {
  return {{.name = "bincount",
           .operand_count_max = 2,
           .parameters = {{.name = "bins", .documentation = "How many; no element may be as large, or negative."}},
           .function = Bincount},
          {.name = "histogram", .operand_count_min = 2, .operand_count_max = 3, .function = Histogram}};
}

}  // namespace distarray::server
