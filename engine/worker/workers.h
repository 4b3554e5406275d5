#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/worker/worker.h"

namespace distarray {

/// The functions of the user's on this engine: what is lent to them, the workers of this target (one a pool), and what
/// engine and workers tell each other. For the engine's thread.
class Workers {
 public:
  using Answer = std::function<void(const CommandReply&)>;
  Workers(MemoryPool& pool, BufferStore& store, int target) : pool_(pool), store_(store), target_(target) {}

  /// Who sends the replies to commands; to be set before the first one.
  void AnswerWith(Answer answer) { answer_ = std::move(answer); }
  /// Lets workers connect to an abstract Unix socket of this name. Error kUnavailable.
  absl::Status Listen(const std::string& name);

  // The commands; see engine/command/command.h.
  void Expect(std::int64_t number, const ExpectWorkers& command);
  void Drop(const DropWorkers& command);
  void Call(const Command& envelope, CallFunction command);
  void Interrupt(const InterruptCall& command);
  absl::Status Adopt(const Command& envelope, const AdoptBlocks& command,
                     const std::function<absl::StatusOr<DistributionPtr>(DistributionId)>& find);
  void End(const EndCall& command) { calls_.erase(command.call); }
  /// The call of that number, made if need be.
  FunctionCall& CallOf(CallId call, std::int64_t owner);

  /// Whether somebody is or may be connected.
  bool any() const { return !expected_.empty(); }
  void AppendTo(std::vector<pollfd>& waited) const;
  /// Takes in what has arrived. `polled`: what poll said of the descriptors of AppendTo, and maybe of others; empty:
  /// something may be there on any of them.
  void Serve(std::span<const pollfd> polled = {});
  /// Goes on with preparing memory that workers have asked for; false if there is none to prepare.
  bool Prepare();

 private:
  struct Expected {
    std::string cookie;
    std::int64_t number = 0;  // of the command; 0: it has been answered
  };
  struct Wanted {
    PoolId pool = 0;
    CallId call = 0;
    std::int64_t block = 0;
  };

  /// Who has connected and not said yet who it is; `uid`: as whom.
  struct Stranger {
    FrameSocket socket;
    uid_t uid = 0;
  };

  void Accept();
  void Welcome();
  void ServeWorkers(const std::function<bool(int)>& happened);
  void SendAwayMost();
  void Handle(PoolId pool, Worker::Event event);
  FunctionCall* RunningOn(PoolId pool, CallId* id = nullptr);
  void SendWaiting(PoolId pool);
  void Allocate(PoolId pool, std::int64_t bytes);
  /// `ended`: nothing is lent or kept for it.
  void AnswerCall(FunctionCall& call, std::string result, std::string payload, bool ended = false);
  void AnswerExpected(PoolId pool, const absl::Status& status);
  /// The calls of a pool are lost, or the pool before it could run any.
  void Lose(PoolId pool, const std::string& why);
  absl::Status AdoptOne(const Command& envelope, CallId call, const AdoptBlocks::Adoption& adoption,
                        const DistributionPtr& distribution);

  MemoryPool& pool_;
  BufferStore& store_;
  int target_;
  Answer answer_;
  UniqueFd listener_;
  std::map<PoolId, Expected> expected_;
  std::map<PoolId, Worker> workers_;
  std::vector<Stranger> strangers_;  // the longest waiting first
  std::map<CallId, std::unique_ptr<FunctionCall>> calls_;
  std::deque<Wanted> wanted_;
};

}  // namespace distarray
