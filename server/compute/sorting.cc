// sort, argsort, searchsorted.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "server/compute/families.h"

namespace distarray::server {
namespace {

constexpr std::int64_t kWorthMoving = std::int64_t{1}
                                      << 20;  // elements that are dealt out to more engines to be sorted

std::int64_t SizeOfShape(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// Whether blocks that begin and end here are sorted well where they are: rows that are whole, or one row, in blocks
/// that are not much larger than one another.
bool SortsWell(const std::vector<std::int64_t>& bounds, std::int64_t length) {
  const std::int64_t size = bounds.back();
  if (size == length) {
    return true;  // however the user has dealt out one dimension
  }
  const std::int64_t even = size / (std::ssize(bounds) - 1);
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    if (bounds[i] % length != 0 || bounds[i] - bounds[i - 1] > std::max(2 * even, length)) {
      return false;
    }
  }
  return true;
}

/// Even blocks, of whole rows if there are many.
std::vector<std::int64_t> EvenBounds(std::int64_t size, std::int64_t length, std::int64_t parts) {
  const std::int64_t unit = size / length >= 8 * parts ? length : 1;
  std::vector<std::int64_t> bounds;
  for (std::int64_t i = 0; i <= parts; ++i) {
    bounds.push_back(size / unit * i / parts * unit);
  }
  return bounds;
}

/// The engines that sort: those that hold the elements, and the session's others if there are many elements on few.
std::vector<int> SortingTargets(const Workbench& bench, std::vector<int> targets, std::int64_t size) {
  if (size >= kWorthMoving && targets.size() < bench.default_targets().size()) {
    for (const int target : bench.default_targets()) {
      if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
        targets.push_back(target);
      }
    }
  }
  return targets;
}

absl::StatusOr<Computed> SortAxis(Workbench& bench, const Computation& asked, bool indices) {
  DA_ASSIGN_OR_RETURN(const Operand operand, asked.ArrayOperand(bench, 0));
  const Shape shape = operand.view.shape();
  const int ndim = static_cast<int>(shape.size());
  DA_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(asked.Integer("axis"), ndim));
  const Layout own = LayoutOf(operand, bench.planner().lane().cluster().registry);

  // The axis becomes the last one, and the elements rows of it.
  std::vector<int> axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  std::rotate(axes.begin() + axis, axes.begin() + axis + 1, axes.end());
  DA_ASSIGN_OR_RETURN(const View last, PermuteView(operand.view, axes));
  const Shape rows_shape = last.shape();
  const std::int64_t length = rows_shape.back();
  const std::int64_t size = SizeOfShape(shape);
  DA_ASSIGN_OR_RETURN(ValuePtr flat, bench.Rows({operand.value, last}));
  const Layout rows = flat->layout;
  const Layout rows_flat = bench.BlockLayout(Workbench::FlatBounds(**rows), rows->value->targets);
  flat = bench.Recast(flat, rows_flat, flat->dtype);
  const std::vector<int> targets = SortingTargets(bench, rows->value->targets, size);
  if (size > 0 && (targets.size() > rows->value->targets.size() || !SortsWell(Workbench::FlatBounds(**rows), length))) {
    const Layout even = bench.BlockLayout(EvenBounds(size, length, std::ssize(targets)), targets);
    DA_ASSIGN_OR_RETURN(flat, bench.Moved(Workbench::Whole(flat), even));
  }

  const DType dtype = indices ? DType::kInt64 : operand.value->dtype;
  DA_ASSIGN_OR_RETURN(Workbench::New made, bench.Make(dtype, flat->layout));
  const ValuePtr sorted = made.value;
  const SortRows command{.source = Workbench::ViewOf(flat),
                         .result = made.buffer,
                         .row_length = length,
                         .indices = indices,
                         .descending = asked.Flag("descending")};
  bench.Emit(command, {flat}, {std::move(made)});
  flat = nullptr;

  // And back: the result lies as the operand does.
  DA_ASSIGN_OR_RETURN(ValuePtr result, bench.Moved(Workbench::Whole(sorted), rows_flat));
  result = bench.Recast(result, rows, dtype);
  std::vector<int> back(shape.size());
  for (std::size_t d = 0; d < axes.size(); ++d) {
    back[static_cast<std::size_t>(axes[d])] = static_cast<int>(d);
  }
  DA_ASSIGN_OR_RETURN(const View view, PermuteView(View::Whole(rows_shape), back));
  DA_ASSIGN_OR_RETURN(result, bench.Moved({result, view}, own));
  DA_ASSIGN_OR_RETURN(Array array, bench.Name(result));
  return Computed{.arrays = {std::move(array)}};
}

absl::StatusOr<Computed> Sort(Workbench& bench, const Computation& asked) { return SortAxis(bench, asked, false); }
absl::StatusOr<Computed> Argsort(Workbench& bench, const Computation& asked) { return SortAxis(bench, asked, true); }

absl::StatusOr<Computed> SearchSorted(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand sorted, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Operand values, asked.ArrayOperand(bench, 1));
  const Shape shape = sorted.view.shape();
  if (shape.size() != 1) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("operands: searchsorted looks in one dimension, the array has shape ", ToString(shape)));
  }
  const DType dtype = ResultType(sorted.value->dtype, values.value->dtype);
  DA_ASSIGN_OR_RETURN(const ValuePtr sought, bench.Cast(values, dtype));
  DA_ASSIGN_OR_RETURN(ValuePtr among, bench.Cast(sorted, dtype));
  const std::vector<int>& targets = sought->layout->value->targets;
  Distribution everywhere;
  everywhere.dimensions = {targets.size() == 1 ? DimensionMap::Whole(shape[0])
                                               : DimensionMap::Replicated(shape[0], std::ssize(targets))};
  everywhere.targets = targets;
  DA_ASSIGN_OR_RETURN(among, bench.Moved(Workbench::Whole(among), bench.Intern(std::move(everywhere))));
  DA_ASSIGN_OR_RETURN(Workbench::New made, bench.Make(DType::kInt64, sought->layout));
  const ValuePtr places = made.value;
  const SearchRows command{.sorted = Workbench::ViewOf(among),
                           .values = Workbench::ViewOf(sought),
                           .result = made.buffer,
                           .right = asked.Flag("right")};
  bench.Emit(command, {among, sought}, {std::move(made)});
  DA_ASSIGN_OR_RETURN(Array array, bench.Name(places));
  return Computed{.arrays = {std::move(array)}};
}

}  // namespace

std::vector<ComputationRow> SortingRows() {
  const std::vector<ParameterRow> parameters = {
      {.name = "axis",
       .kind = Kind::kSigned,
       .default_value = Scalar{std::int64_t{-1}},
       .documentation = "the axis along which is sorted"},
      {.name = "descending",
       .kind = Kind::kBool,
       .default_value = Scalar{false},
       .documentation = "whether the greatest comes first; equal elements keep their order either way"}};
  const std::vector<ParameterRow> side = {{.name = "right",
                                           .kind = Kind::kBool,
                                           .default_value = Scalar{false},
                                           .documentation = "whether places are behind equal elements, not before"}};
  return {{.name = "argsort", .parameters = parameters, .function = Argsort},
          {.name = "searchsorted",
           .operand_count_min = 2,
           .operand_count_max = 2,
           .parameters = side,
           .function = SearchSorted},
          {.name = "sort", .parameters = parameters, .function = Sort}};
}

}  // namespace distarray::server
