#include <cmath>
#include <limits>
#include <random>

#include "tests/engine/program/program_builder.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

template <typename T>
T RandomElement(std::mt19937_64& random) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    return static_cast<T>(random() % 2);  // as bool
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(random());
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(std::normal_distribution<double>(1, 3)(random));
  } else {
    using R = typename T::value_type;
    return T(RandomElement<R>(random), RandomElement<R>(random));
  }
}

/// Reduces a dense local array; R: the result's type.
template <typename R, typename T>
std::vector<R> Reduce(const char* name, const std::vector<T>& x, const Shape& shape, const std::vector<int>& axes,
                      DType dtype = kDTypeOf<T>, const LocalRegion* region = nullptr, double correction = 0,
                      std::int64_t slice = 1 << 30) {
  ProgramBuilder b;
  const int r = b.Reduce(name, b.Operand(dtype), axes, correction);
  REQUIRE(b.program().Validate(static_cast<int>(shape.size())).ok());
  const LocalRegion dense = DenseRegion(shape);
  Executor executor(b.program(), SingleTarget(shape, 0), 0, {Operand(x, region != nullptr ? *region : dense)}, {});
  REQUIRE(RunAll(executor, slice).ok());
  const ReduceOutput& reduce = b.program().reductions[static_cast<std::size_t>(r)];
  const Accumulators accumulators = executor.TakePartial(r);
  std::int64_t reduced = 1;
  for (const int axis : axes) {
    reduced *= shape[static_cast<std::size_t>(axis)];
  }
  REQUIRE((reduced == 0 || accumulators.count == CountOf(shape) / reduced));
  std::vector<R> out(static_cast<std::size_t>(accumulators.count));
  FinishAccumulators(reduce, b.TypeOf(reduce.value), reduced, accumulators, reinterpret_cast<std::byte*>(out.data()));
  return out;
}

/// The elements that go into each element of the result.
template <typename T>
std::vector<std::vector<T>> Groups(const std::vector<T>& x, const Shape& shape, const std::vector<int>& axes,
                                   const LocalRegion& region) {
  Shape kept = shape;
  for (const int axis : axes) {
    kept[static_cast<std::size_t>(axis)] = 1;
  }
  const auto strides = DenseStrides(kept);
  std::vector<std::vector<T>> groups(static_cast<std::size_t>(CountOf(kept)));
  Shape index(shape.size(), 0);
  if (CountOf(shape) == 0) {
    return groups;
  }
  do {
    std::int64_t k = 0;
    for (std::size_t d = 0; d < index.size(); ++d) {
      k += kept[d] == 1 ? 0 : index[d] * strides[d];
    }
    groups[static_cast<std::size_t>(k)].push_back(x[static_cast<std::size_t>(PositionOf(region, index))]);
  } while (NextIndex(shape, index));
  return groups;
}

std::vector<std::vector<int>> AxisSubsets(int ndim) {
  std::vector<std::vector<int>> subsets;
  for (int bits = 0; bits < (1 << ndim); ++bits) {
    std::vector<int> axes;
    for (int d = 0; d < ndim; ++d) {
      if ((bits >> d & 1) != 0) {
        axes.push_back(d);
      }
    }
    subsets.push_back(axes);
  }
  return subsets;
}

const Shape kShapes[] = {{3, 4, 5},   {2, 70, 300}, {300, 2, 3}, {5, 300, 2},
                         {1, 65, 64}, {129, 1, 1},  {7, 9, 130}, {40, 3, 1100}};

TEST_CASE("Sums over all subsets of axes of dense, transposed and reversed arrays") {
  std::mt19937_64 random(5);
  for (const Shape& shape : kShapes) {
    std::vector<double> x(static_cast<std::size_t>(CountOf(shape)));
    for (double& value : x) {
      value = RandomElement<double>(random);
    }
    const LocalRegion regions[] = {DenseRegion(shape),
                                   {shape, 0, {1, shape[0], shape[0] * shape[1]}},
                                   {shape, CountOf(shape) - 1, {-shape[1] * shape[2], -shape[2], -1}},
                                   {shape, 0, {shape[2] * 0, shape[2], 1}}};
    for (const LocalRegion& region : regions) {
      for (const auto& axes : AxisSubsets(3)) {
        const auto groups = Groups(x, shape, axes, region);
        const auto sums = Reduce<double>("sum", x, shape, axes, DType::kFloat64, &region, 0, 5000);
        const auto largest = Reduce<double>("max", x, shape, axes, DType::kFloat64, &region);
        REQUIRE(sums.size() == groups.size());
        for (std::size_t k = 0; k < groups.size(); ++k) {
          long double sum = 0;
          for (const double value : groups[k]) {
            sum += value;
          }
          CAPTURE(ToString(shape), axes, k);
          REQUIRE(std::fabs(sums[k] - static_cast<double>(sum)) <= 4e-16 * std::fabs(static_cast<double>(sum)) + 1e-17);
          REQUIRE(largest[k] == *std::max_element(groups[k].begin(), groups[k].end()));
        }
      }
    }
  }
}

