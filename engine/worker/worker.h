#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/worker/frame.h"
#include "engine/worker/function_call.h"

namespace distarray {

/// The worker of one pool that serves this engine's target: the connection to it, and that to the guard that watches
/// over it.
class Worker {
 public:
  /// What came from it.
  struct Event {
    enum class Kind {
      kReady,
      kAllocate,     // bytes
      kFree,         // number
      kResult,       // number (of the call), json, payload
      kInterrupted,  // ready() may have become true
      kLost,         // how: it can run nothing any more; the last event
    } kind = Kind::kReady;
    std::int64_t bytes = 0;
    std::int64_t number = 0;
    std::string json;
    std::string payload;
  };

  /// Takes over a connection whose hello named this role. False: there is one already.
  bool TakeGuard(FrameSocket socket);
  bool TakeWorker(FrameSocket socket);

  /// Whether it can be sent a call: also that no interrupt, which is meant for another one, is under way to it.
  bool ready() const { return ready_ && worker_ && !lost_ && interrupts_ == 0; }
  bool lost() const { return lost_; }
  /// Why, and the end of what it printed, as {"lost": ..., "output": ...}.
  const std::string& why_lost() const { return why_lost_; }

  void AppendTo(std::vector<pollfd>& waited) const;
  /// Takes in what has arrived, and sends what waits to be sent, on those of its connections for whose descriptors
  /// `happened` is true. The worker is heard only if it may ask for more.
  std::vector<Event> Serve(const std::function<bool(int)>& happened, bool may_ask);

  /// Sends it the call, with the descriptors of the blocks that it does not have yet. Error kInternal: a block cannot
  /// be lent.
  absl::Status Send(CallId id, FunctionCall& call, int target, MemoryPool& pool);
  absl::Status SendBlock(std::int64_t number, const Block& block, MemoryPool& pool);
  void SendRefusal(const absl::Status& status);
  /// A segment is no more: its mapping goes with the next call.
  void OnSegmentEnded(std::int64_t segment);
  /// SIGINT.
  void Interrupt();

 private:
  /// Which mappings of a segment it has. What may only be read comes by one that cannot be written.
  struct Mapped {
    bool for_reading = false;
    bool for_writing = false;
  };
  struct Descriptors;

  /// Has the worker drop mappings of what is no more and, once there are many, all that the call does not need.
  void Forget(const FunctionCall& call);
  void ServeGuard(std::vector<Event>& events);
  void ServeWorker(bool may_ask, std::vector<Event>& events);
  std::optional<Event> Read(Frame frame);
  void Lose(const std::string& how, const std::string& output, std::vector<Event>& events);

  std::optional<FrameSocket> guard_;
  std::optional<FrameSocket> worker_;
  bool ready_ = false;
  bool lost_ = false;
  int interrupts_ = 0;  // that the guard has not told of yet
  std::string why_lost_;
  std::map<std::int64_t, Mapped> mapped_;  // by segment
  std::vector<std::int64_t> ended_;        // of those: segments that are no more
};

}  // namespace distarray
