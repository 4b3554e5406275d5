#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/command/channel.h"
#include "engine/runtime/execute.h"
#include "engine/runtime/lanes.h"

namespace distarray {

/// An engine's loop: reads the front's commands, gives the lanes their turns, moves messages on, answers. Sleeps in
/// poll when there is nothing to do.
class Loop {
 public:
  Loop(Services& services, Channel front);

  /// Returns 0 after Shutdown, 1 when the front is gone or what it says cannot be understood.
  int Run();

 private:
  enum class End { kNo, kOrderly, kBroken };
  struct Forgetting {
    std::int64_t number = 0;  // of the command
    std::vector<DistributionId> distributions;
  };

  End ReadCommands();
  End Take(Command command);
  /// Commands that belong to no lane and are carried out at once; false: this is none of them.
  bool TakeAtOnce(Command& command);
  void Adopt(const Command& envelope, const AdoptBlocks& command);
  void Answer(const CommandReply& reply);
  void Flush();
  /// Forgets distributions that no earlier command can need any more.
  void Forget();
  /// Sleeps until a command comes, or does the little work of an idle engine.
  void WaitForCommands();
  /// While all lanes wait for messages: gives the processor to others, the longer the more.
  void WaitForMessages();
  /// Waits for the front's socket and the workers', at most so long (-1: for ever), sends what waits to be sent and
  /// takes in what workers say; false if the time went by.
  bool Poll(std::int64_t timeout_us);

  Services& services_;
  Channel front_;
  Lanes lanes_;
  std::vector<std::string> arrived_;
  std::deque<Forgetting> forgetting_;
  std::vector<pollfd> polled_;
  bool front_gone_ = false;
  std::int64_t looks_ = 0;  // since some message came
  Turn::Clock::time_point waiting_since_;
};

}  // namespace distarray
