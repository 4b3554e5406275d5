#include "server/compute/row_layouts.h"

#include <algorithm>
#include <utility>

namespace distarray::server {
namespace {

/// Whether dimensions from `leading` on are whole.
bool HasWholeRows(const Distribution& rows, std::size_t leading) {
  return std::all_of(rows.dimensions.begin() + static_cast<std::ptrdiff_t>(leading), rows.dimensions.end(),
                     Workbench::IsWhole);
}

std::vector<int> Inverse(const std::vector<int>& axes) {
  std::vector<int> inverse(axes.size());
  for (std::size_t d = 0; d < axes.size(); ++d) {
    inverse[static_cast<std::size_t>(axes[d])] = static_cast<int>(d);
  }
  return inverse;
}

}  // namespace

Layout WholeRowsLayout(Workbench& bench, const Operand& operand, std::size_t leading) {
  const Layout own = LayoutOf(operand, bench.planner().lane().cluster().registry);
  if (Workbench::IsRows(**own) && HasWholeRows(**own, leading)) {
    return own;
  }
  const Layout rows = bench.RowsLayout(operand.view.shape(), own->value->targets);
  if (HasWholeRows(**rows, leading)) {
    return rows;
  }
  return bench.Intern(SingleTarget(operand.view.shape(), own->value->targets.front()));
}

Layout Leading(Workbench& bench, const Distribution& distribution, std::size_t leading, const Shape& behind) {
  Distribution result;
  result.dimensions.assign(distribution.dimensions.begin(),
                           distribution.dimensions.begin() + static_cast<std::ptrdiff_t>(leading));
  for (const std::int64_t size : behind) {
    result.dimensions.push_back(DimensionMap::Whole(size));
  }
  result.targets = distribution.targets;
  return bench.Intern(std::move(result));
}

Layout Everywhere(Workbench& bench, const Shape& shape, const std::vector<int>& targets) {
  Distribution copies;
  for (const std::int64_t size : shape) {
    copies.dimensions.push_back(DimensionMap::Whole(size));
  }
  if (targets.size() > 1) {
    copies.dimensions.front() = DimensionMap::Replicated(shape.front(), std::ssize(targets));
  }
  copies.targets = targets;
  return bench.Intern(std::move(copies));
}

absl::StatusOr<ValuePtr> Apart(Workbench& bench, const ValuePtr& value, const Array& target) {
  const ValuePtr& written = target.base->value();
  if (value != written && !(written->stored() && value->buffer == written->buffer)) {
    return value;
  }
  return bench.Stored(Workbench::Whole(bench.recorder().Copy(Workbench::Whole(value), bench.origin())));
}

absl::StatusOr<RowWrite> RowWrite::Plan(Workbench& bench, const Array& target, std::vector<int> axes,
                                        std::size_t leading) {
  RowWrite write{.target = target, .axes = std::move(axes)};
  const Operand operand = target.operand();
  DA_ASSIGN_OR_RETURN(const View ordered, PermuteView(operand.view, write.axes));
  write.layout = WholeRowsLayout(bench, {operand.value, ordered}, leading);
  write.direct = ordered.IsWhole(operand.value->shape) && write.layout == operand.value->layout;
  return write;
}

absl::StatusOr<Planner::Write> RowWrite::Run(Workbench& bench, const std::vector<ValuePtr>& reads,
                                             const std::function<CommandBody(const BufferView& rows)>& command) const {
  // The target may be a view that puts dimensions in another order, of which `axes` make the array's own again.
  Array array{target.base, View::Whole(target.base->value()->shape)};
  if (!direct) {
    const Operand operand = target.operand();
    DA_ASSIGN_OR_RETURN(const View ordered, PermuteView(operand.view, axes));
    ValuePtr rows = bench.recorder().Copy({operand.value, ordered}, bench.origin());
    DA_ASSIGN_OR_RETURN(rows, bench.Moved(Workbench::Whole(rows), layout));
    DA_ASSIGN_OR_RETURN(array, bench.Name(rows));
  }
  DA_ASSIGN_OR_RETURN(const Planner::Loan loan, bench.planner().Lend(array, true, bench.origin()));
  std::vector<ValuePtr> uses = reads;
  uses.push_back(loan.value);
  bench.planner().NoteLent(*array.base, bench.Emit(command(Workbench::ViewOf(loan.value)), uses, {}));
  if (direct) {
    return Planner::Write{};
  }
  DA_ASSIGN_OR_RETURN(const View back, PermuteView(array.view, Inverse(axes)));
  return bench.planner().Assign(target, Operand{array.base->value(), back}, bench.origin());
}

absl::StatusOr<Computed> AsComputed(absl::StatusOr<Planner::Write> write) {
  DA_RETURN_IF_ERROR(write.status());
  if (!write->until) {
    return Computed{};
  }
  return Computed{.until = write->until, .then = [then = std::move(write->then)]() -> absl::StatusOr<Computed> {
                    DA_RETURN_IF_ERROR(then());
                    return Computed{};
                  }};
}

}  // namespace distarray::server
