#include "server/rpc/session_stream.h"

#include <utility>

#include "server/rpc/status.h"

namespace distarray::server {
namespace {

constexpr std::int64_t kMergedBytesMax = 256 * 1024;
constexpr std::int64_t kHeldBytesMax = 16 << 20;
constexpr std::int64_t kRequestBytes = 256;  // about what a request takes besides its own bytes

}  // namespace

std::shared_ptr<SessionStream> SessionStream::Begin(PeerId id, Gateway* gateway) {
  std::shared_ptr<SessionStream> stream(new SessionStream(id, gateway));
  stream->self_ = stream;
  stream->presence_.Begin(stream);
  // What is known before the first reply: that the server has taken the stream.
  stream->StartSendInitialMetadata();
  stream->StartRead(&stream->incoming_);
  return stream;
}

void SessionStream::Send(v1::ReplyBatch replies) {
  const auto bytes = static_cast<std::int64_t>(replies.ByteSizeLong());
  {
    const std::scoped_lock lock(mutex_);
    if (finish_.has_value()) {
      return;
    }
    queue_.push_back({std::move(replies), bytes});
    if (std::exchange(busy_, true)) {
      return;
    }
  }
  Continue();
}

void SessionStream::Finish(absl::Status status) {
  {
    const std::scoped_lock lock(mutex_);
    if (finish_.has_value()) {
      return;
    }
    finish_ = std::move(status);
    if (std::exchange(busy_, true)) {
      return;
    }
  }
  Continue();
}

void SessionStream::Continue() {
  std::optional<absl::Status> end;
  {
    const std::scoped_lock lock(mutex_);
    if (!queue_.empty()) {
      TakeQueued();
    } else if (finish_.has_value()) {
      end = *finish_;  // busy_ stays set: nothing is started after the end
    } else {
      busy_ = false;
      return;
    }
  }
  if (end.has_value()) {
    ServerBidiReactor::Finish(ToGrpcStatus(*end));
  } else {
    StartWrite(&writing_.batch);
  }
}

void SessionStream::TakeQueued() {
  writing_ = std::move(queue_.front());
  queue_.pop_front();
  while (!queue_.empty() && writing_.bytes + queue_.front().bytes <= kMergedBytesMax) {
    for (v1::Reply& reply : *queue_.front().batch.mutable_replies()) {
      *writing_.batch.add_replies() = std::move(reply);
    }
    writing_.bytes += queue_.front().bytes;
    queue_.pop_front();
  }
}

void SessionStream::OnReadDone(bool ok) {
  if (!ok) {
    presence_.HalfClosed();  // or broken: then OnCancel says so
    return;
  }
  const auto bytes = static_cast<std::int64_t>(incoming_.ByteSizeLong()) + incoming_.requests_size() * kRequestBytes;
  {
    const std::scoped_lock lock(mutex_);
    held_bytes_ += bytes;
  }
  presence_.Received(std::move(incoming_),
                     Receipt(nullptr, [stream = self_, bytes](const void*) { stream->Released(bytes); }));
  incoming_.Clear();
  {
    const std::scoped_lock lock(mutex_);
    paused_ = held_bytes_ >= kHeldBytesMax;
    if (paused_) {
      return;
    }
  }
  StartRead(&incoming_);
}

void SessionStream::Released(std::int64_t bytes) {
  const std::scoped_lock lock(mutex_);
  held_bytes_ -= bytes;
  // Under the lock: once finish_ is set, the stream may be gone as soon as no read is under way.
  if (paused_ && held_bytes_ < kHeldBytesMax && !finish_.has_value()) {
    paused_ = false;
    StartRead(&incoming_);
  }
}

void SessionStream::OnWriteDone(bool ok) {
  const std::int64_t bytes = writing_.bytes;
  writing_ = {};
  if (!ok) {
    // The client is gone; what waits cannot be sent either.
    const std::scoped_lock lock(mutex_);
    queue_.clear();
    finish_ = absl::CancelledError("the client is gone");
  }
  Continue();
  if (ok) {
    presence_.Drained(bytes);
  } else {
    presence_.End();
  }
}

void SessionStream::OnCancel() {
  presence_.End();
  {
    const std::scoped_lock lock(mutex_);
    queue_.clear();
  }
  Finish(absl::CancelledError("the client cancelled the stream"));
}

void SessionStream::OnDone() {
  presence_.End();
  self_.reset();
}

}  // namespace distarray::server
