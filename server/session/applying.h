#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "server/session/session.h"

namespace distarray::server {

/// One Apply request under way.
struct Session::Applying {
  Ticket ticket;
  v1::ApplyRequest request;
  v1::Function function;
  std::vector<Array> arrays;         // its arguments
  std::vector<Planner::Loan> loans;  // what it borrows of each
  FunctionRun::Spec spec;
  std::shared_ptr<FunctionRun> run;
  CompletionPtr written;  // finishes when the function can write to its arguments no more

  // What becomes of the results.
  v1::ApplyReply reply;
  AdoptBlocks adopted;
  std::vector<std::pair<std::int64_t, Array>> named;  // keys and what they will name
  std::vector<CompletionPtr> adopting;                // finishes with AdoptBlocks

  /// Gives everything back.
  void Finish() {
    if (run) {
      run->Finish();
    }
    if (written && !std::exchange(written->finished, true)) {
      for (const auto& waiter : std::exchange(written->waiters, {})) {
        waiter();
      }
    }
  }
};

}  // namespace distarray::server
