// Random arrays, orders and choices.
#include "distarray/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "distarray/manipulation.h"
#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Ints = Dense<std::int64_t>;
using Numbers = std::vector<std::int64_t>;

// The same for every engine count and distribution.
template <Element T>
void CheckAlways(std::optional<std::vector<T>>& first, const Array& array) {
  const std::vector<T> values = Values<T>(array);
  CHECK(values == first.value_or(values));
  first = values;
}

TEST_CASE("exponentially distributed") {
  std::optional<std::vector<double>> first;
  OnAllDistributions([&](const Dealer& deal) {
    const Array x = Random(deal.context(), 7).Exponential({500}, 3);
    CheckAlways(first, x);
    // The inverse of the distribution function, of the same numbers.
    const std::vector<double> unit = Values<double>(Random(deal.context(), 7).Uniform({500}));
    CheckClose(x, Dense<double>::Of(
                      {500}, [&](const Shape& i) { return -3 * std::log1p(-unit[static_cast<std::size_t>(i[0])]); }));
    CHECK(Random(deal.context(), 7).Exponential({2}, 1, DType::kFloat32).dtype() == DType::kFloat32);
    CHECK(Why(Random(deal.context(), 7).Exponential({2}, -1)) == Reason::kInvalidValue);
  });
}

TEST_CASE("in a random order") {
  std::optional<Numbers> first;
  OnAllDistributions([&](const Dealer& deal) {
    const Random random(deal.context(), 11);
    const Array order = random.Permutation(50);
    CheckAlways(first, order);
    Numbers numbers = Values<std::int64_t>(order);
    CHECK_FALSE(std::is_sorted(numbers.begin(), numbers.end()));
    std::sort(numbers.begin(), numbers.end());
    Numbers all(50);
    std::iota(all.begin(), all.end(), 0);
    CHECK(numbers == all);
    // Columns stay together, and each comes once.
    const Ints x = Ints::Of({3, 8}, [](const Shape& i) { return 10 * i[1] + i[0]; });
    const Array a = deal(x);
    const auto check = [&](const Array& permuted) {
      const Numbers values = Values<std::int64_t>(permuted);
      std::set<std::int64_t> columns;
      for (std::size_t j = 0; j < 8; ++j) {
        columns.insert(values[j]);
        CHECK(values[8 + j] == values[j] + 1);
        CHECK(values[16 + j] == values[j] + 2);
      }
      CHECK(columns == std::set<std::int64_t>{0, 10, 20, 30, 40, 50, 60, 70});
    };
    check(random.Permutation(a, 1));
    CheckSame(a, x);
    CHECK(random.Shuffle(a, -1).ok());
    check(a);
    CHECK(Values<std::int64_t>(a) != x.values);
    CHECK(Why(random.Permutation(-1)) == Reason::kInvalidValue);
    CHECK(Why(random.Permutation(a, 2)) == Reason::kAxisOutOfRange);
    CHECK(ReasonOf(random.Shuffle(a, 2)) == Reason::kAxisOutOfRange);
  });
}

TEST_CASE("chosen") {
  std::optional<Numbers> firsts[4];
  OnAllDistributions([&](const Dealer& deal) {
    const Random random(deal.context(), 5);
    const Array p = deal(Dense<double>{{5}, {0.5, 0, 0.25, 0, 0.25}});
    const Array any = Got(random.Choice(5, {10, 8}));
    const Array once = Got(random.Choice(20, {4, 5}, {.replace = false}));
    const Array likely = Got(random.Choice(5, {400}, {.p = p}));
    const Array likely_once = Got(random.Choice(5, {3}, {.replace = false, .p = p}));
    const Array* const arrays[] = {&any, &once, &likely, &likely_once};
    for (std::size_t i = 0; i < 4; ++i) {
      CheckAlways(firsts[i], *arrays[i]);
    }
    CHECK(any.shape() == Shape{10, 8});
    const auto distinct = [](const Array& x) {
      const Numbers values = Values<std::int64_t>(x);
      return std::set<std::int64_t>(values.begin(), values.end());
    };
    CHECK(distinct(any) == std::set<std::int64_t>{0, 1, 2, 3, 4});
    CHECK(distinct(once).size() == 20);
    CHECK(distinct(likely) == std::set<std::int64_t>{0, 2, 4});
    CHECK(distinct(likely_once) == std::set<std::int64_t>{0, 2, 4});
    const Numbers values = Values<std::int64_t>(likely);
    CHECK(std::abs(std::count(values.begin(), values.end(), 0) - 200) < 60);  // six standard deviations
    const Ints x = Ints::Of({6, 2}, [](const Shape& i) { return 10 * i[0] + i[1]; });
    const Array rows = Got(random.Choice(deal(x), {3}, {.replace = false}));
    CHECK(rows.shape() == Shape{3, 2});
    CHECK(Values<std::int64_t>(rows.Slice({All(), 1}) - rows.Slice({All(), 0})) == Numbers{1, 1, 1});
    CHECK(distinct(rows).size() == 6);
    CHECK(Why(random.Choice(3, {4}, {.replace = false})) == Reason::kInvalidValue);
    CHECK(Why(random.Choice(0, {1})) == Reason::kInvalidValue);
    CHECK(Why(random.Choice(4, {1}, {.p = p})) == Reason::kInvalidValue);
    CHECK(Why(random.Choice(5, {1}, {.p = p * 2})) == Reason::kInvalidValue);
    CHECK(Why(random.Choice(5, {1}, {.p = p * 2 - 0.2})) == Reason::kInvalidValue);
    CHECK(Why(random.Choice(5, {4}, {.replace = false, .p = p})) == Reason::kInvalidValue);
    CHECK(Why(random.Choice(deal(x), {1}, {}, 2)) == Reason::kAxisOutOfRange);
  });
}

}  // namespace
}  // namespace distarray::inline client
