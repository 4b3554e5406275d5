#include "server/compute/product_plan.h"

#include <algorithm>
#include <utility>

namespace distarray::server {
namespace {

using Scheme = MultiplyMatrices::Scheme;

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

/// The blocks in which both factors are dealt out over what is summed over.
struct SummedBlocks {
  DimensionMap map;
  std::vector<int> targets;
};
SummedBlocks ChooseSummedBlocks(const MatrixProduct& problem) {
  for (const bool is_a : {false, true}) {
    const Factor& factor = is_a ? problem.a : problem.b;
    const DimensionMap* own = DealtOnlyOver(factor, SummedFromEnd(factor, is_a));
    if (own != nullptr && factor.layout->value->targets.size() == problem.targets.size()) {
      return {*own, factor.layout->value->targets};
    }
  }
  return {Blocks(problem.k, problem.targets.size()), problem.targets};
}

absl::StatusOr<ProductPlan> PlanPartials(Workbench& bench, const MatrixProduct& problem) {
  ProductPlan plan{.scheme = Scheme::kPartials};
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
bool PartialsAreCheaper(const MatrixProduct& problem) {
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

}  // namespace

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

absl::StatusOr<ProductPlan> PlanLocal(Workbench& bench, const MatrixProduct& problem, std::size_t dealt) {
  ProductPlan plan{.scheme = Scheme::kLocal};
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

absl::StatusOr<ProductPlan> PlanPanels(Workbench& bench, const MatrixProduct& problem) {
  ProductPlan plan{.scheme = Scheme::kPanels};
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

absl::StatusOr<ProductPlan> PlanProduct(Workbench& bench, const MatrixProduct& problem) {
  const auto longest = std::max_element(problem.batch.begin(), problem.batch.end());
  const std::int64_t batch = longest == problem.batch.end() ? 1 : *longest;
  const std::int64_t engines = std::ssize(problem.targets);
  if (engines == 1 || (batch > 1 && (batch >= engines || batch >= problem.m))) {
    const auto dealt = longest == problem.batch.end() ? 0 : longest - problem.batch.begin();
    return PlanLocal(bench, problem, static_cast<std::size_t>(dealt));
  }
  return PartialsAreCheaper(problem) ? PlanPartials(bench, problem) : PlanPanels(bench, problem);
}

}  // namespace distarray::server
