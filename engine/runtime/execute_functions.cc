// Functions of the user's: LendBlocks. What follows belongs to no lane; see engine/worker/workers.h.
#include <cstring>

#include "engine/runtime/execute.h"

namespace distarray {
namespace {

/// A small block lies among others, which a function that may write to it could reach as well: it moves, once, to a
/// segment of its own. Nobody else is using the buffer: see MayStart.
absl::Status SetApart(const Services& services, Buffer& buffer) {
  if (services.pool.IsAlone(buffer.block())) {
    return absl::OkStatus();
  }
  DA_ASSIGN_OR_RETURN(const Block block, services.pool.AllocateAlone(buffer.owner(), buffer.bytes()));
  const absl::StatusOr<bool> ready = services.pool.Prepare(block, MemoryPool::kLargeBlock);
  if (!ready.ok()) {
    services.pool.Free(block);
    return ready.status();
  }
  std::memcpy(block.data, buffer.data(), static_cast<std::size_t>(block.bytes));
  buffer.MoveTo(block);
  return absl::OkStatus();
}

}  // namespace

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
      if (const absl::Status status = loan.writable ? SetApart(services, **buffer) : absl::OkStatus(); !status.ok()) {
        co_return status;
      }
      borrowed.buffer = *std::move(buffer);
    }
    call.Borrow(std::move(borrowed));
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
