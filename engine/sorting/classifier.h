#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/sorting/key.h"

namespace distarray {

/// Deals keys into buckets that splitters s0 < s1 < ... bound: bucket 2 j holds the keys between s(j-1) and s(j),
/// bucket 2 j + 1 those that equal s(j). Keys that occur often so have buckets of their own, which need no sorting.
template <typename Key>
class Classifier {
 public:
  static constexpr int kSplittersMost = 16000;

  Classifier() : Classifier(std::vector<Key>{}) {}
  /// `splitters`: ascending, distinct, at most kSplittersMost.
  explicit Classifier(std::vector<Key> splitters) : ordered_(std::move(splitters)) {
    count_ = static_cast<int>(ordered_.size());
    while ((1 << levels_) - 1 < count_) {
      ++levels_;
    }
    // Keys above all splitters meet the greatest key there is, which none of them exceeds.
    ordered_.resize(std::size_t{1} << levels_, Greatest());
    tree_.resize(std::size_t{1} << levels_);
    Plant(1, 0, (1 << levels_) - 1);
  }

  int bucket_count() const { return 2 * count_ + 2; }
  static bool AllEqual(int bucket) { return (bucket & 1) != 0; }

  void Classify(std::span<const Key> keys, std::uint16_t* buckets) const {
    for (; keys.size() >= kTogether; keys = keys.subspan(kTogether), buckets += kTogether) {
      ClassifyGroup<kTogether>(keys.data(), buckets);
    }
    for (; !keys.empty(); keys = keys.subspan(1), ++buckets) {
      ClassifyGroup<1>(keys.data(), buckets);
    }
  }

 private:
  static constexpr std::size_t kTogether = 8;  // so many descents at a time hide the time that one waits for memory

  template <std::size_t kCount>
  void ClassifyGroup(const Key* keys, std::uint16_t* buckets) const {
    std::array<std::uint32_t, kCount> nodes;
    nodes.fill(1);
    for (int level = 0; level < levels_; ++level) {
      for (std::size_t k = 0; k < kCount; ++k) {
        nodes[k] = 2 * nodes[k] + static_cast<std::uint32_t>(tree_[nodes[k]] < keys[k]);
      }
    }
    for (std::size_t k = 0; k < kCount; ++k) {
      const std::uint32_t below = nodes[k] - (std::uint32_t{1} << levels_);  // splitters less than the key
      buckets[k] = static_cast<std::uint16_t>(2 * below + static_cast<std::uint32_t>(ordered_[below] == keys[k]));
    }
  }

  static Key Greatest() {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    if constexpr (std::is_same_v<Key, WideKey>) {
      return {kMost, kMost};
    } else {
      return std::numeric_limits<Key>::max();
    }
  }
  /// The splitters [begin, end), an odd number of them, below a node.
  void Plant(std::size_t node, int begin, int end) {
    if (begin < end) {
      const int middle = (begin + end) / 2;
      tree_[node] = ordered_[static_cast<std::size_t>(middle)];
      Plant(2 * node, begin, middle);
      Plant(2 * node + 1, middle + 1, end);
    }
  }
  std::vector<Key> ordered_;  // padded with the greatest key
  std::vector<Key> tree_;     // in the order of a heap, from 1 on
  int count_ = 0;
  int levels_ = 0;
};

/// `count` distinct splitters at most, from samples (any order): evenly spaced among them.
template <typename Key>
std::vector<Key> ChooseSplitters(std::vector<Key> samples, std::int64_t count) {
  std::sort(samples.begin(), samples.end());
  count = std::min<std::int64_t>(count, Classifier<Key>::kSplittersMost);
  std::vector<Key> splitters;
  const auto size = static_cast<std::int64_t>(samples.size());
  for (std::int64_t i = 1; i <= count && size > 0; ++i) {
    const Key& chosen = samples[static_cast<std::size_t>(i * size / (count + 1))];
    if (splitters.empty() || splitters.back() < chosen) {
      splitters.push_back(chosen);
    }
  }
  return splitters;
}

}  // namespace distarray
