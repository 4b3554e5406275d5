#include "engine/sorting/search.h"

#include <algorithm>
#include <array>

#include "engine/sorting/key.h"

namespace distarray {
namespace {

constexpr std::int64_t kTogether = 8;  // so many searches at a time hide the time that one waits for memory

/// Searches of up to kTogether values, step by step alike.
template <typename T, bool kRight>
void SearchGroup(const T* sorted, std::int64_t size, const T* values, std::int64_t count, std::int64_t* places) {
  std::array<KeyOf<T>, kTogether> keys;
  std::array<std::int64_t, kTogether> begins{};
  for (std::int64_t k = 0; k < kTogether; ++k) {
    keys[static_cast<std::size_t>(k)] = OrderKey(values[std::min(k, count - 1)]);
  }
  // The place is begin to begin + length.
  for (std::int64_t length = size; length > 0;) {
    const std::int64_t half = (length + 1) / 2;
    for (std::size_t k = 0; k < kTogether; ++k) {
      const KeyOf<T> middle = OrderKey(sorted[begins[k] + half - 1]);
      const bool above = kRight ? !(keys[k] < middle) : middle < keys[k];
      begins[k] += above ? half : 0;
    }
    // Of an even length, what is below the middle is one shorter: one element more is looked at, to no harm.
    length -= half;
  }
  std::copy_n(begins.begin(), std::min(count, kTogether), places);
}

}  // namespace

void SearchSorted(DType dtype, const std::byte* sorted, std::int64_t size, const std::byte* values, std::int64_t count,
                  bool right, std::int64_t* places) {
  Visit(dtype, [&]<typename T>() {
    const auto* const elements = reinterpret_cast<const T*>(sorted);
    const auto* const sought = reinterpret_cast<const T*>(values);
    for (std::int64_t i = 0; i < count; i += kTogether) {
      const std::int64_t group = std::min(kTogether, count - i);
      if (right) {
        SearchGroup<T, true>(elements, size, sought + i, group, places + i);
      } else {
        SearchGroup<T, false>(elements, size, sought + i, group, places + i);
      }
    }
  });
}

}  // namespace distarray
