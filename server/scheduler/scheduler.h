#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/command/command.h"

namespace distarray::server {

/// How a command came out, once every engine concerned has answered; and what it was for.
struct Completion {
  bool finished = false;
  absl::Status status;
  std::string origin;  // the client's line
  /// What the command read: when one of these failed, its status and origin are this one's. Dropped at the end.
  std::vector<std::shared_ptr<const Completion>> inputs;
  /// Called once, when finished (in the order of the engines' answers).
  std::vector<std::function<void()>> waiters;
};
using CompletionPtr = std::shared_ptr<Completion>;

/// A command on its way, with what must live until it is finished.
struct QueuedCommand {
  Command command;
  CompletionPtr completion;                      // null for commands without a reply
  std::function<void(std::string bytes)> reply;  // takes the `bytes` of a command with one target; may be empty
  // Takes each target's `bytes` as it answers; may be empty.
  std::function<void(int target, std::string bytes)> each_reply;
  std::vector<std::shared_ptr<const void>> holds;
};

/// Decides which command goes to the engines next: lanes (sessions) in turn, in order within a lane, with a bound on
/// what is under way, one file command at a time. A pure state machine: commands and replies in, messages out; no
/// clock, no socket.
class Scheduler {
 public:
  explicit Scheduler(int engine_count) : engine_count_(engine_count) {}

  void Enqueue(QueuedCommand queued);

  /// A message for one engine.
  struct Outgoing {
    int target = 0;
    std::shared_ptr<const std::string> bytes;
  };
  /// Takes what may be sent now.
  std::vector<Outgoing> TakeOutgoing();

  /// An engine's answer. Completions are finished, and their waiters called, from here.
  void OnReply(CommandReply reply);

  /// Commands of a lane that are waiting or under way.
  std::int64_t BacklogOf(std::int64_t lane) const;
  bool idle() const { return waiting_count_ == 0 && in_flight_.empty(); }

 private:
  struct Lane {
    std::deque<QueuedCommand> waiting;
    std::int64_t in_flight = 0;
  };
  struct InFlight {
    QueuedCommand queued;
    int missing = 0;
    int failed_target = -1;
    absl::Status status;
    std::string bytes;
    std::int64_t size = 0;
  };
  bool MaySend(const Command& command) const;
  void Send(QueuedCommand queued, std::vector<Outgoing>& out);
  void Finish(InFlight done);

  int engine_count_;
  std::int64_t next_number_ = 1;
  std::deque<QueuedCommand> laneless_;
  std::map<std::int64_t, Lane> lanes_;
  std::int64_t next_lane_ = 0;  // whose turn it is
  std::int64_t waiting_count_ = 0;
  std::int64_t bytes_in_flight_ = 0;
  bool file_in_flight_ = false;
  std::unordered_map<std::int64_t, InFlight> in_flight_;
};

}  // namespace distarray::server
