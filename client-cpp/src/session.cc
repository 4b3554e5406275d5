#include "client-cpp/src/session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kUnsentMax = std::chrono::milliseconds(1);
// A batch is sent when it has one of these: large enough to cost little a request, small enough to keep the daemon
// busy.
constexpr int kBatchRequests = 64;
constexpr std::int64_t kBatchBytes = 256 * 1024;
constexpr std::int64_t kRequestBytes = 16;  // at most, of a request's tag and length in its batch
// How far the client may be ahead of the daemon: marks times these.
constexpr int kMarksMax = 4;
constexpr std::int64_t kMarkRequests = 1024;
constexpr std::int64_t kMarkBytes = 4 * 1024 * 1024;
// Arrays up to this size are deleted with the next batch, together; larger ones at once, so that their memory counts no
// longer.
constexpr std::int64_t kSmallBytes = 64 * 1024;

}  // namespace

v1::Request& Session::Add() {
  if (batch_->requests().empty()) {
    batch_began_ = Clock::now();
    if (flusher_asleep_) {
      flusher_asleep_ = false;
      flusher_wakes_.notify_one();
    }
  }
  v1::Request& request = *batch_->add_requests();
  request.set_sequence(++last_sequence_);
  return request;
}

absl::StatusOr<std::int64_t> Session::SizeOfLast() {
  const auto bytes = static_cast<std::int64_t>(batch_->requests().rbegin()->ByteSizeLong());
  // Room for the others of its batch.
  const std::int64_t most = message_bytes_max_ - kBatchBytes - kBatchRequests * kRequestBytes;
  if (bytes <= most) {
    return bytes;
  }
  batch_->mutable_requests()->RemoveLast();
  --last_sequence_;
  return Error(Reason::kMessageTooLarge,
               absl::StrCat("the request takes ", bytes, " bytes; the daemon takes at most ", most));
}

void Session::Added() {
  const absl::StatusOr<std::int64_t> bytes = SizeOfLast();
  if (!bytes.ok()) {
    deferred_.Update(bytes.status());
    return;
  }
  Count(*bytes);
  if (batch_->requests_size() >= kBatchRequests || batch_bytes_ >= kBatchBytes) {
    SendBatch();
  }
}

void Session::Count(std::int64_t bytes) {
  batch_bytes_ += bytes;
  bytes_since_mark_ += bytes;
  if (++requests_since_mark_ >= kMarkRequests || bytes_since_mark_ >= kMarkBytes) {
    AddMark();
  }
}

void Session::AddMark() {
  v1::Request& request = Add();
  request.set_awaited(true);
  request.mutable_delete_();
  auto waiter = std::make_shared<Waiter>();
  waiter->sequence = request.sequence();
  waiter->mark = true;
  waiters_.push_back(std::move(waiter));
  ++marks_under_way_;
  requests_since_mark_ = 0;
  bytes_since_mark_ = 0;
}

void Session::AddSmallDeletes() {
  if (!small_deletes_.empty()) {
    Add().mutable_delete_()->mutable_keys()->Add(small_deletes_.begin(), small_deletes_.end());
    small_deletes_.clear();
  }
}

void Session::SendBatch() {
  AddSmallDeletes();
  if (!batch_->requests().empty() && end_.ok()) {
    stream_->Send(std::exchange(batch_, std::make_unique<v1::RequestBatch>()));
  }
  batch_->Clear();
  batch_bytes_ = 0;
}

void Session::WaitForRoom(std::unique_lock<std::mutex>& lock) {
  if (marks_under_way_ > kMarksMax && end_.ok()) {
    SendBatch();
    room_.wait(lock, [this] { return marks_under_way_ <= kMarksMax || !end_.ok(); });
  }
}

