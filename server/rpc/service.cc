#include "server/rpc/service.h"

#include <absl/status/statusor.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/rpc/chunk_stream.h"
#include "server/rpc/session_stream.h"
#include "server/rpc/unary_call.h"

namespace distarray::server {
namespace {

// What a unary call says of its session, in its metadata.
struct Envelope {
  std::string session;
  std::optional<std::int64_t> sequence;
};

absl::StatusOr<Envelope> ReadEnvelope(const grpc::CallbackServerContext& context) {
  Envelope envelope;
  const auto& metadata = context.client_metadata();
  if (const auto entry = metadata.find("distarray-session"); entry != metadata.end()) {
    envelope.session.assign(entry->second.data(), entry->second.size());
  }
  if (const auto entry = metadata.find("distarray-sequence"); entry != metadata.end()) {
    const absl::string_view text(entry->second.data(), entry->second.size());
    std::int64_t sequence = 0;
    if (!absl::SimpleAtoi(text, &sequence) || sequence < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata distarray-sequence: '", text, "' given, a positive integer expected"));
    }
    envelope.sequence = sequence;
  }
  return envelope;
}

// Starts `call` with `request` within the session that the metadata name, or ends it when they make no sense.
template <typename CallType>
void Start(CallType& call, const grpc::CallbackServerContext& context, v1::Request request) {
  auto envelope = ReadEnvelope(context);
  if (!envelope.ok()) {
    v1::ErrorInfo error;
    error.set_reason(v1::ERROR_REASON_INVALID_VALUE);
    error.set_code(static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
    error.set_message(std::string(envelope.status().message()));
    v1::ReplyBatch refusal;
    *refusal.add_replies()->mutable_error() = std::move(error);
    call.Send(std::move(refusal));
    return;
  }
  request.set_awaited(true);
  call.Start(std::move(envelope->session), envelope->sequence, std::move(request));
}

}  // namespace

grpc::ServerBidiReactor<v1::RequestBatch, v1::ReplyBatch>* DistArrayService::Session(Context*) {
  return SessionStream::Begin(NextPeer(), gateway_).get();
}

grpc::ServerWriteReactor<v1::Chunk>* DistArrayService::Get(Context* context, const v1::GetRequest* get) {
  const auto stream = ChunkStream::Begin(NextPeer(), gateway_);
  v1::Request request;
  *request.mutable_get() = *get;
  Start(*stream, *context, std::move(request));
  return stream.get();
}

template <typename Response>
grpc::ServerUnaryReactor* DistArrayService::Begin(Context* context, v1::Request request, Response* response) {
  const auto call = UnaryCall<Response>::Begin(NextPeer(), gateway_, response);
  Start(*call, *context, std::move(request));
  return call.get();
}

grpc::ServerUnaryReactor* DistArrayService::Info(Context* context, const v1::ServerInfoRequest* asked,
                                                 v1::ServerInfo* response) {
  v1::Request request;
  *request.mutable_info() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Open(Context* context, const v1::OpenRequest* asked,
                                                 v1::OpenReply* response) {
  v1::Request request;
  *request.mutable_open() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Close(Context* context, const v1::CloseRequest* asked, v1::Done* response) {
  v1::Request request;
  *request.mutable_close() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Cancel(Context* context, const v1::CancelRequest* asked,
                                                   v1::Done* response) {
  v1::Request request;
  *request.mutable_cancel() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Create(Context* context, const v1::CreateRequest* asked,
                                                   v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_create() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Put(Context* context, const v1::PutRequest* asked, v1::Done* response) {
  v1::Request request;
  *request.mutable_put() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Slice(Context* context, const v1::SliceRequest* asked,
                                                  v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_slice() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Assign(Context* context, const v1::AssignRequest* asked,
                                                   v1::Done* response) {
  v1::Request request;
  *request.mutable_assign() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Ufunc(Context* context, const v1::UfuncRequest* asked,
                                                  v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_ufunc() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Reduce(Context* context, const v1::ReduceRequest* asked,
                                                   v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_reduce() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Compute(Context* context, const v1::ComputeRequest* asked,
                                                    v1::ComputeReply* response) {
  v1::Request request;
  *request.mutable_compute() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Redistribute(Context* context, const v1::RedistributeRequest* asked,
                                                         v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_redistribute() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Apply(Context* context, const v1::ApplyRequest* asked,
                                                  v1::ApplyReply* response) {
  v1::Request request;
  *request.mutable_apply() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Register(Context* context, const v1::RegisterRequest* asked,
                                                     v1::Done* response) {
  v1::Request request;
  *request.mutable_register_() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Functions(Context* context, const v1::FunctionsRequest* asked,
                                                      v1::FunctionsReply* response) {
  v1::Request request;
  *request.mutable_functions() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Save(Context* context, const v1::SaveRequest* asked, v1::Done* response) {
  v1::Request request;
  *request.mutable_save() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Load(Context* context, const v1::LoadRequest* asked,
                                                 v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_load() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Describe(Context* context, const v1::DescribeRequest* asked,
                                                     v1::ArrayInfo* response) {
  v1::Request request;
  *request.mutable_describe() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::List(Context* context, const v1::ListRequest* asked,
                                                 v1::ListReply* response) {
  v1::Request request;
  *request.mutable_list() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Delete(Context* context, const v1::DeleteRequest* asked,
                                                   v1::Done* response) {
  v1::Request request;
  *request.mutable_delete_() = *asked;
  return Begin(context, std::move(request), response);
}
grpc::ServerUnaryReactor* DistArrayService::Wait(Context* context, const v1::WaitRequest* asked, v1::Done* response) {
  v1::Request request;
  *request.mutable_wait() = *asked;
  return Begin(context, std::move(request), response);
}

}  // namespace distarray::server
