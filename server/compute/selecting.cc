// Rows by mask: as many as it has true elements. Nothing moves: results lie where the mask's elements do.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "server/compute/families.h"
#include "server/compute/row_layouts.h"

namespace distarray::server {
namespace {

/// How many elements of a mask are true on each of its targets, once that is known.
using Counts = std::map<int, std::int64_t>;

/// Where as many rows lie as there are true elements: on the targets that have some. None at all: on the first.
Layout SelectedLayout(Workbench& bench, const Distribution& mask, const Counts& counts, const Shape& behind) {
  std::vector<std::int64_t> bounds{0};
  std::vector<int> targets;
  for (const int target : mask.targets) {
    if (const std::int64_t count = counts.at(target); count > 0) {
      bounds.push_back(bounds.back() + count);
      targets.push_back(target);
    }
  }
  if (targets.empty()) {
    targets.push_back(mask.targets.front());
    bounds.push_back(0);
  }
  return Leading(bench, **bench.BlockLayout(std::move(bounds), std::move(targets)), 1, behind);
}

/// Counts, then goes on with `then`.
template <typename Then>
Computed AfterCounting(Workbench& bench, const ValuePtr& mask, Then then) {
  const auto counts = std::make_shared<Counts>();
  for (const int target : mask->layout->value->targets) {
    (*counts)[target] = 0;
  }
  Computed computed;
  computed.until =
      bench.Emit(CountSelected{.mask = Workbench::ViewOf(mask)}, {mask}, {}, [counts](int target, std::string bytes) {
        std::int64_t count = 0;
        if (bytes.size() == sizeof(count)) {
          std::memcpy(&count, bytes.data(), sizeof(count));
          (*counts)[target] = count;
        }
      });
  computed.then = [counts, then = std::move(then)]() mutable -> absl::StatusOr<Computed> { return then(*counts); };
  return computed;
}

/// The shape behind the mask's dimensions. Error kIndexOutOfRange: the mask has other sizes than the array.
absl::StatusOr<Shape> Behind(const Shape& mask, const Shape& array) {
  if (mask.empty() || mask.size() > array.size()) {
    return Error(Reason::kIndexOutOfRange, absl::StrCat("a mask of shape ", ToString(mask), " for an array of shape ",
                                                        ToString(array), "; expected 1 to as many dimensions"));
  }
  for (std::size_t d = 0; d < mask.size(); ++d) {
    if (mask[d] != array[d]) {
      return Error(Reason::kIndexOutOfRange,
                   absl::StrCat("boolean index did not match indexed array along axis ", d, "; size of axis is ",
                                array[d], " but size of corresponding boolean axis is ", mask[d]));
    }
  }
  return Shape(array.begin() + std::ssize(mask), array.end());
}

/// Operand 0 is a mask, or how often to take each row; operand 1 has the rows.
absl::StatusOr<Computed> Selected(Workbench& bench, const Computation& asked, DType dtype) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Operand array, asked.ArrayOperand(bench, 1));
  DA_ASSIGN_OR_RETURN(const Shape behind, Behind(given.view.shape(), array.view.shape()));
  const std::size_t leading = given.view.dimensions.size();
  DA_ASSIGN_OR_RETURN(const ValuePtr rows, bench.Moved(array, WholeRowsLayout(bench, array, leading)));
  DA_ASSIGN_OR_RETURN(ValuePtr mask, bench.Cast(given, dtype));
  DA_ASSIGN_OR_RETURN(mask, bench.Moved(Workbench::Whole(mask), Leading(bench, **rows->layout, leading)));
  return AfterCounting(bench, mask, [=](const Counts& counts) mutable -> absl::StatusOr<Computed> {
    std::vector<Workbench::New> makes;
    DA_ASSIGN_OR_RETURN(makes.emplace_back(),
                        bench.Make(rows->dtype, SelectedLayout(bench, **mask->layout, counts, behind)));
    const ValuePtr made = makes.front().value;
    SelectRows select{.mask = Workbench::ViewOf(mask),
                      .takes = {{.source = Workbench::ViewOf(rows), .destination = makes.front().buffer}}};
    bench.Emit(std::move(select), {mask, rows}, std::move(makes));
    DA_ASSIGN_OR_RETURN(Array result, bench.Name(made));
    return Computed{.arrays = {std::move(result)}};
  });
}

