#include "engine/redistribution/receive_stream.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/comm/opening.h"

namespace distarray {

ReceiveStream::ReceiveStream(Exchange& exchange, Staging& staging, std::int64_t command, int peer, const CopyBox& box,
                             int element_size, std::byte* block)
    : exchange_(exchange),
      staging_(staging),
      command_(command),
      peer_(peer),
      element_size_(element_size),
      block_(block),
      cursor_(box, element_size),
      total_(cursor_.remaining()),
      contiguous_(block != nullptr ? box.ContiguousTo() : std::nullopt),
      opening_(static_cast<std::size_t>(Opening::kCapacity), '\0') {
  exchange_.Receive(command_, peer_, opening_.data(), Opening::kCapacity, opening_completion_);
}

void ReceiveStream::ReadOpening(std::int64_t& budget) {
  opened_ = true;
  const auto opening = distarray::ReadOpening(
      std::string_view(opening_.data(), static_cast<std::size_t>(opening_completion_.received_bytes)));
  if (!opening.ok()) {
    status_ = opening.status();
    finished_ = true;
    return;
  }
  if (opening->stream_bytes != total_ * element_size_) {
    status_ = Error(Reason::kInternal, "two engines plan a redistribution differently");
    finished_ = true;
    return;
  }
  if (opening->whole()) {
    if (block_ != nullptr) {
      cursor_.Unpack(total_, opening->bytes.data(), block_);
    }
    budget -= opening->stream_bytes;
    finished_ = true;
  }
}

void ReceiveStream::Post() {
  while (under_way_ < kChunksUnderWay && posted_ < total_) {
    Slot& slot = slots_[static_cast<std::size_t>((first_ + under_way_) % kChunksUnderWay)];
    slot.elements = std::min(Staging::kChunkBytes / element_size_, total_ - posted_);
    std::byte* data = nullptr;
    if (contiguous_) {
      data = block_ + (*contiguous_ + posted_) * element_size_;
    } else {
      slot.chunk = staging_.Take();
      data = slot.chunk.get();
    }
    exchange_.Receive(command_, peer_, data, slot.elements * element_size_, slot.completion);
    posted_ += slot.elements;
    ++under_way_;
  }
}

void ReceiveStream::Unpack(std::int64_t& budget) {
  while (under_way_ > 0 && budget > 0) {
    Slot& slot = slots_[static_cast<std::size_t>(first_)];
    if (!slot.completion.done()) {
      return;
    }
    if (slot.chunk != nullptr && block_ != nullptr) {
      cursor_.Unpack(slot.elements, slot.chunk.get(), block_);
    }
    staging_.Give(std::exchange(slot.chunk, nullptr));
    budget -= slot.elements * element_size_;
    unpacked_ += slot.elements;
    first_ = (first_ + 1) % kChunksUnderWay;
    --under_way_;
    Post();
  }
}

void ReceiveStream::Advance(std::int64_t& budget) {
  if (finished_) {
    return;
  }
  if (!opened_) {
    if (!opening_completion_.done()) {
      return;
    }
    ReadOpening(budget);
    if (finished_) {
      return;
    }
    Post();
  }
  Unpack(budget);
  finished_ = unpacked_ == total_;
}

}  // namespace distarray
