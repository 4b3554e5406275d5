#include "server/session/session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace distarray::server {
namespace {

constexpr std::size_t kAnswersKept = 1024;
// Commands that wait for the engines before the next request is planned: more would only take memory.
constexpr std::int64_t kBacklogMax = 512;

}  // namespace

Session::Session(SessionContext* context, std::int64_t number, std::string name)
    : context_(context),
      name_(std::move(name)),
      planner_(*context->cluster, number),
      targets_(context->cluster->all_targets) {}

Session::~Session() {
  CancelAll();
  LetWorkersGo();
}

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

void Session::Take(v1::Request request, std::shared_ptr<Peer> caller, Receipt receipt) {
  if (request.sequence() == 0) {
    request.set_sequence(--last_call_);  // outside the client's numbering
  } else if (request.sequence() <= last_sequence_) {
    if (request.awaited()) {
      AnswerAgain(std::move(request), std::move(caller));
    }
    return;
  } else {
    last_sequence_ = request.sequence();
  }
  if (request.awaited()) {
    Owe(request, caller);
  }
  if (request.has_cancel()) {
    Cancel(request.cancel().operation());  // out of turn; it is answered in turn
  }
  queue_.push_back({std::move(request), std::move(receipt)});
  Pump();
}

void Session::Owe(const v1::Request& request, const std::shared_ptr<Peer>& caller) {
  owed_[request.sequence()] = caller;
  if (caller) {
    return;
  }
  if (request.has_apply()) {
    unordered_.insert(request.sequence());
  } else {
    slots_.push_back({.sequence = request.sequence()});
  }
}

void Session::AnswerAgain(v1::Request request, std::shared_ptr<Peer> caller) {
  const std::int64_t sequence = request.sequence();
  if (const auto owed = owed_.find(sequence); owed != owed_.end()) {
    if (caller) {
      owed->second = std::move(caller);  // its answer is still to come: to the one who asked last
    }
    return;
  }
  Owe(request, caller);
  const Ticket ticket{.sequence = sequence, .awaited = true, .origin = request.origin()};
  const auto kept = answered_.find(sequence);
  if (kept != answered_.end()) {
    Answer(ticket, kept->second);
  } else if (request.has_get()) {
    queue_.push_back({std::move(request), nullptr});  // reading twice does no harm
    Pump();
  } else {
    AnswerError(ticket,
                Error(Reason::kInvalidValue,
                      absl::StrCat("sequence: ", sequence, " was answered long ago and the answer is no longer kept")));
  }
}

void Session::Close(const Ticket& ticket) {
  closed_ = true;
  EndFunctions();
  arrays_.clear();
  queue_.clear();
  std::vector<std::int64_t> owed;
  for (const auto& [sequence, caller] : owed_) {
    owed.push_back(sequence);
  }
  for (const std::int64_t sequence : owed) {
    if (sequence != ticket.sequence) {
      AnswerError({.sequence = sequence, .awaited = true},
                  Error(Reason::kSessionUnknown, "the session was closed before this request was answered"));
    }
  }
  AnswerDone(ticket);
}

void Session::Pump() {
  if (pumping_) {
    return;
  }
  pumping_ = true;
  while (!stalled_ && !queue_.empty() && !closed_ && planner_.lane().backlog() < kBacklogMax) {
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    const v1::Request& request = next.request;
    Dispatch(next, {.sequence = request.sequence(),
                    .awaited = request.awaited(),
                    .origin = request.origin(),
                    .operation = request.operation()});
    planner_.KeepBounded();
    planner_.lane().Flush();
  }
  pumping_ = false;
}

void Session::Resume() {
  stalled_ = false;
  Pump();
}

void Session::Dispatch(Queued& queued, const Ticket& ticket) {
  v1::Request& request = queued.request;
  switch (request.request_case()) {
    case v1::Request::kCreate:
      return Create(request.create(), ticket);
    case v1::Request::kPut:
      return Put(*request.mutable_put(), ticket, std::move(queued.receipt));
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
    case v1::Request::kExplain:
      return Explain(request.explain(), ticket);
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
      return Close(ticket);
    case v1::Request::kCancel:
      // It was done when it arrived.
      return request.cancel().operation().empty()
                 ? Defer(ticket, Error(Reason::kInvalidValue, "operation: empty; expected that of a request"))
                 : AnswerDone(ticket);
    case v1::Request::kApply:
      return Apply(queued, ticket);
    case v1::Request::kRegister:
      return Register(request.register_(), ticket);
    case v1::Request::kCompute:
      return Compute(request.compute(), ticket);
    case v1::Request::kFunctions:
      return ListFunctions(ticket);
    case v1::Request::kOpen:
      return AnswerError(ticket, Error(Reason::kInvalidValue, "open: the session is open; expected another request"));
    case v1::Request::REQUEST_NOT_SET:
      return Defer(ticket, Error(Reason::kInvalidValue, "request: none given; expected one of those of Request"));
  }
}

void Session::Answer(const Ticket& ticket, v1::Reply reply, bool last) {
  const auto owed = owed_.find(ticket.sequence);
  if (!ticket.awaited || owed == owed_.end()) {
    return;
  }
  const std::shared_ptr<Peer> caller = owed->second;
  if (last) {
    owed_.erase(owed);
  }
  reply.set_sequence(ticket.sequence);
  if (last && !reply.has_chunk() && ticket.sequence > 0) {
    answered_.insert_or_assign(ticket.sequence, reply);
    if (answered_.size() > kAnswersKept) {
      answered_.erase(answered_.begin());
    }
  }
  if (caller) {
    v1::ReplyBatch batch;
    *batch.add_replies() = std::move(reply);
    undrained_bytes_ += static_cast<std::int64_t>(batch.ByteSizeLong());
    caller->Send(std::move(batch));
    return;
  }
  if (last && unordered_.erase(ticket.sequence) != 0) {
    if (stream_) {  // else it is kept for who asks again
      v1::ReplyBatch batch;
      *batch.add_replies() = std::move(reply);
      undrained_bytes_ += static_cast<std::int64_t>(batch.ByteSizeLong());
      stream_->Send(std::move(batch));
    }
    return;
  }
  const auto slot =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.sequence == ticket.sequence; });
  if (slot == slots_.end()) {
    return;
  }
  if (last && slot->lost) {
    reply.clear_reply();
    *reply.mutable_error() = EncodeError(
        Error(Reason::kCancelled, "the connection broke while the elements were being read; read them again"), {});
  }
  *slot->ready.add_replies() = std::move(reply);
  slot->finished = last;
  SendReady();
}

void Session::SendReady() {
  while (!slots_.empty() && (slots_.front().finished || slots_.front().ready.replies_size() > 0)) {
    Slot& front = slots_.front();
    if (front.ready.replies_size() > 0 && stream_) {
      undrained_bytes_ += static_cast<std::int64_t>(front.ready.ByteSizeLong());
      stream_->Send(std::move(front.ready));
    } else if (front.ready.replies_size() > 0) {
      front.lost = true;
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
