#include "engine/runtime/strings.h"

#include <cstdint>
#include <deque>
#include <utility>

namespace distarray {
namespace {

/// A string under way: its length, then its bytes.
struct Travelling {
  std::int64_t length = 0;
  std::string bytes;
  Completion length_completion;
  Completion completion;
};

void Send(Execution& execution, int target, std::string bytes, Travelling& sent) {
  Exchange& exchange = execution.services.exchange;
  const std::int64_t number = execution.command.number;
  sent.bytes = std::move(bytes);
  sent.length = std::ssize(sent.bytes);
  exchange.Send(number, target, &sent.length, sizeof(sent.length), sent.completion);
  if (sent.length > 0) {
    exchange.Send(number, target, sent.bytes.data(), sent.length, sent.completion);
  }
}

void Expect(Execution& execution, int target, Travelling& coming) {
  execution.services.exchange.Receive(execution.command.number, target, &coming.length, sizeof(coming.length),
                                      coming.length_completion);
}

/// Goes on once the string has come.
Task Receive(Execution& execution, int target, Travelling& coming) {
  (co_await Finish(execution, coming.length_completion)).IgnoreError();
  coming.bytes.resize(static_cast<std::size_t>(coming.length));
  if (coming.length > 0) {
    execution.services.exchange.Receive(execution.command.number, target, coming.bytes.data(), coming.length,
                                        coming.completion);
    (co_await Finish(execution, coming.completion)).IgnoreError();
  }
  co_return absl::OkStatus();
}

}  // namespace

Task GatherStrings(Execution& execution, const std::vector<int>& targets, std::string own,
                   std::vector<std::string>& all) {
  all.clear();
  if (execution.services.target != targets.front()) {
    Travelling sent;
    Send(execution, targets.front(), std::move(own), sent);
    co_return co_await Finish(execution, sent.completion);
  }
  std::deque<Travelling> coming(targets.size());
  for (std::size_t i = 1; i < targets.size(); ++i) {
    Expect(execution, targets[i], coming[i]);
  }
  all.push_back(std::move(own));
  for (std::size_t i = 1; i < targets.size(); ++i) {
    (co_await Receive(execution, targets[i], coming[i])).IgnoreError();
    all.push_back(std::move(coming[i].bytes));
  }
  co_return absl::OkStatus();
}

Task DealStrings(Execution& execution, const std::vector<int>& targets, std::vector<std::string> all,
                 std::string& own) {
  if (execution.services.target != targets.front()) {
    Travelling coming;
    Expect(execution, targets.front(), coming);
    (co_await Receive(execution, targets.front(), coming)).IgnoreError();
    own = std::move(coming.bytes);
    co_return absl::OkStatus();
  }
  std::deque<Travelling> sent(targets.size());
  for (std::size_t i = 1; i < targets.size(); ++i) {
    Send(execution, targets[i], std::move(all[i]), sent[i]);
  }
  own = std::move(all.front());
  for (std::size_t i = 1; i < targets.size(); ++i) {
    (co_await Finish(execution, sent[i].completion)).IgnoreError();
  }
  co_return absl::OkStatus();
}

}  // namespace distarray
