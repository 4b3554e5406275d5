// matmul: products of matrices, and of batches of them.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/compute/families.h"

namespace distarray::server {
namespace {

using Scheme = MultiplyMatrices::Scheme;

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

/// What is multiplied: m by k times k by n, for each of a batch.
struct Problem {
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

absl::StatusOr<Problem> MakeProblem(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand left, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Operand right, asked.ArrayOperand(bench, 1));
  Problem problem;
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

/// A distribution over one dimension, everything else whole, on as many of the targets as the map has processes.
Distribution DealtOver(const Shape& shape, std::size_t dimension, DimensionMap map, std::vector<int> targets) {
  Distribution dealt;
  for (const std::int64_t size : shape) {
    dealt.dimensions.push_back(DimensionMap::Whole(size));
  }
  targets.resize(static_cast<std::size_t>(map.grid_size));
  if (map.grid_size > 1) {
    dealt.dimensions[dimension] = std::move(map);
  }
  dealt.targets = std::move(targets);
  return dealt;
}

/// The regular blocks of a size, none of them empty.
DimensionMap Blocks(std::int64_t size, std::size_t processes) {
  DimensionMap map = DimensionMap::Block(
      size, std::clamp<std::int64_t>(static_cast<std::int64_t>(processes), 1, std::max<std::int64_t>(size, 1)));
  while (map.bounds.size() > 2 && map.bounds[map.bounds.size() - 2] == map.size) {
    map.bounds.pop_back();
    --map.grid_size;
  }
  return map;
}

bool IsPlainBlock(const DimensionMap& map) {
  return !map.replicated() && (Workbench::IsWhole(map) || map.kind == DimensionMap::Kind::kBlock) &&
         map.communication_padding == 0 && map.boundary_padding == 0;
}

/// Where a factor lies, if it is dealt out in blocks over its stored dimension `from_end` only.
const DimensionMap* DealtOnlyOver(const Factor& factor, std::size_t from_end) {
  const auto& dimensions = factor.layout->value->dimensions;
  if (from_end > dimensions.size()) {
    return nullptr;
  }
  const std::size_t dealt = dimensions.size() - from_end;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (d == dealt ? !IsPlainBlock(dimensions[d]) || dimensions[d].grid_size == 1
                   : !Workbench::IsWhole(dimensions[d])) {
      return nullptr;
    }
  }
  return &dimensions[dealt];
}

/// Whether it is dealt out in blocks of its matrices, in whatever grid.
bool InBlocksOfMatrices(const Factor& factor) {
  const auto& dimensions = factor.layout->value->dimensions;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const bool of_matrix = d + 2 >= dimensions.size();
    if (of_matrix ? !IsPlainBlock(dimensions[d]) : !Workbench::IsWhole(dimensions[d])) {
      return false;
    }
  }
  return true;
}

/// A layout of the whole stored shape, for the operand, which lacks some leading dimensions of extent 1.
Layout WithoutAdded(Workbench& bench, const Factor& factor, const Layout& layout) {
  Distribution own = **layout;
  own.dimensions.erase(own.dimensions.begin(), own.dimensions.begin() + static_cast<std::ptrdiff_t>(factor.added));
  return bench.Intern(std::move(own));
}

/// A factor as stored by a layout of its whole stored shape.
absl::StatusOr<ValuePtr> Bring(Workbench& bench, const Factor& factor, Distribution layout) {
  const Layout full = bench.Intern(std::move(layout));
  DA_ASSIGN_OR_RETURN(ValuePtr value, bench.Moved(factor.operand, WithoutAdded(bench, factor, full)));
  return factor.added == 0 ? value : bench.Recast(value, full, value->dtype);
}

/// The factor where it lies, with its added dimensions.
absl::StatusOr<ValuePtr> BringAsItLies(Workbench& bench, const Factor& factor) {
  Distribution layout = **factor.layout;
  layout.dimensions.insert(layout.dimensions.begin(), factor.added, DimensionMap::Whole(1));
  return Bring(bench, factor, std::move(layout));
}

/// The dimension of the stored shape over which is summed, counted from the end.
std::size_t SummedFromEnd(const Factor& factor, bool is_a) { return factor.transposed == is_a ? 2 : 1; }

struct Plan {
  Scheme scheme = Scheme::kLocal;
  ValuePtr a;
  ValuePtr b;
  Layout result;  // of the full shape
};

/// A batch is dealt out over its longest dimension; what is broadcast over it is copied to all.
absl::StatusOr<Plan> PlanLocal(Workbench& bench, const Problem& problem, std::size_t dealt) {
  Plan plan{.scheme = Scheme::kLocal};
  std::vector<int> targets = problem.targets;
  DimensionMap map = Blocks(problem.batch.empty() ? 1 : problem.batch[dealt], targets.size());
  const std::size_t ndim = problem.batch.size() + 2;
  // Blocks that a factor of all the targets lies in already are kept.
  for (const Factor* factor : {&problem.a, &problem.b}) {
    const DimensionMap* own = DealtOnlyOver(*factor, ndim - dealt);
    if (own != nullptr && factor->layout->value->targets.size() == problem.targets.size()) {
      map = *own;
      targets = factor->layout->value->targets;
      break;
    }
  }
  const auto bring = [&](const Factor& factor) {
    const Shape shape = factor.stored_shape();
    if (map.grid_size == 1 || shape[dealt] != 1) {
      return Bring(bench, factor, DealtOver(shape, dealt, map, targets));
    }
    const std::size_t last = shape.size() - 1;
    return Bring(bench, factor, DealtOver(shape, last, DimensionMap::Replicated(shape[last], map.grid_size), targets));
  };
  DA_ASSIGN_OR_RETURN(plan.a, bring(problem.a));
  DA_ASSIGN_OR_RETURN(plan.b, bring(problem.b));
  plan.result = bench.Intern(DealtOver(problem.full_shape(), dealt, map, targets));
  return plan;
}

absl::StatusOr<Plan> PlanPanels(Workbench& bench, const Problem& problem) {
  Plan plan{.scheme = Scheme::kPanels};
  const Factor& a = problem.a;
  const std::size_t rows = a.transposed ? 1 : 2;
  const std::size_t ndim = problem.batch.size() + 2;
  std::vector<int> targets = problem.targets;
  DimensionMap map = Blocks(problem.m, targets.size());
  if (const DimensionMap* own = DealtOnlyOver(a, rows);
      own != nullptr && a.layout->value->targets.size() == targets.size()) {
    map = *own;
    targets = a.layout->value->targets;
  }
  DA_ASSIGN_OR_RETURN(plan.a, Bring(bench, a, DealtOver(a.stored_shape(), ndim - rows, map, targets)));
  if (InBlocksOfMatrices(problem.b)) {
    DA_ASSIGN_OR_RETURN(plan.b, BringAsItLies(bench, problem.b));
  } else {
    const Shape shape = problem.b.stored_shape();
    const std::size_t lines = shape[ndim - 2] == 1 ? ndim - 1 : ndim - 2;
    DA_ASSIGN_OR_RETURN(plan.b,
                        Bring(bench, problem.b,
                              DealtOver(shape, lines, Blocks(shape[lines], problem.targets.size()), problem.targets)));
  }
  plan.result = bench.Intern(DealtOver(problem.full_shape(), ndim - 2, map, targets));
  return plan;
}

/// The blocks in which both factors are dealt out over what is summed over.
struct SummedBlocks {
  DimensionMap map;
  std::vector<int> targets;
};
SummedBlocks ChooseSummedBlocks(const Problem& problem) {
  for (const bool is_a : {false, true}) {
    const Factor& factor = is_a ? problem.a : problem.b;
    const DimensionMap* own = DealtOnlyOver(factor, SummedFromEnd(factor, is_a));
    if (own != nullptr && factor.layout->value->targets.size() == problem.targets.size()) {
      return {*own, factor.layout->value->targets};
    }
  }
  return {Blocks(problem.k, problem.targets.size()), problem.targets};
}

absl::StatusOr<Plan> PlanPartials(Workbench& bench, const Problem& problem) {
  Plan plan{.scheme = Scheme::kPartials};
  const SummedBlocks blocks = ChooseSummedBlocks(problem);
  const std::size_t ndim = problem.batch.size() + 2;
  const auto bring = [&](const Factor& factor, bool is_a) {
    return Bring(bench, factor,
                 DealtOver(factor.stored_shape(), ndim - SummedFromEnd(factor, is_a), blocks.map, blocks.targets));
  };
  DA_ASSIGN_OR_RETURN(plan.a, bring(problem.a, true));
  DA_ASSIGN_OR_RETURN(plan.b, bring(problem.b, false));
  const Layout rows = bench.RowsLayout(problem.shape(), problem.targets);
  Distribution full = **rows;
  const std::vector<bool> kept = problem.kept();
  for (std::size_t d = 0; d < kept.size(); ++d) {
    if (!kept[d]) {
      full.dimensions.insert(full.dimensions.begin() + static_cast<std::ptrdiff_t>(d), DimensionMap::Whole(1));
    }
  }
  plan.result = bench.Intern(std::move(full));
  return plan;
}

/// Nanoseconds, roughly: an element sent, and a multiplication.
constexpr double kSent = 2;
constexpr double kMultiplied = 0.03;

/// Whether summing partial products takes less time than passing panels of b round.
bool PartialsAreCheaper(const Problem& problem) {
  const auto m = static_cast<double>(problem.m);
  const auto n = static_cast<double>(problem.n);
  const auto k = static_cast<double>(problem.k);
  const auto engines = static_cast<double>(problem.targets.size());
  const double a_size = m * k;
  const double b_size = k * n;
  const auto lies_by = [&](const Factor& factor, std::size_t from_end) {
    return DealtOnlyOver(factor, from_end) != nullptr && factor.layout->value->targets.size() == problem.targets.size();
  };
  const double panels = kSent * ((lies_by(problem.a, problem.a.transposed ? 1 : 2) ? 0 : a_size) +
                                 (InBlocksOfMatrices(problem.b) ? 0 : b_size) + b_size) +
                        kMultiplied * m * n * k / std::min(engines, m);
  const double partials = kSent * ((lies_by(problem.a, SummedFromEnd(problem.a, true)) ? 0 : a_size) +
                                   (lies_by(problem.b, SummedFromEnd(problem.b, false)) ? 0 : b_size) + 2 * m * n) +
                          kMultiplied * m * n * k / std::min(engines, k);
  return partials < panels;
}

absl::StatusOr<Plan> MakePlan(Workbench& bench, const Problem& problem) {
  const auto longest = std::max_element(problem.batch.begin(), problem.batch.end());
  const std::int64_t batch = longest == problem.batch.end() ? 1 : *longest;
  const std::int64_t engines = std::ssize(problem.targets);
  if (engines == 1 || (batch > 1 && (batch >= engines || batch >= problem.m))) {
    const auto dealt = longest == problem.batch.end() ? 0 : longest - problem.batch.begin();
    return PlanLocal(bench, problem, static_cast<std::size_t>(dealt));
  }
  return PartialsAreCheaper(problem) ? PlanPartials(bench, problem) : PlanPanels(bench, problem);
}

/// Whether a batch of matrices times one matrix can be taken for one matrix of all their rows, where it lies, times it.
bool IsOneTall(const Problem& problem) {
  return problem.matrices() > 1 && problem.b.operand.view.dimensions.size() <= 2 && !problem.a.transposed &&
         problem.a.added == 0 && Workbench::IsRows(**problem.a.layout) &&
         problem.a.layout->value->targets.size() == problem.targets.size();
}

/// The distribution of the result of such a product: the rows lie where they lay.
Distribution LikeRowsOf(const Problem& problem) {
  Distribution layout = **problem.a.layout;
  layout.dimensions.back() = DimensionMap::Whole(problem.n);
  return layout;
}

absl::StatusOr<Problem> AsOneTall(Workbench& bench, const Problem& problem) {
  DA_ASSIGN_OR_RETURN(const ValuePtr value, bench.Stored(problem.a.operand));
  const std::int64_t rows = problem.matrices() * problem.m;
  std::vector<std::int64_t> bounds = Workbench::FlatBounds(**value->layout);
  for (std::int64_t& bound : bounds) {
    bound /= problem.k;
  }
  DimensionMap map = bounds.size() == 2 ? DimensionMap::Whole(rows) : DimensionMap::Block(std::move(bounds));
  const Layout layout = bench.Intern(DealtOver({rows, problem.k}, 0, std::move(map), value->layout->value->targets));
  Problem tall = problem;
  tall.a = {.operand = Workbench::Whole(bench.Recast(value, layout, value->dtype)), .layout = layout};
  tall.b.added = 2 - problem.b.operand.view.dimensions.size();
  tall.batch.clear();
  tall.m = rows;
  return tall;
}

/// Queues the multiplication; the product has the full shape.
absl::StatusOr<ValuePtr> Multiply(Workbench& bench, const Problem& problem, const Plan& plan) {
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
  DA_ASSIGN_OR_RETURN(const Problem problem, MakeProblem(bench, asked));
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
    DA_ASSIGN_OR_RETURN(const Problem tall, AsOneTall(bench, problem));
    DA_ASSIGN_OR_RETURN(const Plan plan,
                        tall.targets.size() == 1 ? PlanLocal(bench, tall, 0) : PlanPanels(bench, tall));
    DA_ASSIGN_OR_RETURN(product, Multiply(bench, tall, plan));
    layout = LikeRowsOf(problem);
  } else {
    DA_ASSIGN_OR_RETURN(const Plan plan, MakePlan(bench, problem));
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
