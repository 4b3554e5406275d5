#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

#include "engine/command/command.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/task.h"

namespace distarray {

/// The queues of commands, one a session: each in order, taking turns of about 2 ms.
class Lanes {
 public:
  /// `answer` is called once for each command that has ended. `after_turn` after each turn of a lane.
  Lanes(Services& services, std::function<void(const CommandReply&)> answer, std::function<void()> after_turn);

  void Add(Command command);
  /// Gives each lane that can run a turn; false if none could.
  bool Run();

  bool empty() const { return ring_.empty(); }
  /// Whether some lane can run (the others wait for messages, or for what is lent to a function).
  bool runnable() const;
  /// Whether some lane waits for messages.
  bool waiting_for_messages() const;
  /// The lowest number of a command that has not ended; `none` if there is none.
  std::int64_t OldestCommand(std::int64_t none) const;

 private:
  struct Running {
    Running(Services& services, Turn& turn, Command its_command)
        : command(std::move(its_command)), execution{services, turn, command, {}} {}
    Command command;
    Execution execution;
    Task task;
  };
  struct Lane {
    explicit Lane(const Exchange& exchange) : turn(exchange) {}
    std::int64_t id = 0;
    std::deque<Command> queue;
    Turn turn;
    std::unique_ptr<Running> running;
  };

  bool CanRun(const Lane& lane) const;
  void RunTurn(Lane& lane);
  void End(Running& running);

  Services& services_;
  std::function<void(const CommandReply&)> answer_;
  std::function<void()> after_turn_;
  std::unordered_map<std::int64_t, std::unique_ptr<Lane>> lanes_;
  std::deque<Lane*> ring_;  // all lanes, in order of their turns
};

}  // namespace distarray
