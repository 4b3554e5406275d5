#include "server/session/session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace distarray::server {
namespace {

constexpr std::size_t kAnswersKept = 1024;

}  // namespace

Session::Session(SessionContext* context, std::int64_t number, std::string name)
    : context_(context),
      name_(std::move(name)),
      planner_(*context->cluster, number),
      targets_(context->cluster->all_targets) {}

absl::Status Session::Configure(const v1::OpenRequest& request) {
  const int engines = context_->cluster->engine_count;
  std::vector<int> targets(request.targets().begin(), request.targets().end());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0 || targets[i] >= engines) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("targets: there is no target ", targets[i], "; expected 0 to ", engines - 1));
    }
    if (std::find(targets.begin(), targets.begin() + static_cast<std::ptrdiff_t>(i), targets[i]) !=
        targets.begin() + static_cast<std::ptrdiff_t>(i)) {
      return Error(Reason::kInvalidValue, absl::StrCat("targets: ", targets[i], " given twice"));
    }
  }
  if (request.default_kinds().find_first_not_of("nbc") != std::string::npos) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("default_kinds: \"", request.default_kinds(), "\"; expected letters n, b, c"));
  }
  if (!targets.empty()) {
    targets_ = std::move(targets);
  }
  default_kinds_ = request.default_kinds();
  return absl::OkStatus();
}

void Session::Take(v1::Request request, std::shared_ptr<Peer> caller) {
  if (request.sequence() == 0) {
    request.set_sequence(last_sequence_ + 1);
  }
  if (request.sequence() <= last_sequence_) {
    if (request.awaited()) {
      AnswerAgain(request, std::move(caller));
    }
    return;
  }
  last_sequence_ = request.sequence();
  if (request.awaited() && !caller) {
    slots_.push_back({.sequence = request.sequence()});
  }
  queue_.push_back({std::move(request), std::move(caller)});
  Pump();
}

void Session::AnswerAgain(const v1::Request& request, std::shared_ptr<Peer> caller) {
  const Ticket ticket{
      .sequence = request.sequence(), .awaited = true, .origin = request.origin(), .caller = std::move(caller)};
  const auto waiting =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.sequence == ticket.sequence; });
  if (waiting != slots_.end()) {
    return;  // its answer is still to come
  }
  if (!ticket.caller) {
    slots_.push_front({.sequence = ticket.sequence});
  }
  const auto kept = answered_.find(ticket.sequence);
  if (kept != answered_.end()) {
    Answer(ticket, kept->second);
  } else if (request.has_get()) {
    Get(request.get(), ticket);  // reading twice does no harm
  } else {
    AnswerError(ticket,
                Error(Reason::kInvalidValue, absl::StrCat("sequence: ", ticket.sequence,
                                                          " was answered long ago and the answer is no longer kept")));
  }
}

void Session::Pump() {
  if (pumping_) {
    return;
  }
  pumping_ = true;
  while (!stalled_ && !queue_.empty() && !closed_) {
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    const Ticket ticket{.sequence = next.request.sequence(),
                        .awaited = next.request.awaited(),
                        .origin = next.request.origin(),
                        .caller = std::move(next.caller)};
    Dispatch(next.request, ticket);
    planner_.KeepBounded();
    planner_.lane().Flush();
  }
  pumping_ = false;
}

void Session::Resume() {
  stalled_ = false;
  Pump();
}

void Session::Dispatch(v1::Request& request, const Ticket& ticket) {
  switch (request.request_case()) {
    case v1::Request::kCreate:
      return Create(request.create(), ticket);
    case v1::Request::kPut:
      return Put(*request.mutable_put(), ticket);
    case v1::Request::kGet:
      return Get(request.get(), ticket);
    case v1::Request::kSlice:
      return Slice(request.slice(), ticket);
    case v1::Request::kAssign:
      return Assign(request.assign(), ticket);
    case v1::Request::kUfunc:
      return Ufunc(request.ufunc(), ticket);
    case v1::Request::kReduce:
      return Reduce(request.reduce(), ticket);
    case v1::Request::kRedistribute:
      return Redistribute(request.redistribute(), ticket);
    case v1::Request::kSave:
      return Save(request.save(), ticket);
    case v1::Request::kLoad:
      return Load(request.load(), ticket);
    case v1::Request::kDescribe:
      return Describe(request.describe(), ticket);
    case v1::Request::kList:
      return List(request.list(), ticket);
    case v1::Request::kDelete:
      return Delete(request.delete_(), ticket);
    case v1::Request::kWait:
      return Wait(request.wait(), ticket);
    case v1::Request::kInfo: {
      v1::Reply reply;
      *reply.mutable_info() = context_->server_info();
      return Answer(ticket, std::move(reply));
    }
    case v1::Request::kClose:
      closed_ = true;
      arrays_.clear();
      return AnswerDone(ticket);
    case v1::Request::kCancel:
    case v1::Request::kApply:
    case v1::Request::kRegister:
      return AnswerError(ticket,
                         Error(Reason::kNotImplemented, "this daemon does not run functions of the user's yet"));
    case v1::Request::kOpen:
      return AnswerError(ticket, Error(Reason::kInvalidValue, "open: the session is open; expected another request"));
    case v1::Request::REQUEST_NOT_SET:
      return AnswerError(ticket, Error(Reason::kInvalidValue, "request: none given"));
  }
}

