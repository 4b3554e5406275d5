#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/scheduler/scheduler.h"

namespace distarray::server {

/// The pools of workers, as the front sees them: asked for when needed, kept warm, lent to one call at a time, ended
/// when a call leaves one in doubt. A pool that has run a function of one owner's runs none of another's: whatever a
/// function has done to its process, only its owner's later ones find it. One pool (if there may be several) is never
/// lent to an owner who has all others: nobody's endless functions keep everybody else's waiting. A state machine like
/// the rest of the front: what a pool does is told to it.
class Workforce {
 public:
  /// Who starts and ends pools (the supervisor). Empty functions: nobody can.
  struct Host {
    std::function<void(PoolId)> start;
    std::function<void(PoolId)> stop;
  };
  Workforce(Scheduler* scheduler, std::vector<int> targets, Host host, std::int64_t pools_max)
      : scheduler_(scheduler), targets_(std::move(targets)), host_(std::move(host)), pools_max_(pools_max) {}

  /// Who waits for a pool.
  class Client {
   public:
    virtual ~Client() = default;
    /// The pool is the client's until Release or End. `generation`: another than before when a call has gone wrong in
    /// between, after which its workers' communicators may have stray messages. False: it needs none any more.
    virtual bool OnPool(PoolId pool, std::int64_t generation) = 0;
    /// None can be had.
    virtual void OnNoPool(const absl::Status& why) = 0;
    /// The pool that was ended is gone: none of its processes is left.
    virtual void OnPoolGone() = 0;
  };
  /// A client is told once, in this turn or later; one that is gone by then is passed over. `owner`: whose function it
  /// runs; not 0.
  void Acquire(std::weak_ptr<Client> client, std::int64_t owner);
  /// Gives a pool back. `clean`: nothing went wrong in the call.
  void Release(PoolId pool, bool clean);
  /// Ends a pool that the client has; OnPoolGone follows, or comes at once if it has ended by itself. Another is
  /// started in its place.
  void End(PoolId pool, const std::shared_ptr<Client>& client);
  /// The owner is gone: its pools end, at the latest with the calls that they run. Returns whether any did.
  bool Forget(std::int64_t owner);
  /// Starts a pool for whoever comes next, if there is room and none that waits.
  void KeepWarm();

  // What the host tells.
  void OnStarted(PoolId pool, const std::string& cookie);
  void OnEnded(PoolId pool, const std::string& why);

 private:
  struct Pool {
    enum class State { kStarting, kIdle, kLent, kEnding } state = State::kStarting;
    std::int64_t owner = 0;  // of the functions that it has run; 0: none yet
    std::int64_t generation = 0;
    std::int64_t last_use = 0;
    bool forgotten = false;        // its owner is gone
    bool expected = false;         // the engines have been told, and will say when its workers are ready
    std::weak_ptr<Client> client;  // lent, or ending
  };
  struct Waiting {
    std::weak_ptr<Client> client;
    std::int64_t owner = 0;
  };
  using Pools = std::map<PoolId, Pool>;
  std::int64_t Count(Pool::State state) const;
  std::int64_t AliveCount() const;
  std::int64_t LentTo(std::int64_t owner) const;
  std::int64_t LentMax() const { return pools_max_ > 1 ? pools_max_ - 1 : 1; }
  std::int64_t CountServable() const;
  Pools::iterator IdleFor(std::int64_t owner);
  void Lend(Pools::iterator pool, const Waiting& to);
  void StartOne();
  void Stop(Pools::iterator pool);
  void StartMissing();
  void OnReady(PoolId pool, const absl::Status& status);
  void Serve();
  void Drop(PoolId pool, const std::string& why);
  void RefuseAll(const absl::Status& why);

  Scheduler* scheduler_;
  std::vector<int> targets_;
  Host host_;
  std::int64_t pools_max_;
  PoolId next_pool_ = 1;
  std::int64_t uses_ = 0;
  Pools pools_;
  std::deque<Waiting> waiting_;
};

}  // namespace distarray::server
