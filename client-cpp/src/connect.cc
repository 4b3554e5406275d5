// How a session begins and ends.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "client-cpp/src/session.h"
#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

constexpr char kClientName[] = "distarray-client-cpp " DISTARRAY_VERSION;
constexpr int kKeepaliveMs = 30 * 1000;
constexpr int kKeepaliveTimeoutMs = 20 * 1000;
constexpr auto kCloseMax = absl::Seconds(2);

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A stream that breaks is not carried on; without this gRPC keeps what was sent, to send it again.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

Session::Session(std::string address, std::unique_ptr<v1::DistArray::Stub> stub,
                 std::shared_ptr<const PrivateDaemon> daemon)
    : daemon_(std::move(daemon)),
      address_(std::move(address)),
      stub_(std::move(stub)),
      batch_(std::make_unique<v1::RequestBatch>()) {
  stream_ = std::make_unique<Stream>(*stub_, static_cast<Stream::Receiver*>(this));
  flusher_ = std::thread([this] { RunFlusher(); });
}

absl::StatusOr<std::shared_ptr<Session>> Session::Open(const std::string& address, const ContextOptions& options,
                                                       std::shared_ptr<const PrivateDaemon> daemon) {
  const auto channel = MakeChannel(address);
  const absl::Time deadline = absl::Now() + options.connect_timeout;
  if (!channel->WaitForConnected(absl::ToChronoTime(deadline))) {
    return absl::UnavailableError(absl::StrCat("address: no daemon answers at ", address, " within ",
                                               absl::FormatDuration(options.connect_timeout)));
  }
  std::shared_ptr<Session> session(new Session(address, v1::DistArray::NewStub(channel), std::move(daemon)));
  DA_RETURN_IF_ERROR(session->Begin(options, deadline));
  return session;
}

absl::Status Session::Begin(const ContextOptions& options, absl::Time deadline) {
  const auto fill = [&](v1::Request& request) {
    v1::OpenRequest& open = *request.mutable_open();
    open.set_client(options.client_name.empty() ? kClientName : options.client_name);
    open.mutable_targets()->Add(options.targets.begin(), options.targets.end());
    open.set_default_kinds(options.default_kinds);
  };
  const auto waiter = std::make_shared<Waiter>();
  {
    std::unique_lock lock(mutex_);
    DA_RETURN_IF_ERROR(Wait(lock, waiter, fill, deadline));
  }
  if (!waiter->reply.has_open()) {
    return Error(Reason::kInternal, absl::StrCat("the daemon at ", address_, " did not open a session"));
  }
  const v1::ServerInfo& info = waiter->reply.open().info();
  auto tables = Tables::FromWire(info);
  DA_RETURN_IF_ERROR(tables.status());
  tables_ = *std::move(tables);
  dimensions_max_ = info.dimensions_max();
  chunk_bytes_max_ = info.chunk_bytes_max();
  message_bytes_max_ = info.message_bytes_max();
  if (dimensions_max_ < 1 || chunk_bytes_max_ < SizeOf(DType::kComplex128) || message_bytes_max_ < chunk_bytes_max_) {
    return Error(Reason::kInternal, absl::StrCat("the daemon at ", address_, " sent limits without sense"));
  }
  return absl::OkStatus();
}

Session::~Session() {
  {
    const std::scoped_lock lock(mutex_);
    small_deletes_.clear();  // closing deletes them all
    Add().mutable_close();
    SendBatch();
    stopping_ = true;
    flusher_wakes_.notify_all();
  }
  flusher_.join();
  stream_->CloseAfterQueued();
  if (!stream_->WaitForEnd(kCloseMax)) {
    stream_->Cancel();
    while (!stream_->WaitForEnd(kCloseMax)) {
    }
  }
}

}  // namespace distarray::inline client
