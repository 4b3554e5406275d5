#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/comm/exchange.h"
#include "engine/command/command.h"
#include "engine/runtime/distribution_table.h"
#include "engine/runtime/task.h"
#include "engine/storage/buffer_store.h"
#include "engine/storage/memory_pool.h"
#include "engine/worker/workers.h"

namespace distarray {

/// What commands work on. `target` is this engine.
struct Services {
  Exchange& exchange;
  MemoryPool& pool;
  BufferStore& store;
  DistributionTable& distributions;
  Workers& workers;
  int target = 0;
  std::string notes = {};  // see EngineOptions
};

/// One command under way.
struct Execution {
  Services& services;
  Turn& turn;
  const Command& command;
  std::string reply_bytes;
};

/// Carries out a command of a lane. A failure poisons the buffers that the command was to make here; whatever happens,
/// the engines that wait for messages of the command get them. `execution` must outlive the task.
Task Execute(Execution& execution);

// The commands, one function each; see engine/command/command.h.
Task ExecuteProgram(Execution& execution, const RunProgram& command);
Task ExecuteRedistribute(Execution& execution, const Redistribute& command);
Task ExecuteMultiply(Execution& execution, const MultiplyMatrices& command);
Task ExecuteEdges(Execution& execution, const CopyEdges& command);
Task ExecuteScan(Execution& execution, const ScanArray& command);
Task ExecuteSort(Execution& execution, const SortRows& command);
Task ExecuteSearch(Execution& execution, const SearchRows& command);
Task ExecuteStore(Execution& execution, const StoreBytes& command);
Task ExecuteFetch(Execution& execution, const FetchBytes& command);
Task ExecuteSave(Execution& execution, const SaveHdf5& command);
Task ExecuteInspect(Execution& execution, const InspectHdf5& command);
Task ExecuteLoad(Execution& execution, const LoadHdf5& command);
Task ExecuteCheckRows(Execution& execution, const CheckRows& command);
Task ExecuteTakeRows(Execution& execution, const TakeRows& command);
Task ExecuteTakeAlong(Execution& execution, const TakeAlong& command);
Task ExecuteTakeAligned(Execution& execution, const TakeAligned& command);
Task ExecutePutRows(Execution& execution, const PutRows& command);
Task ExecutePutAlong(Execution& execution, const PutAlong& command);
Task ExecuteCountSelected(Execution& execution, const CountSelected& command);
Task ExecuteSelect(Execution& execution, const SelectRows& command);
Task ExecutePutSelected(Execution& execution, const PutSelected& command);
Task ExecuteCountBins(Execution& execution, const CountBins& command);
Task ExecuteLend(Execution& execution, const LendBlocks& command);

/// Waits until the messages of `completion` have come or gone.
Task Finish(Execution& execution, Completion& completion);

/// Makes the status of all `targets` (which this engine is one of) the same: that of the first of them whose status is
/// not OK, or OK. Nobody goes on before all have come. Collective over `targets`.
Task Agree(Execution& execution, const std::vector<int>& targets, absl::Status& status);

}  // namespace distarray
