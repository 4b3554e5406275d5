#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/status.h"
#include "engine/comm/exchange.h"
#include "engine/redistribution/copy_box.h"
#include "engine/redistribution/staging.h"

namespace distarray {

/// Chunks of one stream that are under way at a time.
inline constexpr int kChunksUnderWay = 4;

/// Sends the elements of a box to one peer, packed, chunk by chunk; straight from the block where they lie
/// contiguously.
class SendStream {
 public:
  /// `box` and `staging` must outlive the stream. If `status` is not OK, the peer gets that instead of elements.
  SendStream(Exchange& exchange, Staging& staging, std::int64_t command, int peer, const CopyBox& box, int element_size,
             const std::byte* block, absl::Status status);
  SendStream(const SendStream&) = delete;
  SendStream& operator=(const SendStream&) = delete;

  /// Sends what can be sent, about `budget` bytes at most, and lowers it by what was packed.
  void Advance(std::int64_t& budget);
  bool done() const { return opened_ && left_ == 0 && under_way_ == 0; }

 private:
  struct Slot {
    Staging::Chunk chunk;
    Completion completion;
    bool busy = false;
  };

  void Open(std::int64_t& budget);

  Exchange& exchange_;
  Staging& staging_;
  std::int64_t command_;
  int peer_;
  int element_size_;
  const std::byte* block_;
  absl::Status status_;
  CopyCursor cursor_;
  std::int64_t total_;  // elements
  std::int64_t left_;   // elements not yet handed to MPI
  std::optional<std::int64_t> contiguous_;
  bool opened_ = false;
  std::string opening_;
  int under_way_ = 0;
  std::array<Slot, kChunksUnderWay + 1> slots_;  // the last one is the opening's
};

}  // namespace distarray
