#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/base/status.h"
#include "engine/storage/segment_registry.h"

namespace distarray {

/// A mapped memfd named "distarray:<number>", registered with the registry (which may be null) while it lives. Memory
/// is taken from the system only by Grow, so that a lack of it is a status and never SIGBUS.
class MemorySegment {
 public:
  /// `capacity` bytes of address space, a multiple of the page size; `huge`: on huge pages where the system allows.
  /// Error kMemoryLimit.
  static absl::StatusOr<std::unique_ptr<MemorySegment>> Make(std::int64_t number, std::int64_t capacity, bool huge,
                                                             SegmentRegistry* registry);
  ~MemorySegment();
  MemorySegment(const MemorySegment&) = delete;
  MemorySegment& operator=(const MemorySegment&) = delete;

  std::int64_t number() const { return number_; }
  int fd() const { return fd_; }
  std::byte* data() const { return data_; }
  std::int64_t capacity() const { return capacity_; }
  /// Bytes from the begin that are there; new ones are zero.
  std::int64_t committed() const { return committed_; }

  /// Makes at least `bytes` bytes be there (rounded up to pages). Error kMemoryLimit: some may be, see committed().
  absl::Status Grow(std::int64_t bytes);
  /// Gives memory beyond `bytes` back to the system, for good: to take down a large segment piece by piece.
  void Shrink(std::int64_t bytes);
  /// To be called before another process gets the descriptor: it can then neither shrink nor grow the segment under us.
  /// Error kInternal.
  absl::Status Seal();

 private:
  MemorySegment(std::int64_t number, int fd, std::byte* data, std::int64_t capacity, SegmentRegistry* registry);

  std::int64_t number_;
  int fd_;
  std::byte* data_;
  std::int64_t capacity_;
  std::int64_t committed_ = 0;
  bool sealed_ = false;
  SegmentRegistry* registry_;
};

/// `bytes` rounded up to whole pages.
std::int64_t RoundToPages(std::int64_t bytes);

}  // namespace distarray
