// Statistics, creation from arrays, comparisons, and what else is composed.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Doubles = Dense<double>;
using Ints = Dense<std::int64_t>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Moments {
  double count = 0;
  double sum = 0;
  double product = 1;
  double least = kInfinity;
  double greatest = -kInfinity;
  double squares = 0;  // of deviations

  double mean() const { return sum / count; }
};

// Of the numbers among the elements of a column.
Moments Of(const Doubles& x, std::int64_t column) {
  Moments moments;
  for (std::int64_t i = 0; i < x.shape[0]; ++i) {
    const double element = x.at({i, column});
    if (!std::isnan(element)) {
      moments.count += 1;
      moments.sum += element;
      moments.product *= element;
      moments.least = std::min(moments.least, element);
      moments.greatest = std::max(moments.greatest, element);
    }
  }
  for (std::int64_t i = 0; i < x.shape[0]; ++i) {
    const double deviation = x.at({i, column}) - moments.mean();
    moments.squares += std::isnan(deviation) ? 0 : deviation * deviation;
  }
  return moments;
}

TEST_CASE("statistics that pass over NaN") {
  OnAllDistributions([](const Dealer& deal) {
    Doubles x = Doubles::Mixed({8, 4}, 2);
    for (const std::size_t place : {0U, 5U, 9U, 10U, 30U}) {
      x.values[place] = kNan;
    }
    for (std::int64_t i = 0; i < 8; ++i) {
      x.values[static_cast<std::size_t>(i * 4 + 3)] = kNan;
    }
    const Array a = deal(x);
    const auto columns = [&](double (*number)(const Moments&)) {
      return Doubles::Of({4}, [&](const Shape& i) { return number(Of(x, i[0])); });
    };
    const ReduceOptions rows{.axes = {{0}}};
    CheckClose(NanSum(a, rows), columns([](const Moments& m) { return m.sum; }));
    CheckClose(NanProd(a, rows), columns([](const Moments& m) { return m.product; }));
    CheckClose(NanMean(a, rows), columns([](const Moments& m) { return m.mean(); }));
    CheckClose(NanMax(a, rows), columns([](const Moments& m) { return m.count > 0 ? m.greatest : kNan; }));
    CheckClose(NanMin(a, rows), columns([](const Moments& m) { return m.count > 0 ? m.least : kNan; }));
    CheckClose(NanVar(a, rows), columns([](const Moments& m) { return m.squares / m.count; }));
    CheckClose(NanStd(a, {.axes = {{0}}, .correction = 1}),
               columns([](const Moments& m) { return m.count > 1 ? std::sqrt(m.squares / (m.count - 1)) : kNan; }));
    const Ints n = Ints::Mixed({8, 4});
    CheckSame(NanMax(deal(n), rows), Ints{{4}, Values<std::int64_t>(Max(deal(n), rows))});
    CheckSame(Ptp(deal(n), rows), Ints::Of({4}, [&](const Shape& i) {
                std::int64_t least = n.at({0, i[0]});
                std::int64_t greatest = least;
                for (std::int64_t k = 1; k < 8; ++k) {
                  least = std::min(least, n.at({k, i[0]}));
                  greatest = std::max(greatest, n.at({k, i[0]}));
                }
                return greatest - least;
              }));
    CHECK(Why(NanVar(a, {.axes = {{2}}})) == Reason::kAxisOutOfRange);
  });
}

TEST_CASE("weighted means") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({6, 3});
    const Doubles w = Doubles::Of({6}, [](const Shape& i) { return 1.0 + static_cast<double>(i[0]); });
    const Array a = deal(x);
    const auto column = [&](std::int64_t j) {
      double sum = 0;
      for (std::int64_t i = 0; i < 6; ++i) {
        sum += x.at({i, j}) * w.at({i});
      }
      return sum / 21;
    };
    const Averaged result = Got(Average(a, deal(w), {.axes = {{0}}}));
    CheckClose(result.average, Doubles::Of({3}, [&](const Shape& i) { return column(i[0]); }));
    CheckClose(result.sum_of_weights, Doubles{{3}, {21, 21, 21}});
    const Array all = BroadcastTo(ExpandDims(deal(w), 1), {6, 3});
    CheckClose(Got(Average(a, all)).average, Doubles{{}, {(column(0) + column(1) + column(2)) / 3}});
    CHECK(Why(Average(a, deal(w))) == Reason::kInvalidValue);
    CHECK(Why(Average(a, deal(w), {.axes = {{1}}})) == Reason::kInvalidValue);
    CHECK(Why(Average(a, ZerosLike(a))) == Reason::kInvalidValue);
  });
}

