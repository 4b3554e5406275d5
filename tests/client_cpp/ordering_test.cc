// Sorted, searched, distinct, accumulated.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Doubles = Dense<double>;
using Ints = Dense<std::int64_t>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The elements of a 2-d array along an axis, replaced by what the function makes of each such line.
template <typename T, typename Line>
Dense<T> Lines(const Dense<T>& x, int axis, Line line) {
  Dense<T> result = x;
  const std::int64_t length = x.shape[static_cast<std::size_t>(axis)];
  for (std::int64_t other = 0; other < x.shape[static_cast<std::size_t>(1 - axis)]; ++other) {
    const auto place = [&](std::int64_t k) {
      return static_cast<std::size_t>(axis == 0 ? k * x.shape[1] + other : other * x.shape[1] + k);
    };
    std::vector<T> elements;
    for (std::int64_t k = 0; k < length; ++k) {
      elements.push_back(x.values[place(k)]);
    }
    elements = line(std::move(elements));
    for (std::int64_t k = 0; k < length; ++k) {
      result.values[place(k)] = elements[static_cast<std::size_t>(k)];
    }
  }
  return result;
}

template <typename T>
std::vector<T> InOrder(std::vector<T> line) {
  std::sort(line.begin(), line.end());
  return line;
}

std::vector<std::int64_t> Order(const std::vector<std::int64_t>& line) {
  std::vector<std::int64_t> order(line.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) {
    return line[static_cast<std::size_t>(i)] < line[static_cast<std::size_t>(j)];
  });
  return order;
}

TEST_CASE("sorting") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({9, 5});
    const Ints n = Ints::Mixed({9, 5}, 3);
    const Array a = deal(x);
    const Array b = deal(n);
    CheckSame(Sort(a), Lines(x, 1, InOrder<double>));
    CheckSame(Sort(a, 0), Lines(x, 0, InOrder<double>));
    CheckSame(Sort(a, 0, true), Lines(x, 0, [](auto line) {
                line = InOrder(std::move(line));
                std::reverse(line.begin(), line.end());
                return line;
              }));
    CheckSame(Argsort(b), Lines(n, 1, Order));
    CheckSame(Argsort(b, 0), Lines(n, 0, Order));
    CheckSame(TakeAlongAxis(b, Argsort(b, 0), 0), Lines(n, 0, InOrder<std::int64_t>));
    CheckSame(Sort(Ravel(a)), Doubles{{45}, InOrder(x.values)});
    CHECK(Why(Sort(a, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Argsort(a.Slice({0, 0}))) == Reason::kAxisOutOfRange);
  });
}

TEST_CASE("searching what is sorted") {
  OnAllDistributions([](const Dealer& deal) {
    const std::vector<double> sorted{-3, -1, -1, 0, 2.5, 2.5, 2.5, 8};
    const Doubles x{{8}, sorted};
    const Doubles values = Doubles::Mixed({6, 2});
    CheckSame(SearchSorted(deal(x), deal(values)), Ints::Of({6, 2}, [&](const Shape& i) {
                return std::lower_bound(sorted.begin(), sorted.end(), values.at(i)) - sorted.begin();
              }));
    CheckSame(SearchSorted(deal(x), deal(values), Side::kRight), Ints::Of({6, 2}, [&](const Shape& i) {
                return std::upper_bound(sorted.begin(), sorted.end(), values.at(i)) - sorted.begin();
              }));
    const Array backwards = Flip(deal(x));
    CheckSame(SearchSorted(backwards, deal(x), Side::kRight, Argsort(backwards)), Ints::Of({8}, [&](const Shape& i) {
                return std::upper_bound(sorted.begin(), sorted.end(), x.at(i)) - sorted.begin();
              }));
    CHECK(Why(SearchSorted(deal(values), deal(x))) == Reason::kInvalidValue);
    CHECK(Why(SearchSorted(deal(x), deal(x), Side::kLeft, deal(values))) == Reason::kInvalidValue);
    CHECK(Why(SearchSorted(deal(x), deal(x), Side::kLeft, deal(x))) == Reason::kInvalidType);
  });
}

