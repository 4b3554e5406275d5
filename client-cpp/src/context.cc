#include "distarray/context.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "client-cpp/src/array_state.h"
#include "client-cpp/src/codec.h"
#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

bool IsHostPort(const std::string& address) {
  const auto colon = address.rfind(':');
  std::uint32_t port = 0;
  return colon != std::string::npos && colon > 0 && address.find('/') == std::string::npos &&
         absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 && port < 1U << 16U;
}

}  // namespace

absl::StatusOr<Context> Context::Connect(const std::string& address, const ContextOptions& options) {
  const char* const variable = std::getenv("DISTARRAY_ADDRESS");
  const std::string where = address.empty() && variable != nullptr ? variable : address;
  if (where.empty()) {
    return With(PrivateDaemon::Shared(), options);
  }
  if (!IsHostPort(where)) {
    return Error(Reason::kInvalidValue, absl::StrCat(address.empty() ? "DISTARRAY_ADDRESS" : "address", ": ", where,
                                                     " given, host:port expected"));
  }
  auto session = Session::Open(where, options);
  DA_RETURN_IF_ERROR(session.status());
  return Context(*std::move(session));
}

absl::StatusOr<Context> Context::StartPrivate(int engines, const ContextOptions& options) {
  if (engines < 1) {
    return Error(Reason::kInvalidValue, absl::StrCat("engines: ", engines, " given, at least 1 expected"));
  }
  return With(PrivateDaemon::Start(engines), options);
}

absl::StatusOr<Context> Context::With(const absl::StatusOr<std::shared_ptr<const PrivateDaemon>>& daemon,
                                      const ContextOptions& options) {
  DA_RETURN_IF_ERROR(daemon.status());
  auto session = Session::Open((*daemon)->address(), options, *daemon);
  DA_RETURN_IF_ERROR(session.status());
  return Context(*std::move(session));
}

const std::string& Context::address() const { return session_->address(); }

absl::StatusOr<DaemonInfo> Context::Info() const {
  const auto reply = session_->Await([](v1::Request& request) { request.mutable_info(); });
  DA_RETURN_IF_ERROR(reply.status());
  const v1::ServerInfo& info = reply->info();
  return DaemonInfo{.version = info.version(),
                    .instance = info.instance(),
                    .epoch = info.epoch(),
                    .engine_count = info.engine_count(),
                    .memory_limit_bytes = info.memory_limit_bytes(),
                    .memory_used_bytes = info.memory_used_bytes()};
}

absl::StatusOr<Array> Context::LoadHdf5(const std::string& path, const std::string& dataset,
                                        const DistributionRequest& distribution) const {
  const std::int64_t key = session_->NewKey();
  const auto reply = session_->Await([&](v1::Request& request) {
    v1::LoadRequest& load = *request.mutable_load();
    load.set_result(key);
    load.set_path(path);
    load.set_dataset(dataset);
    ToWire(distribution, load.mutable_distribution());
  });
  DA_RETURN_IF_ERROR(reply.status());
  auto info = FromWire(reply->array());
  DA_RETURN_IF_ERROR(info.status());
  return ArrayState::Handle(std::make_shared<const ArrayState>(session_, key, std::move(info->shape), info->dtype));
}

absl::StatusOr<std::vector<ArrayInfo>> Context::List() const {
  std::vector<ArrayInfo> arrays;
  std::string page;
  do {
    const auto reply = session_->Await([&](v1::Request& request) { request.mutable_list()->set_page_token(page); });
    DA_RETURN_IF_ERROR(reply.status());
    for (const v1::ArrayInfo& message : reply->list().arrays()) {
      auto info = FromWire(message);
      DA_RETURN_IF_ERROR(info.status());
      arrays.push_back(*std::move(info));
    }
    page = reply->list().next_page_token();
  } while (!page.empty());
  return arrays;
}

absl::Status Context::Wait() const {
  return session_->Await([](v1::Request& request) { request.mutable_wait(); }).status();
}

void Context::Flush() const { session_->Flush(); }

}  // namespace distarray::inline client
