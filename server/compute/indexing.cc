// Rows by number. Slices, integers and new axes have become views before: what comes here are index arrays, one a
// dimension, for dimensions that follow one another.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "server/compute/families.h"
#include "server/compute/row_layouts.h"

namespace distarray::server {
namespace {

/// Sources of at most so many bytes are copied to where many indices into them are.
constexpr std::int64_t kCopiedBytes = std::int64_t{1} << 20;
constexpr std::int64_t kNamesBase = 64;

/// Index arrays, broadcast against each other.
struct Indices {
  std::vector<Operand> operands;
  Shape shape;                 // that they have together
  std::size_t leader = 0;      // the first one that has this shape by itself, else the first
  std::vector<Operand> given;  // not broadcast

  /// The operands from number `first` on. Errors kInvalidType, kInvalidValue.
  static absl::StatusOr<Indices> Of(Workbench& bench, const Computation& asked, std::size_t first) {
    Indices indices;
    std::vector<Shape> shapes;
    for (std::size_t i = first; i < asked.operands.size(); ++i) {
      DA_ASSIGN_OR_RETURN(Operand operand, asked.ArrayOperand(bench, i));
      const Kind kind = KindOf(operand.value->dtype);
      if (kind != Kind::kSigned && kind != Kind::kUnsigned) {
        return Error(Reason::kInvalidType,
                     absl::StrCat("operands: an index array of ", std::string(NameOf(operand.value->dtype)),
                                  "; expected integers"));
      }
      shapes.push_back(operand.view.shape());
      indices.operands.push_back(std::move(operand));
    }
    DA_ASSIGN_OR_RETURN(indices.shape, BroadcastShapes(shapes));
    indices.given = indices.operands;
    const auto leads = std::find(shapes.begin(), shapes.end(), indices.shape);
    indices.leader = leads == shapes.end() ? 0 : static_cast<std::size_t>(leads - shapes.begin());
    for (Operand& operand : indices.operands) {
      DA_ASSIGN_OR_RETURN(operand.view, BroadcastView(operand.view, indices.shape));
    }
    return indices;
  }

  std::int64_t count() const { return CountOf(shape); }
  /// Where the leader lies.
  Layout layout(Workbench& bench) const {
    return LayoutOf(operands[leader], bench.planner().lane().cluster().registry);
  }

  /// Each as int64, as one dimension of this layout.
  absl::StatusOr<std::vector<ValuePtr>> Flat(Workbench& bench, const Layout& flat_layout) const {
    std::vector<ValuePtr> values;
    for (const Operand& operand : operands) {
      DA_ASSIGN_OR_RETURN(ValuePtr value, bench.Cast(operand, DType::kInt64));
      DA_ASSIGN_OR_RETURN(value, bench.Flat(Workbench::Whole(value)));
      DA_ASSIGN_OR_RETURN(value, bench.Moved(Workbench::Whole(value), flat_layout));
      values.push_back(std::move(value));
    }
    return values;
  }
  /// As Flat, all of it on each of the targets.
  absl::StatusOr<std::vector<ValuePtr>> FlatOn(Workbench& bench, const std::vector<int>& targets) const {
    return Flat(bench, Everywhere(bench, {count()}, targets));
  }
};

/// What is indexed: dimensions axis, ..., axis + count - 1 of an array.
struct Indexed {
  std::size_t axis = 0;
  std::size_t count = 0;
  Shape shape;             // of the array
  std::vector<int> names;  // of the dimensions, in errors

  static absl::StatusOr<Indexed> Of(const Computation& asked, const Shape& shape, std::size_t count) {
    Indexed indexed{.count = count, .shape = shape};
    DA_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(asked.Integer("axis"), static_cast<int>(shape.size())));
    indexed.axis = static_cast<std::size_t>(axis);
    if (indexed.axis + count > shape.size()) {
      return Error(Reason::kInvalidValue, absl::StrCat("operands: ", count, " index arrays for axis ", axis,
                                                       " and those behind it, of an array of shape ", ToString(shape)));
    }
    std::int64_t names = asked.Integer("names");
    for (std::size_t d = 0; d < count; ++d) {
      const auto name = static_cast<int>(names % kNamesBase);
      indexed.names.push_back(name == 0 ? axis + static_cast<int>(d) : name - 1);
      names /= kNamesBase;
    }
    return indexed;
  }

