#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/status.h"
#include "engine/comm/exchange.h"
#include "engine/redistribution/copy_box.h"
#include "engine/redistribution/send_stream.h"
#include "engine/redistribution/staging.h"

namespace distarray {

/// Receives what a SendStream sends into the elements of a box; straight into the block where they lie contiguously.
class ReceiveStream {
 public:
  /// `box` and `staging` must outlive the stream. `block` null: the elements are received and dropped.
  ReceiveStream(Exchange& exchange, Staging& staging, std::int64_t command, int peer, const CopyBox& box,
                int element_size, std::byte* block);
  ReceiveStream(const ReceiveStream&) = delete;
  ReceiveStream& operator=(const ReceiveStream&) = delete;

  /// Takes what has arrived, about `budget` bytes at most, and lowers it by what was unpacked.
  void Advance(std::int64_t& budget);
  bool done() const { return finished_; }
  /// What the sender said instead of sending elements, or OK.
  const absl::Status& status() const { return status_; }

 private:
  struct Slot {
    Staging::Chunk chunk;
    Completion completion;
    std::int64_t elements = 0;
  };

  void ReadOpening(std::int64_t& budget);
  void Post();
  void Unpack(std::int64_t& budget);

  Exchange& exchange_;
  Staging& staging_;
  std::int64_t command_;
  int peer_;
  int element_size_;
  std::byte* block_;
  absl::Status status_;
  CopyCursor cursor_;
  std::int64_t total_;  // elements
  std::int64_t posted_ = 0;
  std::int64_t unpacked_ = 0;
  std::optional<std::int64_t> contiguous_;
  bool opened_ = false;
  bool finished_ = false;
  std::string opening_;
  Completion opening_completion_;
  std::array<Slot, kChunksUnderWay> slots_;  // a ring: the oldest is first_
  int first_ = 0;
  int under_way_ = 0;
};

}  // namespace distarray
