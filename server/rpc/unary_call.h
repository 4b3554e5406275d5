#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/rpc/gateway.h"
#include "server/rpc/presence.h"
#include "server/rpc/status.h"

namespace distarray::server {

// Each moves the part of `reply` that a method of this response type answers with; false: the reply holds something
// else.
bool TakeReply(v1::Reply& reply, v1::Done* out);
bool TakeReply(v1::Reply& reply, v1::OpenReply* out);
bool TakeReply(v1::Reply& reply, v1::ArrayInfo* out);
bool TakeReply(v1::Reply& reply, v1::ListReply* out);
bool TakeReply(v1::Reply& reply, v1::ApplyReply* out);
bool TakeReply(v1::Reply& reply, v1::ServerInfo* out);
bool TakeReply(v1::Reply& reply, v1::FunctionsReply* out);
bool TakeReply(v1::Reply& reply, v1::ComputeReply* out);

/// One unary call, from its request to its one reply. Owns itself until gRPC is done with it.
template <typename Response>
class UnaryCall final : public Peer, public grpc::ServerUnaryReactor {
 public:
  /// The call, known to the gateway. `response` is gRPC's and lives until the call is done.
  static std::shared_ptr<UnaryCall> Begin(PeerId id, Gateway* gateway, Response* response) {
    std::shared_ptr<UnaryCall> call(new UnaryCall(id, gateway, response));
    call->self_ = call;
    call->presence_.Begin(call);
    return call;
  }

  /// Hands the request to the gateway.
  void Start(std::string session, std::optional<std::int64_t> sequence, v1::Request request) {
    presence_.Call(std::move(session), sequence, std::move(request));
  }

  void Send(v1::ReplyBatch replies) override {
    if (replies.replies().empty() || answered_.exchange(true)) {
      return;
    }
    v1::Reply& reply = *replies.mutable_replies(0);
    if (reply.has_error()) {
      grpc::ServerUnaryReactor::Finish(ToGrpcStatus(std::move(*reply.mutable_error())));
    } else if (TakeReply(reply, response_)) {
      grpc::ServerUnaryReactor::Finish(grpc::Status::OK);
    } else {
      grpc::ServerUnaryReactor::Finish({grpc::StatusCode::INTERNAL, "the reply is not of the method's type"});
    }
  }
  void Finish(absl::Status status) override {
    if (!answered_.exchange(true)) {
      const bool answer_missing = status.ok();
      grpc::ServerUnaryReactor::Finish(answer_missing
                                           ? grpc::Status(grpc::StatusCode::INTERNAL, "the call ended without a reply")
                                           : ToGrpcStatus(status));
    }
  }

  void OnCancel() override {
    presence_.End();
    Finish(absl::CancelledError("the client cancelled the call"));
  }
  void OnDone() override {
    presence_.End();
    self_.reset();
  }

 private:
  UnaryCall(PeerId id, Gateway* gateway, Response* response) : presence_(id, gateway), response_(response) {}

  Presence presence_;
  Response* const response_;
  std::atomic<bool> answered_ = false;
  std::shared_ptr<UnaryCall> self_;
};

}  // namespace distarray::server