void Session::Answer(const Ticket& ticket, v1::Reply reply, bool last) {
  if (!ticket.awaited) {
    return;
  }
  reply.set_sequence(ticket.sequence);
  if (last && !reply.has_chunk()) {
    answered_.insert_or_assign(ticket.sequence, reply);
    if (answered_.size() > kAnswersKept) {
      answered_.erase(answered_.begin());
    }
  }
  if (ticket.caller) {
    v1::ReplyBatch batch;
    *batch.add_replies() = std::move(reply);
    undrained_bytes_ += static_cast<std::int64_t>(batch.ByteSizeLong());
    ticket.caller->Send(std::move(batch));
    return;
  }
  const auto slot =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.sequence == ticket.sequence; });
  if (slot == slots_.end()) {
    return;
  }
  *slot->ready.add_replies() = std::move(reply);
  slot->finished = last;
  while (!slots_.empty() && (slots_.front().finished || slots_.front().ready.replies_size() > 0)) {
    Slot& front = slots_.front();
    if (front.ready.replies_size() > 0 && stream_) {
      undrained_bytes_ += static_cast<std::int64_t>(front.ready.ByteSizeLong());
      stream_->Send(std::move(front.ready));
    }
    front.ready.Clear();
    if (!front.finished) {
      break;
    }
    slots_.pop_front();
  }
}

void Session::AnswerDone(const Ticket& ticket) {
  v1::Reply reply;
  reply.mutable_done();
  Answer(ticket, std::move(reply));
}

void Session::AnswerError(const Ticket& ticket, const absl::Status& status, const std::string& origin) {
  v1::Reply reply;
  *reply.mutable_error() = EncodeError(status, origin.empty() ? ticket.origin : origin);
  Answer(ticket, std::move(reply));
}

void Session::AnswerArray(const Ticket& ticket, const Array& array, std::int64_t key) {
  if (ticket.awaited) {
    v1::Reply reply;
    *reply.mutable_array() = Info(key, array);
    Answer(ticket, std::move(reply));
  }
}

void Session::Defer(const Ticket& ticket, const absl::Status& status) {
  if (ticket.awaited) {
    AnswerError(ticket, status);
  } else if (deferred_.ok()) {
    deferred_ = status;
    deferred_origin_ = ticket.origin;
  }
}

bool Session::ReportDeferred(const Ticket& ticket) {
  if (deferred_.ok() || !ticket.awaited) {
    return false;
  }
  AnswerError(ticket, std::exchange(deferred_, absl::OkStatus()), std::exchange(deferred_origin_, {}));
  return true;
}

absl::StatusOr<Array*> Session::Find(std::int64_t key, std::string_view argument) {
  const auto found = arrays_.find(key);
  if (found == arrays_.end()) {
    return Error(Reason::kUnknownKey, absl::StrCat(std::string(argument), ": there is no array ", key,
                                                   " in this session (deleted, or never made)"));
  }
  return &found->second;
}

absl::Status Session::CheckNewKey(std::int64_t key) const {
  if (key <= 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("key: ", key, "; expected a positive number"));
  }
  if (arrays_.contains(key)) {
    return Error(Reason::kKeyExists, absl::StrCat("key: ", key, " names an array already; expected a new number"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Array> Session::NameWhole(const ValuePtr& value) {
  DA_ASSIGN_OR_RETURN(auto base, planner_.Name(value));
  return Array{std::move(base), View::Whole(value->shape)};
}

void Session::Bind(const Ticket& ticket, std::int64_t key, absl::StatusOr<Array> outcome) {
  if (absl::Status usable = CheckNewKey(key); !usable.ok()) {
    return Defer(ticket, usable);
  }
  if (!outcome.ok()) {
    AnswerError(ticket, outcome.status());
    const ValuePtr failed = planner_.recorder().MakeFailed(outcome.status(), ticket.origin);
    arrays_.emplace(key, Array{std::make_shared<Base>(failed), View{}});
    return;
  }
  const Array& array = arrays_.emplace(key, *std::move(outcome)).first->second;
  if (const Value& value = *array.base->value(); value.state == Value::State::kFailed) {
    return AnswerError(ticket, value.error, value.origin);
  }
  AnswerArray(ticket, array, key);
}

void Session::After(std::vector<CompletionPtr> completions, std::function<void()> then) {
  auto missing = std::make_shared<std::int64_t>(1);
  auto shared_then = std::make_shared<std::function<void()>>(std::move(then));
  const auto arrived = [missing, shared_then, weak = weak_from_this()] {
    if (--*missing == 0 && !weak.expired()) {
      (*shared_then)();
    }
  };
  for (const CompletionPtr& completion : completions) {
    if (completion && !completion->finished) {
      ++*missing;
      completion->waiters.push_back(arrived);
    }
  }
  arrived();
}

}  // namespace distarray::server
