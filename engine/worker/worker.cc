#include "engine/worker/worker.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/worker/dim_data.h"
#include "engine/worker/said.h"

namespace distarray {
namespace {

using nlohmann::json;

constexpr std::size_t kMappedMax = 1024;  // a process has 65530 mappings at most
constexpr std::size_t kQueuedMax = 1024;  // frames that a worker has not read: more of its own are not heard until then

}  // namespace

/// Descriptors of segments that the worker does not have yet: those of the pool's, and read-only ones made for it.
struct Worker::Descriptors {
  struct Segment {
    std::int64_t number = 0;
    bool writable = false;
    UniqueFd fd;
  };
  std::vector<Segment> segments;

  absl::Status Add(Worker& worker, const Block& block, bool writable, MemoryPool& pool) {
    if (block.bytes == 0) {
      return absl::OkStatus();
    }
    Mapped& mapped = worker.mapped_[block.segment];
    bool& has = writable ? mapped.for_writing : mapped.for_reading;
    if (has) {
      return absl::OkStatus();
    }
    DA_ASSIGN_OR_RETURN(const int fd, pool.Lend(block, writable));
    UniqueFd given(writable ? fcntl(fd, F_DUPFD_CLOEXEC, 0)
                            : open(absl::StrCat("/proc/self/fd/", fd).c_str(), O_RDONLY | O_CLOEXEC));
    if (!given.valid()) {
      return Error(Reason::kInternal, absl::StrCat("cannot lend a block: ", std::strerror(errno)));
    }
    has = true;
    segments.push_back({.number = block.segment, .writable = writable, .fd = std::move(given)});
    return absl::OkStatus();
  }

