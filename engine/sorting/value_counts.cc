#include "engine/sorting/value_counts.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "engine/base/bytes.h"

namespace distarray {
namespace {

/// Calls f.template operator()<T>() for a dtype that Suits.
template <typename F>
void VisitSmall(DType dtype, F&& f) {
  Visit(dtype, [&]<typename T>() {
    if constexpr (sizeof(T) <= 2) {
      f.template operator()<T>();
    }
  });
}

template <typename T>
constexpr int kLeast = std::is_same_v<T, bool> ? 0 : static_cast<int>(std::numeric_limits<T>::min());

}  // namespace

ValueCounts::ValueCounts(DType dtype) : dtype_(dtype) {
  const int values = dtype == DType::kBool ? 2 : 1 << (8 * SizeOf(dtype));
  counts_.assign(static_cast<std::size_t>(values), 0);
}

void ValueCounts::Count(const std::byte* elements, std::int64_t count) {
  VisitSmall(dtype_, [&]<typename T>() {
    const auto* const values = reinterpret_cast<const T*>(elements);
    for (std::int64_t i = 0; i < count; ++i) {
      ++counts_[static_cast<std::size_t>(static_cast<int>(values[i]) - kLeast<T>)];
    }
  });
}

void ValueCounts::Add(std::string_view encoded) {
  const auto others = ByteReader(encoded).GetVector<std::int64_t>();
  for (std::size_t i = 0; i < std::min(others.size(), counts_.size()); ++i) {
    counts_[i] += others[i];
  }
}

std::string ValueCounts::Encode() const {
  ByteWriter out;
  out.PutVector(counts_);
  return std::move(out).Take();
}

void ValueCounts::Fill(bool descending, std::int64_t begin, std::int64_t count, std::byte* out) const {
  VisitSmall(dtype_, [&]<typename T>() {
    auto* to = reinterpret_cast<T*>(out);
    std::int64_t skipped = begin;
    std::int64_t wanted = count;
    const std::size_t values = counts_.size();
    for (std::size_t i = 0; i < values && wanted > 0; ++i) {
      const std::size_t value = descending ? values - 1 - i : i;
      const std::int64_t skip = std::min(skipped, counts_[value]);
      const std::int64_t here = std::min(wanted, counts_[value] - skip);
      to = std::fill_n(to, here, static_cast<T>(static_cast<int>(value) + kLeast<T>));
      skipped -= skip;
      wanted -= here;
    }
  });
}

}  // namespace distarray
