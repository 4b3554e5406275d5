#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "server/planner/lane.h"
#include "server/planner/value.h"

namespace distarray::server {

/// Whether a lazy value can be computed inside a pass over `space`, point by point; then it may be stored as that is.
bool Fuses(const Operand& operand, const Layout& space);

/// The lazy values that must be stored before `value` can be computed in one pass.
std::vector<ValuePtr> UnmetDependencies(const Value& value);

/// Puts one fused pass together: lazy values become instructions, stored ones operands.
class PassBuilder {
 public:
  PassBuilder(Lane& lane, Layout space);

  /// Makes `root` (lazy, elementwise, of this space) an output: a new buffer. Dependencies must have been stored.
  absl::Status AddStored(const ValuePtr& root);
  /// Makes `root` (a lazy reduction of elements of this space) a result.
  absl::Status AddReduction(const ValuePtr& root);
  /// Writes `root` (as AddStored) to elements of a buffer that exists and that the pass does not read.
  absl::Status AddInPlace(const ValuePtr& root, const BufferView& destination);

  /// Makes the pass's outcome depend on a stored value's (which it overwrites in part).
  void DependOn(const Value& value) {
    inputs_.push_back(value.done);
    holds_.push_back(value.layout);
  }

  /// Also stores what was computed on the way and is named, or read by somebody who is not part of this pass (what
  /// there is room for: the rest stays lazy).
  void StoreShared();

  std::int64_t instruction_count() const { return static_cast<std::int64_t>(command_.program.instructions.size()); }

  /// Queues the pass; its roots are stored from here on.
  CompletionPtr Emit(const std::string& origin);

 private:
  absl::StatusOr<ValueId> Build(const ValuePtr& root);
  absl::StatusOr<ValueId> BuildNode(const Value& value);
  absl::StatusOr<ValueId> BuildArgument(const Argument& argument, DType wanted);
  absl::StatusOr<ValueId> Load(const Operand& operand);
  absl::StatusOr<BufferView> Place(const Operand& operand);
  absl::StatusOr<BufferView> PlaceCopy(const Operand& operand);
  absl::StatusOr<bool> PlaceEdges(const Operand& operand, const BufferView& placed);
  ValueId CastTo(ValueId value, DType dtype);
  ValueId Append(Instruction instruction);

  struct Output {
    ValuePtr value;
    std::shared_ptr<Buffer> buffer;
  };

  Lane& lane_;
  Layout space_;
  RunProgram command_;
  std::vector<Output> outputs_;
  std::unordered_map<const Value*, ValueId> built_;
  std::vector<ValuePtr> inner_;         // built lazy values, in order
  std::vector<ValueId> operand_loads_;  // instruction that loads operand k
  std::vector<ValuePtr> temporaries_;   // copies made for this pass
  std::vector<std::shared_ptr<const void>> holds_;
  std::vector<CompletionPtr> inputs_;
};

/// Room for a value's buffer: what was reserved for it, else newly reserved. `copies`: how many times it is stored.
/// Error kMemoryLimit.
absl::StatusOr<Ledger::Charge> ChargeFor(Lane& lane, Value& value, std::int64_t copies = 1);

/// Turns a lazy value into a stored one.
void MarkStored(Value& value, std::shared_ptr<Buffer> buffer, CompletionPtr done);

}  // namespace distarray::server
