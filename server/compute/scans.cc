// scan: running sums and products along an axis.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/compute/families.h"

namespace distarray::server {
namespace {

/// The source where the scan can begin, and its axis.
struct Placed {
  ValuePtr value;
  int axis = 0;
};

/// Blocks of the longest of the other dimensions, so that the axis is whole everywhere.
Layout AxisWhole(Workbench& bench, const Shape& shape, std::size_t axis, const std::vector<int>& targets) {
  std::size_t longest = axis;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (d != axis && (longest == axis || shape[d] > shape[longest])) {
      longest = d;
    }
  }
  Distribution layout;
  for (const std::int64_t size : shape) {
    layout.dimensions.push_back(DimensionMap::Whole(size));
  }
  layout.targets = targets;
  const std::int64_t processes = longest == axis ? 1 : std::min<std::int64_t>(shape[longest], std::ssize(targets));
  layout.targets.resize(static_cast<std::size_t>(std::max<std::int64_t>(processes, 1)));
  if (processes > 1) {
    layout.dimensions[longest] = DimensionMap::Block(shape[longest], processes);
  }
  return bench.Intern(std::move(layout));
}

/// A line, wherever its elements lie, is scanned in blocks over the engines; of other arrays the axis is made whole on
/// each engine, unless it is already.
absl::StatusOr<Placed> Place(Workbench& bench, const Operand& operand, std::size_t axis) {
  const Layout own = LayoutOf(operand, bench.planner().lane().cluster().registry);
  const Shape shape = operand.view.shape();
  std::int64_t others = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    others *= d == axis ? 1 : shape[d];
  }
  if (others == 1) {
    DA_ASSIGN_OR_RETURN(ValuePtr line, bench.Flat(operand));
    return Placed{std::move(line), 0};
  }
  if (Workbench::IsWhole(own->value->dimensions[axis])) {
    DA_ASSIGN_OR_RETURN(ValuePtr value, bench.Stored(operand));
    return Placed{std::move(value), static_cast<int>(axis)};
  }
  DA_ASSIGN_OR_RETURN(ValuePtr value, bench.Moved(operand, AxisWhole(bench, shape, axis, own->value->targets)));
  return Placed{std::move(value), static_cast<int>(axis)};
}

/// The source's distribution, with one more along the axis.
Distribution WithInitial(const Distribution& source, std::size_t axis) {
  Distribution longer = source;
  DimensionMap& map = longer.dimensions[axis];
  if (map.grid_size == 1) {
    map = DimensionMap::Whole(map.size + 1);
    return longer;
  }
  std::vector<std::int64_t> bounds = map.bounds;
  for (std::size_t p = 1; p < bounds.size(); ++p) {
    ++bounds[p];
  }
  map = DimensionMap::Block(std::move(bounds));
  return longer;
}

/// What a line was taken for, in place of the line.
ValuePtr AsShape(Workbench& bench, const ValuePtr& value, const Shape& shape, std::size_t axis) {
  if (value->shape.size() == shape.size()) {
    return value;
  }
  Distribution layout;
  for (const std::int64_t size : shape) {
    layout.dimensions.push_back(DimensionMap::Whole(size));
  }
  layout.dimensions[axis] = value->layout->value->dimensions.front();
  layout.targets = value->layout->value->targets;
  return bench.Recast(value, bench.Intern(std::move(layout)), value->dtype);
}

absl::StatusOr<Computed> Scan(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  Shape shape = given.view.shape();
  DA_ASSIGN_OR_RETURN(const int axis_number, NormalizeAxis(asked.Integer("axis"), static_cast<int>(shape.size())));
  const auto axis = static_cast<std::size_t>(axis_number);
  DType dtype = given.value->dtype;
  if (asked.Has("dtype")) {
    const std::int64_t number = asked.Integer("dtype");
    if (number < 1 || number > kDTypeCount) {
      return Error(Reason::kInvalidType, absl::StrCat("scan: dtype ", number, " is not one of distarray.v1.DType"));
    }
    dtype = static_cast<DType>(number - 1);
  }
  const bool initial = asked.Flag("initial");
  const Layout wished = LayoutOf(given, bench.planner().lane().cluster().registry);
  Operand operand = given;
  if (dtype != given.value->dtype) {
    DA_ASSIGN_OR_RETURN(const ValuePtr cast, bench.Cast(given, dtype));
    operand = Workbench::Whole(cast);
  }
  DA_ASSIGN_OR_RETURN(const Placed source, Place(bench, operand, axis));
  const auto placed_axis = static_cast<std::size_t>(source.axis);
  const Layout layout = initial ? bench.Intern(WithInitial(**source.value->layout, placed_axis)) : source.value->layout;
  DA_ASSIGN_OR_RETURN(Workbench::New made, bench.Make(dtype, layout));
  ValuePtr result = made.value;
  ScanArray command{.source = source.value->buffer->id,
                    .distribution = source.value->layout->id,
                    .result = made.buffer,
                    .axis = source.axis,
                    .product = asked.Flag("product"),
                    .initial = initial};
  std::vector<Workbench::New> makes;
  makes.push_back(std::move(made));
  bench.Emit(std::move(command), {source.value}, std::move(makes));
  shape[axis] += initial ? 1 : 0;
  result = AsShape(bench, result, shape, axis);
  if (!initial) {
    result = bench.recorder().Redistribute(Workbench::Whole(result), wished, bench.origin());
  }
  DA_ASSIGN_OR_RETURN(Array named, bench.Name(result));
  return Computed{.arrays = {std::move(named)}};
}

}  // namespace

std::vector<ComputationRow> ScanRows() {
  return {{.name = "scan",
           .parameters = {{.name = "axis", .documentation = "The axis; negative counts from the end."},
                          {.name = "product",
                           .kind = Kind::kBool,
                           .default_value = Scalar{false},
                           .documentation = "Running products in place of running sums."},
                          {.name = "initial",
                           .kind = Kind::kBool,
                           .default_value = Scalar{false},
                           .documentation = "The result begins with 0 or 1, and is longer by that."},
                          {.name = "dtype",
                           .documentation = "Number of the result's distarray.v1.DType, to which the elements are "
                                            "converted first; the operand's if it is not given."}},
           .function = Scan}};
}

}  // namespace distarray::server
