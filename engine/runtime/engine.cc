#include "engine/runtime/engine.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "engine/linear_algebra/blas.h"
#include "engine/runtime/loop.h"
#include "engine/storage/available_memory.h"

namespace distarray {
namespace {

constexpr std::int64_t kLeastPooled = std::int64_t{256} << 20;

/// Every large block holds a descriptor.
void AllowManyDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// Commands' intermediate memory comes and goes with each: it stays with the process, as taking fresh pages costs more
/// than the work that is done in them.
void KeepWorkMemory() {
#ifdef __GLIBC__
  constexpr int kMappedFrom = 32 << 20;
  constexpr int kKept = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  mallopt(M_TRIM_THRESHOLD, kKept);
#endif
}

/// All that an engine has, in the order in which it goes: buffers before the pool, the pool before the messages.
struct Parts {
  Parts(const EngineOptions& options, std::int64_t pooled_limit)
      : exchange(options.world, 0), pool(options.registry, pooled_limit), workers(pool, store, options.target) {}
  Exchange exchange;
  MemoryPool pool;
  BufferStore store;
  DistributionTable distributions;
  Workers workers;
};

}  // namespace

int RunEngine(EngineOptions options) {
  AllowManyDescriptors();
  KeepWorkMemory();
  // The engines of a host share its cores.
  Blas::UseThreads(static_cast<int>(std::thread::hardware_concurrency()) / std::max(options.engine_count, 1));
  const std::int64_t pooled_limit = std::max(TotalMemory() / 4 / std::max(options.engine_count, 1), kLeastPooled);
  auto parts = std::make_unique<Parts>(options, pooled_limit);
  Services services{parts->exchange, parts->pool,    parts->store, parts->distributions,
                    parts->workers,  options.target, options.notes};
  if (!options.workers.empty() && !parts->workers.Listen(options.workers).ok()) {
    return 1;
  }
  auto loop = std::make_unique<Loop>(services, std::move(options.front));
  const int result = loop->Run();
  if (parts->exchange.pending() > 0) {
    // MPI still writes to and reads from the buffers of commands that were under way: they must stay until the process
    // ends.
    static_cast<void>(loop.release());
    static_cast<void>(parts.release());
    return 1;
  }
  return result;
}

void JoinAsFront(MPI_Comm world) { Exchange::JoinSplit(world); }

}  // namespace distarray
