#pragma once

#include <poll.h>

#include <cstdint>
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
      kAllocate,  // bytes
      kFree,      // number
      kResult,    // number (of the call), json, payload
      kLost,      // how: it can run nothing any more; the last event
    } kind = Kind::kReady;
    std::int64_t bytes = 0;
    std::int64_t number = 0;
    std::string json;
    std::string payload;
  };

  /// Takes over a connection whose hello named this role. False: there is one already.
  bool TakeGuard(FrameSocket socket);
  bool TakeWorker(FrameSocket socket);

  bool ready() const { return ready_ && !lost_; }
  bool lost() const { return lost_; }
  /// Why, and the end of what it printed, as {"lost": ..., "output": ...}.
  const std::string& why_lost() const { return why_lost_; }

  void AppendTo(std::vector<pollfd>& waited) const;
  /// Takes in all that has arrived, and sends what waits to be sent.
  std::vector<Event> Serve();

  /// Sends it the call, with the descriptors of the blocks that it does not have yet. Error kInternal: a block cannot
  /// be lent.
  absl::Status Send(CallId id, FunctionCall& call, int target, MemoryPool& pool);
  absl::Status SendBlock(std::int64_t number, const Block& block, MemoryPool& pool);
  void SendRefusal(const absl::Status& status);
  /// SIGINT.
  void Interrupt();

 private:
  enum class Access { kReadOnly, kReadWrite };
  struct Descriptors;

  /// Once there are many mappings: has the worker drop those that the call does not need.
  void ForgetMost(const FunctionCall& call);
  void ServeGuard(std::vector<Event>& events);
  void ServeWorker(std::vector<Event>& events);
  std::optional<Event> Read(Frame frame);
  void Lose(const std::string& how, const std::string& output, std::vector<Event>& events);

  std::optional<FrameSocket> guard_;
  std::optional<FrameSocket> worker_;
  bool ready_ = false;
  bool lost_ = false;
  std::string why_lost_;
  std::map<std::int64_t, Access> mapped_;  // segments it has descriptors of
};

}  // namespace distarray
