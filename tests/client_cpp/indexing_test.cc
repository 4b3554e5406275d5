// Elements by position and by mask, and counted.
#include "distarray/indexing.h"

#include "distarray/counting.h"
#include "distarray/manipulation.h"
#include "tests/client_cpp/dense.h"

namespace distarray::inline client {
namespace {

using Doubles = Dense<double>;
using Ints = Dense<std::int64_t>;
using Mask = Dense<bool>;

const Ints kRows{{2, 3}, {6, 0, -1, 3, 3, -7}};

std::int64_t Row(const Shape& i) { return (kRows.at({i[0], i[1]}) + 7) % 7; }

TEST_CASE("taking by index arrays") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({7, 4});
    const Array a = deal(x);
    const Array rows = deal(kRows);
    CheckSame(Take(a, rows, 0), Doubles::Of({2, 3, 4}, [&](const Shape& i) { return x.at({Row(i), i[2]}); }));
    CheckSame(Take(Transpose(a), rows, 1), Doubles::Of({4, 2, 3}, [&](const Shape& i) {
                return x.at({Row({i[1], i[2]}), i[0]});
              }));
    CheckSame(Take(a, rows), Doubles::Of({2, 3}, [&](const Shape& i) {
                const std::int64_t place = kRows.at(i);
                return x.values[static_cast<std::size_t>(place < 0 ? place + 28 : place)];
              }));
    const Ints columns{{3}, {0, 3, 1}};
    CheckSame(TakeAt(a, {rows, deal(columns)}), Doubles::Of({2, 3}, [&](const Shape& i) {
                return x.at({Row(i), columns.at({i[1]})});
              }));
    CheckSame(TakeAt(a.Slice({All(), NewAxis(), 1}), {rows}), Doubles::Of({2, 3, 1}, [&](const Shape& i) {
                return x.at({Row(i), 1});
              }));
    const Ints along = Ints::Of({3, 4}, [](const Shape& i) { return (i[0] * 3 + i[1]) % 7; });
    CheckSame(TakeAlongAxis(a, deal(along), 0), Doubles::Of({3, 4}, [&](const Shape& i) {
                return x.at({along.at(i), i[1]});
              }));
    CheckSame(TakeAlongAxis(a.Slice({All(), 2}), deal(columns)), Doubles::Of({3}, [&](const Shape& i) {
                return x.at({columns.at(i), 2});
              }));
    CHECK(ReasonOf(Take(a, deal(Ints{{2}, {0, 7}}), 0).Wait()) == Reason::kIndexOutOfRange);
  });
}

TEST_CASE("writing by index arrays") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({7, 4});
    const Ints rows{{3}, {5, 0, -1}};
    const Doubles values = Doubles::Mixed({3, 4}, 9, 2);
    const auto put = [&](const Array& a, const std::function<double(std::int64_t, std::int64_t)>& value) {
      CheckSame(a, Doubles::Of({7, 4}, [&](const Shape& i) {
                  for (std::int64_t k = 0; k < 3; ++k) {
                    if (i[0] == (rows.at({k}) + 7) % 7) {
                      return value(k, i[1]);
                    }
                  }
                  return x.at(i);
                }));
    };
    Array a = deal(x);
    CHECK(PutAt(a, {deal(rows)}, deal(values)).ok());
    put(a, [&](auto k, auto column) { return values.at({k, column}); });
    a = deal(x);
    CHECK(PutAt(a, {deal(rows)}, deal(values).Slice({0})).ok());
    put(a, [&](auto, auto column) { return values.at({0, column}); });
    a = deal(x);
    CHECK(PutAt(a, {deal(rows)}, 7).ok());
    put(a, [](auto, auto) { return 7.0; });
    a = deal(x);
    CHECK(PutAt(a.Slice({All(), 1}), {deal(rows)}, 7.5).ok());
    put(a, [&](auto k, auto column) { return column == 1 ? 7.5 : x.at({rows.at({k}), column}); });
    a = deal(x);
    CHECK(PutAt(Transpose(a), {deal(rows)}, deal(values).Slice({All(), NewAxis(), 0}), 1).code() ==
          absl::StatusCode::kInvalidArgument);
    CHECK(PutAt(Transpose(a), {deal(rows)}, deal(values).Slice({All(), 0}), 1).ok());
    put(a, [&](auto k, auto) { return values.at({k, 0}); });
    // By position in C order, values repeated.
    a = deal(x);
    CHECK(Put(a, deal(Ints{{4}, {0, 27, -5, 9}}), deal(Doubles{{2}, {50, 60}})).ok());
    CheckSame(a, Doubles::Of({7, 4}, [&](const Shape& i) {
                const std::int64_t place = i[0] * 4 + i[1];
                return place == 0 || place == 23 ? 50 : place == 27 || place == 9 ? 60 : x.at(i);
              }));
    CHECK(Put(a, deal(Ints{{1}, {3}}), 2).ok());
    CHECK(Values<double>(a.Slice({0, 3})) == std::vector<double>{2});
    // An index out of range leaves the array as it was.
    a = deal(x);
    CHECK(PutAt(a, {deal(Ints{{2}, {0, 7}})}, 7).ok());
    CHECK(ReasonOf(deal.context().Wait()) == Reason::kIndexOutOfRange);
    CHECK(Put(a, deal(Ints{{2}, {0, -29}}), 7).ok());
    CHECK(ReasonOf(deal.context().Wait()) == Reason::kIndexOutOfRange);
    CheckSame(a, x);
  });
}

