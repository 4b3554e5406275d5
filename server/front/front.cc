#include "server/front/front.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

namespace distarray::server {
namespace {

constexpr std::int64_t kChunkBytesMax = 1 << 20;
constexpr std::int64_t kQueuedCallsMax = 1024;  // a stream's are bounded by its receipts

v1::ReplyBatch BatchOf(v1::Reply reply) {
  v1::ReplyBatch batch;
  *batch.add_replies() = std::move(reply);
  return batch;
}

v1::ReplyBatch ErrorBatch(const v1::Request& request, const absl::Status& status) {
  v1::Reply reply;
  reply.set_sequence(request.sequence());
  *reply.mutable_error() = EncodeError(status, request.origin());
  return BatchOf(std::move(reply));
}

absl::Status ShuttingDown() { return Error(Reason::kShuttingDown, "the daemon is shutting down; try again later"); }

}  // namespace

Front::Front(const FrontConfig& config)
    : config_(config),
      cluster_(config.engine_count, config.memory_limit_bytes),
      functions_(&cluster_.scheduler, cluster_.all_targets, config.functions) {
  FillCapabilities(&tables_);
  tables_.set_version(DISTARRAY_VERSION);
  tables_.set_epoch(config_.epoch);
  tables_.set_engine_count(config_.engine_count);
  tables_.set_memory_limit_bytes(config_.memory_limit_bytes);
  tables_.set_chunk_bytes_max(kChunkBytesMax);
  tables_.set_message_bytes_max(config_.message_bytes_max);
  tables_.set_dimensions_max(kDimensionsMax);
  tables_.set_instance(config_.instance);
  context_.cluster = &cluster_;
  context_.functions = &functions_;
  context_.user = config_.user;
  context_.working_directory = config_.working_directory;
  if (!config_.data_root.empty()) {
    std::error_code error;
    context_.data_root = std::filesystem::weakly_canonical(config_.data_root, error).string();
  }
  context_.chunk_bytes_max = kChunkBytesMax;
  context_.server_info = [this] { return Info(); };
}

v1::ServerInfo Front::Info() const {
  v1::ServerInfo info = tables_;
  info.set_memory_used_bytes(cluster_.ledger.used_bytes());
  const Functions::Config& functions = functions_.config();
  info.mutable_functions()->set_mode(functions.run_pickled  ? v1::ServerInfo::Functions::MODE_ON
                                     : functions.run_source ? v1::ServerInfo::Functions::MODE_SOURCE
                                                            : v1::ServerInfo::Functions::MODE_OFF);
  info.mutable_functions()->set_calls(functions_.counters().calls);
  info.mutable_functions()->set_lent_bytes(functions_.counters().lent_bytes);
  info.mutable_functions()->set_copied_bytes(functions_.counters().copied_bytes);
  return info;
}

v1::Reply Front::OpenReplyOf(const Session& session) const {
  v1::Reply reply;
  v1::OpenReply* open = reply.mutable_open();
  open->set_session(session.name());
  open->set_last_sequence(session.last_sequence());
  *open->mutable_info() = Info();
  return reply;
}

absl::StatusOr<Front::Entry*> Front::Open(const v1::OpenRequest& request, double now_seconds) {
  if (!request.session().empty()) {
    const auto found = sessions_.find(request.session());
    if (found == sessions_.end()) {
      return Error(Reason::kSessionUnknown, absl::StrCat("session: there is no session \"", request.session(),
                                                         "\"; it ended, or the engines were restarted (epoch ",
                                                         config_.epoch, "); its arrays are gone"));
    }
    return &found->second;
  }
  const std::int64_t number = next_session_++;
  auto session =
      std::make_shared<Session>(&context_, number, absl::StrCat(config_.instance, "-", config_.epoch, "-", number));
  DA_RETURN_IF_ERROR(session->Configure(request));
  Entry& entry = sessions_[session->name()];
  entry = {.session = session, .last_seen_seconds = now_seconds};
  return &entry;
}

void Front::OnConnected(PeerId id, std::shared_ptr<Peer> peer) { clients_[id] = {.peer = std::move(peer)}; }

void Front::HandleOpen(PeerId id, Client& client, const v1::Request& request, double now_seconds) {
  const absl::StatusOr<Entry*> entry = Open(request.open(), now_seconds);
  if (!entry.ok()) {
    client.peer->Send(ErrorBatch(request, entry.status()));
    return;
  }
  if ((*entry)->stream != 0) {
    // The client came back before its old connection was seen to break.
    if (const auto old = clients_.find((*entry)->stream); old != clients_.end()) {
      old->second.session.reset();
      old->second.peer->Finish(absl::AbortedError("the session was taken up by another connection"));
    }
  }
  (*entry)->stream = id;
  client.session = (*entry)->session;
  v1::Reply reply = OpenReplyOf(*client.session);
  reply.set_sequence(request.sequence());
  client.peer->Send(BatchOf(std::move(reply)));
  client.session->Attach(client.peer);
  if (request.open().session().empty()) {
    client.session->StartAfter(request.sequence());  // the opening request is the session's first
  }
}

void Front::OnReceived(PeerId id, v1::RequestBatch batch, const Receipt& receipt, double now_seconds) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) {
    return;
  }
  Client& client = found->second;
  for (v1::Request& request : *batch.mutable_requests()) {
    if (!taking_) {
      if (request.awaited()) {
        client.peer->Send(ErrorBatch(request, ShuttingDown()));
      }
      continue;
    }
    if (!client.session) {
      if (!request.has_open()) {
        client.peer->Finish(absl::InvalidArgumentError(
            absl::StrCat("the first request of a session's stream was number ",
                         static_cast<int>(request.request_case()), " of Request; expected `open`")));
        return;
      }
      HandleOpen(id, client, request, now_seconds);
      if (!client.session) {
        return;
      }
      continue;
    }
    if (const std::int64_t next = client.session->last_sequence() + 1;
        request.sequence() <= 0 || request.sequence() > next) {
      client.peer->Finish(absl::InvalidArgumentError(
          absl::StrCat("sequence: ", request.sequence(), "; expected ", next, ", or an earlier one again")));
      return;
    }
    client.session->Take(std::move(request), nullptr, receipt);
  }
  DropIfClosed(client.session);
}

