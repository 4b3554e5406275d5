#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "distarray/v1/session.pb.h"
#include "server/rpc/gateway.h"
#include "server/session/session.h"

namespace distarray::server {

struct FrontConfig {
  int engine_count = 0;
  std::int64_t epoch = 1;
  std::string instance;
  std::string user;  // that the daemon runs as
  std::int64_t memory_limit_bytes = 0;
  std::string data_root;
  std::string working_directory;
  std::int64_t message_bytes_max = 8 << 20;
  double session_grace_seconds = 10;
  Functions::Config functions;
};

/// Everything the front knows, as a state machine for one thread: clients' requests and engines' replies in, commands
/// (scheduler()) and answers (Peer) out. Time comes in as an argument; nothing here depends on clocks, random numbers
/// or threads.
class Front {
 public:
  explicit Front(const FrontConfig& config);

  void OnConnected(PeerId id, std::shared_ptr<Peer> peer);
  void OnReceived(PeerId id, v1::RequestBatch batch, const Receipt& receipt, double now_seconds);
  void OnHalfClosed(PeerId id);
  void OnDrained(PeerId id, std::int64_t bytes);
  void OnDisconnected(PeerId id, double now_seconds);
  void OnCall(PeerId id, const std::string& session, std::optional<std::int64_t> sequence, v1::Request request,
              double now_seconds);
  void OnReply(CommandReply reply);
  /// What became of pools of workers that were asked for (Functions::Config::host).
  void OnPoolStarted(PoolId pool, const std::string& cookie) { functions_.workforce().OnStarted(pool, cookie); }
  void OnPoolEnded(PoolId pool, const std::string& why) { functions_.workforce().OnEnded(pool, why); }

  /// Ends streams whose clients have all their answers and will send no more, and sessions that nobody has been
  /// connected to for the grace period. Returns when to look again, in seconds; negative: no session waits for its end.
  double Expire(double now_seconds);

  /// From here on requests are refused (SHUTTING_DOWN); what was taken goes on.
  void StopTaking() { taking_ = false; }

  /// To be called after every turn: goes on with what waited for the engines, frees what is no longer needed.
  void Settle();

  Scheduler& scheduler() { return cluster_.scheduler; }

 private:
  struct Client {
    std::shared_ptr<Peer> peer;
    std::shared_ptr<Session> session;  // of a stream
    std::weak_ptr<Session> called;     // of a unary call
  };
  struct Entry {
    std::shared_ptr<Session> session;
    PeerId stream = 0;  // 0: none
    double last_seen_seconds = 0;
  };
  absl::StatusOr<Entry*> Open(const v1::OpenRequest& request, double now_seconds);
  v1::Reply OpenReplyOf(const Session& session) const;
  v1::ServerInfo Info() const;
  void HandleOpen(PeerId id, Client& client, const v1::Request& request, double now_seconds);
  void EndHalfClosed(double now_seconds);
  /// By value: the client's own pointer, which may be the argument, is reset on the way.
  void DropIfClosed(std::shared_ptr<Session> session);

  FrontConfig config_;
  bool taking_ = true;
  v1::ServerInfo tables_;  // what never changes of it
  Cluster cluster_;
  Functions functions_;
  SessionContext context_;
  std::int64_t next_session_ = 1;
  std::map<std::string, Entry> sessions_;
  std::unordered_map<PeerId, Client> clients_;
  std::vector<PeerId> half_closed_;
};

/// The tables of operations, reductions and promotions, as clients get them.
void FillCapabilities(v1::ServerInfo* info);

}  // namespace distarray::server
