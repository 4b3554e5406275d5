#include "distarray/call.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "client-cpp/src/arguments.h"
#include "client-cpp/src/array_state.h"
#include "client-cpp/src/call_state.h"
#include "client-cpp/src/codec.h"
#include "client-cpp/src/status.h"
#include "distarray/context.h"

namespace distarray::inline client {
namespace {

using WireResult = v1::ApplyReply::TargetResult;
using Part = v1::ApplyReply::Part;

// Deletes what the daemon keeps of a call for the client: parts of what was returned, and the array, also a failed one.
void ForgetMade(Session& session, const v1::ApplyReply& reply, std::int64_t result_key) {
  for (const WireResult& result : reply.results()) {
    for (const Part* const part : {&result.local_array().part(), &result.pickled_part()}) {
      if (part->key() != 0) {
        session.Forget(part->key(), part->bytes());
      }
    }
    for (const Part& part : result.buffers()) {
      session.Forget(part.key(), part.bytes());
    }
  }
  if (result_key != 0) {
    session.Forget(result_key, reply.array().nbytes());
  }
}

absl::Status Read(Session& session, std::int64_t key, std::string& bytes) {
  const auto fill = [&](v1::Request& request) { request.mutable_get()->set_key(key); };
  const std::span out(reinterpret_cast<std::byte*>(bytes.data()), bytes.size());
  const absl::Status status = session.AwaitBytes(fill, out);
  if (status.ok() || !session.AwaitBytes(fill, out).ok()) {
    return status;
  }
  session.Defer(status);  // it was that of an earlier in-place operation, for who asks for arrays
  return absl::OkStatus();
}

absl::StatusOr<LocalArray> Fetch(Session& session, const v1::ApplyReply::LocalPart& message) {
  const auto dtype = FromWire(message.dtype());
  DA_RETURN_IF_ERROR(dtype.status());
  LocalArray local{
      .dtype = *dtype, .shape = Shape(message.shape().begin(), message.shape().end()), .dim_data = message.dim_data()};
  if (message.part().bytes() != ElementCount(local.shape) * SizeOf(local.dtype)) {
    return Error(Reason::kInternal, "the daemon sent a local array whose size is not that of its shape");
  }
  local.bytes.resize(static_cast<std::size_t>(message.part().bytes()));
  DA_RETURN_IF_ERROR(Read(session, message.part().key(), local.bytes));
  return local;
}

// What a target returned, into `result`.
absl::Status TakeValue(Session& session, const WireResult& message, TargetResult* result) {
  if (message.has_local_array()) {
    auto local = Fetch(session, message.local_array());
    DA_RETURN_IF_ERROR(local.status());
    result->local_array = *std::move(local);
    return absl::OkStatus();
  }
  if (message.has_plain()) {
    auto value = FromWire(message.plain());
    DA_RETURN_IF_ERROR(value.status());
    result->value = *std::move(value);
    return absl::OkStatus();
  }
  if (!message.pickled().empty() || message.has_pickled_part()) {
    return Error(Reason::kInternal, absl::StrCat("the daemon sent what target ", message.target(),
                                                 " returned as Python alone can read it"));
  }
  return absl::OkStatus();
}

v1::ErrorInfo WithTraceback(const WireResult& message) {
  v1::ErrorInfo error = message.error();
  if (!message.exception().traceback().empty()) {
    absl::StrAppend(error.mutable_message(), "\n", message.exception().traceback());
  }
  return error;
}

TargetResult TakeResult(Session& session, const WireResult& message) {
  TargetResult result{.target = message.target(),
                      .exception_type = message.exception().type(),
                      .traceback = message.exception().traceback(),
                      .output = message.output(),
                      .output_truncated = message.output_truncated()};
  for (const v1::ApplyReply::Warning& warning : message.warnings()) {
    result.warnings.push_back({.category = warning.category(),
                               .message = warning.message(),
                               .filename = warning.filename(),
                               .line = warning.line()});
  }
  result.status = message.has_error() ? ErrorFromWire(WithTraceback(message)) : TakeValue(session, message, &result);
  return result;
}

// Whether it failed because another target had: then its message holds the other's.
bool IsConsequence(const WireResult& result, const std::vector<const WireResult*>& failed) {
  return std::any_of(failed.begin(), failed.end(), [&](const WireResult* other) {
    return other != &result && result.error().message().find(other->error().message()) != std::string::npos;
  });
}

// The first cause of a failure: what a function did itself leads before what that brought about elsewhere.
absl::Status FirstCause(const v1::ApplyReply& reply) {
  std::vector<const WireResult*> failed;
  for (const WireResult& result : reply.results()) {
    if (result.has_error()) {
      failed.push_back(&result);
    }
  }
  if (failed.empty()) {
    return absl::OkStatus();
  }
  const auto rank = [&](const WireResult* result) {
    const v1::ErrorReason reason = result->error().reason();
    const bool own = reason == v1::ERROR_REASON_FUNCTION_FAILED || reason == v1::ERROR_REASON_MEMORY_LIMIT;
    return own ? 0 : IsConsequence(*result, failed) ? 2 : 1;
  };
  const auto first = std::min_element(failed.begin(), failed.end(),
                                      [&](const WireResult* a, const WireResult* b) { return rank(a) < rank(b); });
  v1::ErrorInfo error = WithTraceback(**first);
  error.clear_targets();
  for (const WireResult* const result : failed) {
    error.add_targets(result->target());
  }
  return ErrorFromWire(error);
}

CallResult Collect(const CallState& call) {
  CallResult collected;
  const absl::StatusOr<v1::Reply> answer = call.session->Finish(*call.waiter);
  if (!answer.ok()) {
    ForgetMade(*call.session, {}, call.result_key);
    collected.status = answer.status();
    return collected;
  }
  const v1::ApplyReply& reply = answer->apply();
  collected.status = FirstCause(reply);
  for (const WireResult& result : reply.results()) {
    collected.results.push_back(TakeResult(*call.session, result));
    collected.status.Update(collected.results.back().status);
  }
  if (reply.has_array()) {
    auto info = FromWire(reply.array());
    if (info.ok()) {
      collected.array = ArrayState::Handle(
          std::make_shared<const ArrayState>(call.session, call.result_key, std::move(info->shape), info->dtype));
      return collected;
    }
    collected.status.Update(info.status());
  }
  ForgetMade(*call.session, reply, call.result_key);
  return collected;
}

absl::Status CheckFunction(const Function& function) {
  if (!IsUtf8(function.name) || !IsUtf8(function.source)) {
    return Error(Reason::kInvalidValue, "function: text that is not UTF-8 given");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ApplyRequest> RequestOf(const Session& session, const Function& function, const Arguments& arguments,
                                           const CallOptions& options) {
  DA_RETURN_IF_ERROR(CheckFunction(function));
  v1::ApplyRequest request;
  if (function.source.empty()) {
    request.mutable_function()->set_registered(function.name);
  } else {
    request.mutable_function()->set_source(function.source);
    request.mutable_function()->set_name(function.name);
  }
  ArgumentWriter writer(&session, &request);
  for (const Value& argument : arguments.values) {
    DA_RETURN_IF_ERROR(writer.Add({}, argument));
  }
  for (const auto& [name, argument] : options.keywords) {
    if (name.empty()) {
      return Error(Reason::kInvalidValue, "keywords: one without a name given");
    }
    DA_RETURN_IF_ERROR(writer.Add(name, argument));
  }
  request.mutable_targets()->Add(options.targets.begin(), options.targets.end());
  if (options.timeout <= absl::ZeroDuration()) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("timeout: ", absl::FormatDuration(options.timeout), " given, more than 0 expected"));
  }
  if (options.timeout != absl::InfiniteDuration()) {
    request.set_timeout_seconds(absl::ToDoubleSeconds(options.timeout));
  }
  request.set_plain_results(true);
  return request;
}

std::shared_ptr<CallState> Begin(const std::shared_ptr<Session>& session, v1::ApplyRequest::Results results,
                                 const Function& function, const Arguments& arguments, const CallOptions& options) {
  auto request = RequestOf(*session, function, arguments, options);
  if (!request.ok()) {
    return std::make_shared<CallState>(request.status());
  }
  request->set_results(results);
  const std::int64_t key = session->NewKey();
  if (results != v1::ApplyRequest::RESULTS_VALUES) {
    request->set_result(key);
  }
  const std::string operation = absl::StrCat("call-", key);
  auto waiter = session->Start([&](v1::Request& message) {
    message.set_operation(operation);
    *message.mutable_apply() = *std::move(request);
  });
  if (!waiter.ok()) {
    return std::make_shared<CallState>(waiter.status());
  }
  return std::make_shared<CallState>(session, *std::move(waiter), operation,
                                     results == v1::ApplyRequest::RESULTS_VALUES ? 0 : key);
}

}  // namespace

CallState::~CallState() {
  if (!result.has_value()) {
    Session* const its_session = session.get();  // outlives its stream, whose thread may drop the answer
    session->Abandon(*waiter, [its_session, key = result_key](const v1::Reply& reply) {
      ForgetMade(*its_session, reply.apply(), key);
    });
  }
}

bool PendingCall::WaitFor(absl::Duration timeout) const {
  return state_->waiter == nullptr || state_->session->WaitFor(*state_->waiter, absl::Now() + timeout);
}

CallResult PendingCall::Wait() const {
  const std::scoped_lock lock(state_->mutex);
  if (!state_->result.has_value()) {
    state_->result = Collect(*state_);
  }
  return *state_->result;
}

void PendingCall::Cancel() const {
  if (!done()) {
    state_->session->Cancel(state_->operation);
  }
}

absl::Status LocalArray::CheckDType(DType expected) const {
  if (dtype == expected) {
    return absl::OkStatus();
  }
  return Error(Reason::kInvalidType, absl::StrCat("T: ", std::string(NameOf(expected)), " given, the array is of ",
                                                  std::string(NameOf(dtype))));
}

PendingCall Context::CallAsync(const Function& function, const Arguments& arguments, const CallOptions& options) const {
  return PendingCall(Begin(session_, v1::ApplyRequest::RESULTS_ARRAY, function, arguments, options));
}

PendingCall Context::ApplyAsync(const Function& function, const Arguments& arguments,
                                const CallOptions& options) const {
  return PendingCall(Begin(session_, v1::ApplyRequest::RESULTS_VALUES, function, arguments, options));
}

absl::Status Context::Register(const std::string& name, const std::string& source) const {
  const Function function(name, source);
  DA_RETURN_IF_ERROR(CheckFunction(function));
  return session_
      ->Await([&](v1::Request& request) {
        v1::RegisterRequest& message = *request.mutable_register_();
        message.set_name(name);
        message.mutable_function()->set_source(source);
        message.mutable_function()->set_name(name);
      })
      .status();
}

absl::Status Context::Unregister(const std::string& name) const {
  DA_RETURN_IF_ERROR(CheckFunction(name));
  return session_
      ->Await([&](v1::Request& request) {
        request.mutable_register_()->set_name(name);
        request.mutable_register_()->set_remove(true);
      })
      .status();
}

absl::StatusOr<std::vector<FunctionInfo>> Context::Functions() const {
  const auto reply = session_->Await([](v1::Request& request) { request.mutable_functions(); });
  DA_RETURN_IF_ERROR(reply.status());
  std::vector<FunctionInfo> functions;
  for (const v1::FunctionsReply::Entry& entry : reply->functions().functions()) {
    functions.push_back({.name = entry.name(),
                         .source = entry.source(),
                         .python_version = entry.python_version(),
                         .calls = entry.calls()});
  }
  return functions;
}

}  // namespace distarray::inline client
