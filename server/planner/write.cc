// Assignments: a new value for a base, in place where that is safe.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/planner/planner.h"

namespace distarray::server {

absl::Status Planner::MakeWritable(Base& base) {
  // What reads the elements as they are now runs first (be it the value that is about to be assigned: a[1:] = a[:-1]).
  ValuePtr value = base.value();
  std::vector<ValuePtr> first{value};
  for (const auto& weak : value->readers) {
    if (ValuePtr reader = weak.lock(); reader && reader->lazy()) {
      first.push_back(std::move(reader));
    }
  }
  Store(first);
  if (value->state == Value::State::kFailed) {
    return value->error;
  }
  if (value->names > 1 || value->buffer.use_count() > 1) {
    // Two arrays came to have the same value (or, reshaped, the same buffer) without being views of each other; this
    // one gets elements of its own.
    ValuePtr own = recorder_.Copy({value, View::Whole(value->shape)}, value->origin);
    Store({own});
    if (own->state == Value::State::kFailed) {
      return own->error;
    }
    base.Replace(std::move(own));
  }
  return absl::OkStatus();
}

absl::StatusOr<Planner::Loan> Planner::Lend(const Array& array, bool writable, const std::string& origin) {
  Loan loan{.value = array.base->value(), .whole = array.view.IsWhole(array.base->value()->shape)};
  if (loan.value->state == Value::State::kFailed) {
    return loan.value->error;
  }
  if (!loan.whole) {
    loan.value = Compact(array.operand(), origin);
  } else if (writable) {
    DA_RETURN_IF_ERROR(MakeWritable(*array.base));
    loan.value = array.base->value();
  }
  Store({loan.value});
  if (loan.value->state == Value::State::kFailed) {
    return loan.value->error;
  }
  return loan;
}

void Planner::ReplaceWritten(Base& base, CompletionPtr done) {
  const Value& old = *base.value();
  auto next = std::make_shared<Value>();
  next->dtype = old.dtype;
  next->shape = old.shape;
  next->layout = old.layout;
  next->origin = old.origin;
  MarkStored(*next, old.buffer, std::move(done));
  base.Replace(std::move(next));
}

absl::Status Planner::WriteElements(const Array& target, const ValuePtr& value, const std::string& origin) {
  DA_RETURN_IF_ERROR(MakeWritable(*target.base));
  const Value& written = *target.base->value();
  const BufferView destination{
      .buffer = written.buffer->id, .distribution = written.layout->id, .dtype = written.dtype, .view = target.view};
  const Layout space = value->layout;
  const bool regular = IsRegular(**written.layout, target.view, **space);
  if (value->lazy()) {
    Store(UnmetDependencies(*value));
  }
  if (regular && value->lazy() && !std::holds_alternative<CopyNode>(value->node) &&
      !std::holds_alternative<ReduceNode>(value->node)) {
    PassBuilder pass(lane_, space);
    DA_RETURN_IF_ERROR(pass.AddInPlace(value, destination));
    pass.DependOn(written);
    ReplaceWritten(*target.base, pass.Emit(origin));
    return absl::OkStatus();
  }
  Store({value});
  if (value->state == Value::State::kFailed) {
    return value->error;
  }
  std::vector<int> targets = space->value->targets;
  targets.insert(targets.end(), written.layout->value->targets.begin(), written.layout->value->targets.end());
  CompletionPtr done = lane_.Emit(Redistribute{.source = {.buffer = value->buffer->id,
                                                          .distribution = space->id,
                                                          .dtype = value->dtype,
                                                          .view = View::Whole(value->shape)},
                                               .destination = destination},
                                  std::move(targets), {space, written.layout}, {value->done, written.done}, origin);
  ReplaceWritten(*target.base, std::move(done));
  return absl::OkStatus();
}

absl::StatusOr<Planner::Write> Planner::Assign(const Array& target, const Recorder::UfuncOperand& value,
                                               const std::string& origin) {
  const ValuePtr current = target.base->value();
  if (current->state == Value::State::kFailed) {
    return current->error;
  }
  const Shape shape = target.view.shape();
  const auto repeats = [](const ViewDimension& dimension) {
    return dimension.count > 1 && (dimension.step == 0 || dimension.base < 0);
  };
  if (std::any_of(target.view.dimensions.begin(), target.view.dimensions.end(), repeats)) {
    return Error(Reason::kInvalidValue,
                 "key: a broadcast view, whose elements are repeated, is read-only; write to a copy");
  }
  const DType dtype = current->dtype;
  auto& registry = lane_.cluster().registry;
  Argument argument;
  if (const auto* scalar = std::get_if<TypedScalar>(&value)) {
    argument = scalar->scalar;
  } else {
    const Operand& operand = std::get<Operand>(value);
    if (operand.value->state == Value::State::kFailed) {
      return operand.value->error;
    }
    // NumPy lets leading dimensions of size 1 of the right side go.
    View view = operand.view;
    while (view.dimensions.size() > shape.size() && view.dimensions.front().count == 1) {
      const ViewDimension& front = view.dimensions.front();
      if (front.base >= 0) {
        view.fixed.push_back({.base = front.base, .index = front.start});
      }
      view.dimensions.erase(view.dimensions.begin());
    }
    absl::StatusOr<View> broadcast = BroadcastView(view, shape);
    if (!broadcast.ok()) {
      return Error(Reason::kInvalidValue, absl::StrCat("value: shape ", ToString(operand.view.shape()),
                                                       " does not broadcast to ", ToString(shape)));
    }
    argument = Operand{operand.value, *std::move(broadcast)};
  }
  const bool whole = target.view.IsWhole(current->shape);
  const Layout layout = whole ? current->layout : LayoutOf(target.operand(), registry);
  ValuePtr next = recorder_.Apply("copy", dtype, dtype, {std::move(argument)}, shape, layout, origin);
  if (next->state == Value::State::kFailed) {
    return next->error;
  }
  const auto apply = [this, target, next, whole, origin]() -> absl::Status {
    if (!whole) {
      return WriteElements(target, next, origin);
    }
    // A whole new content: no elements are written in place, readers of the old ones keep them.
    if (next->lazy()) {
      recorded_.push_back(next);
    }
    target.base->Replace(next);
    return absl::OkStatus();
  };
  if (next->MayStillFail()) {
    Store({next});
    if (next->state == Value::State::kFailed) {
      return next->error;
    }
    return Write{.until = next->done, .then = apply};
  }
  DA_RETURN_IF_ERROR(apply());
  return Write{};
}

}  // namespace distarray::server
