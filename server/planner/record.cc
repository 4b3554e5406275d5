#include "server/planner/record.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "engine/kernels/operations.h"

namespace distarray::server {
namespace {

Shape ShapeOf(const Recorder::UfuncOperand& operand) {
  const auto* array = std::get_if<Operand>(&operand);
  return array ? array->view.shape() : Shape{};
}

/// The dtype to which the operands are promoted; weak scalars adapt (NEP 50).
absl::StatusOr<DType> Promote(const std::vector<Recorder::UfuncOperand>& operands) {
  std::optional<DType> common;
  for (const auto& operand : operands) {
    std::optional<DType> dtype;
    if (const auto* array = std::get_if<Operand>(&operand)) {
      dtype = array->value->dtype;
    } else {
      dtype = std::get<TypedScalar>(operand).dtype;
    }
    if (dtype) {
      common = common ? ResultType(*common, *dtype) : *dtype;
    }
  }
  std::optional<DType> promoted = common;
  for (const auto& operand : operands) {
    const auto* scalar = std::get_if<TypedScalar>(&operand);
    if (scalar == nullptr || scalar->dtype) {
      continue;
    }
    DType weak = DefaultType(scalar->scalar);
    if (common) {
      DA_ASSIGN_OR_RETURN(weak, WeakScalarType(scalar->scalar, *common));
    }
    promoted = promoted ? ResultType(*promoted, weak) : weak;
  }
  return *promoted;
}

/// Whether a function of floats, of integers that float32 holds (int16 and uint16), computes in it, though their common
/// integer dtype needs float64: NumPy takes its first loop that all operands fit.
bool MeetsInFloat32(const Operation& operation, DType promoted, const std::vector<Recorder::UfuncOperand>& operands) {
  const auto computes_in = [&](DType dtype, DType compute) {
    const auto& loop = operation.loops[static_cast<std::size_t>(dtype)];
    return loop && loop->compute == compute;
  };
  const Kind kind = KindOf(promoted);
  return (kind == Kind::kSigned || kind == Kind::kUnsigned) && computes_in(promoted, DType::kFloat64) &&
         std::all_of(operands.begin(), operands.end(), [&](const Recorder::UfuncOperand& operand) {
           if (const auto* array = std::get_if<Operand>(&operand)) {
             return computes_in(array->value->dtype, DType::kFloat32);
           }
           const auto& scalar = std::get<TypedScalar>(operand);
           return scalar.dtype && computes_in(*scalar.dtype, DType::kFloat32);
         });
}

std::string DTypeNames(const std::vector<Recorder::UfuncOperand>& operands) {
  std::vector<std::string_view> names;
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<Operand>(&operand)) {
      names.push_back(NameOf(array->value->dtype));
    } else {
      const auto& scalar = std::get<TypedScalar>(operand);
      names.push_back(NameOf(scalar.dtype.value_or(DefaultType(scalar.scalar))));
    }
  }
  std::string text;
  for (const auto name : names) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", std::string(name));
  }
  return text;
}

}  // namespace

ValuePtr Recorder::MakeFailed(absl::Status error, const std::string& origin) {
  auto value = std::make_shared<Value>();
  value->state = Value::State::kFailed;
  value->error = std::move(error);
  value->origin = origin;
  return value;
}

ValuePtr Recorder::Make(Node node, DType dtype, Shape shape, Layout layout, const std::string& origin) {
  const auto operands = OperandsOf(node);
  for (const Operand* operand : operands) {
    if (operand->value->state == Value::State::kFailed) {
      return MakeFailed(operand->value->error, operand->value->origin);
    }
  }
  auto value = std::make_shared<Value>();
  value->dtype = dtype;
  value->shape = std::move(shape);
  value->layout = std::move(layout);
  value->origin = origin;
  value->may_fail = CanFail(node);
  for (const Operand* operand : operands) {
    value->may_fail = value->may_fail || operand->value->MayStillFail();
    auto& readers = operand->value->readers;
    constexpr std::size_t kSweepAt = 32;
    if (readers.size() >= kSweepAt) {
      std::erase_if(readers, [](const std::weak_ptr<Value>& reader) {
        const ValuePtr alive = reader.lock();
        return !alive || !alive->lazy();
      });
    }
    readers.push_back(value);
  }
  value->node = std::move(node);
  return value;
}

