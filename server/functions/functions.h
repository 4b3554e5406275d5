#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "server/functions/function_run.h"

namespace distarray::server {

/// What the daemon does with functions of users': whether it runs them, on which pools, and those that run.
class Functions {
 public:
  struct Config {
    bool run_source = false;   // those given as source text
    bool run_pickled = false;  // those that were pickled
    std::int64_t pools_max = 4;
    FunctionLimits limits;
    Workforce::Host host;
  };
  Functions(Scheduler* scheduler, std::vector<int> targets, Config config)
      : scheduler_(scheduler),
        config_(std::move(config)),
        workforce_(scheduler, std::move(targets), config_.host, config_.pools_max) {}

  const Config& config() const { return config_; }
  const FunctionCounters& counters() const { return counters_; }
  FunctionCounters& counters() { return counters_; }
  Workforce& workforce() { return workforce_; }
  CallId NewCall() { return next_call_++; }

  /// See FunctionRun.
  std::shared_ptr<FunctionRun> Make(FunctionRun::Spec spec, std::function<void()> done) {
    auto run = std::make_shared<FunctionRun>(scheduler_, &workforce_, std::move(spec), config_.limits, &counters_,
                                             std::move(done));
    runs_.push_back(run);
    return run;
  }
  /// Tells all runs the time; returns when to do so again, or a negative number.
  double Tick(double now_seconds) {
    double next = -1;
    std::erase_if(runs_, [](const auto& run) { return run.expired(); });
    for (const auto& weak : std::vector(runs_)) {
      if (const auto run = weak.lock()) {
        const double left = run->Tick(now_seconds);
        next = left < 0 ? next : next < 0 ? left : std::min(next, left);
      }
    }
    return next;
  }

 private:
  Scheduler* scheduler_;
  Config config_;
  Workforce workforce_;
  FunctionCounters counters_;
  CallId next_call_ = 1;
  std::vector<std::weak_ptr<FunctionRun>> runs_;
};

}  // namespace distarray::server
