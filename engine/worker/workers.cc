#include "engine/worker/workers.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/error.h"
#include "engine/worker/said.h"

namespace distarray {
namespace {

using nlohmann::json;

constexpr std::int64_t kPrepared = std::int64_t{4} << 20;  // bytes between two looks at the clock: at most about 2 ms
constexpr std::size_t kStrangersMax = 64;
constexpr std::size_t kWantedMax = 1024;  // blocks being prepared
// A worker's text, and the pickles that come with it.
constexpr std::uint64_t kHeardBytesMax = std::uint64_t{32} << 20;

std::string Lost(const std::string& how) { return Dump({{"lost", how}, {"output", ""}}); }

}  // namespace

absl::Status Workers::Listen(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A leading zero byte makes it abstract: no file to sweep.
  const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path + 1, name.data(), length);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  listener_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_.valid() || bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener_.get(), SOMAXCONN) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen for workers: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

FunctionCall& Workers::CallOf(CallId call, std::int64_t owner) {
  auto& found = calls_[call];
  if (found == nullptr) {
    found = std::make_unique<FunctionCall>(&pool_, owner);
  }
  return *found;
}

void Workers::Expect(std::int64_t number, const ExpectWorkers& command) {
  expected_[command.pool] = {.cookie = command.cookie, .number = number};
}

void Workers::AnswerExpected(PoolId pool, const absl::Status& status) {
  const auto expected = expected_.find(pool);
  if (expected == expected_.end() || expected->second.number == 0) {
    return;
  }
  CommandReply reply;
  reply.number = std::exchange(expected->second.number, 0);
  reply.target = target_;
  if (!status.ok()) {
    reply.reason = ReasonOf(status);
    reply.message = std::string(status.message());
  }
  answer_(reply);
}

void Workers::Drop(const DropWorkers& command) {
  Lose(command.pool, Lost(command.why));
  workers_.erase(command.pool);
  expected_.erase(command.pool);
}

void Workers::Call(const Command& envelope, CallFunction command) {
  FunctionCall& call = CallOf(command.call, envelope.owner);
  call.number = envelope.number;
  call.command = std::move(command);
  const PoolId pool = call.command.pool;
  const auto worker = workers_.find(pool);
  if (!expected_.contains(pool)) {
    Lose(pool, Lost("the workers have ended"));
  } else if (worker != workers_.end() && worker->second.lost()) {
    Lose(pool, worker->second.why_lost());
  } else {
    SendWaiting(pool);
  }
}

FunctionCall* Workers::RunningOn(PoolId pool, CallId* id) {
  for (const auto& [number, call] : calls_) {
    if (call->command.pool == pool && call->number != 0) {
      if (id != nullptr) {
        *id = number;
      }
      return call.get();
    }
  }
  return nullptr;
}

void Workers::SendWaiting(PoolId pool) {
  const auto worker = workers_.find(pool);
  CallId id = 0;
  FunctionCall* const call = RunningOn(pool, &id);
  if (worker == workers_.end() || !worker->second.ready() || call == nullptr || call->sent) {
    return;
  }
  for (const std::int64_t segment : pool_.TakeEndedLoans()) {
    for (auto& [each, mapping] : workers_) {
      mapping.OnSegmentEnded(segment);
    }
  }
  if (const absl::Status status = worker->second.Send(id, *call, target_, pool_); !status.ok()) {
    AnswerCall(*call, Lost(std::string(status.message())), "");
  }
}

void Workers::Interrupt(const InterruptCall& command) {
  const auto call = calls_.find(command.call);
  if (call == calls_.end() || call->second->number == 0) {
    return;
  }
  if (const auto worker = workers_.find(call->second->command.pool); worker != workers_.end()) {
    worker->second.Interrupt();
  }
}

