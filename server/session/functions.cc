// Functions of the user's by name, and their cancelling.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "server/session/applying.h"
#include "server/session/session.h"

namespace distarray::server {
namespace {

bool IsIdentifier(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c < 0; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || !letter(name.front())) {
    return false;
  }
  for (const char c : name) {
    if (!letter(c) && !digit(c)) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::Status Session::CheckAllowed(const v1::Function& function) const {
  const Functions::Config& config = context_->functions->config();
  if (!config.run_source) {
    return Error(Reason::kPermissionDenied,
                 "this daemon runs no functions of users' (--apply=off; off is the default where other machines can "
                 "connect)");
  }
  if (!config.run_pickled && function.has_pickled()) {
    return Error(Reason::kPermissionDenied,
                 "this daemon runs only functions that are given as source text (--apply=source)");
  }
  if (function.has_source() && !IsIdentifier(function.name())) {
    return Error(Reason::kInvalidValue, absl::StrCat("name: \"", function.name(),
                                                     "\"; expected the name of a function that the source defines"));
  }
  return absl::OkStatus();
}

void Session::Register(const v1::RegisterRequest& request, const Ticket& ticket) {
  const auto outcome = [&]() -> absl::Status {
    if (!IsIdentifier(request.name())) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("name: \"", request.name(), "\"; expected an identifier, to be called by"));
    }
    if (request.remove()) {
      return functions_.erase(request.name()) != 0
                 ? absl::OkStatus()
                 : Error(Reason::kUnknownKey, absl::StrCat("name: no function \"", request.name(), "\" is registered"));
    }
    DA_RETURN_IF_ERROR(CheckAllowed(request.function()));
    if (!request.function().has_pickled() && !request.function().has_source()) {
      return Error(Reason::kInvalidValue, "function: none given; expected a pickled one or source text");
    }
    functions_[request.name()] = {.function = request.function()};
    return absl::OkStatus();
  };
  if (const absl::Status status = outcome(); !status.ok()) {
    return Defer(ticket, status);
  }
  AnswerDone(ticket);
}

void Session::ListFunctions(const Ticket& ticket) {
  v1::Reply reply;
  v1::FunctionsReply* list = reply.mutable_functions();
  for (const auto& [name, registered] : functions_) {
    v1::FunctionsReply::Entry* entry = list->add_functions();
    entry->set_name(name);
    entry->set_source(registered.function.source());
    entry->set_python_version(registered.function.python_version());
    entry->set_calls(registered.calls);
  }
  Answer(ticket, std::move(reply));
}

absl::StatusOr<v1::Function> Session::Resolve(const v1::Function& function) {
  if (function.has_registered()) {
    const auto found = functions_.find(function.registered());
    if (found == functions_.end()) {
      return Error(Reason::kUnknownKey,
                   absl::StrCat("function: no function \"", function.registered(), "\" is registered"));
    }
    DA_RETURN_IF_ERROR(CheckAllowed(found->second.function));
    ++found->second.calls;
    return found->second.function;
  }
  if (!function.has_pickled() && !function.has_source()) {
    return Error(Reason::kInvalidValue, "function: none given; expected a pickled one, source text or a name");
  }
  DA_RETURN_IF_ERROR(CheckAllowed(function));
  return function;
}

void Session::Cancel(const std::string& operation) {
  if (operation.empty()) {
    return;
  }
  for (Queued& queued : queue_) {
    if (queued.request.has_apply() && queued.request.operation() == operation) {
      queued.cancelled = true;
    }
  }
  for (const auto& [call, applying] : std::map(applying_)) {
    if (applying->ticket.operation == operation) {
      applying->run->Cancel();
    }
  }
}

bool Session::busy() const {
  const auto running =
      std::count_if(applying_.begin(), applying_.end(), [](const auto& entry) { return entry.second->ticket.awaited; });
  return static_cast<std::ptrdiff_t>(owed_.size()) > running;
}

bool Session::LetWorkersGo() { return context_->functions->workforce().Forget(planner_.lane().number()); }

void Session::EndFunctions() {
  CancelAll();
  if (LetWorkersGo()) {
    context_->functions->workforce().KeepWarm();
  }
}

void Session::CancelAll() {
  for (const auto& [call, applying] : std::exchange(applying_, {})) {
    applying->run->Cancel();
  }
}

}  // namespace distarray::server