TEST_CASE("covariances") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({3, 10});
    const Array a = deal(x);
    // Of observations that were made so often, and count so much.
    const auto covariance = [&](std::int64_t p, std::int64_t q, auto frequency, auto weight, double correction) {
      double total = 0;
      double squares = 0;
      double mean_p = 0;
      double mean_q = 0;
      for (std::int64_t k = 0; k < 10; ++k) {
        total += frequency(k) * weight(k);
        squares += frequency(k) * weight(k) * weight(k);
        mean_p += frequency(k) * weight(k) * x.at({p, k});
        mean_q += frequency(k) * weight(k) * x.at({q, k});
      }
      double sum = 0;
      for (std::int64_t k = 0; k < 10; ++k) {
        sum += frequency(k) * weight(k) * (x.at({p, k}) - mean_p / total) * (x.at({q, k}) - mean_q / total);
      }
      return sum / (total - correction * squares / total);
    };
    const auto one = [](std::int64_t) { return 1.0; };
    const auto often = [](std::int64_t k) { return 1.0 + static_cast<double>(k % 3); };
    const auto much = [](std::int64_t k) { return 0.5 + 0.25 * static_cast<double>(k % 2); };
    const Doubles expected = Doubles::Of({3, 3}, [&](const Shape& i) { return covariance(i[0], i[1], one, one, 1); });
    CheckClose(Cov(a), expected);
    CheckClose(Cov(Transpose(a), {.rowvar = false}), expected);
    CheckClose(Cov(a.Slice({Range(0, 2)}), {.y = a.Slice({2})}), expected);
    CheckClose(Cov(a, {.correction = 0}),
               Doubles::Of({3, 3}, [&](const Shape& i) { return covariance(i[0], i[1], one, one, 0); }));
    const Array fweights = deal(Ints::Of({10}, [&](const Shape& i) { return static_cast<std::int64_t>(often(i[0])); }));
    const Array aweights = deal(Doubles::Of({10}, [&](const Shape& i) { return much(i[0]); }));
    CheckClose(Cov(a, {.fweights = fweights}), Doubles::Of({3, 3}, [&](const Shape& i) {
                 // Each observation as often: weights of 1, the correction counts single ones.
                 double total = 0;
                 for (std::int64_t k = 0; k < 10; ++k) {
                   total += often(k);
                 }
                 return covariance(i[0], i[1], often, one, 0) * total / (total - 1);
               }));
    CheckClose(Cov(a, {.fweights = fweights, .aweights = aweights}),
               Doubles::Of({3, 3}, [&](const Shape& i) { return covariance(i[0], i[1], often, much, 1); }));
    CheckClose(Cov(a.Slice({0})), Doubles{{}, {expected.at({0, 0})}});
    CheckClose(Corrcoef(a), Doubles::Of({3, 3}, [&](const Shape& i) {
                 return expected.at(i) / std::sqrt(expected.at({i[0], i[0]}) * expected.at({i[1], i[1]}));
               }));
    CHECK(Why(Cov(ExpandDims(a, 0))) == Reason::kInvalidValue);
    CHECK(Why(Cov(a, {.aweights = a.Slice({All(), 0})})) == Reason::kInvalidValue);
  });
}

TEST_CASE("arrays like others") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({6, 4});
    const Array a = deal(x);
    CheckSame(ZerosLike(a), Ints{{6, 4}, std::vector<std::int64_t>(24, 0)});
    CheckSame(OnesLike(a, DType::kFloat64), Doubles{{6, 4}, std::vector<double>(24, 1)});
    CheckSame(FullLike(a, 7), Ints{{6, 4}, std::vector<std::int64_t>(24, 7)});
    CHECK(EmptyLike(a).Describe()->distribution == a.Describe()->distribution);
    CheckSame(Tril(a, 1), Ints::Of({6, 4}, [&](const Shape& i) { return i[1] - i[0] <= 1 ? x.at(i) : 0; }));
    CheckSame(Triu(a), Ints::Of({6, 4}, [&](const Shape& i) { return i[1] >= i[0] ? x.at(i) : 0; }));
    const Array row = a.Slice({0});
    const Array column = a.Slice({All(), 1});
    const auto xy = Got(Meshgrid({row, column}));
    CheckSame(xy[0], Ints::Of({6, 4}, [&](const Shape& i) { return x.at({0, i[1]}); }));
    CheckSame(xy[1], Ints::Of({6, 4}, [&](const Shape& i) { return x.at({i[0], 1}); }));
    const auto ij = Got(Meshgrid({row, column}, MeshIndexing::kIj));
    CheckSame(ij[0], Ints::Of({4, 6}, [&](const Shape& i) { return x.at({0, i[0]}); }));
    CHECK(Why(Meshgrid({a})) == Reason::kInvalidValue);
    CHECK(Why(Tril(row)) == Reason::kInvalidValue);
  });
}

