#include "server/planner/planner.h"

#include <algorithm>
#include <utility>

namespace distarray::server {
namespace {

// A graph this large is run: passes stay small enough for the cache, and handles do not pile up work without end.
constexpr std::size_t kRecordedMax = 96;
constexpr std::int64_t kInstructionsMax = 192;
constexpr std::int64_t kLargeBytes = 1 << 20;

/// The space in which a value's pass runs.
Layout SpaceOf(const ValuePtr& value, DistributionRegistry& registry) {
  const auto* reduce = std::get_if<ReduceNode>(&value->node);
  return reduce ? LayoutOf(reduce->operand, registry) : value->layout;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Base>> Planner::Name(const ValuePtr& value) {
  if (value->lazy() && value->names == 0) {
    DA_ASSIGN_OR_RETURN(value->charge, lane_.cluster().ledger.Reserve(value->nbytes()));
    recorded_.push_back(value);
  }
  return std::make_shared<Base>(value);
}

void Planner::Fail(Value& value, absl::Status status) {
  value.state = Value::State::kFailed;
  value.error = std::move(status);
  value.node = EmptyNode{};
  value.charge = {};
}

absl::Status Planner::RunCopy(const ValuePtr& value) {
  const Operand operand = std::get<CopyNode>(value->node).operand;
  const Value& source = *operand.value;
  if (source.state == Value::State::kFailed) {
    return source.error;
  }
  DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(lane_, *value));
  auto buffer = lane_.MakeBuffer(std::move(charge));
  std::vector<int> targets = source.layout->value->targets;
  targets.insert(targets.end(), value->layout->value->targets.begin(), value->layout->value->targets.end());
  CompletionPtr done = lane_.Emit(
      Redistribute{
          .source = {.buffer = source.buffer->id,
                     .distribution = source.layout->id,
                     .dtype = source.dtype,
                     .view = operand.view},
          .destination = NewBuffer{.buffer = buffer->id, .distribution = value->layout->id, .dtype = value->dtype}},
      std::move(targets), {source.layout, value->layout}, {source.done}, value->origin);
  MarkStored(*value, std::move(buffer), std::move(done));
  return absl::OkStatus();
}

absl::Status Planner::Run(const ValuePtr& value, const std::vector<ValuePtr>& mates) {
  if (std::holds_alternative<CopyNode>(value->node)) {
    return RunCopy(value);
  }
  auto& registry = lane_.cluster().registry;
  const Layout space = SpaceOf(value, registry);
  PassBuilder pass(lane_, space);
  const auto add = [&](const ValuePtr& root) {
    return std::holds_alternative<ReduceNode>(root->node) ? pass.AddReduction(root) : pass.AddStored(root);
  };
  DA_RETURN_IF_ERROR(add(value));
  // Others that were asked for together and run over the same space join the pass.
  for (const ValuePtr& mate : mates) {
    if (mate == value || !mate->lazy() || std::holds_alternative<CopyNode>(mate->node) || value->may_fail ||
        mate->may_fail || pass.instruction_count() > kInstructionsMax || SpaceOf(mate, registry) != space ||
        !UnmetDependencies(*mate).empty()) {
      continue;
    }
    if (!add(mate).ok()) {
      break;  // it will fail by itself, when it is its turn
    }
  }
  pass.StoreShared();
  pass.Emit(value->origin);
  return absl::OkStatus();
}

void Planner::Store(const std::vector<ValuePtr>& values) {
  // Depth first without recursion: what a value waits for is put above it.
  std::vector<ValuePtr> stack(values.rbegin(), values.rend());
  while (!stack.empty()) {
    const ValuePtr value = stack.back();
    if (!value->lazy()) {
      stack.pop_back();
      continue;
    }
    std::vector<ValuePtr> unmet = UnmetDependencies(*value);
    if (!unmet.empty()) {
      stack.insert(stack.end(), unmet.begin(), unmet.end());
      continue;
    }
    stack.pop_back();
    if (absl::Status status = Run(value, values); !status.ok()) {
      Fail(*value, std::move(status));
    }
  }
}

void Planner::StoreNamed() {
  std::vector<ValuePtr> named;
  for (const auto& weak : recorded_) {
    if (ValuePtr value = weak.lock(); value && value->lazy() && value->names > 0) {
      named.push_back(std::move(value));
    }
  }
  recorded_.clear();
  Store(named);
  unnamed_bytes_ = 0;
}

void Planner::KeepBounded() {
  if (recorded_.size() >= kRecordedMax) {
    // Names that are gone do not count, but work that is only reachable through others does: run it all.
    StoreNamed();
  }
}

void Planner::NoteUnnamed(const ValuePtr& value) {
  if (!value->stored() || value->names > 0 || value->nbytes() < kLargeBytes) {
    return;
  }
  const bool read = std::any_of(value->readers.begin(), value->readers.end(), [](const std::weak_ptr<Value>& reader) {
    const ValuePtr alive = reader.lock();
    return alive && alive->lazy();
  });
  if (read) {
    unnamed_bytes_ += value->nbytes();
    constexpr std::int64_t kShareOfLimit = 8;
    if (unnamed_bytes_ > lane_.cluster().ledger.limit_bytes() / kShareOfLimit) {
      StoreNamed();
    }
  }
}

ValuePtr Planner::Compact(const Operand& operand, const std::string& origin) {
  if (operand.view.IsWhole(operand.value->shape)) {
    return operand.value;
  }
  return recorder_.Copy(operand, origin);
}

}  // namespace distarray::server
