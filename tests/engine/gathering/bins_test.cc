#include "engine/gathering/bins.h"

#include <cmath>
#include <limits>
#include <random>

#include "tests/support/catch.h"

namespace distarray {
namespace {

std::int64_t FindPlainly(const std::vector<double>& edges, double x) {
  if (!(x >= edges.front() && x <= edges.back())) {
    return -1;
  }
  std::int64_t bin = 0;
  while (bin + 2 < std::ssize(edges) && x >= edges[static_cast<std::size_t>(bin) + 1]) {
    ++bin;
  }
  return bin;
}

TEST_CASE("the bin of a number, with even and uneven edges") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> numbers(-0.3, 1.3);
  std::vector<std::vector<double>> all{{0, 0.1, 0.5, 0.5, 1}, {0, 1}, {0, 1e-300, 1}, {0, 1, INFINITY}};
  for (const int bins : {1, 3, 10, 777}) {
    std::vector<double>& edges = all.emplace_back();
    for (int i = 0; i <= bins; ++i) {
      edges.push_back(static_cast<double>(i) / bins);
    }
  }
  for (const auto& edges : all) {
    const Edges found(edges);
    for (const double edge : edges) {
      for (const double x : {edge, std::nextafter(edge, -1.0), std::nextafter(edge, 2.0)}) {
        CHECK(found.Find(x) == FindPlainly(edges, x));
      }
    }
    for (int i = 0; i < 1000; ++i) {
      const double x = numbers(random);
      CHECK(found.Find(x) == FindPlainly(edges, x));
    }
    CHECK(found.Find(std::numeric_limits<double>::quiet_NaN()) == -1);
    CHECK(found.Find(-std::numeric_limits<double>::infinity()) == -1);
  }
}

TEST_CASE("counting in a part of the bins") {
  const std::vector<std::int64_t> numbers{3, 4, -1, 4, 9, 5};
  std::vector<std::int64_t> counts(3, 0);
  CountIn(numbers, 3, counts);
  CHECK(counts == std::vector<std::int64_t>{1, 2, 1});
}

TEST_CASE("weights add up with their rounding errors") {
  const std::vector<std::int64_t> numbers{0, 1, 0, 0, 1};
  const std::vector<double> weights{1, INFINITY, 1e100, -1e100, 1};
  std::vector<BinSum> sums(2);
  AddIn(numbers, weights.data(), 0, sums);
  CHECK(sums[0].value() == 1);
  CHECK(sums[1].value() == INFINITY);
  BinSum more;
  more.Add(1e-20);
  sums[0].Add(more);
  CHECK(sums[0].value() == 1);
  more.Add(sums[0]);
  CHECK(more.value() == 1);
}

}  // namespace
}  // namespace distarray
