#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/storage/memory_segment.h"
#include "engine/storage/range_heap.h"
#include "engine/storage/segment_registry.h"

namespace distarray {

/// Memory of one buffer on one engine: `bytes` bytes at data, 64-byte aligned, at `offset` of a segment. No bytes: data
/// is null.
struct Block {
  std::byte* data = nullptr;
  std::int64_t bytes = 0;
  std::int64_t segment = 0;
  std::int64_t offset = 0;
};

/// Blocks in memfd segments, recycled: a fresh page costs twenty times a reused one.
///
/// A block of kLargeBlock bytes or more has a segment of its own; freed segments wait in the pool for a block of the
/// same size class (eight classes to a doubling). Smaller blocks are carved from segments of kSmallSegment bytes, each
/// of which holds blocks of one owner. Memory that passes to another owner is zeroed first; an owner may see what it
/// freed itself. What another process was lent for writing is given back to the system when its block is freed: that
/// process may still write there. For one thread.
class MemoryPool {
 public:
  static constexpr std::int64_t kAlignment = 64;
  static constexpr std::int64_t kLargeBlock = std::int64_t{1} << 20;
  static constexpr std::int64_t kSmallSegment = std::int64_t{4} << 20;

  /// `registry` may be null. At most about `pooled_limit` bytes wait for reuse, see Trim.
  MemoryPool(SegmentRegistry* registry, std::int64_t pooled_limit);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// A block for `owner`. Before it is used, Prepare must have returned true for it. Error kMemoryLimit.
  absl::StatusOr<Block> Allocate(std::int64_t owner, std::int64_t bytes);
  /// As Allocate, in a segment of its own however small it is.
  absl::StatusOr<Block> AllocateAlone(std::int64_t owner, std::int64_t bytes);
  /// Whether nothing else lies in the block's segment.
  bool IsAlone(const Block& block) const { return block.bytes == 0 || holders_.at(block.segment).large; }
  /// Takes memory for about `budget` more bytes of the block from the system, or zeroes them; true when all of it is
  /// usable. Error kMemoryLimit: Free it.
  absl::StatusOr<bool> Prepare(const Block& block, std::int64_t budget);
  void Free(const Block& block);

  /// The descriptor of a block's segment, for another process to map (it stays the pool's). From here on the segment's
  /// memory passes to no other owner. Precondition of a writable one: IsAlone. Error kInternal.
  absl::StatusOr<int> Lend(const Block& block, bool writable);
  /// The numbers of segments that were lent and are no more, since the last time.
  std::vector<std::int64_t> TakeEndedLoans() { return std::exchange(ended_loans_, {}); }

  std::int64_t in_use() const { return in_use_; }
  std::int64_t in_use(std::int64_t owner) const;
  /// Bytes of segments that wait for reuse.
  std::int64_t pooled() const { return pooled_; }
  /// Bytes taken from the system, in use or not.
  std::int64_t reserved() const { return reserved_; }

  /// Gives up to about `budget` bytes of the longest unused pooled memory back to the system while more than `keep` are
  /// pooled; true when there is no more to give.
  bool Trim(std::int64_t keep, std::int64_t budget);
  bool over_limit() const { return pooled_ > pooled_limit_ || !dying_.empty(); }
  std::int64_t pooled_limit() const { return pooled_limit_; }

 private:
  struct Holder {
    std::unique_ptr<MemorySegment> segment;
    std::int64_t owner = 0;  // now, or the last one
    bool foreign = false;    // holds what somebody else than `owner` wrote, from zeroed on
    bool large = false;      // holds one block, whatever its size
    bool lent = false;       // another process may have it mapped: `owner`'s for good
    bool written = false;    // ... and may write to it: its block's for good
    std::int64_t zeroed = 0;
    std::int64_t needed = 0;                    // large, in use: page-rounded size of the block
    std::list<std::int64_t>::iterator waiting;  // in waiting_, when pooled
  };
  using Class = std::pair<bool, std::int64_t>;  // large, capacity

  /// The best of the pooled segments of a class for `owner`, or null.
  Holder* ChoosePooled(const std::vector<std::int64_t>& numbers, std::int64_t owner);
  absl::StatusOr<Holder*> TakeSegment(std::int64_t owner, bool large, std::int64_t capacity);
  absl::Status Grow(Holder& holder, std::int64_t bytes);
  absl::StatusOr<Block> AllocateSmall(std::int64_t owner, std::int64_t bytes);
  void Pool(Holder& holder);
  void Retire(std::int64_t number);
  void Unpool(Holder& holder);
  void Charge(std::int64_t owner, std::int64_t bytes);

  SegmentRegistry* registry_;
  std::int64_t pooled_limit_;
  std::int64_t next_segment_ = 1;
  std::int64_t in_use_ = 0;
  std::int64_t pooled_ = 0;
  std::int64_t reserved_ = 0;
  std::int64_t unchecked_growth_ = 0;
  std::map<std::int64_t, std::int64_t> in_use_of_;
  std::map<std::int64_t, Holder> holders_;                // by segment number
  std::map<Class, std::vector<std::int64_t>> pooled_of_;  // segment numbers
  std::list<std::int64_t> waiting_;                       // pooled segments, the longest unused first
  std::map<std::int64_t, RangeHeap> heaps_;               // by owner
  std::list<std::unique_ptr<MemorySegment>> dying_;       // to be given back
  std::vector<std::int64_t> ended_loans_;
};

}  // namespace distarray
