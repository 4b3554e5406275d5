#include "server/functions/workforce.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"

namespace distarray::server {

std::int64_t Workforce::AliveCount() const {
  return std::count_if(pools_.begin(), pools_.end(),
                       [](const auto& entry) { return entry.second.state != Pool::State::kEnding; });
}

void Workforce::Acquire(std::weak_ptr<Client> client) {
  if (!host_.start) {
    if (const auto asker = client.lock()) {
      asker->OnNoPool(Error(Reason::kNotImplemented,
                            "functions need a daemon that starts its own job: this one was started by mpirun or srun"));
    }
    return;
  }
  waiting_.push_back(std::move(client));
  Serve();
}

void Workforce::StartOne() {
  const PoolId pool = next_pool_++;
  pools_[pool] = {};
  host_.start(pool);
}

void Workforce::Serve() {
  for (auto& [number, pool] : pools_) {
    while (pool.state == Pool::State::kIdle && !waiting_.empty()) {
      const std::weak_ptr<Client> next = std::move(waiting_.front());
      waiting_.pop_front();
      if (const auto client = next.lock()) {
        pool.state = Pool::State::kLent;
        pool.client = client;
        client->OnPool(number, pool.generation);
      }
    }
  }
  std::erase_if(waiting_, [](const auto& client) { return client.expired(); });
  const std::int64_t starting = std::count_if(
      pools_.begin(), pools_.end(), [](const auto& entry) { return entry.second.state == Pool::State::kStarting; });
  for (auto missing = static_cast<std::int64_t>(waiting_.size()) - starting; missing > 0 && AliveCount() < pools_max_;
       --missing) {
    StartOne();
  }
}

void Workforce::Release(PoolId pool, bool clean) {
  const auto found = pools_.find(pool);
  if (found == pools_.end() || found->second.state != Pool::State::kLent) {
    return;
  }
  found->second.state = Pool::State::kIdle;
  found->second.generation += clean ? 0 : 1;
  found->second.client.reset();
  Serve();
}

void Workforce::End(PoolId pool, const std::shared_ptr<Client>& client) {
  const auto found = pools_.find(pool);
  if (found != pools_.end()) {
    found->second.state = Pool::State::kEnding;
    host_.stop(pool);
  }
  if (AliveCount() == 0) {
    StartOne();  // so that the next call need not wait
  }
  if (found == pools_.end()) {
    client->OnPoolGone();
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
  for (const auto& next : std::exchange(waiting_, {})) {
    if (const auto client = next.lock()) {
      client->OnNoPool(why);
    }
  }
}

}  // namespace distarray::server