ValuePtr Recorder::Apply(std::string_view operation, DType compute, DType dtype, std::vector<Argument> arguments,
                         const Shape& shape, const Layout& layout, const std::string& origin) {
  const int number = FindOperation(operation);
  const auto& loop = Operations()[static_cast<std::size_t>(number)].loops[static_cast<std::size_t>(compute)];
  return Make(
      ApplyNode{
          .operation = number, .compute = loop->compute, .result = loop->result, .arguments = std::move(arguments)},
      dtype, shape, layout, origin);
}

namespace {

/// Whether an argument is the number 2: squares are computed faster than powers, and cannot fail.
bool IsTwo(const Argument& argument) {
  const auto* scalar = std::get_if<Scalar>(&argument);
  if (scalar == nullptr) {
    return false;
  }
  const auto* integer = std::get_if<std::int64_t>(&scalar->value);
  const auto* floating = std::get_if<double>(&scalar->value);
  return (integer != nullptr && *integer == 2) || (floating != nullptr && *floating == 2);
}

}  // namespace

absl::StatusOr<ValuePtr> Recorder::Ufunc(std::string_view name, const std::vector<UfuncOperand>& operands,
                                         std::optional<DType> dtype, const std::vector<int>& default_targets,
                                         const std::string& origin) {
  const bool astype = name == "astype";
  const int number = FindOperation(astype ? "copy" : name);
  if (number < 0) {
    return Error(Reason::kUnknownOperation, absl::StrCat("name: there is no elementwise function \"", std::string(name),
                                                         "\"; ServerInfo.operations lists them"));
  }
  const Operation& operation = Operations()[static_cast<std::size_t>(number)];
  if (static_cast<int>(operands.size()) != operation.operand_count) {
    return Error(Reason::kInvalidValue, absl::StrCat(std::string(name), ": ", operands.size(), " operands given, ",
                                                     operation.operand_count, " expected"));
  }
  std::vector<Shape> shapes;
  for (const auto& operand : operands) {
    shapes.push_back(ShapeOf(operand));
  }
  DA_ASSIGN_OR_RETURN(const Shape shape, BroadcastShapes(shapes));

  DType promoted = DType::kFloat64;
  if (astype && dtype) {
    promoted = *dtype;
  } else if (dtype && operation.loops[static_cast<std::size_t>(*dtype)]) {
    promoted = *dtype;
  } else {
    const bool skip = operation.condition_first;
    DA_ASSIGN_OR_RETURN(promoted,
                        Promote(skip ? std::vector<UfuncOperand>(operands.begin() + 1, operands.end()) : operands));
    if (MeetsInFloat32(operation, promoted, operands)) {
      promoted = DType::kFloat32;
    }
  }
  const auto& loop = operation.loops[static_cast<std::size_t>(promoted)];
  if (!loop) {
    return Error(Reason::kInvalidType,
                 absl::StrCat(std::string(name), ": not defined for operands of dtype ", DTypeNames(operands)));
  }

  Layout layout;
  std::vector<Argument> arguments;
  std::vector<int> targets;
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<Operand>(&operand)) {
      if (array->value->state == Value::State::kFailed) {
        return MakeFailed(array->value->error, array->value->origin);
      }
      const Layout own = LayoutOf(*array, lane_.cluster().registry);
      if (!layout && array->view.shape() == shape) {
        layout = own;
      }
      for (const int target : own->value->targets) {
        if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
          targets.push_back(target);
        }
      }
      DA_ASSIGN_OR_RETURN(View view, BroadcastView(array->view, shape));
      arguments.emplace_back(Operand{array->value, std::move(view)});
    } else {
      arguments.emplace_back(std::get<TypedScalar>(operand).scalar);
    }
  }
  if (!layout) {
    std::sort(targets.begin(), targets.end());
    DA_ASSIGN_OR_RETURN(Distribution chosen, MakeDistribution(shape, {}, targets.empty() ? default_targets : targets,
                                                              lane_.cluster().engine_count));
    layout = lane_.cluster().registry.Intern(std::move(chosen));
  }
  const DType result = astype && dtype ? *dtype : loop->result;
  int chosen = number;
  if (name == "power" && IsTwo(arguments[1])) {
    chosen = FindOperation("square");
    arguments.pop_back();
  }
  return Make(
      ApplyNode{
          .operation = chosen, .compute = loop->compute, .result = loop->result, .arguments = std::move(arguments)},
      result, shape, std::move(layout), origin);
}

