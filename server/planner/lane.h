#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/planner/known_distribution.h"
#include "server/planner/ledger.h"
#include "server/planner/value.h"
#include "server/scheduler/scheduler.h"

namespace distarray::server {

/// What all sessions plan for: the engines, and the books.
struct Cluster {
  Cluster(int engines, std::int64_t memory_limit_bytes);

  int engine_count;
  std::vector<int> all_targets;
  Scheduler scheduler;
  Ledger ledger;
  DistributionRegistry registry;
  BufferId next_buffer = 1;

  ~Cluster() { *alive = false; }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // for buffers that outlive it
};

/// A session's commands: its lane in the scheduler, and the buffers it makes.
class Lane {
 public:
  Lane(Cluster& cluster, std::int64_t number) : cluster_(cluster), number_(number), dead_(std::make_shared<Dead>()) {}
  ~Lane() {
    Flush();
    dead_->lane_ended = true;
  }

  /// What was emitted in a rehearsal.
  struct Rehearsal {
    struct Noted {
      CommandBody body;
      std::vector<int> targets;
    };
    std::vector<Noted> commands;
    std::vector<std::shared_ptr<const void>> holds;  // what the commands name
  };
  /// From now on commands are only noted, and counted as carried out; no memory is reserved or freed.
  void Rehearse(Rehearsal* rehearsal) { rehearsal_ = rehearsal; }
  bool rehearsing() const { return rehearsal_ != nullptr; }

  Cluster& cluster() const { return cluster_; }
  std::int64_t number() const { return number_; }
  /// Commands that are waiting or under way.
  std::int64_t backlog() const { return cluster_.scheduler.BacklogOf(number_); }

  /// Queues a command for `targets` (any order). `reply`, `each_reply`: see QueuedCommand.
  CompletionPtr Emit(CommandBody body, std::vector<int> targets, std::vector<std::shared_ptr<const void>> holds,
                     std::vector<CompletionPtr> inputs, std::string origin,
                     std::function<void(std::string)> reply = {},
                     std::function<void(int, std::string)> each_reply = {});

  /// A number for a buffer of so many bytes; the buffer is freed on the engines, after all commands emitted before,
  /// when the last holder goes.
  std::shared_ptr<Buffer> MakeBuffer(Ledger::Charge charge);

  /// Queues the freeing of buffers that nobody holds any more. Called after every event.
  void Flush();

 private:
  struct Dead {
    std::vector<BufferId> buffers;
    bool lane_ended = false;  // what dies later (held by work that was under way) is freed at once
  };
  static void Free(Cluster& cluster, std::int64_t lane, std::vector<BufferId> buffers);

  Cluster& cluster_;
  std::int64_t number_;
  Rehearsal* rehearsal_ = nullptr;
  std::shared_ptr<Dead> dead_;  // shared with the buffers' release functions, which may outlive the lane
};

}  // namespace distarray::server
