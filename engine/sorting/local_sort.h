#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sorting/key.h"

namespace distarray {

/// Sorts in one piece, ascending: small work, such as a bucket or a row, a few milliseconds at most. Keeps its scratch
/// memory from one call to the next.
class LocalSorter {
 public:
  void Sort(std::span<std::int64_t> keys);
  void Sort(std::span<std::int32_t> keys);
  void Sort(std::span<std::int16_t> keys);
  void Sort(std::span<std::uint16_t> keys);
  void Sort(std::span<std::int8_t> keys);
  void Sort(std::span<std::uint8_t> keys);

  /// order[i]: the position of the i-th smallest key; equal keys in the order of their positions. Fewer than 2^32 keys.
  void Order(std::span<const std::int32_t> keys, std::uint32_t* order);
  void Order(std::span<const std::int64_t> keys, std::uint32_t* order);
  void Order(std::span<const WideKey> keys, std::uint32_t* order);

 private:
  template <typename KeyAt>
  void OrderRun(std::span<std::uint32_t> order, const KeyAt& key_at, int depth);
  template <typename Byte>
  void SortBytes(std::span<Byte> keys);

  std::vector<std::int32_t> other_;                     // of the radix sort
  std::vector<std::vector<std::uint64_t>> composites_;  // by depth
  std::vector<std::uint32_t> run_;
};

}  // namespace distarray
