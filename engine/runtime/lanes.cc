#include "engine/runtime/lanes.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "engine/runtime/loans.h"

namespace distarray {
namespace {

constexpr auto kSlice = std::chrono::milliseconds(2);

}  // namespace

Lanes::Lanes(Services& services, std::function<void(const CommandReply&)> answer, std::function<void()> after_turn)
    : services_(services), answer_(std::move(answer)), after_turn_(std::move(after_turn)) {}

void Lanes::Add(Command command) {
  auto& lane = lanes_[command.lane];
  if (lane == nullptr) {
    lane = std::make_unique<Lane>(services_.exchange);
    lane->id = command.lane;
    ring_.push_back(lane.get());
  }
  lane->queue.push_back(std::move(command));
}

bool Lanes::CanRun(const Lane& lane) const {
  return lane.running != nullptr ? lane.turn.runnable() : MayStart(lane.queue.front().body, services_.store);
}

bool Lanes::runnable() const {
  return std::any_of(ring_.begin(), ring_.end(), [this](const Lane* lane) { return CanRun(*lane); });
}

bool Lanes::waiting_for_messages() const {
  return std::any_of(ring_.begin(), ring_.end(), [](const Lane* lane) { return lane->running != nullptr; });
}

std::int64_t Lanes::OldestCommand(std::int64_t none) const {
  for (const Lane* lane : ring_) {
    none = std::min(none, lane->running != nullptr ? lane->running->command.number : lane->queue.front().number);
  }
  return none;
}

void Lanes::End(Running& running) {
  if (!HasReply(running.command.body)) {
    return;
  }
  CommandReply reply;
  reply.number = running.command.number;
  reply.target = services_.target;
  if (const absl::Status& status = running.task.status(); !status.ok()) {
    const Reason reason = ReasonOf(status);
    reply.reason = reason == Reason::kUnspecified ? Reason::kInternal : reason;
    reply.message = std::string(status.message());
  } else {
    reply.bytes = std::move(running.execution.reply_bytes);
  }
  answer_(reply);
}

void Lanes::RunTurn(Lane& lane) {
  const auto end = Turn::Clock::now() + kSlice;
  do {
    if (lane.running == nullptr) {
      lane.running = std::make_unique<Running>(services_, lane.turn, std::move(lane.queue.front()));
      lane.queue.pop_front();
      lane.running->task = Execute(lane.running->execution);
      lane.turn.Begin(lane.running->task.frame());
    }
    lane.turn.Run(end);
    if (!lane.running->task.done()) {
      return;
    }
    End(*lane.running);
    lane.running.reset();
  } while (!lane.queue.empty() && CanRun(lane) && Turn::Clock::now() < end);
}

bool Lanes::Run() {
  bool ran = false;
  for (std::size_t turns = ring_.size(); turns > 0; --turns) {
    Lane* const lane = ring_.front();
    ring_.pop_front();
    if (CanRun(*lane)) {
      ran = true;
      RunTurn(*lane);
      after_turn_();
    }
    if (lane->running == nullptr && lane->queue.empty()) {
      lanes_.erase(lane->id);
    } else {
      ring_.push_back(lane);
    }
  }
  return ran;
}

}  // namespace distarray
