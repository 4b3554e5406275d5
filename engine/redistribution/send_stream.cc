#include "engine/redistribution/send_stream.h"

#include <algorithm>
#include <utility>

#include "engine/comm/opening.h"

namespace distarray {

SendStream::SendStream(Exchange& exchange, Staging& staging, std::int64_t command, int peer, const CopyBox& box,
                       int element_size, const std::byte* block, absl::Status status)
    : exchange_(exchange),
      staging_(staging),
      command_(command),
      peer_(peer),
      element_size_(element_size),
      block_(block),
      status_(std::move(status)),
      cursor_(box, element_size),
      total_(cursor_.remaining()),
      left_(total_),
      contiguous_(box.ContiguousFrom()) {}

void SendStream::Open(std::int64_t& budget) {
  const std::int64_t bytes = total_ * element_size_;
  if (!status_.ok()) {
    opening_ = MakeFailedOpening(status_);
    left_ = 0;
  } else if (bytes <= Opening::kInline) {
    opening_ = MakeOpening(bytes, bytes);
    cursor_.Pack(total_, block_, InlineBytesOf(opening_));
    budget -= bytes;
    left_ = 0;
  } else {
    opening_ = MakeOpening(bytes, 0);
  }
  Slot& slot = slots_.back();
  exchange_.Send(command_, peer_, opening_.data(), static_cast<std::int64_t>(opening_.size()), slot.completion);
  slot.busy = true;
  ++under_way_;
  opened_ = true;
}

void SendStream::Advance(std::int64_t& budget) {
  if (!opened_) {
    Open(budget);
  }
  for (Slot& slot : slots_) {
    if (slot.busy && slot.completion.done()) {
      slot.busy = false;
      --under_way_;
      staging_.Give(std::exchange(slot.chunk, nullptr));
    }
  }
  for (int i = 0; i < kChunksUnderWay && left_ > 0 && budget > 0; ++i) {
    Slot& slot = slots_[static_cast<std::size_t>(i)];
    if (slot.busy) {
      continue;
    }
    const std::int64_t count = std::min(Staging::kChunkBytes / element_size_, left_);
    const std::byte* data = nullptr;
    if (contiguous_) {
      data = block_ + (*contiguous_ + total_ - left_) * element_size_;
    } else {
      slot.chunk = staging_.Take();
      cursor_.Pack(count, block_, slot.chunk.get());
      data = slot.chunk.get();
    }
    left_ -= count;
    budget -= count * element_size_;
    exchange_.Send(command_, peer_, data, count * element_size_, slot.completion);
    slot.busy = true;
    ++under_way_;
  }
}

}  // namespace distarray
