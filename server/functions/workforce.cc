#include "server/functions/workforce.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"

namespace distarray::server {
namespace {

// Each leaves communicators behind that cannot be used again: Open MPI has 65536.
constexpr std::int64_t kGenerationsMax = 64;

}  // namespace

std::int64_t Workforce::Count(Pool::State state) const {
  return std::count_if(pools_.begin(), pools_.end(),
                       [state](const auto& entry) { return entry.second.state == state; });
}

std::int64_t Workforce::AliveCount() const {
  return static_cast<std::int64_t>(pools_.size()) - Count(Pool::State::kEnding);
}

std::int64_t Workforce::LentTo(std::int64_t owner) const {
  return std::count_if(pools_.begin(), pools_.end(), [owner](const auto& entry) {
    return entry.second.state == Pool::State::kLent && entry.second.owner == owner;
  });
}

/// How many of those who wait could have a pool if there were enough.
std::int64_t Workforce::CountServable() const {
  std::map<std::int64_t, std::int64_t> waiting;
  for (const Waiting& each : waiting_) {
    ++waiting[each.owner];
  }
  std::int64_t count = 0;
  for (const auto& [owner, wanted] : waiting) {
    count += std::clamp<std::int64_t>(LentMax() - LentTo(owner), 0, wanted);
  }
  return count;
}

void Workforce::Acquire(std::weak_ptr<Client> client, std::int64_t owner) {
  if (!host_.start) {
    if (const auto asker = client.lock()) {
      asker->OnNoPool(Error(Reason::kNotImplemented,
                            "functions need a daemon that starts its own job: this one was started by mpirun or srun"));
    }
    return;
  }
  waiting_.push_back({.client = std::move(client), .owner = owner});
  Serve();
}

void Workforce::StartOne() {
  const PoolId pool = next_pool_++;
  pools_[pool] = {};
  host_.start(pool);
}

void Workforce::Stop(Pools::iterator pool) {
  pool->second.state = Pool::State::kEnding;
  pool->second.client.reset();
  host_.stop(pool->first);
}

/// One of the owner's own, else one that has run nothing yet.
Workforce::Pools::iterator Workforce::IdleFor(std::int64_t owner) {
  auto found = pools_.end();
  for (auto each = pools_.begin(); each != pools_.end(); ++each) {
    const Pool& pool = each->second;
    if (pool.state == Pool::State::kIdle && (pool.owner == owner || (pool.owner == 0 && found == pools_.end()))) {
      found = each;
    }
  }
  return found;
}

void Workforce::Lend(Pools::iterator pool, const Waiting& to) {
  const auto client = to.client.lock();
  if (!client->OnPool(pool->first, pool->second.generation)) {
    return;
  }
  pool->second.state = Pool::State::kLent;
  pool->second.owner = to.owner;
  pool->second.last_use = ++uses_;
  pool->second.client = client;
}

void Workforce::Serve() {
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  std::erase_if(waiting, [](const Waiting& each) { return each.client.expired(); });
  for (Waiting& next : waiting) {
    const auto idle = LentTo(next.owner) < LentMax() ? IdleFor(next.owner) : pools_.end();
    if (idle != pools_.end()) {
      Lend(idle, next);
    } else {
      waiting_.push_back(std::move(next));
    }
  }
  StartMissing();
}

/// Those who wait now are served by no pool that idles.
void Workforce::StartMissing() {
  std::int64_t missing = CountServable() - Count(Pool::State::kStarting);
  for (; missing > 0; --missing) {
    if (AliveCount() >= pools_max_) {
      auto longest_unused = pools_.end();
      for (auto each = pools_.begin(); each != pools_.end(); ++each) {
        if (each->second.state == Pool::State::kIdle &&
            (longest_unused == pools_.end() || each->second.last_use < longest_unused->second.last_use)) {
          longest_unused = each;
        }
      }
      if (longest_unused == pools_.end()) {
        return;
      }
      Stop(longest_unused);
    }
    StartOne();
  }
}

void Workforce::Release(PoolId pool, bool clean) {
  const auto found = pools_.find(pool);
  if (found == pools_.end() || found->second.state != Pool::State::kLent) {
    return;
  }
  Pool& released = found->second;
  released.state = Pool::State::kIdle;
  released.client.reset();
  released.generation += clean ? 0 : 1;
  if (released.forgotten) {
    Stop(found);
  } else if (released.generation >= kGenerationsMax) {
    Stop(found);
    KeepWarm();
  }
  Serve();
}

void Workforce::End(PoolId pool, const std::shared_ptr<Client>& client) {
  const auto found = pools_.find(pool);
  if (found != pools_.end()) {
    Stop(found);
    found->second.client = client;
  }
  if (AliveCount() == 0) {
    StartOne();  // so that the next call need not wait
  }
  if (found == pools_.end()) {
    client->OnPoolGone();
  }
}

bool Workforce::Forget(std::int64_t owner) {
  bool any = false;
  for (auto each = pools_.begin(); each != pools_.end(); ++each) {
    Pool& pool = each->second;
    if (pool.owner == owner && pool.state != Pool::State::kEnding) {
      any = true;
      pool.forgotten = true;
      if (pool.state == Pool::State::kIdle) {
        Stop(each);
      }
    }
  }
  return any;
}

void Workforce::KeepWarm() {
  const bool fresh = std::any_of(pools_.begin(), pools_.end(), [](const auto& entry) {
    return entry.second.owner == 0 && entry.second.state != Pool::State::kEnding;
  });
  if (!fresh && AliveCount() < pools_max_) {
    StartOne();
  }
}

void Workforce::OnStarted(PoolId pool, const std::string& cookie) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) {
    return;
  }
  found->second.expected = true;
  QueuedCommand queued;
  queued.command.targets = targets_;
  queued.command.body = ExpectWorkers{.pool = pool, .cookie = cookie};
  queued.completion = std::make_shared<Completion>();
  queued.completion->waiters.push_back(
      [this, pool, outcome = std::weak_ptr<Completion>(queued.completion)] { OnReady(pool, outcome.lock()->status); });
  scheduler_->Enqueue(std::move(queued));
}

void Workforce::OnReady(PoolId pool, const absl::Status& status) {
  const auto found = pools_.find(pool);
  if (!status.ok()) {
    if (found != pools_.end() && found->second.state == Pool::State::kStarting) {
      found->second.state = Pool::State::kEnding;
      host_.stop(pool);
    }
    return RefuseAll(status);
  }
  if (found != pools_.end() && found->second.state == Pool::State::kStarting) {
    found->second.state = Pool::State::kIdle;
    Serve();
  }
}

void Workforce::Drop(PoolId pool, const std::string& why) {
  QueuedCommand queued;
  queued.command.targets = targets_;
  queued.command.body = DropWorkers{.pool = pool, .why = why};
  scheduler_->Enqueue(std::move(queued));
}

void Workforce::OnEnded(PoolId pool, const std::string& why) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) {
    return;
  }
  const Pool ended = found->second;
  pools_.erase(found);
  Drop(pool, why);
  if (ended.state == Pool::State::kStarting) {
    if (!ended.expected) {
      RefuseAll(Error(Reason::kWorkerLost, why));
    }
    return;  // else the engines know better what went wrong: OnReady
  }
  if (const auto client = ended.client.lock(); client && ended.state == Pool::State::kEnding) {
    client->OnPoolGone();
  }
  Serve();
}

void Workforce::RefuseAll(const absl::Status& why) {
  for (const Waiting& next : std::exchange(waiting_, {})) {
    if (const auto client = next.client.lock()) {
      client->OnNoPool(why);
    }
  }
}

}  // namespace distarray::server
