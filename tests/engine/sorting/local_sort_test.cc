#include "engine/sorting/local_sort.h"

#include "tests/engine/sorting/elements.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

constexpr std::int64_t kCounts[] = {0, 1, 2, 24, 25, 300, 513, 5000, 70000};

template <typename Key>
void CheckSort() {
  LocalSorter sorter;
  for (const std::int64_t count : kCounts) {
    for (const Kinds kinds : kAllKinds) {
      auto keys = RandomElements<Key>(count, kinds, 3);
      auto expected = keys;
      std::sort(expected.begin(), expected.end());
      sorter.Sort(std::span<Key>(keys));
      CHECK(keys == expected);
    }
  }
}

TEST_CASE("keys are sorted") {
  CheckSort<std::int8_t>();
  CheckSort<std::uint8_t>();
  CheckSort<std::int16_t>();
  CheckSort<std::uint16_t>();
  CheckSort<std::int32_t>();
  CheckSort<std::int64_t>();
}

template <typename Key>
void CheckOrder(const std::vector<Key>& keys) {
  LocalSorter sorter;
  std::vector<std::uint32_t> order(keys.size());
  sorter.Order(std::span<const Key>(keys), order.data());
  std::vector<std::uint32_t> expected(keys.size());
  std::iota(expected.begin(), expected.end(), 0U);
  std::stable_sort(expected.begin(), expected.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
  CHECK(order == expected);
}

TEST_CASE("an order is stable") {
  for (const std::int64_t count : kCounts) {
    for (const Kinds kinds : kAllKinds) {
      CheckOrder(RandomElements<std::int32_t>(count, kinds, 4));
      CheckOrder(RandomElements<std::int64_t>(count, kinds, 5));
    }
  }
}

TEST_CASE("keys that differ in their last bits are told apart") {
  std::mt19937_64 random(6);
  std::vector<std::int64_t> keys(3000);
  for (auto& key : keys) {
    key = (std::int64_t{1} << 62) + static_cast<std::int64_t>(random() % 1000);
  }
  keys[7] = std::numeric_limits<std::int64_t>::min();
  keys[8] = std::numeric_limits<std::int64_t>::max();
  CheckOrder(keys);
}

TEST_CASE("wide keys are ordered by both halves") {
  std::mt19937_64 random(7);
  for (const std::uint64_t highs : {1U, 3U, 1000000U}) {
    std::vector<WideKey> keys(3000);
    for (auto& key : keys) {
      key = {static_cast<std::int64_t>(random() % highs) - 1, static_cast<std::int64_t>(random() % 50)};
    }
    CheckOrder(keys);
  }
}

}  // namespace
}  // namespace distarray
