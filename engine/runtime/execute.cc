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

}  // namespace

Task Execute(Execution& execution) {
  struct Dispatch {
    Execution& execution;
    Task operator()(const RunProgram& command) { return ExecuteProgram(execution, command); }
    Task operator()(const Redistribute& command) { return ExecuteRedistribute(execution, command); }
    Task operator()(const StoreBytes& command) { return ExecuteStore(execution, command); }
    Task operator()(const FetchBytes& command) { return ExecuteFetch(execution, command); }
    Task operator()(const FreeBuffers& command) { return ExecuteFree(execution, command); }
    Task operator()(const SaveHdf5& command) { return ExecuteSave(execution, command); }
    Task operator()(const InspectHdf5& command) { return ExecuteInspect(execution, command); }
    Task operator()(const LoadHdf5& command) { return ExecuteLoad(execution, command); }
    Task operator()(const DefineDistribution&) { return NotOfALane(); }
    Task operator()(const ForgetDistributions&) { return NotOfALane(); }
    Task operator()(const Shutdown&) { return NotOfALane(); }
  };
  return std::visit(Dispatch{execution}, execution.command.body);
}

Task Finish(Execution& execution, Completion& completion) {
  while (!completion.done()) {
    co_await execution.turn.ForMessages();
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
