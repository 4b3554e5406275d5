#include "server/planner/pass.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_set>
#include <utility>

#include "engine/index/pieces.h"
#include "engine/kernels/operations.h"

namespace distarray::server {
namespace {

bool IsElementwise(const Node& node) {
  return std::holds_alternative<ApplyNode>(node) || std::holds_alternative<IndexNode>(node) ||
         std::holds_alternative<RandomNode>(node);
}

/// Whether blocks of one layout are nearly those of another: each bound within a quarter of a block.
bool IsNear(const Distribution& a, const Distribution& b) {
  if (a.targets != b.targets || a.dimensions.size() != b.dimensions.size()) {
    return false;
  }
  for (std::size_t d = 0; d < a.dimensions.size(); ++d) {
    const DimensionMap& x = a.dimensions[d];
    const DimensionMap& y = b.dimensions[d];
    if (x == y) {
      continue;
    }
    if (x.kind != DimensionMap::Kind::kBlock || y.kind != DimensionMap::Kind::kBlock || x.size != y.size ||
        x.grid_size != y.grid_size) {
      return false;
    }
    for (std::size_t c = 0; c < x.bounds.size(); ++c) {
      constexpr std::int64_t kShare = 4;
      if (std::abs(x.bounds[c] - y.bounds[c]) * kShare * x.grid_size > x.size) {
        return false;
      }
    }
  }
  return true;
}

/// The space of the pass that computes a value.
const Layout& PassSpaceOf(const Value& root) {
  const auto* reduce = std::get_if<ReduceNode>(&root.node);
  return reduce != nullptr ? reduce->operand.value->layout : root.layout;
}

/// Whether an operand is computed in the pass of the value that reads it. What may fail has a pass to itself: its
/// failure is nobody else's.
bool FusesInto(const Operand& operand, const Value& reader, const Layout& space) {
  return !reader.may_fail && !operand.value->may_fail && Fuses(operand, space);
}

/// Calls visit(value) for `root` and every value that one pass computes with it; visit's result is ignored. No
/// recursion: graphs are deep.
template <typename Visit>
void WalkFused(const Value& root, Visit&& visit) {
  const Layout& space = PassSpaceOf(root);
  std::vector<const Value*> stack{&root};
  std::unordered_set<const Value*> seen{&root};
  while (!stack.empty()) {
    const Value* value = stack.back();
    stack.pop_back();
    visit(*value);
    for (const Operand* operand : OperandsOf(value->node)) {
      if (FusesInto(*operand, *value, space) && seen.insert(operand->value.get()).second) {
        stack.push_back(operand->value.get());
      }
    }
  }
}

}  // namespace

bool Fuses(const Operand& operand, const Layout& space) {
  const Value& value = *operand.value;
  if (!value.lazy() || !IsElementwise(value.node) || !operand.view.IsWhole(value.shape)) {
    return false;
  }
  // What nobody can ask about is computed wherever its reader is: products of slices that are shifted against each
  // other.
  return value.layout == space || (value.names == 0 && IsNear(**value.layout, **space));
}

std::vector<ValuePtr> UnmetDependencies(const Value& root) {
  std::vector<ValuePtr> unmet;
  WalkFused(root, [&](const Value& value) {
    for (const Operand* operand : OperandsOf(value.node)) {
      if (operand->value->lazy() && !FusesInto(*operand, value, PassSpaceOf(root))) {
        unmet.push_back(operand->value);
      }
    }
  });
  return unmet;
}

absl::StatusOr<Ledger::Charge> ChargeFor(Lane& lane, Value& value, std::int64_t copies) {
  if (lane.rehearsing()) {
    return Ledger::Charge{};
  }
  if (value.charge.held()) {
    return std::exchange(value.charge, {});
  }
  return lane.cluster().ledger.Reserve(value.nbytes() * copies);
}

void MarkStored(Value& value, std::shared_ptr<Buffer> buffer, CompletionPtr done) {
  value.state = Value::State::kStored;
  value.buffer = std::move(buffer);
  value.done = std::move(done);
  value.node = EmptyNode{};
}

PassBuilder::PassBuilder(Lane& lane, Layout space) : lane_(lane), space_(std::move(space)) {
  command_.space = space_->id;
  holds_.push_back(space_);
}

ValueId PassBuilder::Append(Instruction instruction) {
  command_.program.instructions.push_back(std::move(instruction));
  return static_cast<ValueId>(command_.program.instructions.size()) - 1;
}

ValueId PassBuilder::CastTo(ValueId value, DType dtype) {
  if (command_.program.instructions[static_cast<std::size_t>(value)].dtype == dtype) {
    return value;
  }
  return Append({.what = Cast{.argument = value}, .dtype = dtype});
}

absl::StatusOr<BufferView> PassBuilder::Place(const Operand& operand) {
  const Value& value = *operand.value;
  if (value.state == Value::State::kFailed) {
    return value.error;
  }
  BufferView placed{
      .buffer = value.buffer->id, .distribution = value.layout->id, .dtype = value.dtype, .view = operand.view};
  const bool here = (value.layout == space_ && operand.view.IsWhole(value.shape)) ||
                    (Equivalent(DistributionOfView(**value.layout, operand.view), **space_) &&
                     IsRegular(**value.layout, operand.view, **space_));
  if (!here) {
    DA_ASSIGN_OR_RETURN(const bool has_edges, PlaceEdges(operand, placed));
    if (!has_edges) {
      return PlaceCopy(operand);
    }
  }
  inputs_.push_back(value.done);
  holds_.push_back(value.layout);
  return placed;
}

/// Where most of a view's blocks are where the space has them (slices shifted against each other), only what is not is
/// copied, to where it is read. `placed` becomes the pass's next operand if so.
absl::StatusOr<bool> PassBuilder::PlaceEdges(const Operand& operand, const BufferView& placed) {
  const Value& value = *operand.value;
  for (const OperandEdges& edges : command_.edges) {
    const BufferView& other = command_.operands[static_cast<std::size_t>(edges.operand)];
    if (other.buffer == placed.buffer && other.view == placed.view) {
      return true;
    }
  }
  const auto pieces = Pieces::Of(**value.layout, operand.view, **space_);
  if (!pieces) {
    return false;
  }
  auto copy = std::make_shared<Value>();
  Distribution edges = pieces->Edges();
  copy->dtype = value.dtype;
  copy->shape = edges.shape();
  // Each operand cuts the space into boxes: there must be few, and large ones.
  constexpr std::int64_t kShare = 4;
  constexpr std::size_t kCutMax = 32;
  if (copy->shape[0] > space_->value->size() / kShare || command_.edges.size() >= kCutMax) {
    return false;
  }
  copy->layout = lane_.cluster().registry.Intern(std::move(edges));
  DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(lane_, *copy));
  auto buffer = lane_.MakeBuffer(std::move(charge));
  const NewBuffer made{.buffer = buffer->id, .distribution = copy->layout->id, .dtype = value.dtype};
  std::vector<int> targets = value.layout->value->targets;
  targets.insert(targets.end(), space_->value->targets.begin(), space_->value->targets.end());
  CompletionPtr done = lane_.Emit(CopyEdges{.source = placed, .space = space_->id, .destination = made},
                                  std::move(targets), {value.layout, space_, copy->layout}, {value.done}, value.origin);
  MarkStored(*copy, std::move(buffer), std::move(done));
  command_.edges.push_back({.operand = static_cast<std::int32_t>(command_.operands.size()), .buffer = made});
  temporaries_.push_back(copy);
  inputs_.push_back(copy->done);
  holds_.push_back(copy->layout);
  return true;
}