  RowChoice Choice(const std::vector<ValuePtr>& indices) const {
    RowChoice choice;
    choice.sizes = Part(axis, axis + count);
    choice.axes = names;
    for (const ValuePtr& index : indices) {
      choice.indices.push_back(Workbench::ViewOf(index));
    }
    return choice;
  }
  /// All sizes but the indexed ones.
  Shape others() const {
    Shape result = Part(0, axis);
    const Shape behind = Part(axis + count, shape.size());
    result.insert(result.end(), behind.begin(), behind.end());
    return result;
  }
  /// The shape with `chosen` in the place of the indexed dimensions.
  Shape Replaced(const Shape& chosen) const {
    Shape result = others();
    result.insert(result.begin() + static_cast<std::ptrdiff_t>(axis), chosen.begin(), chosen.end());
    return result;
  }
  /// Axes in the order that has `width` of them, from `axis` on, in front, out of those of an array in which that many
  /// have taken the place of the indexed ones.
  std::vector<int> ToFront(std::size_t width) const {
    std::vector<int> axes(shape.size() - count + width);
    std::iota(axes.begin(), axes.end(), 0);
    const auto begin = axes.begin() + static_cast<std::ptrdiff_t>(axis);
    std::rotate(axes.begin(), begin, begin + static_cast<std::ptrdiff_t>(width));
    return axes;
  }
  /// The reverse.
  std::vector<int> FromFront(std::size_t width) const {
    std::vector<int> axes(shape.size() - count + width);
    std::iota(axes.begin(), axes.end(), 0);
    const auto begin = axes.begin() + static_cast<std::ptrdiff_t>(width);
    std::rotate(axes.begin(), begin, begin + static_cast<std::ptrdiff_t>(axis));
    return axes;
  }
  /// Whether each target has the indexed dimensions whole.
  bool IsWholeIn(const Distribution& distribution) const {
    const auto begin = distribution.dimensions.begin() + static_cast<std::ptrdiff_t>(axis);
    return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(count), Workbench::IsWhole);
  }
  /// A distribution in which they are, once others have taken their place.
  Layout Along(Workbench& bench, const Distribution& source, const Shape& chosen) const {
    Distribution result;
    const auto& maps = source.dimensions;
    const auto begin = maps.begin() + static_cast<std::ptrdiff_t>(axis);
    result.dimensions.assign(maps.begin(), begin);
    for (const std::int64_t size : chosen) {
      result.dimensions.push_back(DimensionMap::Whole(size));
    }
    result.dimensions.insert(result.dimensions.end(), begin + static_cast<std::ptrdiff_t>(count), maps.end());
    result.targets = source.targets;
    return bench.Intern(std::move(result));
  }

 private:
  Shape Part(std::size_t begin, std::size_t end) const {
    return {shape.begin() + static_cast<std::ptrdiff_t>(begin), shape.begin() + static_cast<std::ptrdiff_t>(end)};
  }
};

/// How rows lie that are named by index arrays: as these do, where they lie in blocks.
struct ChosenLayouts {
  Layout rows;     // of shape indices + others
  Layout indices;  // flat
};
ChosenLayouts LayOut(Workbench& bench, const Indices& indices, const Shape& others) {
  Layout own = indices.layout(bench);
  if (!Workbench::IsRows(**own)) {
    own = bench.RowsLayout(indices.shape, own->value->targets);
  }
  return {Leading(bench, **own, indices.shape.size(), others),
          bench.BlockLayout(Workbench::FlatBounds(**own), own->value->targets)};
}

/// Queues a command that makes one array.
absl::StatusOr<Array> MakeOne(Workbench& bench, DType dtype, const Layout& layout, const std::vector<ValuePtr>& reads,
                              const std::function<CommandBody(const NewBuffer&)>& command) {
  std::vector<Workbench::New> makes;
  DA_ASSIGN_OR_RETURN(makes.emplace_back(), bench.Make(dtype, layout));
  const ValuePtr made = makes.front().value;
  CommandBody body = command(makes.front().buffer);
  bench.Emit(std::move(body), reads, std::move(makes));
  return bench.Name(made);
}

/// Where each target has the indexed dimensions whole, only indices move.
absl::StatusOr<Computed> TakeHere(Workbench& bench, const Operand& operand, const Indexed& indexed,
                                  const Indices& indices) {
  DA_ASSIGN_OR_RETURN(const ValuePtr source, bench.Stored(operand));
  const Distribution& own = **source->layout;
  DA_ASSIGN_OR_RETURN(std::vector<ValuePtr> reads, indices.FlatOn(bench, own.targets));
  RowChoice choice = indexed.Choice(reads);
  reads.push_back(source);
  DA_ASSIGN_OR_RETURN(Array result, MakeOne(bench, source->dtype, indexed.Along(bench, own, indices.shape), reads,
                                            [&](const NewBuffer& buffer) {
                                              return TakeAlong{.source = Workbench::ViewOf(source),
                                                               .axis = static_cast<int>(indexed.axis),
                                                               .choice = std::move(choice),
                                                               .destination = buffer};
                                            }));
  return Computed{.arrays = {std::move(result)}};
}

