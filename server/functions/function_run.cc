#include "server/functions/function_run.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/worker/said.h"

namespace distarray::server {
namespace {

using nlohmann::json;

// How long an interrupted function has to return by itself.
constexpr double kInterruptSeconds = 0.4;

Reason ReasonNamed(const std::string& name) {
  static const std::map<std::string, Reason> kReasons = {
      {"INVALID_VALUE", Reason::kInvalidValue}, {"INVALID_TYPE", Reason::kInvalidType},
      {"MEMORY_LIMIT", Reason::kMemoryLimit},   {"NOT_IMPLEMENTED", Reason::kNotImplemented},
      {"CANCELLED", Reason::kCancelled},        {"WORKER_LOST", Reason::kWorkerLost},
  };
  const auto found = kReasons.find(name);
  return found == kReasons.end() ? Reason::kFunctionFailed : found->second;
}

/// What a worker's account means.
absl::Status StatusOf(const json& result, int target) {
  if (!result.is_object()) {
    return Error(Reason::kWorkerLost, absl::StrCat("the worker of target ", target, " said nothing that can be read"));
  }
  if (result.contains("lost")) {
    return Error(Reason::kWorkerLost, absl::StrCat("the worker process of target ", target,
                                                   " ended before the function returned: ", TextOf(result, "lost")));
  }
  if (TextOf(result, "status") == "ok") {
    return absl::OkStatus();
  }
  const json error = PartOf(result, "error");
  const std::string type = TextOf(error, "type");
  return Error(ReasonNamed(TextOf(error, "reason")),
               absl::StrCat("on target ", target, ": ", type, type.empty() ? "" : ": ", TextOf(error, "message")));
}

}  // namespace

FunctionRun::FunctionRun(Scheduler* scheduler, Workforce* workforce, Spec spec, const FunctionLimits& limits,
                         FunctionCounters* counters, std::function<void()> done)
    : scheduler_(scheduler),
      workforce_(workforce),
      spec_(std::move(spec)),
      limits_(limits),
      counters_(counters),
      done_(std::move(done)) {}

FunctionRun::~FunctionRun() = default;

void FunctionRun::Enqueue(CommandBody body, CompletionPtr completion,
                          std::function<void(int, std::string)> each_reply) {
  QueuedCommand queued;
  queued.command.owner = spec_.owner;
  queued.command.targets = spec_.targets;
  std::sort(queued.command.targets.begin(), queued.command.targets.end());
  queued.command.body = std::move(body);
  queued.completion = std::move(completion);
  queued.each_reply = std::move(each_reply);
  scheduler_->Enqueue(std::move(queued));
}

void FunctionRun::Start(const CompletionPtr& lent) {
  lent_ = lent;
  asked_seconds_ = 0;  // from the next tick on
  const auto go_on = [self = shared_from_this(), lent] {
    if (self->ended_) {
      return;  // cancelled meanwhile
    }
    if (lent && !lent->status.ok()) {
      self->status_ = lent->status;
      return self->End();
    }
    self->workforce_->Acquire(self, self->spec_.owner);
  };
  if (lent && !lent->finished) {
    lent->waiters.push_back(go_on);
  } else {
    go_on();
  }
}

void FunctionRun::OnNoPool(const absl::Status& why) {
  if (!ended_) {
    status_ = why;
    End();
  }
}

bool FunctionRun::OnPool(PoolId pool, std::int64_t generation) {
  if (ended_) {
    return false;
  }
  pool_ = pool;
  ++counters_->calls;
  started_seconds_ = 0;  // from the next tick on
  spec_.job["communicators"] = generation;
  auto completion = std::make_shared<Completion>();
  const std::weak_ptr<Completion> weak = completion;
  completion->waiters.push_back([self = shared_from_this(), weak] {
    if (const CompletionPtr outcome = weak.lock(); outcome && !outcome->status.ok()) {
      self->GiveUp(ReasonOf(outcome->status), std::string(outcome->status.message()));
    }
    self->Complete();
  });
  Enqueue(CallFunction{.pool = pool,
                       .call = spec_.call,
                       .job = spec_.job.dump(-1, ' ', false, json::error_handler_t::replace),
                       .payload = std::exchange(spec_.payload, {}),
                       .allowance_bytes = spec_.allowance_bytes},
          std::move(completion),
          [self = shared_from_this()](int target, const std::string& bytes) { self->TakeReply(target, bytes); });
  return true;
}

void FunctionRun::TakeReply(int target, const std::string& bytes) {
  if (outcomes_.contains(target)) {
    return;  // given up before it came
  }
  TargetOutcome outcome;
  if (absl::StatusOr<FunctionOutcome> told = FunctionOutcome::Decode(bytes); told.ok()) {
    outcome.result = ParseSaid(told->result);
    outcome.payload = std::move(told->payload);
    counters_->lent_bytes += told->lent_bytes;
    ended_targets_ += told->ended ? 1 : 0;
  }
  outcome.status = StatusOf(outcome.result, target);
  lost_ = lost_ || ReasonOf(outcome.status) == Reason::kWorkerLost || !TextOf(outcome.result, "unfit").empty();
  const std::string communicators = TextOf(outcome.result, "communicators");
  used_communicators_ = used_communicators_ || communicators == "used";
  lost_communicators_ = lost_communicators_ || communicators == "lost";
  if (!outcome.status.ok() && !std::exchange(failed_, true)) {
    first_failure_ = std::string(outcome.status.message());
    failed_seconds_ = 0;  // from the next tick on
  }
  outcomes_.emplace(target, std::move(outcome));
}

void FunctionRun::GiveUp(Reason reason, const std::string& why, bool secondary) {
  for (const int target : spec_.targets) {
    if (!outcomes_.contains(target)) {
      lost_ = true;
      failed_ = true;
      absl::Status& status = outcomes_[target].status;
      status = Error(reason, absl::StrCat("on target ", target, ": ", why));
      if (secondary) {
        AddDetail(status, kSecondaryDetail, 1);
      }
    }
  }
}

void FunctionRun::Cancel() {
  if (ended_ || cancelled_ || answered_) {
    return;
  }
  cancelled_ = true;
  if (pool_ == 0) {
    status_ = Error(Reason::kCancelled, "the call was cancelled before it ran");
    return End();
  }
  cancelled_seconds_ = 0;  // from the next tick on
  Enqueue(InterruptCall{.call = spec_.call});
}

double FunctionRun::Tick(double now) {
  if (ended_ || answered_) {
    return -1;
  }
  for (double* since : {&asked_seconds_, &started_seconds_, &failed_seconds_, &cancelled_seconds_}) {
    if (*since == 0) {
      *since = now;
    }
  }
  double next = -1;
  const auto due = [&](double since, double seconds) {
    if (since < 0 || seconds <= 0) {
      return false;
    }
    const double left = since + seconds - now;
    if (left > 0) {
      next = next < 0 ? left : std::min(next, left);
    }
    return left <= 0;
  };
  if (due(cancelled_seconds_, kInterruptSeconds)) {
    GiveUp(Reason::kCancelled, "the call was cancelled and ended, because interrupting it did not help");
  } else if (pool_ == 0 && due(asked_seconds_, spec_.timeout_seconds)) {
    status_ = Error(Reason::kTimeout, absl::StrCat("the function did not return within ", spec_.timeout_seconds,
                                                   " s: all that time it waited for its arrays or for workers"));
    End();
    return -1;
  } else if (due(asked_seconds_, spec_.timeout_seconds)) {
    GiveUp(Reason::kTimeout, absl::StrCat("the function did not return within ", spec_.timeout_seconds, " s"));
  } else if (due(started_seconds_, limits_.call_limit_seconds)) {
    GiveUp(Reason::kTimeout, absl::StrCat("the function did not return within ", limits_.call_limit_seconds, " s"));
  } else if (due(failed_seconds_, limits_.call_grace_seconds)) {
    GiveUp(Reason::kWorkerLost,
           absl::StrCat("the function did not return within ", limits_.call_grace_seconds,
                        " s after it had failed elsewhere (", first_failure_, ")"),
           true);
  } else {
    return next;
  }
  Complete();
  return -1;
}

void FunctionRun::Complete() {
  if (std::exchange(answered_, true) || ended_) {
    return;
  }
  if (lost_) {
    return workforce_->End(pool_,
                           shared_from_this());  // goes on in OnPoolGone: nobody may write to the blocks any more
  }
  const bool messages = used_communicators_ && (failed_ || cancelled_);
  workforce_->Release(std::exchange(pool_, 0), !messages && !lost_communicators_);
  End();
}

void FunctionRun::OnPoolGone() {
  pool_ = 0;
  if (!ended_) {
    End();
  }
}

void FunctionRun::End() {
  ended_ = true;
  const auto done = std::exchange(done_, {});
  if (done) {
    done();
  }
}

void FunctionRun::Finish() {
  if (std::exchange(finished_, true) || ended_targets_ >= spec_.targets.size()) {
    return;
  }
  const auto give_back = [self = shared_from_this()] { self->Enqueue(EndCall{.call = self->spec_.call}); };
  // What is given back before it was lent would stay lent: LendBlocks may still wait for another call's end.
  if (lent_ && !lent_->finished) {
    lent_->waiters.push_back(give_back);
  } else {
    give_back();
  }
}

}  // namespace distarray::server
