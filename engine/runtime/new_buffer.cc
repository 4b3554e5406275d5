#include "engine/runtime/new_buffer.h"

#include <absl/strings/str_cat.h>

#include <memory>

namespace distarray {
namespace {

constexpr std::int64_t kPrepared = std::int64_t{4}
                                   << 20;  // bytes prepared between two looks at the clock: at most about 2 ms

}  // namespace

std::int64_t BlockBytes(const Distribution& distribution, int rank, DType dtype) {
  return distribution.LocalCount(rank) * SizeOf(dtype);
}

absl::Status PendingBuffer::Publish(Execution& execution, const absl::Status& status) const {
  Services& services = execution.services;
  if (distribution == nullptr || distribution->RankOf(services.target) < 0) {
    return absl::OkStatus();
  }
  BufferPtr published = buffer;
  if (published == nullptr || !status.ok()) {
    published = std::make_shared<Buffer>(&services.pool, Block{}, distribution, spec.dtype, execution.command.owner);
    published->Poison(status.ok() ? Error(Reason::kInternal, absl::StrCat("buffer ", spec.buffer, " was never made"))
                                  : status);
  }
  return services.store.Add(spec.buffer, std::move(published));
}

Task Make(Execution& execution, PendingBuffer& pending) {
  Services& services = execution.services;
  auto distribution = services.distributions.Find(pending.spec.distribution);
  if (!distribution.ok()) {
    co_return distribution.status();
  }
  pending.distribution = *distribution;
  const int rank = pending.distribution->RankOf(services.target);
  if (rank < 0) {
    co_return absl::OkStatus();
  }
  const std::int64_t owner = execution.command.owner;
  const auto block = services.pool.Allocate(owner, BlockBytes(*pending.distribution, rank, pending.spec.dtype));
  if (!block.ok()) {
    co_return block.status();
  }
  auto buffer = std::make_shared<Buffer>(&services.pool, *block, pending.distribution, pending.spec.dtype, owner);
  while (true) {
    const auto ready = services.pool.Prepare(*block, kPrepared);
    if (!ready.ok()) {
      co_return ready.status();
    }
    if (*ready) {
      break;
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  pending.buffer = std::move(buffer);
  co_return absl::OkStatus();
}

absl::StatusOr<BufferPtr> FindUsable(const Services& services, BufferId id, DType dtype) {
  DA_ASSIGN_OR_RETURN(BufferPtr buffer, services.store.Find(id));
  DA_RETURN_IF_ERROR(buffer->status());
  if (buffer->dtype() != dtype) {
    return Error(Reason::kInternal, absl::StrCat("buffer ", id, " is not of the dtype that a command takes it for"));
  }
  return buffer;
}

}  // namespace distarray
