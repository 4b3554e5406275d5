#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

#include "engine/comm/opening.h"
#include "engine/runtime/execute.h"

namespace distarray {
namespace {

std::string MessageOf(const absl::Status& status) {
  return status.ok() ? MakeOpening(0, 0) : MakeFailedOpening(status);
}

struct Incoming {
  std::string message = std::string(static_cast<std::size_t>(Opening::kCapacity), '\0');
  Completion completion;

  absl::Status status() const {
    const auto bytes = static_cast<std::size_t>(completion.received_bytes);
    return ReadOpening(std::string_view(message).substr(0, bytes)).status();
  }
};

}  // namespace

Task Agree(Execution& execution, const std::vector<int>& targets, absl::Status& status) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  const int first = targets.front();
  Completion sent;
  std::string message;
  if (exchange.self() != first) {
    message = MessageOf(status);
    exchange.Send(number, first, message.data(), static_cast<std::int64_t>(message.size()), sent);
    Incoming answer;
    exchange.Receive(number, first, answer.message.data(), Opening::kCapacity, answer.completion);
    (co_await Finish(execution, answer.completion)).IgnoreError();
    status = answer.status();
  } else {
    std::deque<Incoming> reports(targets.size());
    for (std::size_t i = 1; i < targets.size(); ++i) {
      exchange.Receive(number, targets[i], reports[i].message.data(), Opening::kCapacity, reports[i].completion);
    }
    for (std::size_t i = 1; i < targets.size(); ++i) {
      (co_await Finish(execution, reports[i].completion)).IgnoreError();
      status.Update(reports[i].status());
    }
    message = MessageOf(status);
    for (std::size_t i = 1; i < targets.size(); ++i) {
      exchange.Send(number, targets[i], message.data(), static_cast<std::int64_t>(message.size()), sent);
    }
  }
  (co_await Finish(execution, sent)).IgnoreError();
  co_return absl::OkStatus();
}

}  // namespace distarray
