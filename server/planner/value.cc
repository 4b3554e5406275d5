#include "server/planner/value.h"

#include "engine/kernels/operations.h"

namespace distarray::server {

std::int64_t Value::nbytes() const {
  std::int64_t bytes = SizeOf(dtype);
  for (const std::int64_t size : shape) {
    bytes *= size;
  }
  return bytes;
}

bool CanFail(const Node& node) {
  const auto* apply = std::get_if<ApplyNode>(&node);
  if (apply == nullptr || !Operations()[static_cast<std::size_t>(apply->operation)].may_fail) {
    return false;
  }
  const Kind kind = KindOf(apply->compute);
  return kind == Kind::kSigned || kind == Kind::kUnsigned;
}

std::vector<const Operand*> OperandsOf(const Node& node) {
  std::vector<const Operand*> operands;
  if (const auto* apply = std::get_if<ApplyNode>(&node)) {
    for (const Argument& argument : apply->arguments) {
      if (const auto* operand = std::get_if<Operand>(&argument)) {
        operands.push_back(operand);
      }
    }
  } else if (const auto* reduce = std::get_if<ReduceNode>(&node)) {
    operands.push_back(&reduce->operand);
  } else if (const auto* copy = std::get_if<CopyNode>(&node)) {
    operands.push_back(&copy->operand);
  }
  return operands;
}

Layout LayoutOf(const Operand& operand, DistributionRegistry& registry) {
  const Value& value = *operand.value;
  if (operand.view.IsWhole(value.shape)) {
    return value.layout;
  }
  return registry.Intern(DistributionOfView(**value.layout, operand.view));
}

}  // namespace distarray::server
