#include "server/supervisor/life.h"

namespace distarray::server {

Life::Action Life::Begin(Time now) { return Start(now); }

Life::Action Life::Start(Time now) {
  phase_ = Phase::kStarting;
  deadline_ = now + limits_.start;
  ++epoch_;
  return Action::kStartJob;
}

Life::Action Life::Kill() {
  phase_ = Phase::kKilling;
  deadline_.reset();
  return Action::kKillJob;
}

Life::Action Life::End(int exit_code) {
  phase_ = Phase::kEnded;
  deadline_.reset();
  exit_code_ = exit_code;
  return Action::kEnd;
}

void Life::Served() {
  if (phase_ == Phase::kStarting) {
    phase_ = Phase::kServing;
    deadline_.reset();
  }
}

Life::Action Life::Failed(const std::string& why, Time now) {
  if (phase_ != Phase::kStarting && phase_ != Phase::kServing) {
    return Action::kNothing;  // already being killed; and while draining, ranks end one after the other
  }
  last_failure_ = why;
  failures_.push_back(now);
  return Kill();
}

Life::Action Life::JobGone(Time now) {
  switch (phase_) {
    case Phase::kDraining:
      return Kill();  // mpirun has ended; what it may have left is swept
    case Phase::kStarting:
    case Phase::kServing:
      return Failed("the job has ended", now);
    case Phase::kWaiting:
    case Phase::kEnded:
      return Action::kNothing;
    case Phase::kKilling:
      break;
  }
  if (stopping_) {
    return End(0);
  }
  while (!failures_.empty() && now - failures_.front() > limits_.window) {
    failures_.pop_front();
  }
  const int count = static_cast<int>(failures_.size());
  if (count > limits_.failures_max) {
    return End(1);
  }
  phase_ = Phase::kWaiting;
  deadline_ = now + limits_.backoff_first * (1 << (count > 0 ? count - 1 : 0));
  return Action::kNothing;
}

Life::Action Life::StopRequested(Time now) {
  const bool again = stopping_;
  stopping_ = true;
  switch (phase_) {
    case Phase::kServing:
      phase_ = Phase::kDraining;
      deadline_ = now + limits_.drain;
      return Action::kAskToStop;
    case Phase::kStarting:
      return Kill();
    case Phase::kDraining:
      return again ? Kill() : Action::kNothing;
    case Phase::kWaiting:
      return End(0);
    case Phase::kKilling:
    case Phase::kEnded:
      break;
  }
  return Action::kNothing;
}

Life::Action Life::Tick(Time now) {
  if (!deadline_ || now < *deadline_) {
    return Action::kNothing;
  }
  switch (phase_) {
    case Phase::kWaiting:
      return Start(now);
    case Phase::kDraining:
      return Kill();
    case Phase::kStarting:
      return Failed("the job did not get ready in time", now);
    case Phase::kServing:
    case Phase::kKilling:
    case Phase::kEnded:
      break;
  }
  return Action::kNothing;
}

}  // namespace distarray::server
