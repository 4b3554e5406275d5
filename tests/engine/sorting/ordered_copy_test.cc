#include "engine/sorting/ordered_copy.h"

#include <algorithm>

#include "tests/engine/sorting/elements.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

/// Whether a segment dealt out so is found in order exactly if it is, and then copied.
template <typename T>
bool IsCopiedIfOrdered(Kinds kinds, std::vector<std::int64_t> counts, bool descending, bool indices) {
  const SortedSegment segment{
      .dtype = kDTypeOf<T>, .indices = indices, .descending = descending, .counts = std::move(counts)};
  const auto made = RandomElements<T>(segment.size(), kinds, 5);
  std::vector<std::byte> elements(made.size() * sizeof(T));
  std::copy(made.begin(), made.end(), reinterpret_cast<T*>(elements.data()));
  const std::size_t result_size = indices ? sizeof(std::int64_t) : sizeof(T);
  std::vector<std::byte> result(made.size() * result_size);
  std::vector<std::unique_ptr<OrderedCopy>> copies;
  std::vector<std::string> ends;
  std::size_t begin = 0;
  for (int part = 0; part < segment.part_count(); ++part) {
    copies.push_back(
        OrderedCopy::Make(segment, part, elements.data() + begin * sizeof(T), result.data() + begin * result_size));
    while (!copies.back()->Copy(1000)) {
    }
    ends.push_back(copies.back()->Ends());
    begin += static_cast<std::size_t>(segment.counts[static_cast<std::size_t>(part)]);
  }
  const bool ordered = copies.front()->Join(ends);
  const auto order = ExpectedOrder(made, descending);
  bool same = true;
  for (std::size_t i = 0; ordered && i < made.size(); ++i) {
    const auto from = static_cast<std::size_t>(order[i]);
    same = same && (indices ? reinterpret_cast<const std::int64_t*>(result.data())[i] == order[i]
                            : Same(reinterpret_cast<const T*>(result.data())[i], static_cast<T>(made[from])));
  }
  return same && ordered == std::is_sorted(order.begin(), order.end());
}

TEST_CASE("segments in order are found, however they are dealt out, and copied") {
  const std::vector<std::vector<std::int64_t>> dealt = {{1}, {5000}, {1, 1, 1}, {3000, 1, 2500, 40}, {7, 0, 9000}};
  // Zeros of either sign among kSpecial's floats are sorted, but equal: ExpectedOrder says nothing of them.
  for (const Kinds kinds : {Kinds::kMany, Kinds::kFew, Kinds::kEqual, Kinds::kNearlyEqual, Kinds::kAscending,
                            Kinds::kNearlyAscending, Kinds::kDescending}) {
    for (const auto& counts : dealt) {
      for (const bool descending : {false, true}) {
        for (const bool indices : {false, true}) {
          CHECK(IsCopiedIfOrdered<double>(kinds, counts, descending, indices));
          CHECK(IsCopiedIfOrdered<float>(kinds, counts, descending, indices));
          CHECK(IsCopiedIfOrdered<std::int64_t>(kinds, counts, descending, indices));
          CHECK(IsCopiedIfOrdered<std::uint64_t>(kinds, counts, descending, indices));
          CHECK(IsCopiedIfOrdered<std::complex<double>>(kinds, counts, descending, indices));
          CHECK(IsCopiedIfOrdered<std::complex<float>>(kinds, counts, descending, indices));
        }
      }
    }
  }
}

}  // namespace
}  // namespace distarray
