#include "engine/storage/memory_pool.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "engine/base/error.h"
#include "engine/storage/available_memory.h"

namespace distarray {
namespace {

constexpr std::int64_t kSmallGrowth = std::int64_t{128} << 10;   // small segments grow in steps of this
constexpr std::int64_t kCheckInterval = std::int64_t{64} << 20;  // growth between two looks at the system's free memory
constexpr std::size_t kOwnersLookedAt = 32;
constexpr std::int64_t kLargest = std::int64_t{1} << 46;  // beyond the address space

std::int64_t RoundUp(std::int64_t value, std::int64_t to) { return (value + to - 1) / to * to; }

/// Eight classes to a doubling.
std::int64_t ClassOf(std::int64_t bytes) {
  const auto power = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(bytes)));
  return RoundToPages(RoundUp(bytes, power / 8));
}

absl::Status NoMemory(std::int64_t bytes) {
  return Error(Reason::kMemoryLimit,
               absl::StrCat("no memory for ", bytes, " bytes on an engine: the host has no more to give"));
}

}  // namespace

MemoryPool::MemoryPool(SegmentRegistry* registry, std::int64_t pooled_limit)
    : registry_(registry), pooled_limit_(pooled_limit) {}

MemoryPool::~MemoryPool() = default;

std::int64_t MemoryPool::in_use(std::int64_t owner) const {
  const auto found = in_use_of_.find(owner);
  return found == in_use_of_.end() ? 0 : found->second;
}

void MemoryPool::Charge(std::int64_t owner, std::int64_t bytes) {
  in_use_ += bytes;
  auto& of_owner = in_use_of_[owner];
  of_owner += bytes;
  if (of_owner == 0) {
    in_use_of_.erase(owner);
  }
}

void MemoryPool::Pool(Holder& holder) {
  const std::int64_t number = holder.segment->number();
  pooled_ += holder.segment->committed();
  pooled_of_[{holder.large, holder.segment->capacity()}].push_back(number);
  holder.waiting = waiting_.insert(waiting_.end(), number);
}

void MemoryPool::Unpool(Holder& holder) {
  const auto of_class = pooled_of_.find({holder.large, holder.segment->capacity()});
  std::erase(of_class->second, holder.segment->number());
  if (of_class->second.empty()) {
    pooled_of_.erase(of_class);
  }
  waiting_.erase(holder.waiting);
  pooled_ -= holder.segment->committed();
}

MemoryPool::Holder* MemoryPool::ChoosePooled(const std::vector<std::int64_t>& numbers, std::int64_t owner) {
  Holder* chosen = nullptr;
  for (std::size_t i = 0; i < std::min(numbers.size(), kOwnersLookedAt); ++i) {
    Holder& candidate = holders_.at(numbers[numbers.size() - 1 - i]);
    if (candidate.owner == owner && !candidate.foreign) {
      return &candidate;
    }
    if (chosen == nullptr && !candidate.lent) {
      chosen = &candidate;
    }
  }
  return chosen;
}

/// A pooled segment, the owner's own if possible, or a new one.
absl::StatusOr<MemoryPool::Holder*> MemoryPool::TakeSegment(std::int64_t owner, bool large, std::int64_t capacity) {
  const auto of_class = pooled_of_.find({large, capacity});
  if (Holder* const chosen = of_class == pooled_of_.end() ? nullptr : ChoosePooled(of_class->second, owner)) {
    Holder& holder = *chosen;
    Unpool(holder);
    if (holder.owner != owner) {
      holder.owner = owner;
      holder.foreign = true;
      holder.zeroed = 0;
    }
    return &holder;
  }
  DA_ASSIGN_OR_RETURN(auto segment, MemorySegment::Make(next_segment_, capacity, large, registry_));
  Holder& holder = holders_[next_segment_++];
  holder.segment = std::move(segment);
  holder.owner = owner;
  holder.large = large;
  return &holder;
}

absl::Status MemoryPool::Grow(Holder& holder, std::int64_t bytes) {
  const std::int64_t before = holder.segment->committed();
  if (bytes <= before) {
    return absl::OkStatus();
  }
  unchecked_growth_ -= bytes - before;
  if (unchecked_growth_ < 0) {
    const std::int64_t wanted = std::max(holder.needed, bytes) - before;
    if (AvailableMemory() < wanted) {
      while (!Trim(0, std::numeric_limits<std::int64_t>::max())) {
      }
      if (AvailableMemory() < wanted) {
        return NoMemory(wanted);
      }
    }
    unchecked_growth_ = kCheckInterval;
  }
  const absl::Status status = holder.segment->Grow(bytes);
  reserved_ += holder.segment->committed() - before;
  return status;
}