absl::StatusOr<ValuePtr> Recorder::Reduce(std::string_view name, const Operand& operand, ReduceOptions& options,
                                          const std::string& origin) {
  const int number = FindReduction(name);
  if (number < 0) {
    return Error(Reason::kUnknownOperation, absl::StrCat("name: there is no reduction \"", std::string(name),
                                                         "\"; ServerInfo.reductions lists them"));
  }
  const Reduction& reduction = Reductions()[static_cast<std::size_t>(number)];
  const Shape shape = operand.view.shape();
  const int ndim = static_cast<int>(shape.size());
  if (options.all_axes) {
    options.axes.resize(shape.size());
    for (int axis = 0; axis < ndim; ++axis) {
      options.axes[static_cast<std::size_t>(axis)] = axis;
    }
  }
  for (int& axis : options.axes) {
    if (axis < -ndim || axis >= ndim) {
      return Error(Reason::kAxisOutOfRange,
                   absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", ndim));
    }
    axis += axis < 0 ? ndim : 0;
  }
  std::sort(options.axes.begin(), options.axes.end());
  if (std::adjacent_find(options.axes.begin(), options.axes.end()) != options.axes.end()) {
    return Error(
        Reason::kInvalidValue,
        absl::StrCat("axis: ", ToString(Shape(options.axes.begin(), options.axes.end())), "; expected each axis once"));
  }
  const auto& loop = reduction.loops[static_cast<std::size_t>(operand.value->dtype)];
  if (!loop) {
    return Error(Reason::kInvalidType, absl::StrCat(std::string(name), ": not defined for dtype ",
                                                    std::string(NameOf(operand.value->dtype))));
  }
  DType compute = loop->compute;
  DType result = loop->result;
  if (options.dtype) {
    const auto& asked = reduction.loops[static_cast<std::size_t>(*options.dtype)];
    if (!asked) {
      return Error(Reason::kInvalidType,
                   absl::StrCat(std::string(name), ": not defined for dtype ", std::string(NameOf(*options.dtype))));
    }
    // numpy's dtype= is the dtype of accumulation and of the result, be it a narrow one.
    compute = asked->compute;
    result = asked->result;
  }
  Operand summed = operand;
  if (options.dtype == DType::kBool && operand.value->dtype != DType::kBool) {  // each is true or false by itself
    summed = Operand{Apply("copy", DType::kBool, DType::kBool, {operand}, shape,
                           LayoutOf(operand, lane_.cluster().registry), origin),
                     View::Whole(shape)};
  }
  if (reduction.needs_elements) {
    bool empty_source = false;
    bool empty_result = false;
    for (int d = 0; d < ndim; ++d) {
      const bool none = shape[static_cast<std::size_t>(d)] == 0;
      const bool reduced = std::binary_search(options.axes.begin(), options.axes.end(), d);
      empty_source = empty_source || none;
      empty_result = empty_result || (none && !reduced);
    }
    if (empty_source && !empty_result) {
      return Error(Reason::kInvalidValue, absl::StrCat("zero-size array to reduction operation ", std::string(name),
                                                       " which has no identity: shape ", ToString(shape)));
    }
  }
  const Layout source = LayoutOf(operand, lane_.cluster().registry);
  Layout layout = lane_.cluster().registry.Intern(ReducedDistribution(**source, options.axes, false));
  Shape kept = layout->value->shape();
  ValuePtr reduced = Make(ReduceNode{.reduction = number,
                                     .compute = compute,
                                     .axes = options.axes,
                                     .correction = options.correction,
                                     .operand = summed},
                          result, kept, layout, origin);
  if (options.dtype && *options.dtype != result) {
    return Apply("copy", *options.dtype, *options.dtype, {Operand{reduced, View::Whole(kept)}}, kept, layout, origin);
  }
  return reduced;
}

ValuePtr Recorder::Redistribute(const Operand& operand, const Layout& layout, const std::string& origin) {
  if (operand.value->layout == layout && operand.view.IsWhole(operand.value->shape)) {
    return operand.value;
  }
  return Make(CopyNode{operand}, operand.value->dtype, operand.view.shape(), layout, origin);
}

ValuePtr Recorder::Copy(const Operand& operand, const std::string& origin) {
  if (operand.value->state == Value::State::kFailed) {
    return operand.value;
  }
  return Apply("copy", operand.value->dtype, operand.value->dtype, {operand}, operand.view.shape(),
               LayoutOf(operand, lane_.cluster().registry), origin);
}

}  // namespace distarray::server