TEST_CASE("whether arrays are alike") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({6, 2});
    Doubles other = x;
    other.values[7] += 1e-7;
    const Array a = deal(x);
    const Array b = deal(other);
    CheckSame(IsClose(a, b, 0, 1e-8), Dense<bool>::Of({6, 2}, [](const Shape& i) { return i != Shape{3, 1}; }));
    CHECK(Got(AllClose(a, b, 0, 1e-6)));
    CHECK(Got(ArrayEqual(a, deal(x))));
    CHECK_FALSE(Got(ArrayEqual(a, b)));
    CHECK_FALSE(Got(ArrayEqual(a, a.Slice({0}))));
    CHECK(Got(ArrayEquiv(a.Slice({0}), BroadcastTo(a.Slice({0}), {3, 2}))));
    CHECK_FALSE(Got(ArrayEquiv(a, a.Slice({Range(0, 4)}))));
    const Array nan = deal(Doubles{{2}, {kNan, 1}});
    CHECK_FALSE(Got(ArrayEqual(nan, nan)));
    CHECK(Got(ArrayEqual(nan, nan, true)));
    CHECK(Why(IsClose(1, 2)) == Reason::kInvalidType);
  });
}

TEST_CASE("functions made of others") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x{{6}, {1.25, -2.5, 3.75, kInfinity, -kInfinity, -0.0}};
    const Array a = deal(x);
    CheckSame(Round(a, 1), Doubles{{6}, {1.2, -2.5, 3.8, kInfinity, -kInfinity, -0.0}});
    CheckSame(Round(a), Doubles{{6}, {1, -2, 4, kInfinity, -kInfinity, -0.0}});
    CheckSame(Round(deal(Ints{{3}, {14, 15, -26}}), -1), Ints{{3}, {10, 20, -30}});
    CheckSame(Round(deal(Ints{{1}, {14}}), 2), Ints{{1}, {14}});
    CheckSame(IsPosInf(a), Dense<bool>::Of({6}, [](const Shape& i) { return i[0] == 3; }));
    CheckSame(IsNegInf(a), Dense<bool>::Of({6}, [](const Shape& i) { return i[0] == 4; }));
    const auto [fraction, whole] = Modf(a);
    CheckSame(fraction, Doubles{{6}, {0.25, -0.5, 0.75, 0, -0.0, -0.0}});
    CheckSame(whole, Doubles{{6}, {1, -2, 3, kInfinity, -kInfinity, -0.0}});
    const auto [quotient, rest] = DivMod(deal(Ints{{3}, {7, -7, 8}}), 4);
    CheckSame(quotient, Ints{{3}, {1, -2, 2}});
    CheckSame(rest, Ints{{3}, {3, 1, 0}});
  });
}

TEST_CASE("what would run") {
  OnAllDistributions([](const Dealer& deal) {
    const Array a = deal(Doubles::Mixed({8, 3}));
    const Array b = Sin(a);
    const Explanation before = Got(b.Explain());
    REQUIRE(before.steps.size() == 1);
    CHECK(before.programs() == 1);
    CHECK(before.steps[0].kind == Explanation::Step::Kind::kProgram);
    CHECK(before.steps[0].operations == std::vector<std::string>{"sin"});
    CHECK(before.steps[0].shape == Shape{8, 3});
    CHECK(before.memory_bytes() == 8 * 3 * 8);
    CHECK(before.moved_bytes() == 0);
    CHECK(before.ToString().find("sin;") != std::string::npos);
    CHECK(b.Wait().ok());
    CHECK(Got(b.Explain()).steps.empty());
    CHECK(Got(b.Explain()).ToString() == "stored, or under way: nothing would run");
    CHECK(Why(Array().Explain()) == Reason::kInvalidValue);
  });
}

}  // namespace
}  // namespace distarray::inline client
