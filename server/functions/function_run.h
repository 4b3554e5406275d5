#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/functions/workforce.h"
#include "server/scheduler/scheduler.h"

namespace distarray::server {

/// Name of the detail of a target's failure that another target's has brought about.
inline constexpr std::string_view kSecondaryDetail = "secondary";

/// How a function came out on one target.
struct TargetOutcome {
  absl::Status status;    // not OK: it failed there; the worker's own account is in `result`
  nlohmann::json result;  // what the worker said; may be null
  std::string payload;
};

/// What all runs share.
struct FunctionLimits {
  double call_limit_seconds = 0;  // longest that a call may run; 0: no limit
  double call_grace_seconds = 5;  // after one target has failed, for the others
};
struct FunctionCounters {
  std::int64_t calls = 0;
  std::int64_t lent_bytes = 0;
  std::int64_t copied_bytes = 0;
};

/// One function under way on all of its targets: waits for its arrays, then for a pool, runs, and decides when it has
/// gone on for too long. Part of the front's state machine: time comes in as an argument.
class FunctionRun final : public Workforce::Client, public std::enable_shared_from_this<FunctionRun> {
 public:
  struct Spec {
    CallId call = 0;
    std::int64_t owner = 0;    // whose memory its new blocks are
    std::vector<int> targets;  // in the order of the results
    nlohmann::json job;        // for the workers; "communicators", their generation, is added
    std::string payload;
    double timeout_seconds = 0;  // from Start on; 0: none
    std::int64_t allowance_bytes = 0;
    bool borrows = false;  // it has arrays: LendBlocks has been queued
  };
  /// `done` is called once; from then on the loans are given back (Finish).
  FunctionRun(Scheduler* scheduler, Workforce* workforce, Spec spec, const FunctionLimits& limits,
              FunctionCounters* counters, std::function<void()> done);
  ~FunctionRun() override;

  /// Once, when `lent` (null: nothing) has finished well; else the run fails with its status.
  void Start(const CompletionPtr& lent);
  /// Interrupts it; ends it if that does not help soon. Its targets that have not returned say kCancelled.
  void Cancel();
  /// Gives back what was borrowed, and frees what was not adopted. To be called once its outcome has been taken.
  void Finish();

  /// The time now; returns when to be told again, or a negative number.
  double Tick(double now_seconds);

  bool ended() const { return ended_; }
  /// Not OK: it never ran.
  const absl::Status& status() const { return status_; }
  const std::vector<int>& targets() const { return spec_.targets; }
  CallId call() const { return spec_.call; }
  /// By target; complete once it has ended.
  std::map<int, TargetOutcome>& outcomes() { return outcomes_; }

 private:
  bool OnPool(PoolId pool, std::int64_t generation) override;
  void OnNoPool(const absl::Status& why) override;
  void OnPoolGone() override;

  void TakeReply(int target, const std::string& bytes);
  void GiveUp(Reason reason, const std::string& why, bool secondary = false);
  void Complete();
  void End();
  void Enqueue(CommandBody body, CompletionPtr completion = nullptr,
               std::function<void(int, std::string)> each_reply = {});

  Scheduler* scheduler_;
  Workforce* workforce_;
  Spec spec_;
  FunctionLimits limits_;
  FunctionCounters* counters_;
  std::function<void()> done_;
  CompletionPtr lent_;  // its arrays; null: it has none
  absl::Status status_;
  std::map<int, TargetOutcome> outcomes_;
  std::size_t ended_targets_ = 0;  // that hold nothing for the call any more
  PoolId pool_ = 0;                // 0: none yet, or no more
  bool answered_ = false;          // every target has replied, or was given up
  bool ended_ = false;
  bool finished_ = false;
  bool cancelled_ = false;
  bool failed_ = false;  // on some target
  bool lost_ = false;    // a worker ended or is not fit for another call: so must its pool
  bool used_communicators_ = false;
  bool lost_communicators_ = false;
  std::string first_failure_;
  double asked_seconds_ = -1;    // when it was started, to wait for its arrays and a pool
  double started_seconds_ = -1;  // when it began to run
  double failed_seconds_ = -1;
  double cancelled_seconds_ = -1;
};

}  // namespace distarray::server
