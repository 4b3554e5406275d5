#include "engine/runtime/new_buffer.h"

#include <absl/strings/str_cat.h>

#include <memory>
#include <utility>

namespace distarray {
namespace {

constexpr std::int64_t kPrepared = std::int64_t{4}
                                   << 20;  // bytes prepared between two looks at the clock: at most about 2 ms

/// A buffer that is ready to be used.
Task Allocate(Execution& execution, std::int64_t bytes, DistributionPtr distribution, DType dtype, BufferPtr& made) {
  MemoryPool& pool = execution.services.pool;
  const std::int64_t owner = execution.command.owner;
  const auto block = pool.Allocate(owner, bytes);
  if (!block.ok()) {
    co_return block.status();
  }
  auto buffer = std::make_shared<Buffer>(&pool, *block, std::move(distribution), dtype, owner);
  while (true) {
    const auto ready = pool.Prepare(*block, kPrepared);
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
  made = std::move(buffer);
  co_return absl::OkStatus();
}

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
  co_return co_await Allocate(execution, BlockBytes(*pending.distribution, rank, pending.spec.dtype),
                              pending.distribution, pending.spec.dtype, pending.buffer);
}

Task MakeScratch(Execution& execution, std::int64_t bytes, BufferPtr& scratch) {
  return Allocate(execution, bytes, nullptr, DType::kUInt8, scratch);
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
