#include "engine/sorting/row_sorter.h"

#include <algorithm>
#include <span>
#include <type_traits>
#include <vector>

#include "engine/sorting/key.h"
#include "engine/sorting/local_sort.h"

namespace distarray {
namespace {

/// What elements of one or two bytes are sorted as: themselves.
template <typename T>
using SmallOf = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

template <typename T>
class RowSorterOf final : public RowSorter {
 public:
  RowSorterOf(bool indices, bool descending) : indices_(indices), descending_(descending) {}

  void Sort(const std::byte* row, std::int64_t count, std::byte* result) override {
    const std::span<const T> elements(reinterpret_cast<const T*>(row), static_cast<std::size_t>(count));
    if (indices_) {
      Order(elements);
      std::copy(order_.begin(), order_.begin() + count, reinterpret_cast<std::int64_t*>(result));
    } else if constexpr (sizeof(T) <= 2) {
      SortSmall(elements, reinterpret_cast<SmallOf<T>*>(result));
    } else if constexpr (kKeyIsElement<T>) {
      SortKeys(elements, result);
    } else {
      Order(elements);
      auto* const out = reinterpret_cast<T*>(result);
      for (std::size_t i = 0; i < elements.size(); ++i) {
        out[i] = elements[order_[i]];
      }
    }
  }

 private:
  void Order(std::span<const T> elements) {
    keys_.resize(std::max(keys_.size(), elements.size()));
    order_.resize(std::max(order_.size(), elements.size()));
    for (std::size_t i = 0; i < elements.size(); ++i) {
      keys_[i] = descending_ ? ReversedKey(OrderKey(elements[i])) : OrderKey(elements[i]);
    }
    sorter_.Order(std::span<const KeyOf<T>>(keys_.data(), elements.size()), order_.data());
  }

  void SortSmall(std::span<const T> elements, SmallOf<T>* out) {
    std::copy(elements.begin(), elements.end(), out);
    sorter_.Sort(std::span<SmallOf<T>>(out, elements.size()));
    if (descending_) {
      std::reverse(out, out + elements.size());
    }
  }

  void SortKeys(std::span<const T> elements, std::byte* result) {
    auto* const keys = reinterpret_cast<KeyOf<T>*>(result);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      keys[i] = descending_ ? ReversedKey(ElementKey(elements[i])) : ElementKey(elements[i]);
    }
    sorter_.Sort(std::span<KeyOf<T>>(keys, elements.size()));
    auto* const out = reinterpret_cast<T*>(result);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      out[i] = KeyElement<T>(descending_ ? ReversedKey(keys[i]) : keys[i]);
    }
  }

  bool indices_;
  bool descending_;
  LocalSorter sorter_;
  std::vector<KeyOf<T>> keys_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::unique_ptr<RowSorter> RowSorter::Make(DType dtype, bool indices, bool descending) {
  return Visit(dtype, [&]<typename T>() -> std::unique_ptr<RowSorter> {
    return std::make_unique<RowSorterOf<T>>(indices, descending);
  });
}

}  // namespace distarray