absl::Status Workers::AdoptOne(const Command& envelope, CallId call, const AdoptBlocks::Adoption& adoption,
                               const DistributionPtr& distribution) {
  const int rank = distribution->RankOf(target_);
  if (rank < 0) {
    return absl::OkStatus();
  }
  const auto part = std::find_if(adoption.parts.begin(), adoption.parts.end(),
                                 [this](const AdoptBlocks::Part& each) { return each.target == target_; });
  const std::int64_t expected = distribution->LocalCount(rank) * SizeOf(adoption.buffer.dtype);
  Block block;
  if (part != adoption.parts.end() && part->block != 0) {
    FunctionCall& adopting = CallOf(call, envelope.owner);
    DA_ASSIGN_OR_RETURN(block, part->block > 0 ? adopting.Take(part->block)
                                               : adopting.CopyLoan(static_cast<std::size_t>(-1 - part->block)));
  }
  if (block.bytes != expected) {
    pool_.Free(block);
    return Error(Reason::kInternal,
                 absl::StrCat("the worker's block has ", block.bytes, " bytes; the array's part has ", expected));
  }
  return store_.Add(adoption.buffer.buffer,
                    std::make_shared<Buffer>(&pool_, block, distribution, adoption.buffer.dtype, envelope.owner));
}

absl::Status Workers::Adopt(const Command& envelope, const AdoptBlocks& command,
                            const std::function<absl::StatusOr<DistributionPtr>(DistributionId)>& find) {
  absl::Status status;
  for (const AdoptBlocks::Adoption& adoption : command.adoptions) {
    const absl::StatusOr<DistributionPtr> distribution = find(adoption.buffer.distribution);
    status.Update(distribution.ok() ? AdoptOne(envelope, command.call, adoption, *distribution)
                                    : distribution.status());
  }
  return status;
}

void Workers::AppendTo(std::vector<pollfd>& waited) const {
  if (!any()) {
    return;
  }
  waited.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
  for (const Stranger& stranger : strangers_) {
    waited.push_back({.fd = stranger.socket.fd(), .events = POLLIN, .revents = 0});
  }
  for (const auto& [pool, worker] : workers_) {
    worker.AppendTo(waited);
  }
}

void Workers::Serve(std::span<const pollfd> polled) {
  const std::function<bool(int)> happened = [polled](int fd) {
    return polled.empty() || std::any_of(polled.begin(), polled.end(),
                                         [fd](const pollfd& each) { return each.fd == fd && each.revents != 0; });
  };
  if (happened(listener_.get()) || !strangers_.empty()) {
    Accept();
    Welcome();
    SendAwayMost();
  }
  ServeWorkers(happened);
}

void Workers::ServeWorkers(const std::function<bool(int)>& happened) {
  for (auto each = workers_.begin(); each != workers_.end();) {
    const PoolId pool = each->first;
    for (Worker::Event& event : each->second.Serve(happened, wanted_.size() < kWantedMax)) {
      Handle(pool, std::move(event));
    }
    // Once its call has ended everywhere a dead worker is let go: its guard ends then, and with it the pool.
    const bool in_use = std::any_of(calls_.begin(), calls_.end(),
                                    [pool](const auto& entry) { return entry.second->command.pool == pool; });
    each = each->second.lost() && !in_use ? workers_.erase(each) : std::next(each);
  }
}

void Workers::Accept() {
  while (strangers_.size() < 2 * kStrangersMax) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      return;
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    strangers_.push_back({.socket = FrameSocket(UniqueFd(fd), kHeardBytesMax), .uid = peer.uid});
  }
}

/// Functions may connect as well, and say nothing. Guards speak at once: with many who do not, the one that has waited
/// longest goes, of the user id that has most of them.
void Workers::SendAwayMost() {
  while (strangers_.size() > kStrangersMax) {
    std::map<uid_t, int> counts;
    for (const Stranger& stranger : strangers_) {
      ++counts[stranger.uid];
    }
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    strangers_.erase(std::find_if(strangers_.begin(), strangers_.end(),
                                  [&most](const Stranger& each) { return each.uid == most->first; }));
  }
}