TEST_CASE("masks") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({7, 4});
    const Array a = deal(x);
    const Mask rows = Mask::Of({7}, [](const Shape& i) { return i[0] % 3 != 1; });
    const Mask each = Mask::Of({7, 4}, [&](const Shape& i) { return x.at(i) > 0; });
    const std::vector<std::int64_t> chosen{0, 2, 3, 5, 6};
    std::vector<std::int64_t> positive;
    std::vector<std::int64_t> places;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      if (x.values[i] > 0) {
        positive.push_back(x.values[i]);
        places.push_back(static_cast<std::int64_t>(i));
      }
    }
    const auto count = static_cast<std::int64_t>(places.size());
    REQUIRE(count > 2);
    const Ints taken = Ints::Of({5, 4}, [&](const Shape& i) {
      return x.at({chosen[static_cast<std::size_t>(i[0])], i[1]});
    });
    CheckSame(Got(TakeWhere(a, deal(rows))), taken);
    CheckSame(Got(Compress(deal(rows), a, 0)), taken);
    CheckSame(Got(TakeWhere(a, deal(each))), Ints{{count}, positive});
    CheckSame(Got(Extract(deal(each), a)), Ints{{count}, positive});
    CheckSame(Got(Compress(deal(Ints{{3}, {0, 5, 1}}), a, 1)), Ints::Of({7, 2}, [&](const Shape& i) {
                return x.at({i[0], i[1] + 1});
              }));
    CheckSame(Got(TakeWhere(a, deal(Mask::Of({7}, [](const Shape&) { return false; })))), Ints{{0, 4}, {}});
    CheckSame(Got(FlatNonzero(deal(each))), Ints{{count}, places});
    const auto coordinates = Got(Nonzero(deal(each)));
    REQUIRE(coordinates.size() == 2);
    const auto place = [&](const Shape& i) { return places[static_cast<std::size_t>(i[0])]; };
    CheckSame(coordinates[0], Ints::Of({count}, [&](const Shape& i) { return place(i) / 4; }));
    CheckSame(coordinates[1], Ints::Of({count}, [&](const Shape& i) { return place(i) % 4; }));
    CheckSame(Got(Argwhere(deal(each))),
              Ints::Of({count, 2}, [&](const Shape& i) { return i[1] == 0 ? place(i) / 4 : place(i) % 4; }));
    CheckSame(Got(Argwhere(deal(Ints{{}, {3}}))), Ints{{1, 0}, {}});
    CheckSame(TakeAt(a, coordinates), Ints{{count}, positive});

    const auto written = [&](const Array& b, const std::function<std::int64_t(const Shape&)>& value) {
      CheckSame(b, Ints::Of({7, 4}, [&](const Shape& i) { return rows.at({i[0]}) ? value(i) : x.at(i); }));
    };
    Array b = deal(x);
    CHECK(PutWhere(b, deal(rows), 5).ok());
    written(b, [](const Shape&) { return 5; });
    b = deal(x);
    CHECK(PutWhere(b, deal(rows), a.Slice({1})).ok());
    written(b, [&](const Shape& i) { return x.at({1, i[1]}); });
    b = deal(x);
    CHECK(PutWhere(b, deal(rows), a.Slice({Range(1, 2)})).ok());
    written(b, [&](const Shape& i) { return x.at({1, i[1]}); });
    b = deal(x);
    CHECK(PutWhere(b, deal(rows), a.Slice({Range(2, 7)})).ok());
    written(b, [&](const Shape& i) {
      const auto k = std::find(chosen.begin(), chosen.end(), i[0]) - chosen.begin();
      return x.at({k + 2, i[1]});
    });
    b = deal(x);
    CHECK(PutWhere(b, deal(rows), a.Slice({Range(2, 6)})).ok());
    CHECK(ReasonOf(deal.context().Wait()) == Reason::kInvalidValue);
    CheckSame(b, x);
    CHECK(PutWhere(b, deal(each), 0).ok());
    CheckSame(b, Ints::Of({7, 4}, [&](const Shape& i) { return std::min<std::int64_t>(x.at(i), 0); }));
  });
}

