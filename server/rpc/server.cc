#include "server/rpc/server.h"

#include <absl/strings/str_cat.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <utility>

#include "server/rpc/service.h"

namespace distarray::server {
namespace {

// A peer that vanished without a word (a host gone, a cable pulled) is noticed after a minute and twenty seconds.
constexpr int kKeepaliveMs = 60 * 1000;
constexpr int kKeepaliveTimeoutMs = 20 * 1000;
// The oftenest a client may send pings of its own.
constexpr int kClientPingMs = 10 * 1000;

void Configure(const RpcOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  builder.SetMaxSendMessageSize(-1);
  // A second daemon on the same port must fail, not share it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kClientPingMs);
  // Only reflection has synchronous methods: the callback methods have gRPC's own threads.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetResourceQuota(grpc::ResourceQuota("distarray").SetMaxThreads(4));
}

// host:port with the port in use; an address without one (unix:...) as it is.
std::string AddressInUse(const std::string& listen, int port) {
  const auto colon = listen.rfind(':');
  const bool has_port = listen.rfind("unix", 0) != 0 && colon != std::string::npos;
  return has_port ? absl::StrCat(listen.substr(0, colon), ":", port) : listen;
}

}  // namespace

struct RpcServer::Impl {
  explicit Impl(Gateway* gateway) : service(gateway) {}

  DistArrayService service;
  std::string address;
  std::unique_ptr<grpc::Server> server;  // ends before the service
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcOptions& options, Gateway* gateway) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto impl = std::make_unique<Impl>(gateway);
  grpc::ServerBuilder builder;
  Configure(options, builder);
  int port = 0;
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&impl->service);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("listen: cannot listen on '", options.listen, "'; expected a free host:port of this machine"));
  }
  impl->address = AddressInUse(options.listen, port);
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

RpcServer::~RpcServer() { Shutdown(absl::ZeroDuration()); }

const std::string& RpcServer::address() const { return impl_->address; }

void RpcServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = impl_->server->GetHealthCheckService();
  health->SetServingStatus(serving);  // of all, by the empty name
  health->SetServingStatus(v1::DistArray::service_full_name(), serving);
}

void RpcServer::Shutdown(absl::Duration grace) {
  SetServing(false);
  impl_->server->Shutdown(absl::ToChronoTime(absl::Now() + grace));
}

}  // namespace distarray::server