  /// Has the worker map them, before it gets the frame that names them.
  void Send(FrameSocket& socket) const {
    for (std::size_t first = 0; first < segments.size(); first += FrameSocket::kDescriptorsMax) {
      json listed = json::array();
      std::vector<int> fds;
      for (std::size_t i = first; i < std::min(segments.size(), first + FrameSocket::kDescriptorsMax); ++i) {
        listed.push_back({{"segment", segments[i].number}, {"writable", segments[i].writable}});
        fds.push_back(segments[i].fd.get());
      }
      (void)socket.Send(Dump({{"type", "map"}, {"segments", std::move(listed)}}), {}, fds);
    }
  }
};

bool Worker::TakeGuard(FrameSocket socket) {
  if (guard_) {
    return false;
  }
  guard_ = std::move(socket);
  return true;
}

bool Worker::TakeWorker(FrameSocket socket) {
  if (worker_) {
    return false;
  }
  worker_ = std::move(socket);
  return true;
}

void Worker::AppendTo(std::vector<pollfd>& waited) const {
  for (const auto* socket : {&guard_, &worker_}) {
    if (*socket) {
      const int hear = (*socket)->queued() < kQueuedMax ? POLLIN : 0;
      const auto events = static_cast<short>((*socket)->wants_write() ? hear | POLLOUT : hear);
      waited.push_back({.fd = (*socket)->fd(), .events = events, .revents = 0});
    }
  }
}

std::vector<Worker::Event> Worker::Serve(const std::function<bool(int)>& happened, bool may_ask) {
  std::vector<Event> events;
  if (worker_ && happened(worker_->fd())) {
    ServeWorker(may_ask, events);
  }
  if (guard_ && happened(guard_->fd())) {
    ServeGuard(events);
  }
  return events;
}

void Worker::ServeWorker(bool may_ask, std::vector<Event>& events) {
  std::vector<Frame> frames;
  absl::Status status = worker_->wants_write() ? worker_->Flush() : absl::OkStatus();
  if (may_ask && worker_->queued() < kQueuedMax) {
    status.Update(worker_->Receive(frames));
  }
  for (Frame& frame : frames) {
    if (std::optional<Event> event = Read(std::move(frame))) {
      events.push_back(*std::move(event));
    } else {
      status = absl::InternalError("it said what no worker says");
    }
  }
  if (!status.ok()) {
    worker_.reset();
    // The guard knows how it ended, or sees to it that it does.
    if (guard_) {
      (void)guard_->Send(Dump({{"type", "hangup"}}), {});
    } else {
      Lose(std::string(status.message()), "", events);
    }
  }
}

void Worker::ServeGuard(std::vector<Event>& events) {
  std::vector<Frame> frames;
  absl::Status status = guard_->wants_write() ? guard_->Flush() : absl::OkStatus();
  status.Update(guard_->Receive(frames));
  for (const Frame& frame : frames) {
    const json said = ParseSaid(frame.json);
    if (TextOf(said, "type") == "interrupted") {
      --interrupts_;
      events.push_back({.kind = Event::Kind::kInterrupted});
      continue;
    }
    Lose(TextOf(said, "how"), TextOf(said, "output"), events);
  }
  if (!status.ok()) {
    guard_.reset();
    Lose("its guard (its parent process) has ended", "", events);
  }
}

void Worker::Lose(const std::string& how, const std::string& output, std::vector<Event>& events) {
  if (std::exchange(lost_, true)) {
    return;
  }
  why_lost_ = Dump({{"lost", how}, {"output", output}});
  events.push_back({.kind = Event::Kind::kLost});
}

std::optional<Worker::Event> Worker::Read(Frame frame) {
  const json said = ParseSaid(frame.json);
  const std::string type = TextOf(said, "type");
  if (type == "ready") {
    ready_ = true;
    return Event{.kind = Event::Kind::kReady};
  }
  if (type == "allocate") {
    return Event{.kind = Event::Kind::kAllocate, .bytes = NumberOf(said, "bytes", -1)};
  }
  if (type == "free") {
    return Event{.kind = Event::Kind::kFree, .number = NumberOf(said, "block")};
  }
  if (type == "result") {
    return Event{.kind = Event::Kind::kResult,
                 .number = NumberOf(said, "call"),
                 .json = std::move(frame.json),
                 .payload = std::move(frame.payload)};
  }
  return std::nullopt;
}

void Worker::OnSegmentEnded(std::int64_t segment) {
  if (mapped_.erase(segment) != 0) {
    ended_.push_back(segment);
  }
}

void Worker::Forget(const FunctionCall& call) {
  json segments = std::exchange(ended_, {});
  if (mapped_.size() >= kMappedMax) {
    std::map<std::int64_t, Mapped> kept;
    for (const FunctionCall::Loan& loan : call.loans()) {
      if (loan.buffer != nullptr) {
        kept.insert(mapped_.extract(loan.buffer->block().segment));
      }
    }
    for (const auto& [segment, mapped] : std::exchange(mapped_, std::move(kept))) {
      segments.push_back(segment);
    }
  }
  if (segments.empty()) {
    return;
  }
  (void)worker_->Send(Dump({{"type", "forget"}, {"segments", std::move(segments)}}), {});
}

absl::Status Worker::Send(CallId id, FunctionCall& call, int target, MemoryPool& pool) {
  Forget(call);
  Descriptors descriptors;
  json arrays = json::array();
  for (const FunctionCall::Loan& loan : call.loans()) {
    if (loan.buffer == nullptr) {
      arrays.push_back(nullptr);
      continue;
    }
    const int rank = loan.distribution->RankOf(target);
    const Block& block = loan.buffer->block();
    DA_RETURN_IF_ERROR(descriptors.Add(*this, block, loan.writable, pool));
    std::string letters;
    for (const DimensionMap& map : loan.distribution->dimensions) {
      letters.push_back(map.letter());
    }
    arrays.push_back({{"dtype", std::string(NameOf(loan.dtype))},
                      {"local_shape", loan.distribution->LocalShape(rank)},
                      {"dim_data", DimDataOf(*loan.distribution, rank, &call.command.payload)},
                      {"dist", letters},
                      {"targets", loan.distribution->targets},
                      {"writable", loan.writable},
                      {"segment", block.segment},
                      {"offset", block.offset},
                      {"bytes", block.bytes}});
  }
  // The job is the front's text: it is put in as it is.
  std::string text = Dump({{"type", "call"}, {"call", id}, {"arrays", std::move(arrays)}});
  text.pop_back();
  absl::StrAppend(&text, ",\"job\":", call.command.job, "}");
  call.sent = true;
  call.command.job.clear();
  descriptors.Send(*worker_);
  // A worker that is gone is noticed elsewhere; what is too large is not.
  const absl::Status sent = worker_->Send(std::move(text), std::exchange(call.command.payload, {}));
  return absl::IsUnavailable(sent) ? absl::OkStatus() : sent;
}

absl::Status Worker::SendBlock(std::int64_t number, const Block& block, MemoryPool& pool) {
  if (!worker_) {
    return absl::OkStatus();
  }
  Descriptors descriptors;
  DA_RETURN_IF_ERROR(descriptors.Add(*this, block, true, pool));
  descriptors.Send(*worker_);
  (void)worker_->Send(Dump({{"type", "allocated"},
                            {"block", number},
                            {"segment", block.segment},
                            {"offset", block.offset},
                            {"bytes", block.bytes}}),
                      {});
  return absl::OkStatus();
}

void Worker::SendRefusal(const absl::Status& status) {
  if (worker_) {
    (void)worker_->Send(Dump({{"type", "allocated"},
                              {"error", {{"reason", "MEMORY_LIMIT"}, {"message", std::string(status.message())}}}}),
                        {});
  }
}

void Worker::Interrupt() {
  if (guard_) {
    ++interrupts_;
    (void)guard_->Send(Dump({{"type", "interrupt"}}), {});
  }
}

}  // namespace distarray
