#include "engine/redistribution/redistribution.h"

#include <algorithm>
#include <utility>

namespace distarray {
namespace {

// Streams taken up at a time in each direction. Both ends take them up in one order (see PlanRedistribution), so a
// bound cannot make engines wait in a circle.
constexpr std::size_t kStreams = 16;
constexpr std::int64_t kLocalPiece = std::int64_t{1} << 20;  // bytes copied locally between two looks at the streams

}  // namespace

Redistribution::Redistribution(Exchange& exchange, std::int64_t command, RedistributionPlan plan, int element_size,
                               Ends ends)
    : exchange_(exchange),
      command_(command),
      plan_(std::move(plan)),
      element_size_(element_size),
      ends_(std::move(ends)) {
  status_ = ends_.source_status;
  status_.Update(ends_.destination_status);
  if (plan_.local && status_.ok()) {
    local_.emplace(*plan_.local, element_size_);
    wrote_ = true;
  }
}

void Redistribution::StartStreams() {
  while (receiving_.size() < kStreams && next_receive_ < plan_.receives.size()) {
    const auto& stream = plan_.receives[next_receive_++];
    receiving_.push_back(std::make_unique<ReceiveStream>(exchange_, staging_, command_, stream.peer, stream.box,
                                                         element_size_,
                                                         ends_.destination_status.ok() ? ends_.destination : nullptr));
  }
  while (sending_.size() < kStreams && next_send_ < plan_.sends.size()) {
    const auto& stream = plan_.sends[next_send_++];
    sending_.push_back(std::make_unique<SendStream>(exchange_, staging_, command_, stream.peer, stream.box,
                                                    element_size_, ends_.source, ends_.source_status));
  }
}

Redistribution::State Redistribution::Advance(std::int64_t budget) {
  while (true) {
    const std::int64_t before = budget;
    StartStreams();
    for (auto& stream : sending_) {
      stream->Advance(budget);
    }
    for (auto& stream : receiving_) {
      stream->Advance(budget);
      if (stream->done()) {
        wrote_ = wrote_ || (stream->status().ok() && ends_.destination_status.ok());
        status_.Update(stream->status());
      }
    }
    const auto ended = std::erase_if(sending_, [](const auto& stream) { return stream->done(); }) +
                       std::erase_if(receiving_, [](const auto& stream) { return stream->done(); });
    if (local_ && budget > 0) {
      const std::int64_t count = std::min(std::max<std::int64_t>(kLocalPiece / element_size_, 1), local_->remaining());
      local_->Copy(count, ends_.source, ends_.destination);
      budget -= count * element_size_;
      if (local_->remaining() == 0) {
        local_.reset();
      }
    }
    const bool more = next_send_ < plan_.sends.size() || next_receive_ < plan_.receives.size();
    if (sending_.empty() && receiving_.empty() && !local_ && !more) {
      return State::kDone;
    }
    if (budget <= 0) {
      return State::kWorking;
    }
    if (!local_ && budget == before && (ended == 0 || !more)) {
      return State::kWaiting;
    }
    exchange_.Progress();
  }
}

}  // namespace distarray
