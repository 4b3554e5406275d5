#include "client-cpp/src/stream.h"

#include <absl/time/clock.h>

#include <utility>

namespace distarray::inline client {

Stream::Stream(v1::DistArray::Stub& stub, Receiver* receiver) : receiver_(receiver) {
  stub.async()->Session(&context_, this);
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

void Stream::Send(std::unique_ptr<v1::RequestBatch> batch) {
  {
    const std::scoped_lock lock(mutex_);
    if (broken_ || closing_) {
      return;
    }
    queue_.push_back(std::move(batch));
    if (std::exchange(busy_, true)) {
      return;
    }
  }
  Continue();
}

void Stream::CloseAfterQueued() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(closing_, true) || std::exchange(busy_, true)) {
      return;
    }
  }
  Continue();
}

void Stream::Continue() {
  bool close = false;
  {
    const std::scoped_lock lock(mutex_);
    if (broken_) {
      queue_.clear();
    }
    if (!queue_.empty()) {
      writing_ = std::move(queue_.front());
      queue_.pop_front();
    } else {
      busy_ = false;
      close = closing_ && !broken_;
      if ((!close && !broken_) || !std::exchange(held_, false)) {
        return;
      }
    }
  }
  if (writing_ != nullptr) {
    StartWrite(writing_.get());
    return;
  }
  if (close) {
    StartWritesDone();
  }
  RemoveHold();
}

void Stream::OnReadDone(bool ok) {
  if (ok) {
    receiver_->OnReplies(incoming_);
    incoming_.Clear();
    StartRead(&incoming_);
    return;
  }
  // The daemon has ended the stream, which this changes nothing of; or it sent what cannot be read, and goes on.
  Cancel();
  {
    const std::scoped_lock lock(mutex_);
    broken_ = true;
    // While a write is under way its end gives up the hold.
    if (busy_ || !std::exchange(held_, false)) {
      return;
    }
  }
  RemoveHold();
}

void Stream::OnWriteDone(bool ok) {
  writing_.reset();
  if (!ok) {
    const std::scoped_lock lock(mutex_);
    broken_ = true;
  }
  Continue();
}

void Stream::OnDone(const grpc::Status& status) {
  receiver_->OnEnd(status);
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

bool Stream::WaitForEnd(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  return ended_changed_.wait_until(lock, absl::ToChronoTime(absl::Now() + timeout), [this] { return ended_; });
}

}  // namespace distarray::inline client