TEST_CASE("repeated") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({5, 3});
    const Array a = deal(x);
    CheckSame(Repeat(a, 2, 0), Doubles::Of({10, 3}, [&](const Shape& i) { return x.at({i[0] / 2, i[1]}); }));
    CheckSame(Repeat(a, 3, -1), Doubles::Of({5, 9}, [&](const Shape& i) { return x.at({i[0], i[1] / 3}); }));
    CheckSame(Repeat(a, 2),
              Doubles::Of({30}, [&](const Shape& i) { return x.values[static_cast<std::size_t>(i[0] / 2)]; }));
    CheckSame(Repeat(a, 0, 0), Doubles{{0, 3}, {}});
    const std::int64_t sources[] = {1, 1, 2, 4, 4, 4};
    const Ints counts{{5}, {0, 2, 1, 0, 3}};
    CheckSame(Got(Repeat(a, deal(counts), 0)), Doubles::Of({6, 3}, [&](const Shape& i) {
                return x.at({sources[i[0]], i[1]});
              }));
    CheckSame(Got(Repeat(Transpose(a), deal(counts), 1)), Doubles::Of({3, 6}, [&](const Shape& i) {
                return x.at({sources[i[1]], i[0]});
              }));
    CheckSame(Got(Repeat(a, deal(Ints{{1}, {2}}), 0)), Doubles::Of({10, 3}, [&](const Shape& i) {
                return x.at({i[0] / 2, i[1]});
              }));
    CHECK(Why(Repeat(a, -1)) == Reason::kInvalidValue);
    CHECK(Why(Repeat(a, 1, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(Repeat(a, deal(counts), 1)) == Reason::kInvalidValue);
    CHECK(Why(Repeat(a, a)) == Reason::kInvalidType);
  });
}

TEST_CASE("choices") {
  OnAllDistributions([](const Dealer& deal) {
    const Ints x = Ints::Mixed({6, 2}, 3);
    const Doubles y = Doubles::Mixed({6, 2}, 9, 2);
    const Array a = deal(x);
    const Array b = deal(y);
    const Array negative = deal(Mask::Of({6, 2}, [&](const Shape& i) { return x.at(i) < 0; }));
    const Array odd = deal(Mask::Of({6, 2}, [&](const Shape& i) { return x.at(i) % 2 != 0; }));
    CheckSame(Select({negative, odd}, {a, b}, 0.5), Doubles::Of({6, 2}, [&](const Shape& i) {
                return x.at(i) < 0 ? static_cast<double>(x.at(i)) : x.at(i) % 2 != 0 ? y.at(i) : 0.5;
              }));
    const Ints numbers = Ints::Of({6, 2}, [](const Shape& i) { return (i[0] + i[1]) % 3; });
    CheckSame(
        Choose(deal(numbers), {b, b.Slice({0}), a}), Doubles::Of({6, 2}, [&](const Shape& i) {
          return numbers.at(i) == 0 ? y.at(i) : numbers.at(i) == 1 ? y.at({0, i[1]}) : static_cast<double>(x.at(i));
        }));
    CheckSame(Choose(deal(Ints{{6, 2}, std::vector<std::int64_t>(12, 0)}), {b.Slice({0})}),
              Doubles::Of({6, 2}, [&](const Shape& i) {
                return y.at({0, i[1]});
              }));
    CHECK(Why(Select({a}, {b})) == Reason::kInvalidType);
    CHECK(Why(Select({odd}, {a, b})) == Reason::kInvalidValue);
    CHECK(Why(Choose(b, {a})) == Reason::kInvalidType);
    CHECK(Why(Choose(a, {})) == Reason::kInvalidValue);
  });
}