absl::StatusOr<BufferView> PassBuilder::PlaceCopy(const Operand& operand) {
  Value& value = *operand.value;
  // A copy dealt out as the space is; along dimensions that are broadcast each process has one element of its own.
  Distribution wanted;
  wanted.targets = space_->value->targets;
  View core = operand.view;
  View reading;
  std::int64_t copies = 1;
  for (int d = 0; d < space_->value->ndim(); ++d) {
    ViewDimension& dimension = core.dimensions[static_cast<std::size_t>(d)];
    const DimensionMap& map = space_->value->dimensions[static_cast<std::size_t>(d)];
    const bool repeated = dimension.step == 0 || (dimension.base < 0 && dimension.count != 1);
    reading.dimensions.push_back({.base = d, .start = 0, .step = repeated ? 0 : 1, .count = map.size});
    if (repeated) {
      dimension.step = 1;
      dimension.count = 1;
      wanted.dimensions.push_back(map.grid_size > 1 ? DimensionMap::Replicated(1, map.grid_size)
                                                    : DimensionMap::Whole(1));
      copies *= map.grid_size;
    } else {
      wanted.dimensions.push_back(map);
    }
  }
  Layout layout = lane_.cluster().registry.Intern(std::move(wanted));
  ByteWriter name;
  core.Encode(name);
  name.Put(layout->id);
  std::string key = std::move(name).Take();
  ValuePtr copy;
  if (const auto found = value.replicas.find(key); found != value.replicas.end()) {
    copy = found->second;
  } else {
    copy = std::make_shared<Value>();
    copy->dtype = value.dtype;
    copy->shape = layout->value->shape();
    copy->layout = layout;
    DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(lane_, *copy, copies));
    auto buffer = lane_.MakeBuffer(std::move(charge));
    std::vector<int> targets = value.layout->value->targets;
    targets.insert(targets.end(), space_->value->targets.begin(), space_->value->targets.end());
    CompletionPtr done = lane_.Emit(
        Redistribute{.source = {.buffer = value.buffer->id,
                                .distribution = value.layout->id,
                                .dtype = value.dtype,
                                .view = core},
                     .destination = NewBuffer{.buffer = buffer->id, .distribution = layout->id, .dtype = value.dtype}},
        std::move(targets), {value.layout, layout}, {value.done}, value.origin);
    MarkStored(*copy, std::move(buffer), std::move(done));
    constexpr std::int64_t kKeptBytesMax = 1 << 20;
    if (copy->nbytes() * copies <= kKeptBytesMax) {
      value.replicas.emplace(std::move(key), copy);
    }
  }
  temporaries_.push_back(copy);
  inputs_.push_back(copy->done);
  holds_.push_back(layout);
  return BufferView{
      .buffer = copy->buffer->id, .distribution = layout->id, .dtype = value.dtype, .view = std::move(reading)};
}