TEST_CASE("distinct elements") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({7, 4}, 4);
    const Array a = deal(x);
    Ints values{{0}, x.values};
    std::sort(values.values.begin(), values.values.end());
    values.values.erase(std::unique(values.values.begin(), values.values.end()), values.values.end());
    const auto count = static_cast<std::int64_t>(values.values.size());
    values.shape = {count};
    const Ints counts =
        Ints::Of({count}, [&](const Shape& i) { return std::count(x.values.begin(), x.values.end(), values.at(i)); });
    const Ints firsts = Ints::Of({count}, [&](const Shape& i) {
      return std::find(x.values.begin(), x.values.end(), values.at(i)) - x.values.begin();
    });
    const Ints inverse = Ints::Of({7, 4}, [&](const Shape& i) {
      return std::find(values.values.begin(), values.values.end(), x.at(i)) - values.values.begin();
    });
    const auto all = Got(UniqueAll(a));
    CheckSame(all.values, values);
    CheckSame(all.indices, firsts);
    CheckSame(all.inverse_indices, inverse);
    CheckSame(all.counts, counts);
    CheckSame(Got(UniqueCounts(a)).values, values);
    CheckSame(Got(UniqueCounts(a)).counts, counts);
    CheckSame(Got(UniqueInverse(a)).values, values);
    CheckSame(Got(UniqueInverse(a)).inverse_indices, inverse);
    CheckSame(Got(UniqueValues(a)), values);
    CheckSame(Got(Unique(a)), values);
    const Array nans = deal(Doubles{{5}, {kNan, 2, kNan, -1, 2}});
    CHECK(Got(UniqueValues(nans)).shape() == Shape{4});
    CHECK(Got(Unique(nans)).shape() == Shape{3});
    CheckSame(Got(UniqueAll(a.Slice({Range(0, 0)}))).counts, Ints{{0}, {}});
    CHECK(Why(Unique(Sort(a, 2))) == Reason::kAxisOutOfRange);
  });
}

TEST_CASE("where the extreme elements are") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({8, 5}, 4);
    const Array a = deal(x);
    const auto place = [&](auto better, std::int64_t count, auto element) {
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < count; ++k) {
        best = better(element(k), element(best)) ? k : best;
      }
      return best;
    };
    const auto flat = [&](std::int64_t k) { return x.values[static_cast<std::size_t>(k)]; };
    CheckSame(Argmax(a), Ints{{}, {place(std::greater<>(), 40, flat)}});
    CheckSame(Argmin(a), Ints{{}, {place(std::less<>(), 40, flat)}});
    CheckSame(Argmax(a, 0), Ints::Of({5}, [&](const Shape& i) {
                return place(std::greater<>(), 8, [&](std::int64_t k) { return x.at({k, i[0]}); });
              }));
    CheckSame(Argmin(a, -1, true), Ints::Of({8, 1}, [&](const Shape& i) {
                return place(std::less<>(), 5, [&](std::int64_t k) { return x.at({i[0], k}); });
              }));
    CheckSame(CountNonzero(a, {.axes = {{0}}}), Ints::Of({5}, [&](const Shape& i) {
                std::int64_t count = 0;
                for (std::int64_t k = 0; k < 8; ++k) {
                  count += x.at({k, i[0]}) != 0 ? 1 : 0;
                }
                return count;
              }));
    const Array nans = deal(Doubles{{5}, {1, kNan, 7, kNan, 0}});
    CheckSame(Argmax(nans), Ints{{}, {1}});
    CheckSame(Argmin(nans), Ints{{}, {1}});
    CheckSame(Got(NanArgmax(nans)), Ints{{}, {2}});
    CheckSame(Got(NanArgmin(nans)), Ints{{}, {4}});
    CheckSame(Got(NanArgmax(a, 1)), Ints{{8}, Values<std::int64_t>(Argmax(a, 1))});
    CheckSame(Argmax(a.Slice({0, 0})), Ints{{}, {0}});
    CheckSame(Argmax(a.Slice({Range(0, 0)}), 1), Ints{{0}, {}});
    CHECK(Why(NanArgmin(nans.Slice({Range(1, 2)}))) == Reason::kInvalidValue);
    CHECK(Why(Argmax(a, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Argmax(a.Slice({Range(0, 0)}), 0)) == Reason::kInvalidValue);
    CHECK(Why(CountNonzero(a, {.axes = {{3}}})) == Reason::kAxisOutOfRange);
  });
}