TEST_CASE("indices and masks that do not fit") {
  OnAllDistributions([](const Dealer& deal) {
    const Array a = deal(Doubles::Mixed({7, 4}));
    const Array rows = deal(kRows);
    CHECK(Why(Take(a, a, 0)) == Reason::kInvalidType);
    CHECK(Why(Take(a, rows, 2)) == Reason::kAxisOutOfRange);
    CHECK(Why(TakeAt(a, {})) == Reason::kInvalidValue);
    CHECK(Why(TakeAt(a, {rows, rows}, 1)) == Reason::kInvalidValue);
    CHECK(Why(TakeAt(a, {rows, deal(Ints{{2}, {0, 1}})})) == Reason::kInvalidValue);
    CHECK(Why(TakeAlongAxis(a, deal(Ints{{1}, {0}}))) == Reason::kInvalidValue);
    CHECK(Why(TakeAlongAxis(a, deal(Ints::Mixed({3, 3})), 0)) == Reason::kInvalidValue);
    CHECK(Why(TakeWhere(a, a)) == Reason::kInvalidType);
    CHECK(Why(TakeWhere(a, deal(Mask{{4}, {true, false, true, false}}))) == Reason::kIndexOutOfRange);
    CHECK(Why(Compress(deal(Ints::Mixed({8})), a, 0)) == Reason::kInvalidValue);
    CHECK(Why(Compress(rows, a, 0)) == Reason::kInvalidValue);
    CHECK(Why(Nonzero(a.Slice({0, 0}))) == Reason::kInvalidValue);
    CHECK(ReasonOf(PutAt(a, {a}, 1)) == Reason::kInvalidType);
    CHECK(ReasonOf(PutAt(a, {rows}, deal(Doubles::Mixed({3})))) == Reason::kInvalidValue);
    CHECK(ReasonOf(PutAt(a.AsType(DType::kInt8), {rows}, 300)) == Reason::kInvalidValue);
    CHECK(ReasonOf(Put(a.Slice({0, 0}), rows, 1)) == Reason::kInvalidValue);
    CHECK(ReasonOf(PutWhere(a, rows, 1)) == Reason::kInvalidType);
    CHECK(ReasonOf(PutWhere(a, a.Slice({All(), 0}).AsType(DType::kBool), rows)) == Reason::kInvalidValue);
    const Array failed = Take(a, a, 0);
    CHECK(Take(failed, rows).status() == failed.status());
    CHECK(PutAt(a, {rows}, failed) == failed.status());
    CHECK(Nonzero(failed).status() == failed.status());
  });
}