absl::StatusOr<ValueId> PassBuilder::Load(const Operand& operand) {
  DA_ASSIGN_OR_RETURN(BufferView placed, Place(operand));
  for (std::size_t k = 0; k < command_.operands.size(); ++k) {
    if (command_.operands[k].buffer == placed.buffer && command_.operands[k].view == placed.view) {
      return operand_loads_[k];
    }
  }
  const auto number = static_cast<std::int32_t>(command_.operands.size());
  command_.program.operand_types.push_back(placed.dtype);
  operand_loads_.push_back(Append({.what = LoadOperand{.operand = number}, .dtype = placed.dtype}));
  command_.operands.push_back(std::move(placed));
  return operand_loads_.back();
}

absl::StatusOr<ValueId> PassBuilder::BuildArgument(const Argument& argument, DType wanted) {
  if (const auto* scalar = std::get_if<Scalar>(&argument)) {
    return Append({.what = Constant{.value = *scalar}, .dtype = wanted});
  }
  const auto& operand = std::get<Operand>(argument);
  const auto found = Fuses(operand, space_) ? built_.find(operand.value.get()) : built_.end();
  ValueId loaded = -1;
  if (found != built_.end()) {
    loaded = found->second;
  } else {
    DA_ASSIGN_OR_RETURN(loaded, Load(operand));
  }
  return CastTo(loaded, wanted);
}

absl::StatusOr<ValueId> PassBuilder::BuildNode(const Value& value) {
  if (const auto* index = std::get_if<IndexNode>(&value.node)) {
    return CastTo(Append({.what = GlobalIndex{.axis = index->axis}, .dtype = DType::kInt64}), value.dtype);
  }
  if (const auto* random = std::get_if<RandomNode>(&value.node)) {
    return Append({.what = random->number, .dtype = value.dtype});
  }
  static const int copy = FindOperation("copy");
  const auto& apply = std::get<ApplyNode>(value.node);
  const Operation& operation = Operations()[static_cast<std::size_t>(apply.operation)];
  ApplyOperation what{.operation = apply.operation, .compute = apply.compute};
  for (std::size_t k = 0; k < apply.arguments.size(); ++k) {
    const DType wanted = k == 0 && operation.condition_first ? DType::kBool : apply.compute;
    DA_ASSIGN_OR_RETURN(what.arguments[k], BuildArgument(apply.arguments[k], wanted));
  }
  const ValueId result = apply.operation == copy ? what.arguments[0] : Append({.what = what, .dtype = apply.result});
  return CastTo(result, value.dtype);
}

