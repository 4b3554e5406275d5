#include "server/rpc/chunk_stream.h"

#include <utility>

#include "server/rpc/status.h"

namespace distarray::server {

std::shared_ptr<ChunkStream> ChunkStream::Begin(PeerId id, Gateway* gateway) {
  std::shared_ptr<ChunkStream> stream(new ChunkStream(id, gateway));
  stream->self_ = stream;
  stream->presence_.Begin(stream);
  return stream;
}

void ChunkStream::Send(v1::ReplyBatch replies) {
  const auto bytes = static_cast<std::int64_t>(replies.ByteSizeLong());
  {
    const std::scoped_lock lock(mutex_);
    if (finish_.has_value()) {
      return;
    }
    bool chunks = false;
    for (v1::Reply& reply : *replies.mutable_replies()) {
      if (!reply.has_chunk()) {
        finish_ = reply.has_error() ? ToGrpcStatus(std::move(*reply.mutable_error()))
                                    : grpc::Status(grpc::StatusCode::INTERNAL, "the reply is not a chunk");
        break;
      }
      const bool last = reply.chunk().last();
      queue_.push_back({std::move(*reply.mutable_chunk()), 0});
      chunks = true;
      if (last) {
        finish_ = grpc::Status::OK;
        break;
      }
    }
    if (chunks) {
      queue_.back().bytes = bytes;
    }
    if (std::exchange(busy_, true)) {
      return;
    }
  }
  Continue();
}

void ChunkStream::Finish(absl::Status status) {
  {
    const std::scoped_lock lock(mutex_);
    if (finish_.has_value()) {
      return;
    }
    finish_ = status.ok() ? grpc::Status(grpc::StatusCode::INTERNAL, "the call ended before its last chunk")
                          : ToGrpcStatus(status);
    if (std::exchange(busy_, true)) {
      return;
    }
  }
  Continue();
}

void ChunkStream::Continue() {
  std::optional<grpc::Status> end;
  {
    const std::scoped_lock lock(mutex_);
    if (!queue_.empty()) {
      writing_ = std::move(queue_.front());
      queue_.pop_front();
    } else if (finish_.has_value()) {
      end = *finish_;  // busy_ stays set: nothing is started after the end
    } else {
      busy_ = false;
      return;
    }
  }
  if (end.has_value()) {
    ServerWriteReactor::Finish(*end);
  } else {
    StartWrite(&writing_.chunk);
  }
}

void ChunkStream::OnWriteDone(bool ok) {
  const std::int64_t bytes = writing_.bytes;
  writing_ = {};
  if (!ok) {
    const std::scoped_lock lock(mutex_);
    queue_.clear();
    finish_ = grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone");
  }
  Continue();
  if (!ok) {
    presence_.End();
  } else if (bytes > 0) {
    presence_.Drained(bytes);
  }
}

void ChunkStream::OnCancel() {
  presence_.End();
  {
    const std::scoped_lock lock(mutex_);
    queue_.clear();
  }
  Finish(absl::CancelledError("the client cancelled the call"));
}

void ChunkStream::OnDone() {
  presence_.End();
  self_.reset();
}

}  // namespace distarray::server
