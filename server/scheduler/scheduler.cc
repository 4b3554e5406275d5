#include "server/scheduler/scheduler.h"

#include <utility>

#include "engine/base/error.h"

namespace distarray::server {
namespace {

// Enough that engines never run dry between two turns of the front's loop, few enough that a new lane's first command
// is soon reached.
constexpr std::size_t kCommandsInFlightMax = 256;
constexpr std::int64_t kBytesInFlightMax = std::int64_t{32} << 20;

bool IsFileCommand(const CommandBody& body) {
  return std::holds_alternative<SaveHdf5>(body) || std::holds_alternative<LoadHdf5>(body) ||
         std::holds_alternative<InspectHdf5>(body);
}

}  // namespace

void Scheduler::Enqueue(QueuedCommand queued) {
  ++waiting_count_;
  if (queued.command.lane == 0) {
    laneless_.push_back(std::move(queued));
  } else {
    lanes_[queued.command.lane].waiting.push_back(std::move(queued));
  }
}

bool Scheduler::MaySend(const Command& command) const {
  if (in_flight_.size() >= kCommandsInFlightMax || bytes_in_flight_ >= kBytesInFlightMax) {
    return false;
  }
  return !(file_in_flight_ && IsFileCommand(command.body));
}

void Scheduler::Send(QueuedCommand queued, std::vector<Outgoing>& out) {
  --waiting_count_;
  Command& command = queued.command;
  command.number = next_number_++;
  const auto bytes = std::make_shared<const std::string>(command.Encode());
  for (const int target : command.targets) {
    out.push_back({target, bytes});
  }
  if (!HasReply(command.body)) {
    return;
  }
  if (command.lane != 0) {
    ++lanes_[command.lane].in_flight;
  }
  file_in_flight_ = file_in_flight_ || IsFileCommand(command.body);
  InFlight flight;
  flight.missing = static_cast<int>(command.targets.size());
  flight.size = static_cast<std::int64_t>(bytes->size());
  bytes_in_flight_ += flight.size;
  const std::int64_t number = command.number;
  // Sent; only its number is needed from here on.
  if (auto* store = std::get_if<StoreBytes>(&command.body)) {
    store->bytes = {};
  } else if (auto* call = std::get_if<CallFunction>(&command.body)) {
    call->payload = {};
  }
  flight.queued = std::move(queued);
  in_flight_.emplace(number, std::move(flight));
}

std::vector<Scheduler::Outgoing> Scheduler::TakeOutgoing() {
  std::vector<Outgoing> out;
  while (!laneless_.empty()) {
    QueuedCommand queued = std::move(laneless_.front());
    laneless_.pop_front();
    Send(std::move(queued), out);
  }
  // One command a lane and turn, from the lane after the last one served, until a whole round sends nothing.
  bool sent = true;
  while (sent && waiting_count_ > 0) {
    sent = false;
    auto lane = lanes_.upper_bound(next_lane_);
    for (std::size_t turn = lanes_.size(); turn > 0; --turn) {
      if (lane == lanes_.end()) {
        lane = lanes_.begin();
      }
      auto& waiting = lane->second.waiting;
      if (!waiting.empty() && MaySend(waiting.front().command)) {
        QueuedCommand queued = std::move(waiting.front());
        waiting.pop_front();
        next_lane_ = lane->first;
        Send(std::move(queued), out);
        sent = true;
      }
      ++lane;
    }
  }
  std::erase_if(lanes_, [](const auto& entry) { return entry.second.waiting.empty() && entry.second.in_flight == 0; });
  return out;
}

void Scheduler::OnReply(CommandReply reply) {
  const auto found = in_flight_.find(reply.number);
  if (found == in_flight_.end()) {
    return;
  }
  InFlight& flight = found->second;
  // The engines' agreed status is that of the lowest failing target.
  if (reply.reason != Reason::kUnspecified && (flight.failed_target < 0 || reply.target < flight.failed_target)) {
    flight.failed_target = reply.target;
    flight.status = reply.status();
    AddDetail(flight.status, kTargetDetail, reply.target);
  }
  if (flight.queued.each_reply && reply.reason == Reason::kUnspecified) {
    flight.queued.each_reply(reply.target, std::move(reply.bytes));
  } else if (!reply.bytes.empty()) {
    flight.bytes = std::move(reply.bytes);
  }
  if (--flight.missing > 0) {
    return;
  }
  InFlight done = std::move(flight);
  in_flight_.erase(found);
  Finish(std::move(done));
}

void Scheduler::Finish(InFlight done) {
  bytes_in_flight_ -= done.size;
  const Command& command = done.queued.command;
  if (command.lane != 0) {
    --lanes_[command.lane].in_flight;
  }
  if (IsFileCommand(command.body)) {
    file_in_flight_ = false;
  }
  if (done.queued.reply && done.status.ok()) {
    done.queued.reply(std::move(done.bytes));
  }
  if (const CompletionPtr& completion = done.queued.completion) {
    completion->finished = true;
    completion->status = std::move(done.status);
    if (!completion->status.ok()) {
      for (const auto& input : completion->inputs) {
        if (input->finished && !input->status.ok()) {
          completion->status = input->status;
          completion->origin = input->origin;
          break;
        }
      }
    }
    completion->inputs.clear();
    const auto waiters = std::exchange(completion->waiters, {});
    for (const auto& waiter : waiters) {
      waiter();
    }
  }
}

std::int64_t Scheduler::BacklogOf(std::int64_t lane) const {
  const auto found = lanes_.find(lane);
  return found == lanes_.end() ? 0 : static_cast<std::int64_t>(found->second.waiting.size()) + found->second.in_flight;
}

}  // namespace distarray::server
