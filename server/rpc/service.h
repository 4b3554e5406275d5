#pragma once

#include <atomic>

#include "distarray/v1/service.grpc.pb.h"
#include "server/rpc/gateway.h"

namespace distarray::server {

/// The methods of distarray.v1.DistArray: each hands its request to the gateway and answers with what comes back.
class DistArrayService final : public v1::DistArray::CallbackService {
 public:
  /// `gateway` must outlive the service.
  explicit DistArrayService(Gateway* gateway) : gateway_(gateway) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  grpc::ServerBidiReactor<v1::RequestBatch, v1::ReplyBatch>* Session(Context*) override;
  grpc::ServerWriteReactor<v1::Chunk>* Get(Context*, const v1::GetRequest*) override;

  Unary* Info(Context*, const v1::ServerInfoRequest*, v1::ServerInfo*) override;
  Unary* Open(Context*, const v1::OpenRequest*, v1::OpenReply*) override;
  Unary* Close(Context*, const v1::CloseRequest*, v1::Done*) override;
  Unary* Cancel(Context*, const v1::CancelRequest*, v1::Done*) override;
  Unary* Create(Context*, const v1::CreateRequest*, v1::ArrayInfo*) override;
  Unary* Put(Context*, const v1::PutRequest*, v1::Done*) override;
  Unary* Slice(Context*, const v1::SliceRequest*, v1::ArrayInfo*) override;
  Unary* Assign(Context*, const v1::AssignRequest*, v1::Done*) override;
  Unary* Ufunc(Context*, const v1::UfuncRequest*, v1::ArrayInfo*) override;
  Unary* Reduce(Context*, const v1::ReduceRequest*, v1::ArrayInfo*) override;
  Unary* Compute(Context*, const v1::ComputeRequest*, v1::ComputeReply*) override;
  Unary* Redistribute(Context*, const v1::RedistributeRequest*, v1::ArrayInfo*) override;
  Unary* Apply(Context*, const v1::ApplyRequest*, v1::ApplyReply*) override;
  Unary* Register(Context*, const v1::RegisterRequest*, v1::Done*) override;
  Unary* Functions(Context*, const v1::FunctionsRequest*, v1::FunctionsReply*) override;
  Unary* Save(Context*, const v1::SaveRequest*, v1::Done*) override;
  Unary* Load(Context*, const v1::LoadRequest*, v1::ArrayInfo*) override;
  Unary* Describe(Context*, const v1::DescribeRequest*, v1::ArrayInfo*) override;
  Unary* List(Context*, const v1::ListRequest*, v1::ListReply*) override;
  Unary* Delete(Context*, const v1::DeleteRequest*, v1::Done*) override;
  Unary* Wait(Context*, const v1::WaitRequest*, v1::Done*) override;

 private:
  PeerId NextPeer() { return next_peer_.fetch_add(1, std::memory_order_relaxed); }

  /// Begins a unary call with `request` (its oneof set).
  template <typename Response>
  Unary* Begin(Context* context, v1::Request request, Response* response);

  Gateway* const gateway_;
  std::atomic<PeerId> next_peer_ = 1;
};

}  // namespace distarray::server