absl::StatusOr<ValueId> PassBuilder::Build(const ValuePtr& root) {
  // Post-order without recursion: a value is built when it is met the second time, after what it reads.
  std::vector<std::pair<ValuePtr, bool>> stack{{root, false}};
  while (!stack.empty()) {
    auto [value, ready] = stack.back();
    stack.pop_back();
    if (built_.contains(value.get())) {
      continue;
    }
    if (!ready) {
      stack.emplace_back(value, true);
      for (const Operand* operand : OperandsOf(value->node)) {
        if (Fuses(*operand, space_)) {
          stack.emplace_back(operand->value, false);
        }
      }
      continue;
    }
    DA_ASSIGN_OR_RETURN(const ValueId id, BuildNode(*value));
    built_.emplace(value.get(), id);
    inner_.push_back(value);
  }
  return built_.at(root.get());
}

absl::Status PassBuilder::AddStored(const ValuePtr& root) {
  for (const Output& output : outputs_) {
    if (output.value == root) {
      return absl::OkStatus();
    }
  }
  NewBuffer made{.distribution = space_->id, .dtype = root->dtype};
  ValueId id = -1;
  if (!std::holds_alternative<EmptyNode>(root->node)) {
    DA_ASSIGN_OR_RETURN(id, Build(root));
  }
  DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(lane_, *root));
  auto buffer = lane_.MakeBuffer(std::move(charge));
  made.buffer = buffer->id;
  if (id >= 0) {
    command_.program.stores.push_back({.value = id, .output = static_cast<std::int32_t>(command_.outputs.size())});
  }
  command_.outputs.emplace_back(made);
  root->layout = space_;  // another only where nobody can tell
  outputs_.push_back({root, std::move(buffer)});
  return absl::OkStatus();
}

absl::Status PassBuilder::AddReduction(const ValuePtr& root) {
  const auto& reduce = std::get<ReduceNode>(root->node);
  ValueId id = -1;
  if (Fuses(reduce.operand, space_)) {
    DA_ASSIGN_OR_RETURN(id, Build(reduce.operand.value));
  } else {
    DA_ASSIGN_OR_RETURN(id, Load(reduce.operand));
  }
  id = CastTo(id, reduce.compute);
  DA_ASSIGN_OR_RETURN(Ledger::Charge charge, ChargeFor(lane_, *root));
  auto buffer = lane_.MakeBuffer(std::move(charge));
  command_.program.reductions.push_back({.value = id,
                                         .reduction = reduce.reduction,
                                         .result = root->dtype,
                                         .axes = reduce.axes,
                                         .correction = reduce.correction});
  command_.results.push_back({.buffer = buffer->id, .distribution = root->layout->id, .dtype = root->dtype});
  holds_.push_back(root->layout);
  outputs_.push_back({root, std::move(buffer)});
  return absl::OkStatus();
}

absl::Status PassBuilder::AddInPlace(const ValuePtr& root, const BufferView& destination) {
  DA_ASSIGN_OR_RETURN(const ValueId id, Build(root));
  command_.program.stores.push_back({.value = id, .output = static_cast<std::int32_t>(command_.outputs.size())});
  command_.outputs.emplace_back(destination);
  return absl::OkStatus();
}

void PassBuilder::StoreShared() {
  std::unordered_set<const Value*> ours;
  for (const ValuePtr& value : inner_) {
    ours.insert(value.get());
  }
  for (const Output& output : outputs_) {
    ours.insert(output.value.get());
  }
  const auto read_elsewhere = [&](const Value& value) {
    return std::any_of(value.readers.begin(), value.readers.end(), [&](const std::weak_ptr<Value>& weak) {
      const ValuePtr reader = weak.lock();
      return reader && reader->lazy() && !ours.contains(reader.get());
    });
  };
  for (const ValuePtr& value : inner_) {
    if (value->lazy() && (value->names > 0 || read_elsewhere(*value)) && !AddStored(value).ok()) {
      return;
    }
  }
}

CompletionPtr PassBuilder::Emit(const std::string& origin) {
  CompletionPtr done =
      lane_.Emit(std::move(command_), space_->value->targets, std::move(holds_), std::move(inputs_), origin);
  for (Output& output : outputs_) {
    MarkStored(*output.value, std::move(output.buffer), done);
  }
  return done;
}

}  // namespace distarray::server
