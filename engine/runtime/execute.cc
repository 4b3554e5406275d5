#include "engine/runtime/execute.h"

#include <absl/strings/str_cat.h>

namespace distarray {
namespace {

Task NotOfALane() { co_return Error(Reason::kInternal, "a command that belongs to no lane came in one"); }

Task ExecuteFree(Execution& execution, const FreeBuffers& command) {
  for (const BufferId buffer : command.buffers) {
    execution.services.store.Erase(buffer);
  }
  co_return absl::OkStatus();
}

struct Dispatch {
  Execution& execution;
  Task operator()(const RunProgram& command) const { return ExecuteProgram(execution, command); }
  Task operator()(const Redistribute& command) const { return ExecuteRedistribute(execution, command); }
  Task operator()(const MultiplyMatrices& command) const { return ExecuteMultiply(execution, command); }
  Task operator()(const CopyEdges& command) const { return ExecuteEdges(execution, command); }
  Task operator()(const ScanArray& command) const { return ExecuteScan(execution, command); }
  Task operator()(const SortRows& command) const { return ExecuteSort(execution, command); }
  Task operator()(const SearchRows& command) const { return ExecuteSearch(execution, command); }
  Task operator()(const StoreBytes& command) const { return ExecuteStore(execution, command); }
  Task operator()(const FetchBytes& command) const { return ExecuteFetch(execution, command); }
  Task operator()(const FreeBuffers& command) const { return ExecuteFree(execution, command); }
  Task operator()(const SaveHdf5& command) const { return ExecuteSave(execution, command); }
  Task operator()(const InspectHdf5& command) const { return ExecuteInspect(execution, command); }
  Task operator()(const LoadHdf5& command) const { return ExecuteLoad(execution, command); }
  Task operator()(const CheckRows& command) const { return ExecuteCheckRows(execution, command); }
  Task operator()(const TakeRows& command) const { return ExecuteTakeRows(execution, command); }
  Task operator()(const TakeAlong& command) const { return ExecuteTakeAlong(execution, command); }
  Task operator()(const TakeAligned& command) const { return ExecuteTakeAligned(execution, command); }
  Task operator()(const PutRows& command) const { return ExecutePutRows(execution, command); }
  Task operator()(const PutAlong& command) const { return ExecutePutAlong(execution, command); }
  Task operator()(const CountSelected& command) const { return ExecuteCountSelected(execution, command); }
  Task operator()(const SelectRows& command) const { return ExecuteSelect(execution, command); }
  Task operator()(const PutSelected& command) const { return ExecutePutSelected(execution, command); }
  Task operator()(const CountBins& command) const { return ExecuteCountBins(execution, command); }
  Task operator()(const LendBlocks& command) const { return ExecuteLend(execution, command); }
  template <typename Laneless>
  Task operator()(const Laneless&) const {
    return NotOfALane();
  }
};

}  // namespace

Task Execute(Execution& execution) { return std::visit(Dispatch{execution}, execution.command.body); }

Task Finish(Execution& execution, Completion& completion) {
  while (!completion.done()) {
    co_await execution.turn.ForMessages();
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
