#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace distarray::server {

/// The daemon's life as a pure state machine: what happened goes in, with its time; what is to be done next comes out.
/// It owns no process and reads no clock.
///
///   starting -> serving -> (a rank fails) -> killing -> waiting -> starting, one epoch later
///   any of them -> (asked to stop) -> draining -> ended
class Life {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Limits {
    Duration start = std::chrono::seconds(60);         // from a job's start until it serves
    Duration drain = std::chrono::milliseconds(3500);  // from being asked to stop until everything is killed
    Duration backoff_first =
        std::chrono::milliseconds(100);  // before starting again; doubles with each failure in the window
    int failures_max = 5;                // so many within the window are survived
    Duration window = std::chrono::seconds(60);
  };

  enum class Action {
    kNothing,
    kStartJob,   // under epoch()
    kAskToStop,  // the front
    kKillJob,    // and sweep after it, then tell JobGone
    kEnd,        // with exit_code()
  };

  explicit Life(const Limits& limits) : limits_(limits) {}

  Action Begin(Time now);
  /// The front serves.
  void Served();
  /// A rank has ended or hangs, or mpirun has ended.
  Action Failed(const std::string& why, Time now);
  /// All processes of the job are gone.
  Action JobGone(Time now);
  Action StopRequested(Time now);
  Action Tick(Time now);

  /// When Tick has something to do.
  std::optional<Time> deadline() const { return deadline_; }
  std::int64_t epoch() const { return epoch_; }
  int exit_code() const { return exit_code_; }
  bool stopping() const { return stopping_; }
  bool serving() const { return phase_ == Phase::kServing; }
  bool ended() const { return phase_ == Phase::kEnded; }
  /// Why the job ended last.
  const std::string& last_failure() const { return last_failure_; }

 private:
  enum class Phase { kStarting, kServing, kDraining, kKilling, kWaiting, kEnded };
  Action Start(Time now);
  Action Kill();
  Action End(int exit_code);

  Limits limits_;
  Phase phase_ = Phase::kWaiting;
  std::optional<Time> deadline_;
  std::deque<Time> failures_;  // within the window
  std::string last_failure_;
  std::int64_t epoch_ = 0;
  int exit_code_ = 0;
  bool stopping_ = false;
};

}  // namespace distarray::server
