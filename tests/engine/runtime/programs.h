#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "engine/program/program.h"

namespace distarray {

/// Builds programs for tests, an instruction a call.
class ProgramBuilder {
 public:
  ValueId Load(DType dtype);  // the next operand
  ValueId Number(Scalar value, DType dtype);
  ValueId Index(int axis);
  /// Operands must have the operation's compute dtype already.
  ValueId Apply(std::string_view name, std::initializer_list<ValueId> arguments);
  ValueId CastTo(ValueId value, DType dtype);
  void Store(ValueId value);                                                 // to the next output
  void Reduce(std::string_view name, ValueId value, std::vector<int> axes);  // casts to the compute dtype

  /// dtype of reduction r's result.
  DType ResultOf(std::size_t r) const { return program_.reductions[r].result; }
  const Program& program() const { return program_; }

 private:
  ValueId Add(Instruction instruction);
  Program program_;
};

}  // namespace distarray