absl::StatusOr<Computed> TakeThere(Workbench& bench, const Operand& operand, const Indexed& indexed,
                                   const Indices& indices) {
  DA_ASSIGN_OR_RETURN(const View ordered, PermuteView(operand.view, indexed.ToFront(indexed.count)));
  const Operand rows{operand.value, ordered};
  const Shape others = indexed.others();
  const ChosenLayouts layouts = LayOut(bench, indices, others);
  const std::int64_t bytes = CountOf(indexed.shape) * SizeOf(operand.value->dtype);
  const bool copied = bytes <= std::min(kCopiedBytes, indices.count() * SizeOf(DType::kInt64));
  DA_ASSIGN_OR_RETURN(const ValuePtr source,
                      bench.Moved(rows, copied ? Everywhere(bench, ordered.shape(), layouts.rows->value->targets)
                                               : WholeRowsLayout(bench, rows, indexed.count)));
  DA_ASSIGN_OR_RETURN(std::vector<ValuePtr> reads, indices.Flat(bench, layouts.indices));
  RowChoice choice = indexed.Choice(reads);
  reads.push_back(source);
  DA_ASSIGN_OR_RETURN(Array result, MakeOne(bench, source->dtype, layouts.rows, reads, [&](const NewBuffer& buffer) {
                        return TakeRows{.source = Workbench::ViewOf(source),
                                        .choice = std::move(choice),
                                        .row_elements = CountOf(others),
                                        .destination = buffer};
                      }));
  DA_ASSIGN_OR_RETURN(result.view, PermuteView(result.view, indexed.FromFront(indices.shape.size())));
  return Computed{.arrays = {std::move(result)}};
}

/// Where index arrays are broadcast to no elements at all, those that have some are checked by themselves, from number
/// `first` on, before it goes on with `then`.
absl::StatusOr<Computed> CheckFirst(Workbench& bench, const Indices& indices, const Indexed& indexed, std::size_t first,
                                    const std::function<absl::StatusOr<Computed>()>& then) {
  for (std::size_t i = first; indices.count() == 0 && i < indices.given.size(); ++i) {
    if (CountOf(indices.given[i].view.shape()) == 0) {
      continue;
    }
    DA_ASSIGN_OR_RETURN(ValuePtr flat, bench.Cast(indices.given[i], DType::kInt64));
    DA_ASSIGN_OR_RETURN(flat, bench.Flat(Workbench::Whole(flat)));
    const Indexed one{.axis = indexed.axis + i, .count = 1, .shape = indexed.shape, .names = {indexed.names[i]}};
    Computed computed;
    computed.until = bench.Emit(CheckRows{.choice = one.Choice({flat}), .needed = {}}, {flat}, {});
    computed.then = [=]() mutable { return CheckFirst(bench, indices, indexed, i + 1, then); };
    return computed;
  }
  return then();
}

absl::StatusOr<Computed> TakeChecked(Workbench& bench, const Operand& operand, const Indexed& indexed,
                                     const Indices& indices) {
  const Layout own = LayoutOf(operand, bench.planner().lane().cluster().registry);
  const std::vector<int>& targets = own->value->targets;
  if (indexed.IsWholeIn(**own) && (targets.size() > 1 || indices.layout(bench)->value->targets == targets)) {
    return TakeHere(bench, operand, indexed, indices);
  }
  return TakeThere(bench, operand, indexed, indices);
}

absl::StatusOr<Computed> Take(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Operand operand, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(const Indices indices, Indices::Of(bench, asked, 1));
  DA_ASSIGN_OR_RETURN(const Indexed indexed, Indexed::Of(asked, operand.view.shape(), indices.operands.size()));
  return CheckFirst(bench, indices, indexed, 0,
                    [=]() mutable { return TakeChecked(bench, operand, indexed, indices); });
}

