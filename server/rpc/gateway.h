#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "distarray/v1/session.pb.h"

namespace distarray::server {

/// Number of a client's stream or unary call, never used again.
using PeerId = std::int64_t;

/// A message's part of what its client may have under way here: held until what it asked for needs its bytes no more.
/// The client's next message is read while not too much is held.
using Receipt = std::shared_ptr<const void>;

/// The way back to one client: a session's stream, or one unary call. Implemented by rpc; any thread may call it; calls
/// return at once; what is sent is queued in order.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void Send(v1::ReplyBatch replies) = 0;
  /// Ends the stream after what is queued. A unary call ends by itself with its (last) reply.
  virtual void Finish(absl::Status status) = 0;
};

/// What rpc tells the front. Implemented by the front; any thread may call it; calls return at once. For one peer:
/// Connected, then any number of Received (in order) and Drained, perhaps HalfClosed, then Disconnected, once.
class Gateway {
 public:
  virtual ~Gateway() = default;
  virtual void Connected(PeerId id, std::shared_ptr<Peer> peer) = 0;
  virtual void Received(PeerId id, v1::RequestBatch batch, Receipt receipt) = 0;
  /// The client will send nothing more and waits for its answers: Finish when it has them.
  virtual void HalfClosed(PeerId id) = 0;
  /// `bytes` (as of ByteSizeLong) of what was sent have been given to the network: send more.
  virtual void Drained(PeerId id, std::int64_t bytes) = 0;
  /// The client is gone, or its stream has ended.
  virtual void Disconnected(PeerId id) = 0;
  /// One unary call, in place of Received: `request` within the session named (empty: none), with the number it has in
  /// the session's sequence, if any.
  virtual void Call(PeerId id, std::string session, std::optional<std::int64_t> sequence, v1::Request request) = 0;
};

}  // namespace distarray::server