template <typename T>
void CheckAllReductions(DType dtype) {
  std::mt19937_64 random(6);
  for (const Shape& shape : kShapes) {
    std::vector<T> x(static_cast<std::size_t>(CountOf(shape)));
    for (T& value : x) {
      value = RandomElement<T>(random);
    }
    for (const auto& axes : AxisSubsets(3)) {
      CAPTURE(ToString(shape), axes);
      const auto groups = Groups(x, shape, axes, DenseRegion(shape));
      const auto least = Reduce<T>("min", x, shape, axes, dtype);
      const auto most = Reduce<T>("max", x, shape, axes, dtype);
      const auto any = Reduce<std::uint8_t>("any", x, shape, axes, dtype);
      const auto all = Reduce<std::uint8_t>("all", x, shape, axes, dtype);
      const auto means = Reduce<double>("mean", x, shape, axes, dtype);
      const auto variances = Reduce<double>("var", x, shape, axes, dtype, nullptr, 1);
      const auto deviations = Reduce<double>("std", x, shape, axes, dtype);
      using Wrapped = std::conditional_t<std::is_unsigned_v<T> && sizeof(T) == 8, std::uint64_t, std::int64_t>;
      const auto sums = Reduce<Wrapped>("sum", x, shape, axes, dtype);
      const auto products = Reduce<Wrapped>("prod", x, shape, axes, dtype);
      for (std::size_t k = 0; k < groups.size(); ++k) {
        const auto& group = groups[k];
        std::uint64_t sum = 0;
        std::uint64_t product = 1;
        long double real_sum = 0;
        for (const T value : group) {
          sum += static_cast<std::uint64_t>(value);
          product *= static_cast<std::uint64_t>(value);
          real_sum += static_cast<double>(value);
        }
        const auto n = static_cast<long double>(group.size());
        long double squares = 0;
        for (const T value : group) {
          const long double d = static_cast<double>(value) - real_sum / n;
          squares += d * d;
        }
        REQUIRE(least[k] == *std::min_element(group.begin(), group.end()));
        REQUIRE(most[k] == *std::max_element(group.begin(), group.end()));
        REQUIRE(any[k] == std::any_of(group.begin(), group.end(), [](T v) { return v != 0; }));
        REQUIRE(all[k] == std::all_of(group.begin(), group.end(), [](T v) { return v != 0; }));
        REQUIRE(sums[k] == static_cast<Wrapped>(sum));
        REQUIRE(products[k] == static_cast<Wrapped>(product));
        REQUIRE(IsNear(means[k], static_cast<double>(real_sum / n), 1e-15));
        REQUIRE(IsNear(deviations[k], static_cast<double>(std::sqrt(squares / n)), 1e-14));
        if (group.size() > 1) {
          REQUIRE(IsNear(variances[k], static_cast<double>(squares / (n - 1)), 1e-14));
        } else {
          REQUIRE(std::isnan(variances[k]));
        }
      }
    }
  }
}

TEST_CASE("All reductions of bool") { CheckAllReductions<std::uint8_t>(DType::kBool); }
TEST_CASE("All reductions of int8") { CheckAllReductions<std::int8_t>(DType::kInt8); }
TEST_CASE("All reductions of int32") { CheckAllReductions<std::int32_t>(DType::kInt32); }
TEST_CASE("All reductions of int64") { CheckAllReductions<std::int64_t>(DType::kInt64); }
TEST_CASE("All reductions of uint64") { CheckAllReductions<std::uint64_t>(DType::kUInt64); }