absl::StatusOr<Block> MemoryPool::AllocateSmall(std::int64_t owner, std::int64_t bytes) {
  const std::int64_t rounded = RoundUp(bytes, kAlignment);
  RangeHeap& heap = heaps_[owner];
  auto place = heap.Take(rounded);
  if (!place.has_value()) {
    auto taken = TakeSegment(owner, false, kSmallSegment);
    if (!taken.ok()) {
      if (heap.empty()) {
        heaps_.erase(owner);
      }
      return taken.status();
    }
    Holder& holder = **taken;
    if (holder.foreign) {
      std::memset(holder.segment->data(), 0, static_cast<std::size_t>(holder.segment->committed()));
      holder.foreign = false;
    }
    heap.AddSegment(holder.segment->number(), holder.segment->data(), kSmallSegment);
    place = heap.Take(rounded);
  }
  Holder& holder = holders_.at(place->segment);
  const std::int64_t offset = place->data - holder.segment->data();
  Charge(owner, rounded);
  const Block block{place->data, bytes, place->segment, offset};
  const absl::Status status = Grow(holder, std::min(RoundUp(offset + rounded, kSmallGrowth), kSmallSegment));
  if (!status.ok()) {
    Free(block);
    return status;
  }
  return block;
}

absl::StatusOr<Block> MemoryPool::Allocate(std::int64_t owner, std::int64_t bytes) {
  if (bytes == 0) {
    return Block{};
  }
  if (bytes < 0 || bytes > kLargest) {
    return NoMemory(bytes);
  }
  return bytes < kLargeBlock ? AllocateSmall(owner, bytes) : AllocateAlone(owner, bytes);
}

absl::StatusOr<Block> MemoryPool::AllocateAlone(std::int64_t owner, std::int64_t bytes) {
  if (bytes == 0) {
    return Block{};
  }
  if (bytes < 0 || bytes > kLargest) {
    return NoMemory(bytes);
  }
  DA_ASSIGN_OR_RETURN(Holder* const holder, TakeSegment(owner, true, ClassOf(RoundToPages(bytes))));
  holder->needed = RoundToPages(bytes);
  if (holder->needed - holder->segment->committed() > kCheckInterval) {
    unchecked_growth_ = 0;  // refuse before the first page rather than half way
  }
  Charge(owner, holder->needed);
  return Block{holder->segment->data(), bytes, holder->segment->number(), 0};
}

absl::StatusOr<bool> MemoryPool::Prepare(const Block& block, std::int64_t budget) {
  if (block.bytes == 0) {
    return true;
  }
  Holder& holder = holders_.at(block.segment);
  if (!holder.large) {
    return true;
  }
  if (holder.foreign) {
    const std::int64_t now = std::min(holder.segment->committed() - holder.zeroed, budget);
    std::memset(holder.segment->data() + holder.zeroed, 0, static_cast<std::size_t>(now));
    holder.zeroed += now;
    holder.foreign = holder.zeroed < holder.segment->committed();
    budget -= now;
  }
  if (!holder.foreign && holder.segment->committed() < holder.needed && budget > 0) {
    DA_RETURN_IF_ERROR(Grow(holder, std::min(holder.segment->committed() + budget, holder.needed)));
  }
  return !holder.foreign && holder.segment->committed() >= holder.needed;
}

void MemoryPool::Free(const Block& block) {
  if (block.bytes == 0) {
    return;
  }
  Holder& holder = holders_.at(block.segment);
  if (holder.large) {
    Charge(holder.owner, -holder.needed);
    holder.needed = 0;
    holder.written ? Retire(block.segment) : Pool(holder);
    return;
  }
  const std::int64_t rounded = RoundUp(block.bytes, kAlignment);
  const std::int64_t owner = holder.owner;
  Charge(owner, -rounded);
  const auto heap = heaps_.find(owner);
  if (heap->second.Give({block.data, block.segment}, rounded)) {
    Pool(holder);
    if (heap->second.empty()) {
      heaps_.erase(heap);
    }
  }
}

absl::StatusOr<int> MemoryPool::Lend(const Block& block, bool writable) {
  Holder& holder = holders_.at(block.segment);
  DA_RETURN_IF_ERROR(holder.segment->Seal());
  holder.lent = true;
  holder.written = holder.written || writable;
  return holder.segment->fd();
}

/// Of a segment that is neither in use nor pooled.
void MemoryPool::Retire(std::int64_t number) {
  const auto found = holders_.find(number);
  if (found->second.lent) {
    ended_loans_.push_back(number);
  }
  dying_.push_back(std::move(found->second.segment));
  holders_.erase(found);
}

bool MemoryPool::Trim(std::int64_t keep, std::int64_t budget) {
  while (budget > 0) {
    if (dying_.empty()) {
      if (pooled_ <= keep || waiting_.empty()) {
        return true;
      }
      const std::int64_t longest_unused = waiting_.front();
      Unpool(holders_.at(longest_unused));
      Retire(longest_unused);
    }
    MemorySegment& segment = *dying_.front();
    const std::int64_t now = std::min(segment.committed(), budget);
    if (now < segment.committed()) {
      const std::int64_t before = segment.committed();
      segment.Shrink(before - now);
      reserved_ -= before - segment.committed();
      if (segment.committed() < before) {
        return false;
      }
    }
    budget -= now;
    reserved_ -= segment.committed();
    dying_.pop_front();
  }
  return dying_.empty() && (pooled_ <= keep || waiting_.empty());
}

}  // namespace distarray
