// 64-bit keys are sorted by Highway's vectorized quicksort, which chooses the instruction set when it runs; 32-bit ones
// by a radix sort, which is faster for them in cache.
//
// An order is found by sorting 64-bit numbers too: the leading bits of a key (less the smallest of the keys) above the
// key's position. Where these bits do not tell keys apart, the run of such keys is ordered in the same way, by the bits
// that they do not have in common.
#include "engine/sorting/local_sort.h"

#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace distarray {
namespace {

constexpr std::size_t kFew = 24;  // sorted by insertion
constexpr std::size_t kRadixFew = 512;

const hwy::Sorter& Vectorized() {
  static const hwy::Sorter sorter;
  return sorter;
}

template <typename Key>
void SortVectorized(std::span<Key> keys) {
  if (keys.size() <= kFew) {
    std::sort(keys.begin(), keys.end());
  } else {
    Vectorized()(keys.data(), keys.size(), hwy::SortAscending());
  }
}

/// The key as an unsigned number of the same order.
std::uint64_t Unsigned(std::int64_t key) { return static_cast<std::uint64_t>(key) ^ (std::uint64_t{1} << 63); }

int BitWidth(std::uint64_t x) { return static_cast<int>(std::bit_width(x)); }

template <typename KeyAt>
void InsertionOrder(std::span<std::uint32_t> order, const KeyAt& key_at) {
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::uint32_t position = order[i];
    const auto key = key_at(position);
    std::size_t k = i;
    for (; k > 0 && key < key_at(order[k - 1]); --k) {
      order[k] = order[k - 1];
    }
    order[k] = position;
  }
}

}  // namespace

void LocalSorter::Sort(std::span<std::int64_t> keys) { SortVectorized(keys); }
void LocalSorter::Sort(std::span<std::int16_t> keys) { SortVectorized(keys); }
void LocalSorter::Sort(std::span<std::uint16_t> keys) { SortVectorized(keys); }

void LocalSorter::Sort(std::span<std::int32_t> keys) {
  constexpr int kDigits = 4;
  if (keys.size() <= kRadixFew) {
    return SortVectorized(keys);
  }
  std::array<std::array<std::uint32_t, 256>, kDigits> starts{};
  const auto digit = [](std::int32_t key, int place) {
    return ((static_cast<std::uint32_t>(key) ^ 0x80000000U) >> (8 * place)) & 255U;
  };
  for (const std::int32_t key : keys) {
    for (int place = 0; place < kDigits; ++place) {
      ++starts[static_cast<std::size_t>(place)][digit(key, place)];
    }
  }
  other_.resize(std::max(other_.size(), keys.size()));
  std::int32_t* from = keys.data();
  std::int32_t* to = other_.data();
  for (int place = 0; place < kDigits; ++place) {
    auto& of_digit = starts[static_cast<std::size_t>(place)];
    if (of_digit[digit(from[0], place)] == keys.size()) {
      continue;  // all keys have the same digit here
    }
    std::exclusive_scan(of_digit.begin(), of_digit.end(), of_digit.begin(), std::uint32_t{0});
    for (std::size_t i = 0; i < keys.size(); ++i) {
      to[of_digit[digit(from[i], place)]++] = from[i];
    }
    std::swap(from, to);
  }
  if (from != keys.data()) {
    std::copy_n(from, keys.size(), keys.data());
  }
}

template <typename Byte>
void LocalSorter::SortBytes(std::span<Byte> keys) {
  if (keys.size() <= kFew) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  constexpr int kLeast = std::numeric_limits<Byte>::min();
  std::array<std::size_t, 256> counts{};
  for (const Byte key : keys) {
    ++counts[static_cast<std::size_t>(key - kLeast)];
  }
  auto* out = keys.data();
  for (int value = 0; value < 256; ++value) {
    out = std::fill_n(out, counts[static_cast<std::size_t>(value)], static_cast<Byte>(value + kLeast));
  }
}
void LocalSorter::Sort(std::span<std::int8_t> keys) { SortBytes(keys); }
void LocalSorter::Sort(std::span<std::uint8_t> keys) { SortBytes(keys); }

/// Orders the positions in `order` (ascending so far) by the keys there.
template <typename KeyAt>
void LocalSorter::OrderRun(std::span<std::uint32_t> order, const KeyAt& key_at, int depth) {
  const std::size_t size = order.size();
  if (size <= kFew) {
    return InsertionOrder(order, key_at);
  }
  std::uint64_t least = key_at(order[0]);
  std::uint64_t most = least;
  for (const std::uint32_t position : order) {
    least = std::min(least, key_at(position));
    most = std::max(most, key_at(position));
  }
  if (least == most) {
    return;
  }
  const int position_bits = BitWidth(size - 1);
  const int dropped = std::max(BitWidth(most - least) + position_bits - 64, 0);
  if (static_cast<std::size_t>(depth) >= composites_.size()) {
    composites_.emplace_back();
  }
  std::vector<std::uint64_t> composites = std::move(composites_[static_cast<std::size_t>(depth)]);
  composites.resize(std::max(composites.size(), size));
  for (std::size_t i = 0; i < size; ++i) {
    composites[i] = ((key_at(order[i]) - least) >> dropped) << position_bits | i;
  }
  SortVectorized(std::span(composites.data(), size));
  // Positions within the run become positions again.
  const std::uint64_t mask = (std::uint64_t{1} << position_bits) - 1;
  std::vector<std::uint32_t> before = std::move(run_);
  before.resize(std::max(before.size(), size));
  std::copy(order.begin(), order.end(), before.begin());
  for (std::size_t i = 0; i < size; ++i) {
    order[i] = before[composites[i] & mask];
  }
  run_ = std::move(before);
  if (dropped > 0) {
    for (std::size_t begin = 0; begin < size;) {
      std::size_t end = begin + 1;
      while (end < size && composites[end] >> position_bits == composites[begin] >> position_bits) {
        ++end;
      }
      if (end - begin > 1) {
        OrderRun(order.subspan(begin, end - begin), key_at, depth + 1);
      }
      begin = end;
    }
  }
  composites_[static_cast<std::size_t>(depth)] = std::move(composites);
}

void LocalSorter::Order(std::span<const std::int64_t> keys, std::uint32_t* order) {
  std::iota(order, order + keys.size(), 0U);
  OrderRun(
      {order, keys.size()}, [keys](std::uint32_t position) { return Unsigned(keys[position]); }, 0);
}

void LocalSorter::Order(std::span<const std::int32_t> keys, std::uint32_t* order) {
  std::iota(order, order + keys.size(), 0U);
  OrderRun(
      {order, keys.size()}, [keys](std::uint32_t position) { return Unsigned(keys[position]); }, 0);
}

void LocalSorter::Order(std::span<const WideKey> keys, std::uint32_t* order) {
  std::iota(order, order + keys.size(), 0U);
  OrderRun(
      {order, keys.size()}, [keys](std::uint32_t position) { return Unsigned(keys[position].high); }, 0);
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin + 1;
    while (end < keys.size() && keys[order[end]].high == keys[order[begin]].high) {
      ++end;
    }
    if (end - begin > 1) {
      OrderRun(
          {order + begin, end - begin}, [keys](std::uint32_t position) { return Unsigned(keys[position].low); }, 0);
    }
    begin = end;
  }
}

}  // namespace distarray