template <typename T>
void CheckFloatingReductions() {
  std::mt19937_64 random(9);
  const double epsilon = std::numeric_limits<T>::epsilon();
  for (const Shape& shape : kShapes) {
    std::vector<T> x(static_cast<std::size_t>(CountOf(shape)));
    for (T& value : x) {
      value = RandomElement<T>(random) / 2;
    }
    for (const auto& axes : AxisSubsets(3)) {
      CAPTURE(ToString(shape), axes);
      const auto groups = Groups(x, shape, axes, DenseRegion(shape));
      const auto sums = Reduce<T>("sum", x, shape, axes);
      const auto products = Reduce<T>("prod", x, shape, axes);
      const auto means = Reduce<T>("mean", x, shape, axes);
      const auto variances = Reduce<T>("var", x, shape, axes);
      for (std::size_t k = 0; k < groups.size(); ++k) {
        long double sum = 0;
        long double product = 1;
        for (const T value : groups[k]) {
          sum += value;
          product *= value;
        }
        const auto n = static_cast<long double>(groups[k].size());
        long double squares = 0;
        for (const T value : groups[k]) {
          squares += (value - sum / n) * (value - sum / n);
        }
        REQUIRE(std::fabs(sums[k] - sum) <= epsilon * std::fabs(sum) + 1e-17L);
        REQUIRE(std::fabs(means[k] - sum / n) <= epsilon * std::fabs(sum / n) + 1e-17L);
        REQUIRE(std::fabs(variances[k] - squares / n) <= 2 * epsilon * squares / n + 1e-17L);
        if (std::fabs(product) < std::numeric_limits<T>::max() && std::fabs(product) > std::numeric_limits<T>::min()) {
          REQUIRE(std::fabs(products[k] - product) <= 2 * epsilon * std::fabs(product));
        }
      }
    }
  }
}

TEST_CASE("Reductions of float32") { CheckFloatingReductions<float>(); }
TEST_CASE("Reductions of float64") { CheckFloatingReductions<double>(); }

TEST_CASE("Reductions of complex numbers") {
  using C = std::complex<double>;
  std::mt19937_64 random(10);
  for (const Shape& shape : {Shape{3, 4, 5}, Shape{2, 70, 100}, Shape{100, 2, 3}}) {
    std::vector<C> x(static_cast<std::size_t>(CountOf(shape)));
    for (C& value : x) {
      value = RandomElement<C>(random) / 3.0;
    }
    for (const auto& axes : AxisSubsets(3)) {
      CAPTURE(ToString(shape), axes);
      const auto groups = Groups(x, shape, axes, DenseRegion(shape));
      const auto sums = Reduce<C>("sum", x, shape, axes);
      const auto products = Reduce<C>("prod", x, shape, axes);
      const auto means = Reduce<C>("mean", x, shape, axes);
      const auto variances = Reduce<double>("var", x, shape, axes);
      const auto largest = Reduce<C>("max", x, shape, axes);
      for (std::size_t k = 0; k < groups.size(); ++k) {
        C sum = 0;
        C product = 1;
        for (const C value : groups[k]) {
          sum += value;
          product *= value;
        }
        const auto n = static_cast<double>(groups[k].size());
        double squares = 0;
        for (const C value : groups[k]) {
          squares += std::norm(value - sum / n);
        }
        REQUIRE(std::abs(sums[k] - sum) <= 1e-13 * n);
        REQUIRE((std::abs(product) > 1e300 || std::abs(products[k] - product) <= 1e-12 * std::abs(product)));
        REQUIRE(std::abs(means[k] - sum / n) <= 1e-13);
        REQUIRE(std::fabs(variances[k] - squares / n) <= 1e-12 * squares / n + 1e-13);
        REQUIRE(largest[k] == *std::max_element(groups[k].begin(), groups[k].end(), [](C a, C b) {
                  return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
                }));
      }
    }
  }
}

TEST_CASE("Variance does not lose a small spread on a large mean") {
  std::mt19937_64 random(12);
  std::vector<double> x(100000);
  for (double& value : x) {
    value = 1e6 + std::normal_distribution<double>(0, 1)(random);
  }
  long double mean = 0;
  for (const double value : x) {
    mean += value;
  }
  mean /= 100000;
  long double squares = 0;
  for (const double value : x) {
    squares += (value - mean) * (value - mean);
  }
  const double variance = Reduce<double>("var", x, {100000}, {0})[0];
  CHECK(std::fabs(variance - static_cast<double>(squares / 100000)) < 1e-14 * variance);
  CHECK(Reduce<double>("std", std::vector<double>(1000, 0.1), {1000}, {0})[0] < 1e-15);
}