absl::Status Session::Wait(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Waiter>& waiter, const Fill& fill,
                           absl::Time deadline) {
  if (!end_.ok()) {
    return end_;
  }
  v1::Request& request = Add();
  request.set_awaited(true);
  fill(request);
  DA_RETURN_IF_ERROR(SizeOfLast().status());
  waiter->sequence = request.sequence();
  waiters_.push_back(waiter);
  SendBatch();
  const auto done = [&] { return waiter->done; };
  if (deadline != absl::InfiniteFuture() && !waiter->changed.wait_until(lock, absl::ToChronoTime(deadline), done)) {
    stream_->Cancel();
    waiter->changed.wait(lock, done);
    return Error(Reason::kTimeout, absl::StrCat("the daemon at ", address_, " does not answer"));
  }
  waiter->changed.wait(lock, done);
  return waiter->status;
}

absl::StatusOr<v1::Reply> Session::Await(const Fill& fill) {
  const auto waiter = std::make_shared<Waiter>();
  std::unique_lock lock(mutex_);
  DA_RETURN_IF_ERROR(TakeDeferred());
  DA_RETURN_IF_ERROR(Wait(lock, waiter, fill));
  return std::move(waiter->reply);
}

absl::Status Session::Admit(const Fill& fill) {
  std::unique_lock lock(mutex_);
  return Wait(lock, std::make_shared<Waiter>(), fill);
}