/// Both laid out alike but for the axis, which is whole on each target: as the indices, or else the array, where it is
/// so already; else in blocks of the longest other dimension.
absl::StatusOr<Computed> TakeAlongAxis(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(Operand operand, asked.ArrayOperand(bench, 0));
  DA_ASSIGN_OR_RETURN(Operand indices, asked.ArrayOperand(bench, 1));
  const Kind kind = KindOf(indices.value->dtype);
  Shape from = operand.view.shape();
  Shape shape = indices.view.shape();
  if ((kind != Kind::kSigned && kind != Kind::kUnsigned) || from.size() != shape.size() || from.size() < 2) {
    return Error(Reason::kInvalidValue, absl::StrCat("operands: shapes ", ToString(from), " and ", ToString(shape),
                                                     "; expected as many dimensions, at least 2, and integers"));
  }
  DA_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(asked.Integer("axis"), static_cast<int>(from.size())));
  const auto at = static_cast<std::size_t>(axis);
  const std::int64_t size = std::exchange(from[at], 1);
  const std::int64_t chosen = std::exchange(shape[at], 1);
  DA_ASSIGN_OR_RETURN(Shape common, BroadcastShapes({from, shape}));
  auto& registry = bench.planner().lane().cluster().registry;
  const auto suits = [&](const Operand& one, const Shape& own) {
    return own == common && Workbench::IsWhole(LayoutOf(one, registry)->value->dimensions[at]);
  };
  Distribution layout;
  if (suits(indices, shape)) {
    layout = **LayoutOf(indices, registry);
  } else if (suits(operand, from)) {
    layout = **LayoutOf(operand, registry);
  } else {
    std::string kinds(common.size(), 'n');
    kinds[static_cast<std::size_t>(std::max_element(common.begin(), common.end()) - common.begin())] = 'b';
    DA_ASSIGN_OR_RETURN(layout, MakeDistribution(common, {.kinds = kinds}, LayoutOf(indices, registry)->value->targets,
                                                 bench.engine_count()));
  }
  const auto with = [&](std::int64_t along) {
    layout.dimensions[at] = DimensionMap::Whole(along);
    common[at] = along;
    return bench.Intern(layout);
  };
  const Layout source_layout = with(size);
  DA_ASSIGN_OR_RETURN(operand.view, BroadcastView(operand.view, common));
  const Layout result_layout = with(chosen);
  DA_ASSIGN_OR_RETURN(indices.view, BroadcastView(indices.view, common));
  DA_ASSIGN_OR_RETURN(const ValuePtr source, bench.Moved(operand, source_layout));
  DA_ASSIGN_OR_RETURN(ValuePtr index, bench.Cast(indices, DType::kInt64));
  DA_ASSIGN_OR_RETURN(index, bench.Moved(Workbench::Whole(index), result_layout));
  DA_ASSIGN_OR_RETURN(Array result,
                      MakeOne(bench, source->dtype, result_layout, {source, index}, [&](const NewBuffer& buffer) {
                        return TakeAligned{.source = Workbench::ViewOf(source),
                                           .axis = axis,
                                           .indices = Workbench::ViewOf(index),
                                           .destination = buffer};
                      }));
  return Computed{.arrays = {std::move(result)}};
}

/// What is written: values, or the bytes of one element.
struct Written {
  ValuePtr values;
  std::string fill;

  /// Operand 0, broadcast to `shape`, its axes in this order, laid out so. Error kInvalidValue.
  static absl::StatusOr<Written> Of(Workbench& bench, const Computation& asked, const Shape& shape,
                                    const std::vector<int>& axes, const Layout& layout) {
    Written written;
    const DType dtype = asked.target->dtype();
    if (const auto* scalar = std::get_if<TypedScalar>(&asked.operands.front())) {
      written.fill.resize(static_cast<std::size_t>(SizeOf(dtype)));
      StoreScalar(scalar->scalar, dtype, written.fill.data());
      return written;
    }
    const Operand& given = std::get<Operand>(asked.operands.front());
    absl::StatusOr<View> view = BroadcastView(given.view, shape);
    if (!view.ok()) {
      return Error(Reason::kInvalidValue, absl::StrCat("value: shape ", ToString(given.view.shape()),
                                                       " does not broadcast to the indexed shape ", ToString(shape)));
    }
    DA_ASSIGN_OR_RETURN(*view, PermuteView(*view, axes));
    DA_ASSIGN_OR_RETURN(ValuePtr values, bench.Cast({given.value, *std::move(view)}, dtype));
    DA_ASSIGN_OR_RETURN(values, bench.Moved(Workbench::Whole(values), layout));
    DA_ASSIGN_OR_RETURN(written.values, Apart(bench, values, *asked.target));
    return written;
  }

