#include "engine/runtime/loans.h"

#include <algorithm>

namespace distarray {
namespace {

/// Looks up what a command uses. A buffer that is not there is the command's own error.
class Check {
 public:
  explicit Check(const BufferStore& store) : store_(store) {}

  bool MayRead(BufferId id) const {
    const auto buffer = store_.Find(id);
    return !buffer.ok() || (*buffer)->MayBeRead();
  }
  bool MayWrite(BufferId id) const {
    const auto buffer = store_.Find(id);
    return !buffer.ok() || (*buffer)->MayBeWritten();
  }
  bool MayWrite(const OutputBuffer& output) const {
    const auto* in_place = std::get_if<BufferView>(&output);
    return in_place == nullptr || MayWrite(in_place->buffer);
  }

  bool MayRead(const std::vector<BufferView>& views) const {
    return std::all_of(views.begin(), views.end(), [this](const BufferView& view) { return MayRead(view.buffer); });
  }
  bool MayRead(const RowChoice& choice) const { return MayRead(choice.indices); }
  template <typename Put>
  bool MayPut(const Put& command) const {
    return MayRead(command.choice) && (!command.values || MayRead(command.values->buffer)) &&
           MayWrite(command.destination.buffer);
  }

  bool operator()(const RunProgram& command) const {
    return std::all_of(command.operands.begin(), command.operands.end(),
                       [this](const BufferView& operand) { return MayRead(operand.buffer); }) &&
           std::all_of(command.outputs.begin(), command.outputs.end(),
                       [this](const OutputBuffer& output) { return MayWrite(output); });
  }
  bool operator()(const Redistribute& command) const {
    return MayRead(command.source.buffer) && MayWrite(command.destination);
  }
  bool operator()(const MultiplyMatrices& command) const {
    return MayRead(command.a.buffer) && MayRead(command.b.buffer);
  }
  bool operator()(const CopyEdges& command) const { return MayRead(command.source.buffer); }
  bool operator()(const ScanArray& command) const { return MayRead(command.source); }
  bool operator()(const FetchBytes& command) const { return MayRead(command.buffer); }
  bool operator()(const SaveHdf5& command) const { return MayRead(command.source.buffer); }
  bool operator()(const LendBlocks& command) const {
    return std::all_of(command.loans.begin(), command.loans.end(), [this](const LendBlocks::Loan& loan) {
      return loan.writable ? MayWrite(loan.buffer) : MayRead(loan.buffer);
    });
  }
  bool operator()(const CheckRows& command) const { return MayRead(command.choice) && MayRead(command.needed); }
  bool operator()(const TakeRows& command) const { return MayRead(command.source.buffer) && MayRead(command.choice); }
  bool operator()(const TakeAlong& command) const { return MayRead(command.source.buffer) && MayRead(command.choice); }
  bool operator()(const TakeAligned& command) const {
    return MayRead(command.source.buffer) && MayRead(command.indices.buffer);
  }
  bool operator()(const PutRows& command) const { return MayPut(command); }
  bool operator()(const PutAlong& command) const { return MayPut(command); }
  bool operator()(const CountSelected& command) const { return MayRead(command.mask.buffer); }
  bool operator()(const SelectRows& command) const {
    return MayRead(command.mask.buffer) &&
           std::all_of(command.takes.begin(), command.takes.end(),
                       [this](const SelectRows::Take& take) { return MayRead(take.source.buffer); });
  }
  bool operator()(const PutSelected& command) const {
    return MayRead(command.mask.buffer) && MayRead(command.values.buffer) && MayWrite(command.destination.buffer);
  }
  bool operator()(const CountBins& command) const {
    return MayRead(command.values.buffer) && (!command.weights || MayRead(command.weights->buffer)) &&
           (!command.edges || MayRead(command.edges->buffer));
  }
  template <typename Other>
  bool operator()(const Other&) const {
    return true;
  }

 private:
  const BufferStore& store_;
};

}  // namespace

bool MayStart(const CommandBody& command, const BufferStore& store) { return std::visit(Check(store), command); }

}  // namespace distarray