TEST_CASE("counted by number") {
  OnAllDistributions([](const Dealer& deal) {
    const auto x =
        Dense<std::int32_t>::Of({20}, [](const Shape& i) { return static_cast<std::int32_t>(i[0] * i[0] % 7); });
    const Doubles weights = Doubles::Mixed({20});
    Ints counts{{7}, std::vector<std::int64_t>(7, 0)};
    Doubles sums{{7}, std::vector<double>(7, 0)};
    std::int32_t most = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      ++counts.values[static_cast<std::size_t>(x.values[i])];
      sums.values[static_cast<std::size_t>(x.values[i])] += weights.values[i];
      most = std::max(most, x.values[i]);
    }
    REQUIRE(most == 4);
    CheckSame(Got(Bincount(deal(x), 7)), counts);
    CheckSame(Got(Bincount(deal(x), deal(weights), 7)), sums);
    CHECK(Got(Bincount(deal(x))).shape() == Shape{5});
    CheckSame(Got(Bincount(deal(x).Slice({Range(0, 0)}))), Ints{{0}, {}});
    CHECK(Why(Bincount(deal(weights))) == Reason::kInvalidType);
    CHECK(Why(Bincount(deal(Ints::Mixed({4})))) == Reason::kInvalidValue);
    CHECK(Why(Bincount(deal(Ints::Mixed({4, 2})))) == Reason::kInvalidValue);
    CHECK(Why(Bincount(deal(x), -1)) == Reason::kInvalidValue);
    CHECK(Why(Bincount(deal(x), deal(weights).Slice({Range(1, {})}))) == Reason::kInvalidValue);
  });
}

TEST_CASE("counted in bins") {
  OnAllDistributions([](const Dealer& deal) {
    const Doubles x = Doubles::Mixed({30, 2});
    const Doubles weights = Doubles::Mixed({30, 2}, 4, 3);
    const auto expected = [&](const std::vector<double>& edges, bool weighted) {
      std::vector<double> sums(edges.size() - 1, 0);
      for (std::size_t i = 0; i < x.values.size(); ++i) {
        for (std::size_t bin = 0; bin + 1 < edges.size(); ++bin) {
          const bool last = bin + 2 == edges.size();
          if (x.values[i] >= edges[bin] && (x.values[i] < edges[bin + 1] || (last && x.values[i] == edges[bin + 1]))) {
            sums[bin] += weighted ? weights.values[i] : 1;
          }
        }
      }
      return sums;
    };
    const auto counts = [&](const std::vector<double>& edges) {
      Ints whole{{static_cast<std::int64_t>(edges.size()) - 1}, {}};
      for (const double sum : expected(edges, false)) {
        whole.values.push_back(static_cast<std::int64_t>(sum));
      }
      return whole;
    };
    const Array a = deal(x);
    const auto own = Got(Histogram(a));
    REQUIRE(own.edges.size() == 11);
    CHECK(own.edges.front() == *std::min_element(x.values.begin(), x.values.end()));
    CHECK(own.edges.back() == *std::max_element(x.values.begin(), x.values.end()));
    CheckSame(own.counts, counts(own.edges));
    const auto ranged = Got(Histogram(a, {.bins = 4, .range = std::pair(-2.0, 2.0)}));
    CHECK(ranged.edges == std::vector<double>{-2, -1, 0, 1, 2});
    CheckSame(ranged.counts, counts(ranged.edges));
    const std::vector<double> edges{-5, -4.5, 0, 0.25, 7};
    CheckSame(Got(Histogram(a, {.edges = edges})).counts, counts(edges));
    CheckSame(Got(Histogram(a, {.edges = edges, .weights = deal(weights)})).counts,
              Doubles{{4}, expected(edges, true)});
    Doubles density{{4}, expected(edges, false)};
    double total = 0;
    for (const double sum : density.values) {
      total += sum;
    }
    for (std::size_t bin = 0; bin < 4; ++bin) {
      density.values[bin] /= (edges[bin + 1] - edges[bin]) * total;
    }
    CheckClose(Got(Histogram(a, {.edges = edges, .density = true})).counts, density);
    CHECK(Why(Histogram(a, {.bins = 0})) == Reason::kInvalidValue);
    CHECK(Why(Histogram(a, {.range = std::pair(1.0, 0.0)})) == Reason::kInvalidValue);
    CHECK(Why(Histogram(a, {.edges = {1, 0}})) == Reason::kInvalidValue);
    CHECK(Why(Histogram(a, {.weights = a.Slice({0})})) == Reason::kInvalidValue);
    CHECK(Why(Histogram(a.AsType(DType::kComplex128))) == Reason::kInvalidType);
    CHECK(Why(Histogram(a / 0)) == Reason::kInvalidValue);
  });
}

}  // namespace
}  // namespace distarray::inline client
