#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "engine/base/status.h"
#include "engine/distribution/distribution.h"
#include "engine/dtype/dtype.h"
#include "engine/storage/memory_pool.h"

namespace distarray {

/// One engine's part of a stored array. Gives its memory back to the pool at its end.
class Buffer {
 public:
  Buffer(MemoryPool* pool, Block block, DistributionPtr distribution, DType dtype, std::int64_t owner)
      : pool_(pool), block_(block), distribution_(std::move(distribution)), dtype_(dtype), owner_(owner) {}
  ~Buffer() { pool_->Free(block_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() const { return block_.data; }
  std::int64_t bytes() const { return block_.bytes; }
  const Block& block() const { return block_; }
  /// Goes on in another block of as many bytes, which holds the same elements. Precondition: nobody is using it.
  void MoveTo(const Block& block) {
    pool_->Free(block_);
    block_ = block;
  }
  const DistributionPtr& distribution() const { return distribution_; }
  DType dtype() const { return dtype_; }
  std::int64_t owner() const { return owner_; }
  /// Not OK: the elements were never computed, and why.
  const absl::Status& status() const { return status_; }
  /// The first reason stays.
  void Poison(const absl::Status& status) { status_.Update(status); }

  /// Lent to a function: for writing to one at most, and then to no other.
  bool MayBeRead() const { return !lent_for_writing_; }
  bool MayBeWritten() const { return !lent_for_writing_ && readers_ == 0; }
  void Lend(bool writable) { writable ? void(lent_for_writing_ = true) : void(++readers_); }
  void TakeBack(bool writable) { writable ? void(lent_for_writing_ = false) : void(--readers_); }

 private:
  MemoryPool* pool_;
  Block block_;
  DistributionPtr distribution_;
  DType dtype_;
  std::int64_t owner_;
  absl::Status status_;
  bool lent_for_writing_ = false;
  int readers_ = 0;
};
using BufferPtr = std::shared_ptr<Buffer>;

/// An engine's buffers by number. Buffers are shared with the commands that are using them: freeing one under a command
/// is safe.
class BufferStore {
 public:
  /// Error kInternal: there is one of that number.
  absl::Status Add(std::int64_t id, BufferPtr buffer);
  /// Error kInternal: there is none.
  absl::StatusOr<BufferPtr> Find(std::int64_t id) const;
  /// Nothing happens where there is none.
  void Erase(std::int64_t id) { buffers_.erase(id); }
  std::int64_t count() const { return static_cast<std::int64_t>(buffers_.size()); }

 private:
  std::unordered_map<std::int64_t, BufferPtr> buffers_;
};

}  // namespace distarray
