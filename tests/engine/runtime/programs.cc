#include "tests/engine/runtime/programs.h"

#include <algorithm>

#include "engine/kernels/operations.h"

namespace distarray {

ValueId ProgramBuilder::Add(Instruction instruction) {
  program_.instructions.push_back(std::move(instruction));
  return static_cast<ValueId>(program_.instructions.size()) - 1;
}

ValueId ProgramBuilder::Load(DType dtype) {
  program_.operand_types.push_back(dtype);
  return Add({LoadOperand{static_cast<std::int32_t>(program_.operand_types.size()) - 1}, dtype});
}

ValueId ProgramBuilder::Number(Scalar value, DType dtype) { return Add({Constant{value}, dtype}); }

ValueId ProgramBuilder::Index(int axis) { return Add({GlobalIndex{axis}, DType::kInt64}); }

ValueId ProgramBuilder::Apply(std::string_view name, std::initializer_list<ValueId> arguments) {
  const int number = FindOperation(name);
  const DType compute = program_.instructions[static_cast<std::size_t>(*(arguments.end() - 1))].dtype;
  ApplyOperation apply{number, compute, {-1, -1, -1}};
  std::copy(arguments.begin(), arguments.end(), apply.arguments.begin());
  const auto& loops = Operations()[static_cast<std::size_t>(number)].loops[static_cast<std::size_t>(compute)];
  return Add({apply, loops->result});
}

ValueId ProgramBuilder::CastTo(ValueId value, DType dtype) { return Add({Cast{value}, dtype}); }

void ProgramBuilder::Store(ValueId value) {
  program_.stores.push_back({value, static_cast<std::int32_t>(program_.stores.size())});
}

void ProgramBuilder::Reduce(std::string_view name, ValueId value, std::vector<int> axes) {
  const int number = FindReduction(name);
  const DType source = program_.instructions[static_cast<std::size_t>(value)].dtype;
  const auto loops = *Reductions()[static_cast<std::size_t>(number)].loops[static_cast<std::size_t>(source)];
  const ValueId cast = loops.compute == source ? value : CastTo(value, loops.compute);
  program_.reductions.push_back({cast, number, loops.result, std::move(axes), 0});
}

}  // namespace distarray