void Workers::Welcome() {
  std::vector<Stranger> waiting;
  for (Stranger& stranger : strangers_) {
    std::vector<Frame> frames;
    const absl::Status status = stranger.socket.Receive(frames, 1);
    if (frames.empty()) {
      if (status.ok()) {
        waiting.push_back(std::move(stranger));
      }
      continue;
    }
    const json hello = ParseSaid(frames.front().json);
    const auto is = [&hello](const char* name, const json& value) {
      const auto found = hello.find(name);
      return found != hello.end() && *found == value;
    };
    const auto known = std::find_if(expected_.begin(), expected_.end(), [&is](const auto& entry) {
      return is("pool", entry.first) && is("cookie", entry.second.cookie);
    });
    // Somebody else, or a worker of a pool that was dropped: letting it go ends it.
    if (known == expected_.end() || !is("type", "hello") || !is("target", target_)) {
      continue;
    }
    Worker& worker = workers_[known->first];
    is("role", "guard") ? worker.TakeGuard(std::move(stranger.socket)) : worker.TakeWorker(std::move(stranger.socket));
  }
  strangers_ = std::move(waiting);
}

void Workers::Handle(PoolId pool, Worker::Event event) {
  CallId id = 0;
  FunctionCall* const call = RunningOn(pool, &id);
  switch (event.kind) {
    case Worker::Event::Kind::kReady:
      return AnswerExpected(pool, absl::OkStatus());
    case Worker::Event::Kind::kAllocate:
      return Allocate(pool, event.bytes);
    case Worker::Event::Kind::kFree:
      if (call != nullptr) {
        call->Free(event.number);
      }
      return;
    case Worker::Event::Kind::kResult:
      // A call that was given up, or none: nobody waits for it.
      if (call != nullptr && id == event.number) {
        const bool ended = !call->holds_anything();
        AnswerCall(*call, std::move(event.json), std::move(event.payload), ended);
        if (ended) {
          calls_.erase(id);
        }
      }
      return;
    case Worker::Event::Kind::kInterrupted:
      return SendWaiting(pool);
    case Worker::Event::Kind::kLost:
      return Lose(pool, workers_.at(pool).why_lost());
  }
}

void Workers::Allocate(PoolId pool, std::int64_t bytes) {
  CallId id = 0;
  FunctionCall* const call = RunningOn(pool, &id);
  absl::StatusOr<std::int64_t> block = call == nullptr
                                           ? Error(Reason::kMemoryLimit, "memory can be had only while a function runs")
                                           : call->Allocate(bytes);
  if (!block.ok()) {
    return workers_.at(pool).SendRefusal(block.status());
  }
  wanted_.push_back({.pool = pool, .call = id, .block = *block});
}

bool Workers::Prepare() {
  if (wanted_.empty()) {
    return false;
  }
  const Wanted wanted = wanted_.front();
  const auto call = calls_.find(wanted.call);
  const auto worker = workers_.find(wanted.pool);
  if (call == calls_.end() || worker == workers_.end()) {
    wanted_.pop_front();
    return true;
  }
  const absl::StatusOr<bool> ready = call->second->Prepare(wanted.block, kPrepared);
  if (ready.ok() && !*ready) {
    return true;
  }
  wanted_.pop_front();
  absl::Status status = ready.status();
  if (status.ok()) {
    status = worker->second.SendBlock(wanted.block, call->second->block(wanted.block), pool_);
  }
  if (!status.ok()) {
    worker->second.SendRefusal(status);
  }
  return true;
}

void Workers::AnswerCall(FunctionCall& call, std::string result, std::string payload, bool ended) {
  CommandReply reply;
  reply.number = std::exchange(call.number, 0);
  reply.target = target_;
  reply.bytes =
      FunctionOutcome{
          .result = std::move(result), .payload = std::move(payload), .lent_bytes = call.lent_bytes(), .ended = ended}
          .Encode();
  answer_(reply);
}

void Workers::Lose(PoolId pool, const std::string& why) {
  while (FunctionCall* const call = RunningOn(pool)) {
    AnswerCall(*call, why, "");
  }
  const json told = ParseSaid(why);
  AnswerExpected(pool, Error(Reason::kWorkerLost, absl::StrCat("the worker of target ", target_,
                                                               " could not be started: ", TextOf(told, "lost"), "\n",
                                                               TextOf(told, "output"))));
}

}  // namespace distarray
