// Functions of the user's: LendBlocks. What follows belongs to no lane; see engine/worker/workers.h.
#include "engine/runtime/execute.h"

namespace distarray {

Task ExecuteLend(Execution& execution, const LendBlocks& command) {
  const Services& services = execution.services;
  FunctionCall& call = services.workers.CallOf(command.call, execution.command.owner);
  for (const LendBlocks::Loan& loan : command.loans) {
    const auto distribution = services.distributions.Find(loan.distribution);
    if (!distribution.ok()) {
      co_return distribution.status();
    }
    FunctionCall::Loan borrowed{.distribution = *distribution, .dtype = loan.dtype, .writable = loan.writable};
    if ((*distribution)->RankOf(services.target) >= 0) {
      auto buffer = services.store.Find(loan.buffer);
      if (!buffer.ok()) {
        co_return buffer.status();
      }
      if (!(*buffer)->status().ok()) {
        co_return (*buffer)->status();
      }
      borrowed.buffer = *std::move(buffer);
    }
    call.Borrow(std::move(borrowed));
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
