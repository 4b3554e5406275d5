#include "server/planner/lane.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace distarray::server {

Cluster::Cluster(int engines, std::int64_t memory_limit_bytes)
    : engine_count(engines),
      all_targets(static_cast<std::size_t>(engines)),
      scheduler(engines),
      ledger(memory_limit_bytes),
      registry([this](CommandBody body) {
        QueuedCommand queued;
        queued.command.targets = all_targets;
        queued.command.body = std::move(body);
        scheduler.Enqueue(std::move(queued));
      }) {
  std::iota(all_targets.begin(), all_targets.end(), 0);
}

CompletionPtr Lane::Emit(CommandBody body, std::vector<int> targets, std::vector<std::shared_ptr<const void>> holds,
                         std::vector<CompletionPtr> inputs, std::string origin,
                         std::function<void(std::string)> reply, std::function<void(int, std::string)> each_reply) {
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  auto completion = std::make_shared<Completion>();
  completion->origin = std::move(origin);
  if (rehearsing()) {
    completion->finished = true;
    rehearsal_->commands.push_back({std::move(body), std::move(targets)});
    rehearsal_->holds.insert(rehearsal_->holds.end(), holds.begin(), holds.end());
    return completion;
  }
  for (CompletionPtr& input : inputs) {
    if (input && !(input->finished && input->status.ok())) {
      completion->inputs.push_back(std::move(input));
    }
  }
  QueuedCommand queued;
  queued.command.lane = number_;
  queued.command.owner = number_;
  queued.command.targets = std::move(targets);
  queued.command.body = std::move(body);
  queued.completion = completion;
  queued.reply = std::move(reply);
  queued.each_reply = std::move(each_reply);
  queued.holds = std::move(holds);
  cluster_.scheduler.Enqueue(std::move(queued));
  return completion;
}

std::shared_ptr<Buffer> Lane::MakeBuffer(Ledger::Charge charge) {
  auto buffer = std::make_shared<Buffer>();
  buffer->id = cluster_.next_buffer++;
  buffer->charge = std::move(charge);
  if (rehearsing()) {
    return buffer;
  }
  buffer->release = [dead = dead_, cluster = &cluster_, alive = cluster_.alive, lane = number_](BufferId id) {
    if (!dead->lane_ended) {
      dead->buffers.push_back(id);
    } else if (*alive) {
      Free(*cluster, lane, {id});
    }
  };
  return buffer;
}

void Lane::Free(Cluster& cluster, std::int64_t lane, std::vector<BufferId> buffers) {
  QueuedCommand queued;
  queued.command.lane = lane;
  queued.command.owner = lane;
  queued.command.targets = cluster.all_targets;
  queued.command.body = FreeBuffers{.buffers = std::move(buffers)};
  cluster.scheduler.Enqueue(std::move(queued));
}

void Lane::Flush() {
  if (!dead_->buffers.empty()) {
    Free(cluster_, number_, std::exchange(dead_->buffers, {}));
  }
}

}  // namespace distarray::server
