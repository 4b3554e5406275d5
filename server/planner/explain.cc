#include "server/planner/explain.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/kernels/operations.h"
#include "server/planner/planner.h"

namespace distarray::server {
namespace {

std::vector<Operand*> MutableOperandsOf(Node& node) {
  std::vector<Operand*> operands;
  for (const Operand* operand : OperandsOf(node)) {
    operands.push_back(const_cast<Operand*>(operand));  // the node is ours to change
  }
  return operands;
}

/// A copy of a value and of everything that it is computed from, so that planning changes none of it.
ValuePtr CopyOfGraph(const ValuePtr& root) {
  std::unordered_map<const Value*, ValuePtr> copies;
  std::vector<ValuePtr> stack{root};
  while (!stack.empty()) {
    const ValuePtr value = std::move(stack.back());
    stack.pop_back();
    if (copies.contains(value.get())) {
      continue;
    }
    auto copy = std::make_shared<Value>();
    copy->state = value->state;
    copy->dtype = value->dtype;
    copy->shape = value->shape;
    copy->layout = value->layout;
    copy->names = value->names;
    copy->may_fail = value->may_fail;
    copy->node = value->node;
    copy->readers = value->readers;
    copy->buffer = value->buffer;
    copy->done = value->done;
    copy->replicas = value->replicas;
    copy->error = value->error;
    copies.emplace(value.get(), std::move(copy));
    for (const Operand* operand : OperandsOf(value->node)) {
      stack.push_back(operand->value);
    }
  }
  for (auto& [original, copy] : copies) {
    for (Operand* operand : MutableOperandsOf(copy->node)) {
      operand->value = copies.at(operand->value.get());
    }
    for (std::weak_ptr<Value>& weak : copy->readers) {
      if (const auto found = copies.find(weak.lock().get()); found != copies.end()) {
        weak = found->second;
      }
    }
  }
  return copies.at(root.get());
}

/// What a target holds of each dimension of a view; nothing if it holds no element of it.
std::optional<std::vector<std::vector<Segment>>> HeldOf(const Distribution& distribution, const View& view,
                                                        int target) {
  const int rank = distribution.RankOf(target);
  if (rank < 0) {
    return std::nullopt;
  }
  const auto at = distribution.Coordinates(rank);
  for (const FixedDimension& fixed : view.fixed) {
    const DimensionMap& map = distribution.dimensions[static_cast<std::size_t>(fixed.base)];
    if (!map.replicated() && map.Owner(fixed.index) != at[static_cast<std::size_t>(fixed.base)]) {
      return std::nullopt;
    }
  }
  std::vector<std::vector<Segment>> held;
  for (std::size_t d = 0; d < view.dimensions.size(); ++d) {
    const int base = view.dimensions[d].base;
    held.push_back(
        ViewSegments(distribution, view, static_cast<int>(d), base < 0 ? 0 : at[static_cast<std::size_t>(base)]));
  }
  return held;
}

/// Elements of a copy's destination that come from other engines.
std::int64_t MovedElements(const Distribution& source, const View& from, const Distribution& destination,
                           const View& to) {
  std::int64_t moved = 0;
  for (const int target : destination.targets) {
    const auto wanted = HeldOf(destination, to, target);
    if (!wanted) {
      continue;
    }
    const auto held = HeldOf(source, from, target);
    std::int64_t count = 1;
    std::int64_t own = held ? 1 : 0;
    for (std::size_t d = 0; d < wanted->size(); ++d) {
      std::int64_t of_dimension = 0;
      for (const Segment& segment : (*wanted)[d]) {
        of_dimension += segment.count;
      }
      count *= of_dimension;
      std::int64_t common = 0;
      for (const Overlap& overlap : held ? Intersect((*held)[d], (*wanted)[d]) : std::vector<Overlap>{}) {
        common += overlap.count;
      }
      own *= common;
    }
    moved += count - own;
  }
  return moved;
}

/// Turns commands into steps.
class Explainer {
 public:
  explicit Explainer(const DistributionRegistry& registry) : registry_(registry) {}

  void Add(const CommandBody& body, const std::vector<int>& targets) {
    Explanation::Step step{.targets = targets};
    if (const auto* run = std::get_if<RunProgram>(&body)) {
      AddProgram(*run, step);
    } else if (const auto* copy = std::get_if<Redistribute>(&body)) {
      AddCopy(*copy, step);
    } else if (const auto* edges = std::get_if<CopyEdges>(&body)) {
      step.kind = Explanation::Step::Kind::kEdges;
      step.shape = edges->source.view.shape();
      step.memory_bytes = BytesOf(edges->destination);
      step.moved_bytes = step.memory_bytes;
    } else {
      return;
    }
    explanation_.steps.push_back(std::move(step));
  }
  Explanation Take() { return std::move(explanation_); }

 private:
  Distribution At(DistributionId id) const {
    const Layout layout = registry_.Find(id);
    return layout ? *layout->value : Distribution{};
  }

  std::int64_t BytesOf(const NewBuffer& buffer) const {
    const Distribution distribution = At(buffer.distribution);
    std::int64_t elements = 0;
    for (std::size_t rank = 0; rank < distribution.targets.size(); ++rank) {
      elements += distribution.LocalCount(static_cast<int>(rank));
    }
    return elements * SizeOf(buffer.dtype);
  }

  void AddProgram(const RunProgram& run, Explanation::Step& step) {
    step.shape = At(run.space).shape();
    step.operand_count = static_cast<std::int64_t>(run.operands.size());
    step.instruction_count = static_cast<std::int64_t>(run.program.instructions.size());
    for (const Instruction& instruction : run.program.instructions) {
      if (const auto* apply = std::get_if<ApplyOperation>(&instruction.what)) {
        step.operations.emplace_back(Operations()[static_cast<std::size_t>(apply->operation)].name);
      }
    }
    for (const ReduceOutput& reduce : run.program.reductions) {
      step.operations.emplace_back(Reductions()[static_cast<std::size_t>(reduce.reduction)].name);
    }
    for (const OutputBuffer& output : run.outputs) {
      if (const auto* made = std::get_if<NewBuffer>(&output)) {
        step.memory_bytes += BytesOf(*made);
      }
    }
    for (const NewBuffer& result : run.results) {
      step.memory_bytes += BytesOf(result);
    }
  }

  void AddCopy(const Redistribute& copy, Explanation::Step& step) {
    step.kind = Explanation::Step::Kind::kCopy;
    step.shape = copy.source.view.shape();
    View to = View::Whole(step.shape);
    DistributionId into = 0;
    if (const auto* made = std::get_if<NewBuffer>(&copy.destination)) {
      into = made->distribution;
      step.memory_bytes = BytesOf(*made);
    } else {
      const auto& view = std::get<BufferView>(copy.destination);
      into = view.distribution;
      to = view.view;
    }
    step.moved_bytes =
        MovedElements(At(copy.source.distribution), copy.source.view, At(into), to) * SizeOf(copy.source.dtype);
  }

  const DistributionRegistry& registry_;
  Explanation explanation_;
};

}  // namespace

Explanation Explain(Cluster& cluster, const ValuePtr& value) {
  Lane::Rehearsal rehearsal;
  {
    Planner planner(cluster, 0);
    planner.lane().Rehearse(&rehearsal);
    planner.Store({CopyOfGraph(value)});
  }
  Explainer explainer(cluster.registry);
  for (const auto& [body, targets] : rehearsal.commands) {
    explainer.Add(body, targets);
  }
  return explainer.Take();
}

}  // namespace distarray::server