TEST_CASE("running sums and products") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({7, 4}, 2);
    const Array a = deal(x);
    const auto sums = [](auto line) {
      std::partial_sum(line.begin(), line.end(), line.begin());
      return line;
    };
    const auto products = [](auto line) {
      std::partial_sum(line.begin(), line.end(), line.begin(), std::multiplies<>());
      return line;
    };
    CheckClose(CumulativeSum(a, 0), Lines(x, 0, sums));
    CheckClose(CumulativeSum(a, -1), Lines(x, 1, sums));
    CheckClose(CumulativeProd(a, 0), Lines(x, 0, products));
    CheckClose(Cumsum(a, 1), Lines(x, 1, sums));
    CheckClose(Cumprod(a, 1), Lines(x, 1, products));
    CheckClose(Cumsum(a), Doubles{{28}, sums(x.values)});
    CheckClose(Cumprod(a), Doubles{{28}, products(x.values)});
    const Doubles down = Lines(x, 0, sums);
    CheckClose(CumulativeSum(a, 0, {.include_initial = true}), Doubles::Of({8, 4}, [&](const Shape& i) {
                 return i[0] == 0 ? 0 : down.at({i[0] - 1, i[1]});
               }));
    const Dense<std::int8_t> narrow{{5}, {100, 100, -3, 7, 1}};
    CheckSame(CumulativeSum(deal(narrow)), Ints{{5}, {100, 200, 197, 204, 205}});
    CheckSame(CumulativeProd(deal(narrow), 0, {.dtype = DType::kFloat64}),
              Doubles{{5}, {100, 10000, -30000, -210000, -210000}});
    const Array nans = deal(Doubles{{4}, {2, kNan, 3, kNan}});
    CheckSame(NanCumsum(nans), Doubles{{4}, {2, 2, 5, 5}});
    CheckSame(NanCumprod(nans), Doubles{{4}, {2, 2, 6, 6}});
    CHECK(Why(CumulativeSum(a)) == Reason::kInvalidValue);
    CHECK(Why(CumulativeProd(a, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Cumsum(a, -3)) == Reason::kAxisOutOfRange);
  });
}

TEST_CASE("differences of neighbours") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({8, 3});
    const Array a = deal(x);
    const auto first = [&](std::int64_t row, std::int64_t column) {
      return x.at({row + 1, column}) - x.at({row, column});
    };
    CheckSame(Diff(a, 1, 0), Ints::Of({7, 3}, [&](const Shape& i) { return first(i[0], i[1]); }));
    CheckSame(Diff(a, 2, 0),
              Ints::Of({6, 3}, [&](const Shape& i) { return first(i[0] + 1, i[1]) - first(i[0], i[1]); }));
    CheckSame(Diff(a), Ints::Of({8, 2}, [&](const Shape& i) { return x.at({i[0], i[1] + 1}) - x.at({i[0], i[1]}); }));
    CheckSame(Diff(a, 0), x);
    const Array zero = deal(Ints{{}, {0}});
    CheckSame(
        Diff(a, 1, 0, {.prepend = zero, .append = a.Slice({Range(0, 1)})}), Ints::Of({9, 3}, [&](const Shape& i) {
          return i[0] == 0 ? x.at({0, i[1]}) : i[0] == 8 ? x.at({0, i[1]}) - x.at({7, i[1]}) : first(i[0] - 1, i[1]);
        }));
    CheckSame(Diff(deal(Dense<bool>{{4}, {true, true, false, true}})), Dense<bool>{{3}, {false, true, true}});
    CHECK(Why(Diff(a, -1)) == Reason::kInvalidValue);
    CHECK(Why(Diff(a, 1, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Diff(zero)) == Reason::kInvalidValue);
  });
}

// Between elements in order, `place` counted from 0.
double At(const std::vector<double>& sorted, double place) {
  const double low = std::floor(std::clamp(place, 0.0, static_cast<double>(sorted.size()) - 1));
  const auto i = static_cast<std::size_t>(low);
  return i + 1 < sorted.size() ? sorted[i] + (sorted[i + 1] - sorted[i]) * (std::max(place, 0.0) - low) : sorted[i];
}