absl::StatusOr<Computed> Select(Workbench& bench, const Computation& asked) {
  return Selected(bench, asked, DType::kBool);
}
absl::StatusOr<Computed> Repeat(Workbench& bench, const Computation& asked) {
  return Selected(bench, asked, DType::kInt64);
}

/// Where operand 0 is not 0, as rows.
absl::StatusOr<ValuePtr> NotZero(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  if (given.value->dtype == DType::kBool) {
    return bench.Rows(given);
  }
  const TypedScalar zero{.scalar = Scalar{std::int64_t{0}}, .dtype = {}};
  DA_ASSIGN_OR_RETURN(const ValuePtr mask,
                      bench.recorder().Ufunc("not_equal", {given, zero}, {}, bench.default_targets(), bench.origin()));
  return bench.Rows(Workbench::Whole(mask));
}

/// Column numbers[k] has the coordinates along dimensions columns[k] of the true elements.
absl::StatusOr<Computed> Coordinates(Workbench& bench, const Computation& asked,
                                     std::vector<std::vector<std::size_t>> columns) {
  DA_ASSIGN_OR_RETURN(const ValuePtr mask, NotZero(bench, asked));
  const bool table = columns.size() == 1 && columns.front().size() != 1;
  return AfterCounting(bench, mask, [=](const Counts& counts) mutable -> absl::StatusOr<Computed> {
    const Shape& shape = mask->shape;
    SelectRows select{.mask = Workbench::ViewOf(mask)};
    std::vector<Workbench::New> makes;
    std::vector<ValuePtr> made;
    for (const auto& dimensions : columns) {
      const Shape behind = table ? Shape{std::ssize(dimensions)} : Shape{};
      DA_ASSIGN_OR_RETURN(makes.emplace_back(),
                          bench.Make(DType::kInt64, SelectedLayout(bench, **mask->layout, counts, behind)));
      made.push_back(makes.back().value);
      SelectRows::Number& number = select.numbers.emplace_back();
      number.destination = makes.back().buffer;
      for (const std::size_t d : dimensions) {
        number.divisors.push_back(std::max<std::int64_t>(1, CountOf(shape, d + 1, shape.size())));
        number.sizes.push_back(std::max<std::int64_t>(1, shape[d]));
      }
    }
    bench.Emit(std::move(select), {mask}, std::move(makes));
    Computed computed;
    for (const ValuePtr& value : made) {
      DA_ASSIGN_OR_RETURN(Array array, bench.Name(value));
      computed.arrays.push_back(std::move(array));
    }
    return computed;
  });
}

absl::StatusOr<std::size_t> DimensionsOf(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  if (given.view.dimensions.empty()) {
    return Error(Reason::kInvalidValue, "operands: a 0-d array has no coordinates; expected at least one dimension");
  }
  return given.view.dimensions.size();
}

absl::StatusOr<Computed> Nonzero(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const std::size_t ndim, DimensionsOf(bench, asked));
  if (asked.result_count != ndim) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("results: ", asked.result_count, " keys given, ", ndim, " expected: one a dimension"));
  }
  std::vector<std::vector<std::size_t>> columns;
  for (std::size_t d = 0; d < ndim; ++d) {
    columns.push_back({d});
  }
  return Coordinates(bench, asked, std::move(columns));
}

