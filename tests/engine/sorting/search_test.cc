#include "engine/sorting/search.h"

#include "tests/engine/sorting/elements.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

template <typename T>
bool IsFound(std::int64_t size, Kinds kinds, bool right) {
  const auto unordered = RandomElements<T>(size, kinds, 11);
  const auto values = RandomElements<T>(37, kinds, 12);
  std::vector<std::byte> memory(unordered.size() * sizeof(T) + values.size() * sizeof(T));
  auto* const sorted = reinterpret_cast<T*>(memory.data());
  auto* const sought = sorted + size;
  std::copy(unordered.begin(), unordered.end(), sorted);
  std::copy(values.begin(), values.end(), sought);
  std::sort(sorted, sought, [](T a, T b) { return Before(a, b); });
  std::vector<std::int64_t> places(values.size());
  SearchSorted(kDTypeOf<T>, memory.data(), size, reinterpret_cast<std::byte*>(sought), std::ssize(values), right,
               places.data());
  bool found = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = sought[i];
    const auto* const expected =
        right ? std::upper_bound(sorted, sorted + size, value, [](T a, T b) { return Before(a, b); })
              : std::lower_bound(sorted, sorted + size, value, [](T a, T b) { return Before(a, b); });
    found = found && places[i] == expected - sorted;
  }
  return found;
}

TEST_CASE("values are found where they belong") {
  for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
    for (const std::int64_t size : {0, 1, 2, 3, 4, 7, 8, 100, 1023}) {
      for (const Kinds kinds : {Kinds::kMany, Kinds::kFew, Kinds::kSpecial}) {
        CHECK(Visit(static_cast<DType>(dtype),
                    [&]<typename T>() { return IsFound<T>(size, kinds, false) && IsFound<T>(size, kinds, true); }));
      }
    }
  }
}

}  // namespace
}  // namespace distarray