TEST_CASE("quantiles") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({8, 5, 3});
    const Array a = deal(x);
    const std::vector<double> all = InOrder(x.values);
    const auto line = [&](std::int64_t row, std::int64_t column) {
      std::vector<double> elements;
      for (std::int64_t k = 0; k < 5; ++k) {
        elements.push_back(x.at({row, k, column}));
      }
      return InOrder(elements);
    };
    CheckClose(Median(a), Doubles{{}, {At(all, 119 * 0.5)}});
    CheckClose(Median(a, {.axes = {{1}}}), Doubles::Of({8, 3}, [&](const Shape& i) { return line(i[0], i[1])[2]; }));
    CheckClose(Quantile(a, 0.3), Doubles{{}, {At(all, 119 * 0.3)}});
    CheckClose(Quantile(a, 0.3, {.axes = {{1}}, .keepdims = true}),
               Doubles::Of({8, 1, 3}, [&](const Shape& i) { return At(line(i[0], i[2]), 4 * 0.3); }));
    CheckClose(Percentiles(a, {10, 75}, {.axes = {{-2}}}), Doubles::Of({2, 8, 3}, [&](const Shape& i) {
                 return At(line(i[1], i[2]), 4 * (i[0] == 0 ? 0.1 : 0.75));
               }));
    CheckClose(Percentile(a, 100), Doubles{{}, {all.back()}});
    std::vector<double> slab;
    for (std::int64_t k = 0; k < 40; ++k) {
      slab.push_back(x.at({k / 5, k % 5, 2}));
    }
    CheckClose(Quantile(a, 0.25, {.axes = {{0, 1}}}).Slice({2}), Doubles{{}, {At(InOrder(slab), 39 * 0.25)}});
    CHECK(Quantiles(a, {}).shape() == Shape{0});
    CheckClose(Median(a.Slice({Range(0, 0)})), Doubles{{}, {kNan}});
    CHECK(Why(Quantile(a, 1.5)) == Reason::kInvalidValue);
    CHECK(Why(Percentile(a, -1)) == Reason::kInvalidValue);
    CHECK(Why(Quantile(a, 0.5, {.axes = {{3}}})) == Reason::kAxisOutOfRange);
    CHECK(Why(Quantile(a.Slice({Range(0, 0)}), 0.5)) == Reason::kInvalidValue);
    CHECK(Why(Quantile(a.AsType(DType::kComplex128), 0.5)) == Reason::kInvalidType);
  });
}

TEST_CASE("quantiles by each method") {
  // Where a share of 0.42 of 10 elements lies, counted from 0, by the rules of Hyndman and Fan that NumPy cites.
  struct Case {
    QuantileMethod method;
    double place;
  };
  const double n = 10;
  const double q = 0.42;
  const auto between = [&](double alpha, double beta) { return n * q + alpha + q * (1 - alpha - beta) - 1; };
  const Case cases[] = {{QuantileMethod::kLinear, 9 * q},
                        {QuantileMethod::kLower, 3},
                        {QuantileMethod::kHigher, 4},
                        {QuantileMethod::kNearest, 4},
                        {QuantileMethod::kMidpoint, 3.5},
                        {QuantileMethod::kInvertedCdf, 4},          // the fifth of ten: 10 * 0.42 = 4.2
                        {QuantileMethod::kAveragedInvertedCdf, 4},  // the same: 4.2 is no whole number
                        {QuantileMethod::kClosestObservation, 3},   // the fourth: 4 is nearest to 4.2
                        {QuantileMethod::kInterpolatedInvertedCdf, between(0, 1)},
                        {QuantileMethod::kHazen, between(0.5, 0.5)},
                        {QuantileMethod::kWeibull, between(0, 0)},
                        {QuantileMethod::kMedianUnbiased, between(1.0 / 3, 1.0 / 3)},
                        {QuantileMethod::kNormalUnbiased, between(3.0 / 8, 3.0 / 8)}};
  OnAllDistributions([&](const Dealer& deal) {
    const Doubles x{{10}, {4, -2, 9.5, 0, 31, 17, 5, -8, 12, 2}};
    const std::vector<double> sorted = InOrder(x.values);
    Doubles with = x;  // and NaN, which is passed over
    with.shape = {12};
    with.values.insert(with.values.begin() + 3, kNan);
    with.values.push_back(kNan);
    for (const Case& one : cases) {
      INFO("method " << static_cast<int>(one.method));
      const Doubles expected{{}, {At(sorted, one.place)}};
      CheckClose(Quantile(deal(x), q, {.method = one.method}), expected);
      CheckClose(NanQuantile(deal(with), q, {.method = one.method}), expected);
      CheckClose(Quantile(deal(with), q, {.method = one.method}), Doubles{{}, {kNan}});
    }
    CheckClose(NanMedian(deal(with)), Doubles{{}, {4.5}});
    CheckClose(NanPercentiles(deal(with), {0, 100}), Doubles{{2}, {-8, 31}});
    CheckClose(NanPercentile(deal(with), 50), Doubles{{}, {4.5}});
    CheckClose(NanQuantiles(deal(with), {0.5}), Doubles{{1}, {4.5}});
    CheckClose(NanMedian(deal(Doubles{{2}, {kNan, kNan}})), Doubles{{}, {kNan}});
    CheckSame(Quantile(deal(Ints{{3}, {3, 1, 2}}), 0.5, {.method = QuantileMethod::kLower}), Ints{{}, {2}});
    CHECK(Quantile(deal(Dense<float>{{3}, {3, 1, 2}}), 0.25).dtype() == DType::kFloat32);
  });
}

}  // namespace
}  // namespace distarray::inline client