absl::StatusOr<Computed> Argwhere(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const std::size_t ndim, DimensionsOf(bench, asked));
  std::vector<std::size_t> all(ndim);
  std::iota(all.begin(), all.end(), std::size_t{0});
  DA_ASSIGN_OR_RETURN(Computed computed, Coordinates(bench, asked, {std::move(all)}));
  if (ndim > 1) {
    return computed;
  }
  // One column, which has come out as one dimension.
  auto then = [bench = bench, select = std::move(computed.then)]() mutable -> absl::StatusOr<Computed> {
    DA_ASSIGN_OR_RETURN(const Computed selected, select());
    const ValuePtr column = selected.arrays.front().base->value();
    DA_ASSIGN_OR_RETURN(Array table,
                        bench.Name(bench.Recast(column, Leading(bench, **column->layout, 1, {1}), column->dtype)));
    return Computed{.arrays = {std::move(table)}};
  };
  return Computed{.until = computed.until, .then = std::move(then)};
}

/// The target's rows where operand 0 is true become those of operand 1, of as many rows, or broadcast.
absl::StatusOr<Computed> PutWhere(Workbench& bench, const Computation& asked) {
  const Array target = *asked.target;
  DA_ASSIGN_OR_RETURN(const Operand given, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Operand values, asked.ArrayOperand(bench, 1));
  DA_ASSIGN_OR_RETURN(const Shape behind, Behind(given.view.shape(), target.shape()));
  if (given.value->dtype != DType::kBool) {
    return Error(Reason::kInvalidType, "operands: a mask must be of bool");
  }
  const std::size_t leading = given.view.dimensions.size();
  std::vector<int> axes(target.shape().size());
  std::iota(axes.begin(), axes.end(), 0);
  DA_ASSIGN_OR_RETURN(const RowWrite rows, RowWrite::Plan(bench, target, std::move(axes), leading));
  DA_ASSIGN_OR_RETURN(ValuePtr mask, bench.Moved(given, Leading(bench, **rows.layout, leading)));
  DA_ASSIGN_OR_RETURN(mask, Apart(bench, mask, target));
  return AfterCounting(bench, mask, [=](const Counts& counts) mutable -> absl::StatusOr<Computed> {
    const Layout selected = SelectedLayout(bench, **mask->layout, counts, behind);
    const Shape shape = selected->value->shape();
    absl::StatusOr<View> view = BroadcastView(values.view, shape);
    if (!view.ok()) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("value: shape ", ToString(values.view.shape()), " does not broadcast to shape ",
                                ToString(shape), " of what the mask selects, of which ", shape.front(), " are true"));
    }
    DA_ASSIGN_OR_RETURN(ValuePtr moved, bench.Cast({values.value, *std::move(view)}, target.dtype()));
    DA_ASSIGN_OR_RETURN(moved, bench.Moved(Workbench::Whole(moved), selected));
    DA_ASSIGN_OR_RETURN(moved, Apart(bench, moved, target));
    const CompletionPtr checked =
        bench.Emit(CheckRows{.choice = {}, .needed = {Workbench::ViewOf(moved)}}, {moved}, {});
    return Computed{.until = checked, .then = [=]() mutable -> absl::StatusOr<Computed> {
                      return AsComputed(rows.Run(bench, {mask, moved}, [&](const BufferView& elements) -> CommandBody {
                        return PutSelected{.mask = Workbench::ViewOf(mask),
                                           .values = Workbench::ViewOf(moved),
                                           .destination = elements};
                      }));
                    }};
  });
}

}  // namespace

std::vector<ComputationRow> SelectingRows() {
  return {
      {.name = "select", .operand_count_min = 2, .operand_count_max = 2, .function = Select},
      {.name = "repeat", .operand_count_min = 2, .operand_count_max = 2, .function = Repeat},
      {.name = "nonzero", .result_count = ComputationRow::kAnyCount, .function = Nonzero},
      {.name = "argwhere", .function = Argwhere},
      {.name = "put_where", .operand_count_min = 2, .operand_count_max = 2, .result_count = 0, .function = PutWhere}};
}

}  // namespace distarray::server