  std::optional<BufferView> view() const {
    return values == nullptr ? std::nullopt : std::optional(Workbench::ViewOf(values));
  }
};

/// In two steps, so that a failure leaves the array as it was: first indices are checked and values made, then rows are
/// written, which cannot fail.
absl::StatusOr<Computed> PutChecked(Workbench& bench, const Computation& asked, const Indexed& indexed,
                                    const Indices& indices) {
  const Array& target = *asked.target;
  const Shape shape = indexed.Replaced(indices.shape);
  const Distribution& own = **target.base->value()->layout;
  const bool here = target.view.IsWhole(target.base->value()->shape) && indexed.IsWholeIn(own);
  RowWrite rows;
  Written written;
  std::vector<ValuePtr> reads;
  if (here) {
    std::vector<int> axes(shape.size());
    std::iota(axes.begin(), axes.end(), 0);
    rows = {.target = target, .direct = true};
    DA_ASSIGN_OR_RETURN(written, Written::Of(bench, asked, shape, axes, indexed.Along(bench, own, indices.shape)));
    DA_ASSIGN_OR_RETURN(reads, indices.FlatOn(bench, own.targets));
  } else {
    const ChosenLayouts layouts = LayOut(bench, indices, indexed.others());
    DA_ASSIGN_OR_RETURN(rows, RowWrite::Plan(bench, target, indexed.ToFront(indexed.count), indexed.count));
    DA_ASSIGN_OR_RETURN(written, Written::Of(bench, asked, shape, indexed.ToFront(indices.shape.size()), layouts.rows));
    DA_ASSIGN_OR_RETURN(reads, indices.Flat(bench, layouts.indices));
  }
  for (ValuePtr& read : reads) {
    DA_ASSIGN_OR_RETURN(read, Apart(bench, read, target));
  }
  const RowChoice choice = indexed.Choice(reads);
  std::vector<BufferView> needed;
  if (written.values != nullptr) {
    needed.push_back(Workbench::ViewOf(written.values));
    reads.push_back(written.values);
  }
  const CompletionPtr checked = bench.Emit(CheckRows{.choice = choice, .needed = std::move(needed)}, reads, {});
  const std::int64_t row_elements = CountOf(indexed.others());
  const int axis = static_cast<int>(indexed.axis);
  auto then = [=]() mutable {
    return AsComputed(rows.Run(bench, reads, [&](const BufferView& elements) -> CommandBody {
      if (here) {
        return PutAlong{
            .axis = axis, .choice = choice, .values = written.view(), .fill = written.fill, .destination = elements};
      }
      return PutRows{.choice = choice,
                     .row_elements = row_elements,
                     .values = written.view(),
                     .fill = written.fill,
                     .destination = elements};
    }));
  };
  return Computed{.until = checked, .then = std::move(then)};
}

absl::StatusOr<Computed> Put(Workbench& bench, const Computation& asked) {
  DA_ASSIGN_OR_RETURN(const Indices indices, Indices::Of(bench, asked, 1));
  DA_ASSIGN_OR_RETURN(const Indexed indexed, Indexed::Of(asked, asked.target->shape(), indices.operands.size()));
  return CheckFirst(bench, indices, indexed, 0, [=]() mutable { return PutChecked(bench, asked, indexed, indices); });
}

std::vector<ParameterRow> Parameters() {
  return {{.name = "axis",
           .default_value = Scalar{std::int64_t{0}},
           .documentation = "The first indexed dimension; each index array more is for the one behind."},
          {.name = "names",
           .default_value = Scalar{std::int64_t{0}},
           .documentation = "What errors call the indexed dimensions: digits to base 64, the first one's lowest, of "
                            "the number plus 1; 0: as they are numbered."}};
}

}  // namespace

std::vector<ComputationRow> IndexingRows() {
  return {{.name = "take",
           .operand_count_min = 2,
           .operand_count_max = 1 + kDimensionsMax,
           .parameters = Parameters(),
           .function = Take},
          {.name = "take_along_axis",
           .operand_count_min = 2,
           .operand_count_max = 2,
           .parameters = {{.name = "axis", .documentation = "Along which the indices say what to take."}},
           .function = TakeAlongAxis},
          {.name = "put",
           .operand_count_min = 2,
           .operand_count_max = 1 + kDimensionsMax,
           .result_count = 0,
           .parameters = Parameters(),
           .function = Put}};
}

}  // namespace distarray::server