TEST_CASE("Sums that cancel are exact, and infinities and NaN win") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto reduce = [](const char* name, std::vector<double> x) {
    const auto size = static_cast<std::int64_t>(x.size());
    return Reduce<double>(name, x, {size}, {0})[0];
  };
  CHECK(reduce("sum", {1, 1e100, 1, -1e100}) == 2);
  CHECK(reduce("sum", {1, inf, 2}) == inf);
  CHECK(reduce("sum", {1, -inf, 2}) == -inf);
  CHECK(std::isnan(reduce("sum", {inf, -inf})));
  CHECK(std::isnan(reduce("sum", {1, nan})));
  CHECK(std::isnan(reduce("max", {1, nan, 3})));
  CHECK(std::isnan(reduce("min", {nan, 1})));
  CHECK(reduce("max", {1, inf}) == inf);
  CHECK(std::isnan(reduce("var", {1, nan})));
  CHECK(std::isnan(reduce("var", {1, inf})));
  CHECK(reduce("prod", {inf, -2}) == -inf);
  CHECK(IsNear(reduce("mean", {1e308, 1e308, -1e308}), 1e308 / 3, 1e-15));
}

TEST_CASE("Reductions of no elements") {
  const std::vector<double> none;
  CHECK(Reduce<double>("sum", none, {0}, {0})[0] == 0);
  CHECK(Reduce<double>("prod", none, {0}, {0})[0] == 1);
  CHECK(std::isnan(Reduce<double>("mean", none, {0}, {0})[0]));
  CHECK(std::isnan(Reduce<double>("var", none, {0}, {0})[0]));
  CHECK(Reduce<std::uint8_t>("all", none, {0}, {0})[0] == 1);
  CHECK(Reduce<std::uint8_t>("any", none, {0}, {0})[0] == 0);
  CHECK(Reduce<double>("sum", none, {3, 0}, {1}) == std::vector<double>(3, 0.0));
  CHECK(Reduce<double>("sum", none, {3, 0}, {0}).empty());
  CHECK(Reduce<double>("sum", std::vector<double>{2.5}, {}, {})[0] == 2.5);
}

/// A reduction of a 1-d array dealt out over `ranks`, partial results combined in order.
double ReduceOver(const char* name, const std::vector<double>& x, std::int64_t ranks) {
  const auto size = static_cast<std::int64_t>(x.size());
  Distribution space;
  space.dimensions = {DimensionMap::Block(size, ranks)};
  space.targets.resize(static_cast<std::size_t>(ranks));
  std::iota(space.targets.begin(), space.targets.end(), 0);
  ProgramBuilder b;
  const int r = b.Reduce(name, b.Operand(DType::kFloat64), {0});
  Accumulators total;
  for (int rank = 0; rank < ranks; ++rank) {
    const Shape shape = space.LocalShape(rank);
    LocalRegion region = DenseRegion(shape);
    region.offset = space.dimensions[0].bounds[static_cast<std::size_t>(rank)];
    Executor executor(b.program(), space, rank, {Operand(x, region)}, {});
    REQUIRE(RunAll(executor, 1000).ok());
    Accumulators partial = executor.TakePartial(r);
    if (rank == 0) {
      total = std::move(partial);
    } else {
      CombineAccumulators(b.program().reductions[0].reduction, DType::kFloat64, total, partial);
    }
  }
  double result = 0;
  FinishAccumulators(b.program().reductions[0], DType::kFloat64, size, total, reinterpret_cast<std::byte*>(&result));
  return result;
}

TEST_CASE("The same bits on any number of engines") {
  std::mt19937_64 random(13);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> x(static_cast<std::size_t>(random() % 20000 + 1));
    for (double& value : x) {
      value = RandomElement<double>(random) * std::ldexp(1.0, static_cast<int>(random() % 60));
    }
    for (const char* name : {"sum", "mean", "var", "std", "min", "max"}) {
      const double alone = ReduceOver(name, x, 1);
      for (const std::int64_t ranks : {2, 3, 5}) {
        CAPTURE(name, ranks, x.size());
        REQUIRE(ReduceOver(name, x, ranks) == alone);
      }
    }
  }
}

}  // namespace
}  // namespace distarray