absl::Status Session::AwaitBytes(const Fill& fill, std::span<std::byte> out) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->out = out;
  std::unique_lock lock(mutex_);
  DA_RETURN_IF_ERROR(TakeDeferred());
  DA_RETURN_IF_ERROR(Wait(lock, waiter, fill));
  if (waiter->received_bytes != static_cast<std::int64_t>(out.size())) {
    return Error(Reason::kInternal,
                 absl::StrCat("the daemon sent ", waiter->received_bytes, " bytes, ", out.size(), " were expected"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Session::Waiter>> Session::Start(const Fill& fill) {
  auto waiter = std::make_shared<Waiter>();
  std::unique_lock lock(mutex_);
  DA_RETURN_IF_ERROR(TakeDeferred());
  WaitForRoom(lock);
  if (!end_.ok()) {
    return end_;
  }
  v1::Request& request = Add();
  request.set_awaited(true);
  fill(request);
  const absl::StatusOr<std::int64_t> bytes = SizeOfLast();
  DA_RETURN_IF_ERROR(bytes.status());
  waiter->sequence = request.sequence();
  calls_.emplace(waiter->sequence, waiter);
  Count(*bytes);
  SendBatch();
  return waiter;
}

bool Session::WaitFor(Waiter& waiter, absl::Time deadline) {
  std::unique_lock lock(mutex_);
  const auto done = [&] { return waiter.done; };
  if (deadline == absl::InfiniteFuture()) {
    waiter.changed.wait(lock, done);
    return true;
  }
  return waiter.changed.wait_until(lock, absl::ToChronoTime(deadline), done);
}

absl::StatusOr<v1::Reply> Session::Finish(Waiter& waiter) {
  WaitFor(waiter, absl::InfiniteFuture());
  const std::scoped_lock lock(mutex_);
  DA_RETURN_IF_ERROR(waiter.status);
  return std::move(waiter.reply);
}

void Session::Abandon(Waiter& waiter, std::function<void(const v1::Reply&)> drop) {
  {
    const std::scoped_lock lock(mutex_);
    if (!waiter.done) {
      waiter.drop = std::move(drop);
      return;
    }
  }
  drop(waiter.reply);
}

void Session::Cancel(const std::string& operation) {
  const std::scoped_lock lock(mutex_);
  // Not waiting for room: there may be none before what is to be cancelled has ended.
  Add().mutable_cancel()->set_operation(operation);
  SendBatch();
}

void Session::Forget(std::int64_t key, std::int64_t nbytes) {
  const std::scoped_lock lock(mutex_);
  if (!end_.ok() || stopping_) {
    return;
  }
  if (nbytes > kSmallBytes) {
    Add().mutable_delete_()->add_keys(key);
    Added();
    return;
  }
  small_deletes_.push_back(key);
  if (batch_->requests().empty() && small_deletes_.size() == 1) {
    AddSmallDeletes();  // opens a batch, which the flusher will send
  }
}

void Session::Defer(absl::Status status) {
  const std::scoped_lock lock(mutex_);
  deferred_.Update(status);
}

void Session::Flush() {
  const std::scoped_lock lock(mutex_);
  SendBatch();
}

std::shared_ptr<Session::Waiter> Session::WaiterOf(const v1::Reply& reply) {
  const std::scoped_lock lock(mutex_);
  if (!waiters_.empty() && waiters_.front()->sequence == reply.sequence()) {
    return waiters_.front();
  }
  const auto call = calls_.find(reply.sequence());
  return call == calls_.end() ? nullptr : call->second;
}

void Session::OnReplies(v1::ReplyBatch& replies) {
  for (v1::Reply& reply : *replies.mutable_replies()) {
    const std::shared_ptr<Waiter> waiter = WaiterOf(reply);
    if (waiter == nullptr) {
      stream_->Cancel();  // nothing that follows can be trusted
      return;
    }
    Take(*waiter, reply);
  }
}

void Session::Take(Waiter& waiter, v1::Reply& reply) {
  if (reply.has_chunk()) {
    // Without the lock: who waits stays until `done`, and nobody else touches its memory.
    const v1::Chunk& chunk = reply.chunk();
    const auto size = static_cast<std::int64_t>(chunk.data().size());
    const auto room = static_cast<std::int64_t>(waiter.out.size()) - chunk.offset_bytes();
    if (chunk.offset_bytes() != waiter.received_bytes || size > room) {
      waiter.status = Error(Reason::kInternal, "the daemon sent chunks that do not fit together");
    } else if (size > 0) {
      std::memcpy(waiter.out.data() + chunk.offset_bytes(), chunk.data().data(), chunk.data().size());
    }
    waiter.received_bytes += size;
    if (!chunk.last()) {
      return;
    }
  }
  std::function<void(const v1::Reply&)> drop;
  {
    const std::scoped_lock lock(mutex_);
    if (reply.has_error()) {
      waiter.status = ErrorFromWire(reply.error());
    }
    waiter.reply = std::move(reply);
    waiter.done = true;
    if (waiter.mark) {
      deferred_.Update(waiter.status);
      --marks_under_way_;
      room_.notify_all();
    }
    waiter.changed.notify_all();
    drop = std::move(waiter.drop);
    if (calls_.erase(waiter.sequence) == 0) {
      waiters_.pop_front();
    }
  }
  if (drop) {
    drop(waiter.reply);
  }
}

void Session::OnEnd(const grpc::Status& status) {
  const std::scoped_lock lock(mutex_);
  v1::ErrorInfo error;
  error.set_reason(v1::ERROR_REASON_SESSION_UNKNOWN);
  error.set_code(status.ok() || status.error_code() == grpc::StatusCode::CANCELLED
                     ? static_cast<int>(grpc::StatusCode::UNAVAILABLE)
                     : static_cast<int>(status.error_code()));
  error.set_message(absl::StrCat("the connection to the daemon at ", address_, " has ended",
                                 status.error_message().empty() ? "" : ": ", status.error_message(),
                                 "; the arrays of this context are gone: connect again"));
  end_ = ErrorFromWire(error);
  const auto fail = [this](Waiter& waiter) {
    waiter.status = end_;
    waiter.done = true;
    waiter.changed.notify_all();
  };
  std::for_each(waiters_.begin(), waiters_.end(), [&](const auto& waiter) { fail(*waiter); });
  std::for_each(calls_.begin(), calls_.end(), [&](const auto& call) { fail(*call.second); });
  waiters_.clear();
  calls_.clear();
  room_.notify_all();
}

void Session::RunFlusher() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (batch_->requests().empty()) {
      flusher_asleep_ = true;
      flusher_wakes_.wait(lock);
      continue;
    }
    const auto due = batch_began_ + kUnsentMax;
    if (Clock::now() >= due) {
      SendBatch();
    } else {
      flusher_wakes_.wait_until(lock, due);
    }
  }
}

}  // namespace distarray::inline client