void Front::OnHalfClosed(PeerId id) { half_closed_.push_back(id); }

void Front::EndHalfClosed(double now_seconds) {
  std::vector<PeerId> waiting;
  for (const PeerId id : std::exchange(half_closed_, {})) {
    const auto found = clients_.find(id);
    if (found == clients_.end()) {
      continue;
    }
    if (found->second.session && found->second.session->owes_stream()) {
      waiting.push_back(id);
      continue;
    }
    found->second.peer->Finish(absl::OkStatus());
    OnDisconnected(id, now_seconds);
  }
  half_closed_ = std::move(waiting);
}

void Front::OnDrained(PeerId id, std::int64_t bytes) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) {
    return;
  }
  const Client& client = found->second;
  if (const auto session = client.session ? client.session : client.called.lock()) {
    session->OnDrained(bytes);
  }
}

void Front::OnDisconnected(PeerId id, double now_seconds) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) {
    return;
  }
  if (const auto session = found->second.session) {
    const auto entry = sessions_.find(session->name());
    if (entry != sessions_.end() && entry->second.stream == id) {
      entry->second.stream = 0;
      entry->second.last_seen_seconds = now_seconds;
      session->Attach(nullptr);
      session->OnDrained(std::numeric_limits<std::int64_t>::max());
    }
  } else if (const auto called = found->second.called.lock()) {
    called->OnDrained(std::numeric_limits<std::int64_t>::max());  // what it did not read will not be read
  }
  clients_.erase(found);
}

void Front::OnCall(PeerId id, const std::string& session, std::optional<std::int64_t> sequence, v1::Request request,
                   double now_seconds) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) {
    return;
  }
  const std::shared_ptr<Peer> peer = found->second.peer;
  if (!taking_) {
    return peer->Send(ErrorBatch(request, ShuttingDown()));
  }
  if (request.has_info()) {
    v1::Reply reply;
    *reply.mutable_info() = Info();
    return peer->Send(BatchOf(std::move(reply)));
  }
  if (request.has_open()) {
    const absl::StatusOr<Entry*> entry = Open(request.open(), now_seconds);
    return peer->Send(entry.ok() ? BatchOf(OpenReplyOf(*(*entry)->session)) : ErrorBatch(request, entry.status()));
  }
  const auto entry = sessions_.find(session);
  if (entry == sessions_.end()) {
    return peer->Send(ErrorBatch(
        request, Error(Reason::kSessionUnknown, absl::StrCat("distarray-session: there is no session \"", session,
                                                             "\"; open one, and name it in the call's metadata"))));
  }
  entry->second.last_seen_seconds = now_seconds;
  request.set_sequence(sequence.value_or(0));
  request.set_awaited(true);
  const std::shared_ptr<Session> taken = entry->second.session;
  if (taken->queued_count() >= kQueuedCallsMax) {
    return peer->Send(ErrorBatch(request, Error(Reason::kQueueFull, absl::StrCat("the session has ", kQueuedCallsMax,
                                                                                 " requests waiting already"))));
  }
  if (const std::int64_t next = taken->last_sequence() + 1; sequence.value_or(0) < 0 || sequence.value_or(0) > next) {
    return peer->Send(
        ErrorBatch(request, Error(Reason::kInvalidValue, absl::StrCat("distarray-sequence: ", *sequence, "; expected ",
                                                                      next, ", an earlier one again, or none"))));
  }
  found->second.called = taken;
  taken->Take(std::move(request), peer, nullptr);
  DropIfClosed(taken);
}

void Front::DropIfClosed(std::shared_ptr<Session> session) {
  if (session && session->closed()) {
    sessions_.erase(session->name());
    for (auto& [id, client] : clients_) {
      if (client.session == session) {
        client.session.reset();
        client.peer->Finish(absl::OkStatus());
      }
    }
  }
}

void Front::OnReply(CommandReply reply) { cluster_.scheduler.OnReply(std::move(reply)); }

double Front::Expire(double now_seconds) {
  EndHalfClosed(now_seconds);
  double next = functions_.Tick(now_seconds);
  for (auto entry = sessions_.begin(); entry != sessions_.end();) {
    if (entry->second.session->busy()) {
      entry->second.last_seen_seconds = now_seconds;  // its grace begins when its last request has been answered
    }
    const double left = entry->second.last_seen_seconds + config_.session_grace_seconds - now_seconds;
    if (entry->second.stream != 0) {
      ++entry;
    } else if (left <= 0) {
      entry->second.session->EndFunctions();
      entry = sessions_.erase(entry);
    } else {
      next = next < 0 ? left : std::min(next, left);
      ++entry;
    }
  }
  return next;
}

void Front::Settle() {
  std::vector<std::shared_ptr<Session>> closed;
  for (const auto& [name, entry] : sessions_) {
    entry.session->Turn();
    if (entry.session->closed()) {
      closed.push_back(entry.session);
    }
  }
  for (const auto& session : closed) {
    DropIfClosed(session);
  }
}

}  // namespace distarray::server
