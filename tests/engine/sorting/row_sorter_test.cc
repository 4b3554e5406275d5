#include "engine/sorting/row_sorter.h"

#include "tests/engine/sorting/elements.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

template <typename T>
bool IsRowSorted(std::int64_t count, Kinds kinds, bool descending) {
  const auto random = RandomElements<T>(count, kinds, 8);
  const auto expected = ExpectedOrder(random, descending);
  // std::vector<bool> has no elements of its own.
  std::vector<std::byte> row(random.size() * sizeof(T));
  auto* const elements = reinterpret_cast<T*>(row.data());
  std::copy(random.begin(), random.end(), elements);
  std::vector<std::byte> result(row.size());
  RowSorter::Make(kDTypeOf<T>, false, descending)->Sort(row.data(), count, result.data());
  std::vector<std::int64_t> indices(random.size());
  RowSorter::Make(kDTypeOf<T>, true, descending)->Sort(row.data(), count, reinterpret_cast<std::byte*>(indices.data()));
  bool same = indices == expected;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    same = same && Same(reinterpret_cast<const T*>(result.data())[i], elements[expected[i]]);
  }
  return same;
}

TEST_CASE("rows of every dtype are sorted, and their positions") {
  for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
    for (const std::int64_t count : {0, 1, 2, 30, 3000}) {
      for (const Kinds kinds : kAllKinds) {
        CHECK(Visit(static_cast<DType>(dtype), [&]<typename T>() {
          return IsRowSorted<T>(count, kinds, false) && IsRowSorted<T>(count, kinds, true);
        }));
      }
    }
  }
}

}  // namespace
}  // namespace distarray
