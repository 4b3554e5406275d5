#include "engine/runtime/loop.h"

#include <sched.h>

#include <ctime>
#include <limits>
#include <utility>

namespace distarray {
namespace {

constexpr std::int64_t kIdleBeforeTrim = 10'000'000;         // us
constexpr std::int64_t kTrimPiece = std::int64_t{8} << 20;   // bytes given back between two looks at the socket
constexpr std::int64_t kLooksPerRead = 16;                   // looks for messages between two looks for commands
constexpr auto kYieldAtMost = std::chrono::milliseconds(1);  // then sleeps for kNap between looks
constexpr std::int64_t kNap = 50;                            // us
constexpr auto kNapAtMost = std::chrono::milliseconds(100);  // then for kLongNap
constexpr std::int64_t kLongNap = 1000;                      // us

}  // namespace

Loop::Loop(Services& services, Channel front)
    : services_(services),
      front_(std::move(front)),
      lanes_(
          services, [this](const CommandReply& reply) { Answer(reply); }, [this] { Flush(); }) {
  services_.workers.AnswerWith([this](const CommandReply& reply) {
    Answer(reply);
    Flush();
  });
}

void Loop::Answer(const CommandReply& reply) { front_.Queue(reply.Encode()); }

void Loop::Flush() {
  if (front_.wants_write() && !front_.Flush().ok()) {
    front_gone_ = true;
  }
}

Loop::End Loop::Take(Command command) {
  if (std::holds_alternative<Shutdown>(command.body)) {
    return End::kOrderly;
  }
  if (command.lane != 0 || !TakeAtOnce(command)) {
    lanes_.Add(std::move(command));
  }
  return End::kNo;
}

bool Loop::TakeAtOnce(Command& command) {
  if (auto* define = std::get_if<DefineDistribution>(&command.body)) {
    services_.distributions.Add(define->id, std::move(define->distribution));
  } else if (auto* forget = std::get_if<ForgetDistributions>(&command.body)) {
    forgetting_.push_back({command.number, std::move(forget->ids)});
  } else if (const auto* free = std::get_if<FreeBuffers>(&command.body)) {
    for (const BufferId buffer : free->buffers) {
      services_.store.Erase(buffer);
    }
  } else if (const auto* expect = std::get_if<ExpectWorkers>(&command.body)) {
    services_.workers.Expect(command.number, *expect);
  } else if (const auto* drop = std::get_if<DropWorkers>(&command.body)) {
    services_.workers.Drop(*drop);
  } else if (auto* call = std::get_if<CallFunction>(&command.body)) {
    services_.workers.Call(command, std::move(*call));
  } else if (const auto* interrupt = std::get_if<InterruptCall>(&command.body)) {
    services_.workers.Interrupt(*interrupt);
  } else if (const auto* adopt = std::get_if<AdoptBlocks>(&command.body)) {
    Adopt(command, *adopt);
  } else if (const auto* end = std::get_if<EndCall>(&command.body)) {
    services_.workers.End(*end);
  } else {
    return false;
  }
  return true;
}

void Loop::Adopt(const Command& envelope, const AdoptBlocks& command) {
  const absl::Status status = services_.workers.Adopt(
      envelope, command, [this](DistributionId id) { return services_.distributions.Find(id); });
  CommandReply reply;
  reply.number = envelope.number;
  reply.target = services_.target;
  if (!status.ok()) {
    reply.reason = ReasonOf(status);
    reply.message = std::string(status.message());
  }
  Answer(reply);
  Flush();
}

Loop::End Loop::ReadCommands() {
  arrived_.clear();
  if (!front_.Receive(arrived_).ok()) {
    front_gone_ = true;
  }
  for (const std::string& bytes : arrived_) {
    auto command = Command::Decode(bytes);
    if (!command.ok()) {
      return End::kBroken;
    }
    const End end = Take(*std::move(command));
    if (end != End::kNo) {
      return end;
    }
  }
  return front_gone_ ? End::kBroken : End::kNo;
}

void Loop::Forget() {
  if (forgetting_.empty()) {
    return;
  }
  const std::int64_t oldest = lanes_.OldestCommand(std::numeric_limits<std::int64_t>::max());
  while (!forgetting_.empty() && forgetting_.front().number < oldest) {
    for (const DistributionId id : forgetting_.front().distributions) {
      services_.distributions.Erase(id);
    }
    forgetting_.pop_front();
  }
}

bool Loop::Poll(std::int64_t timeout_us) {
  polled_.assign(1, {front_.fd(), static_cast<short>(POLLIN | (front_.wants_write() ? POLLOUT : 0)), 0});
  services_.workers.AppendTo(polled_);
  const timespec timeout{timeout_us / 1'000'000, timeout_us % 1'000'000 * 1000};
  const int ready = ppoll(polled_.data(), polled_.size(), timeout_us < 0 ? nullptr : &timeout, nullptr);
  if (ready > 0 && (polled_.front().revents & POLLOUT) != 0) {
    Flush();
  }
  if (ready > (polled_.front().revents != 0 ? 1 : 0)) {
    services_.workers.Serve(polled_);
    Flush();
  }
  return ready != 0;
}

void Loop::WaitForCommands() {
  MemoryPool& pool = services_.pool;
  while (pool.over_limit()) {
    if (Poll(0)) {
      return;
    }
    pool.Trim(pool.pooled_limit(), kTrimPiece);
  }
  if (Poll(pool.pooled() > 0 ? kIdleBeforeTrim : -1)) {
    return;
  }
  while (!pool.Trim(0, kTrimPiece) && !Poll(0)) {
  }
}

void Loop::WaitForMessages() {
  if (looks_++ == 0) {
    waiting_since_ = Turn::Clock::now();
  }
  const auto waited = Turn::Clock::now() - waiting_since_;
  if (waited < kYieldAtMost) {
    sched_yield();
  } else {
    Poll(waited < kNapAtMost ? kNap : kLongNap);
  }
}

int Loop::Run() {
  while (true) {
    const bool ran = lanes_.Run();
    const bool moved = services_.exchange.Progress();
    const bool preparing = services_.workers.Prepare();
    Forget();
    if (services_.pool.over_limit()) {
      services_.pool.Trim(services_.pool.pooled_limit(), kTrimPiece);
    }
    if (ran || moved) {
      looks_ = 0;
    }
    const bool runnable = lanes_.runnable();
    if (preparing || runnable) {
      if (services_.workers.any()) {
        Poll(0);
      }
    } else if (!lanes_.waiting_for_messages()) {
      WaitForCommands();
    } else {
      WaitForMessages();
      if (looks_ % kLooksPerRead != 1 && Turn::Clock::now() - waiting_since_ < kYieldAtMost) {
        continue;
      }
    }
    const End end = ReadCommands();
    if (end != End::kNo) {
      Flush();
      return end == End::kOrderly ? 0 : 1;
    }
  }
}

}  // namespace distarray
