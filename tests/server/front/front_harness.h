#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/front/front.h"

namespace distarray::server {

/// A front without engines and network: a client's requests go in by hand, commands are kept to be looked at and
/// answered.
class FrontHarness {
 public:
  explicit FrontHarness(int engines = 2, std::int64_t memory_limit_bytes = std::int64_t{1} << 30);

  /// A client of its own, with an open session.
  PeerId Connect();
  /// Sends a request; an awaited one has the number that is returned.
  std::int64_t Send(PeerId client, v1::Request request, bool awaited = false, const Receipt& receipt = nullptr);
  /// A unary call in a client's session: the caller's own number, and what it was told.
  PeerId Call(PeerId client, v1::Request request);
  const std::vector<v1::Reply>& Told(PeerId caller) const;
  bool Ended(PeerId client) const;

  /// What came back for a number so far.
  std::vector<v1::Reply> Replies(PeerId client, std::int64_t sequence) const;
  const v1::Reply* ReplyTo(PeerId client, std::int64_t sequence) const;

  /// Commands that were sent, without definitions and frees, in order; each once, whatever the number of its targets.
  std::vector<Command> commands;
  std::vector<BufferId> freed;
  std::map<DistributionId, std::size_t> forgotten;  // after how many commands
  std::vector<PoolId> pools_started;
  std::vector<PoolId> pools_stopped;

  /// Takes what the scheduler sends; answers it (as `engine` says, by default well, with `bytes` zeros for a fetch)
  /// until nothing more comes.
  void Run();
  std::function<void(const Command&, CommandReply&)> engine;

  /// All commands of one kind.
  template <typename Body>
  std::vector<const Body*> Of() const {
    std::vector<const Body*> found;
    for (const Command& command : commands) {
      if (const auto* body = std::get_if<Body>(&command.body)) {
        found.push_back(body);
      }
    }
    return found;
  }

  // Requests.
  static v1::Request Zeros(std::int64_t key, std::vector<std::int64_t> shape, v1::DType dtype = v1::DTYPE_FLOAT64);
  static v1::Request Ufunc(std::int64_t result, const std::string& name, std::vector<std::int64_t> keys,
                           std::vector<double> scalars = {});
  static v1::Request Reduce(std::int64_t result, const std::string& name, std::int64_t key);
  static v1::Request Put(std::int64_t key, const std::vector<double>& values);
  static v1::Request Get(std::int64_t key);
  static v1::Request Delete(std::vector<std::int64_t> keys);
  static v1::Request SliceOf(std::int64_t result, std::int64_t key, std::int64_t start, std::int64_t stop);
  static v1::Request Wait(std::vector<std::int64_t> keys = {});

  Front front;

 private:
  struct Recorder;
  std::vector<std::shared_ptr<Recorder>> clients_;
  std::vector<std::int64_t> sequences_;
};

}  // namespace distarray::server
