// Arrays on a daemon's engines.
#include <cmath>
#include <complex>
#include <numeric>
#include <string>

#include "distarray/distarray.h"
#include "tests/client_cpp/daemon.h"
#include "tests/client_cpp/values.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

using Doubles = std::vector<double>;
using Ints = std::vector<std::int64_t>;

template <Element T>
std::vector<T> Counting(std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = static_cast<T>(static_cast<float>(i % 100));
  }
  return values;
}

TEMPLATE_TEST_CASE("elements come back as they went", "", std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                   std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, float, double, std::complex<float>,
                   std::complex<double>) {
  const Context context = ConnectToShared();
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{17}, Shape{3, 0, 2}, Shape{5, 7, 3}}) {
    const std::vector<TestType> elements = Counting<TestType>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<std::int64_t>()));
    for (const char* const kinds : {"", "n", "c", "nb"}) {
      if (std::string(kinds).size() > shape.size()) {
        continue;
      }
      const Array x = context.FromSpan(std::span<const TestType>(elements), shape, {.kinds = kinds});
      CHECK(x.shape() == shape);
      CHECK(x.dtype() == kDTypeOf<TestType>);
      CHECK(Values<TestType>(x) == elements);
    }
  }
}

TEST_CASE("bool arrays") {
  const Context context = ConnectToShared();
  const bool elements[] = {true, false, true};
  const Array x = context.FromSpan(std::span<const bool>(elements), {3});
  CHECK(Values<bool>(x) == std::vector<bool>{true, false, true});
  CHECK(Values<bool>(!x) == std::vector<bool>{false, true, false});
  CHECK(Item<std::int64_t>(Sum(x)) == 2);
}

TEST_CASE("an array of many chunks") {
  const Context context = ConnectToShared();
  std::vector<double> elements(3 * 1000 * 1001);
  std::iota(elements.begin(), elements.end(), 0.0);
  const Array x = context.FromSpan(std::span<const double>(elements), {3, 1000, 1001}, {.kinds = "nb"});
  CHECK(Values<double>(x) == elements);
  CHECK(Item<double>(Max(x)) == elements.back());
}

TEST_CASE("creation") {
  const Context context = ConnectToShared();
  CHECK(Values<double>(context.Zeros({2, 2})) == Doubles(4, 0.0));
  CHECK(Values<std::int32_t>(context.Ones({3}, DType::kInt32)) == std::vector<std::int32_t>(3, 1));
  CHECK(Values<std::int64_t>(context.Full({2}, 7)) == Ints{7, 7});
  CHECK(Values<float>(context.Full({2}, 0.5, DType::kFloat32)) == std::vector<float>{0.5F, 0.5F});
  CHECK(context.Empty({4, 5}).size() == 20);
  CHECK(Values<std::int64_t>(context.Arange(5)) == Ints{0, 1, 2, 3, 4});
  CHECK(Values<std::int64_t>(context.Arange(5, 0, -2)) == Ints{5, 3, 1});
  CHECK(Values<double>(context.Arange(0.0, 1.0, 0.25)) == Doubles{0, 0.25, 0.5, 0.75});
  CHECK(Values<std::int64_t>(context.Arange(3, 3)).empty());
  CHECK(Values<double>(context.Linspace(0, 1, 5)) == Doubles{0, 0.25, 0.5, 0.75, 1});
  CHECK(Values<double>(context.Linspace(0, 1, 4, false)) == Doubles{0, 0.25, 0.5, 0.75});
  CHECK(Values<double>(context.Eye(2, 3, 1)) == Doubles{0, 1, 0, 0, 0, 1});
  CHECK(Values<std::int64_t>(context.Indices({2, 3}, -1)) == Ints{0, 1, 2, 0, 1, 2});
  CHECK(ReasonOf(context.Arange(0, 1, 0).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(context.Indices({2}, 1).status()) == Reason::kAxisOutOfRange);
}

TEST_CASE("sequences of a given dtype") {
  const Context context = ConnectToShared();
  CHECK(Values<float>(context.Arange(0, 3, 1, DType::kFloat32)) == std::vector<float>{0, 1, 2});
  CHECK(Values<std::int8_t>(context.Arange(-1.5, 1.5, 1, DType::kInt8)) == std::vector<std::int8_t>{-1, 0, 1});
  CHECK(Values<std::int64_t>(context.Arange(2, 3.5, 0.5, DType::kInt64)) == Ints{2, 2, 2});
  CHECK(Values<std::uint8_t>(context.Arange(255, 252, -1, DType::kUInt8)) == std::vector<std::uint8_t>{255, 254, 253});
  CHECK(Values<std::complex<double>>(context.Arange(0, 2, 1, DType::kComplex128))[1] == std::complex<double>(1));
  constexpr std::uint64_t kBig = std::uint64_t{1} << 63U;
  CHECK(Values<std::uint64_t>(context.Arange(kBig, kBig + 5, 2, DType::kUInt64, {.kinds = "c"})) ==
        std::vector<std::uint64_t>{kBig, kBig + 2, kBig + 4});
  const auto typed = [](float value) { return Scalar::Typed(value); };
  CHECK(context.Arange(typed(0), typed(1), typed(0.25F)).dtype() == DType::kFloat32);
  CHECK(context.Arange(typed(0), 1.0, 0.25).dtype() == DType::kFloat64);
  CHECK(context.Arange(true, Scalar::Typed(std::int8_t{4})).dtype() == DType::kInt64);
  CHECK(ReasonOf(context.Arange(300, 302, 1, DType::kInt8).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(context.Arange(-1, 2, 1, DType::kUInt8).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(context.Arange(NAN, 2, 1, DType::kInt64).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(context.Arange(0, kBig, 1, DType::kUInt64).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(context.Arange(0, 2, 1, DType::kBool).status()) == Reason::kInvalidType);
  CHECK(ReasonOf(context.Arange(0, std::complex<double>(0, 1)).status()) == Reason::kInvalidType);

  CHECK(Values<float>(context.Linspace(0, 1, 3, true, DType::kFloat32)) == std::vector<float>{0, 0.5F, 1});
  CHECK(Values<std::int64_t>(context.Linspace(-1, 1, 4, true, DType::kInt64)) == Ints{-1, -1, 0, 1});
  CHECK(Values<bool>(context.Linspace(0, 1, 3, true, DType::kBool)) == std::vector<bool>{false, true, true});
  CHECK(context.Linspace(typed(0), 1).dtype() == DType::kFloat32);
  const std::complex<double> end(2, 4);
  CHECK(Values<std::complex<double>>(context.Linspace(0, end, 3)) ==
        std::vector<std::complex<double>>{{0, 0}, {1, 2}, {2, 4}});
  CHECK(ReasonOf(context.Linspace(0, end, 3, true, DType::kFloat64).status()) == Reason::kInvalidType);
  CHECK(ReasonOf(context.Linspace(0, 1, -1).status()) == Reason::kInvalidValue);
}

TEST_CASE("random numbers depend on the seed alone") {
  const Context context = ConnectToShared();
  const Random generator(context, 42);
  const Array first = generator.Uniform({100});
  const Array second = generator.Uniform({100});
  const Array again = Random(context, 42).Uniform({100}, 0, 1, DType::kFloat64, {.kinds = "c"});
  CHECK(Values<double>(first) == Values<double>(again));
  CHECK(Values<double>(first) != Values<double>(second));
  for (const double value : Values<double>(first)) {
    CHECK((value >= 0 && value < 1));
  }
  const Array normal = generator.Normal({10000}, 5, 2);
  CHECK(std::abs(Item<double>(Mean(normal)) - 5) < 0.2);
  CHECK(std::abs(Item<double>(Std(normal)) - 2) < 0.2);
  const Array dice = generator.Integers({1000}, 1, 7);
  CHECK(Item<std::int64_t>(Min(dice)) == 1);
  CHECK(Item<std::int64_t>(Max(dice)) == 6);
}

TEST_CASE("operators compute elementwise, with broadcasting and NumPy's dtypes") {
  const Context context = ConnectToShared();
  const Array a = context.FromVector(Doubles{1, -2, 3, -4});
  const Array b = context.FromVector(Ints{1, 2, 3, 4});
  CHECK(Values<double>(a + b) == Doubles{2, 0, 6, 0});
  CHECK(Values<double>(2.0 * a - 1) == Doubles{1, -5, 5, -9});
  CHECK(Values<double>(b / 2) == Doubles{0.5, 1, 1.5, 2});
  CHECK(Values<std::int64_t>(-b % 3) == Ints{2, 1, 0, 2});
  CHECK(Values<std::int64_t>(1 + b * b) == Ints{2, 5, 10, 17});
  CHECK(Values<std::int64_t>((b << 2) ^ 1) == Ints{5, 9, 13, 17});
  CHECK(Values<std::int64_t>(~b & 6) == Ints{6, 4, 4, 2});
  CHECK(Values<bool>(a < 0) == std::vector<bool>{false, true, false, true});
  CHECK(Values<bool>(b == 3) == std::vector<bool>{false, false, true, false});
  CHECK(Values<bool>(3 != b) == std::vector<bool>{true, true, false, true});
  const Array column = b.Slice({All(), NewAxis()});
  const Array table = column * b;
  CHECK(table.shape() == Shape{4, 4});
  CHECK(Item<std::int64_t>(Sum(table)) == 100);
  CHECK((a.AsType(DType::kFloat32) + 1).dtype() == DType::kFloat32);
  CHECK(Values<float>(a.AsType(DType::kFloat32) * 0.5) == std::vector<float>{0.5F, -1, 1.5F, -2});
}

TEST_CASE("functions") {
  const Context context = ConnectToShared();
  const Array x = context.FromVector(Doubles{0.25, 1, 4});
  CHECK(Values<double>(Sqrt(x)) == Doubles{0.5, 1, 2});
  CHECK(Values<double>(Maximum(x, 2)) == Doubles{2, 2, 4});
  CHECK(Values<double>(Where(x > 0.5, x, -1)) == Doubles{-1, 1, 4});
  CHECK(Values<double>(Clip(x, 0.5, 2)) == Doubles{0.5, 1, 2});
  const Array n = context.FromVector(Ints{12, -7, 0});
  CHECK(Values<std::int64_t>(Gcd(n, 8)) == Ints{4, 1, 8});
  CHECK(Values<std::int64_t>(Lcm(n, 8)) == Ints{24, 56, 0});
  CHECK(Values<std::uint8_t>(BitwiseCount(n)) == std::vector<std::uint8_t>{2, 3, 0});
  CHECK(Values<bool>(Signbit(n)) == std::vector<bool>{false, true, false});
  CHECK(Values<double>(Nextafter(x, 0) + Spacing(Nextafter(x, 0))) == Values<double>(x));
  CHECK(Values<double>(Power(x, 2)) == Doubles{0.0625, 1, 16});
  CHECK(Values<bool>(LogicalAnd(x > 0.5, x < 2)) == std::vector<bool>{false, true, false});
  CHECK(Values<bool>(IsNan(Log(x - 1))) == std::vector<bool>{true, false, false});
  const Array z = context.FromVector(std::vector<std::complex<double>>{{3, 4}, {0, -1}});
  CHECK(Values<double>(Absolute(z)) == Doubles{5, 1});
  CHECK(Values<std::complex<double>>(Conjugate(z)).front() == std::complex<double>(3, -4));
  const auto sines = Values<double>(Sin(x));
  CHECK(std::abs(sines[1] - std::sin(1.0)) < 1e-15);
  const Operand operands[] = {x, 1.0};
  CHECK(Values<double>(Ufunc("heaviside", operands)) == Doubles{1, 1, 1});
  CHECK(ReasonOf(Ufunc("nonsense", operands).status()) == Reason::kUnknownOperation);
  CHECK(ReasonOf(Invert(x).status()) == Reason::kInvalidType);
}

TEST_CASE("reductions") {
  const Context context = ConnectToShared();
  const Array x = context.Arange(12).AsType(DType::kFloat64);
  const Array table = x.Slice({Range(0, 12)});
  CHECK(Item<double>(Sum(table)) == 66);
  CHECK(Item<double>(Mean(table)) == 5.5);
  CHECK(Item<double>(Var(table, {.correction = 1})) == 13);
  CHECK(Item<double>(Prod(table.Slice({Range(1, 5)}))) == 24);
  const Array grid = context.Indices({3, 4}, 0, DType::kInt8);
  const Array sums = Sum(grid, {.axes = {{1}}});
  CHECK(sums.dtype() == DType::kInt64);
  CHECK(Values<std::int64_t>(sums) == Ints{0, 4, 8});
  CHECK(Max(grid, {.axes = {{-2}}, .keepdims = true}).shape() == Shape{1, 4});
  CHECK(Values<std::int8_t>(Max(grid, {.axes = {{-2}}, .keepdims = true})) == std::vector<std::int8_t>(4, 2));
  CHECK(Item<bool>(AnyOf(grid > 1)));
  CHECK_FALSE(Item<bool>(AllOf(grid > 1)));
  CHECK(Item<float>(Sum(grid, {.dtype = DType::kFloat32})) == 12);
  CHECK(Item<double>(Sum(context.Zeros({0}))) == 0);
  CHECK(ReasonOf(Max(context.Zeros({0})).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(Sum(grid, {.axes = {{2}}}).status()) == Reason::kAxisOutOfRange);
}

TEST_CASE("closeness") {
  const Context context = ConnectToShared();
  const auto close = [](const Operand& a, const Operand& b, double rtol = 1e-5, double atol = 1e-8,
                        bool equal_nan = false) {
    const auto answer = AllClose(a, b, rtol, atol, equal_nan);
    INFO(answer.status().ToString());
    REQUIRE(answer.ok());
    return *answer;
  };
  const Array x = context.FromVector(Doubles{1, 1000, 0});
  CHECK(close(x, x + 1e-9));
  CHECK(close(x, x * 1.000001));
  CHECK_FALSE(close(x, x + 1e-3));
  CHECK(close(x, x + 1e-3, 0, 0.01));
  CHECK_FALSE(close(x, x * 1.000001, 0));
  CHECK(close(x.Slice({Range(0, 1)}), 1));
  CHECK(close(0, x.Slice({Range(2, 3)})));
  CHECK_FALSE(close(1, x));
  CHECK(close(context.Zeros({3, 2}), context.Zeros({2}) + 1e-10));
  CHECK(close(context.Zeros({0}), 1));
  const Array odd = context.FromVector(Doubles{NAN, INFINITY, -INFINITY});
  CHECK_FALSE(close(odd, odd));
  CHECK(close(odd, odd, 1e-5, 1e-8, true));
  CHECK_FALSE(close(odd.Slice({1}), odd.Slice({2})));
  CHECK_FALSE(close(x.Slice({0}), odd.Slice({1})));
  const Array small = context.FromVector(std::vector<std::uint8_t>{0, 255});
  CHECK_FALSE(close(small, small + 1));
  CHECK(close(small, small));
  CHECK(close(x > 0.5, x > 0));
  const Array z = context.FromVector(std::vector<std::complex<float>>{{3, 4}});
  CHECK(close(z, std::complex<double>(3, 4)));
  CHECK_FALSE(close(z, std::complex<double>(3, -4)));
  CHECK(ReasonOf(AllClose(x, context.Zeros({2})).status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(AllClose(1, 2).status()) == Reason::kInvalidType);
  CHECK_FALSE(AllClose(Array(), 1).ok());
  CHECK_FALSE(AllClose(x, Array()).ok());
}

TEST_CASE("slices are views") {
  const Context context = ConnectToShared();
  const Array x = context.Arange(10);
  const Array odd = x.Slice({Range(1, std::nullopt, 2)});
  CHECK(Values<std::int64_t>(odd) == Ints{1, 3, 5, 7, 9});
  CHECK(Values<std::int64_t>(odd.Slice({Range(std::nullopt, std::nullopt, -2)})) == Ints{9, 5, 1});
  const Array before = x * 1;
  REQUIRE(odd.Assign({}, 0).ok());
  REQUIRE(x.Assign({Range(0, 2)}, context.FromVector(Ints{-1, -2})).ok());
  CHECK(Values<std::int64_t>(x) == Ints{-1, -2, 2, 0, 4, 0, 6, 0, 8, 0});
  CHECK(Values<std::int64_t>(odd) == Ints{-2, 0, 0, 0, 0});
  CHECK(Values<std::int64_t>(before) == Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(Item<std::int64_t>(x.Slice({-2})) == 8);
}

TEST_CASE("in place") {
  const Context context = ConnectToShared();
  Array x = context.Arange(4).AsType(DType::kFloat64);
  const Array view = x.Slice({Range(1, 3)});
  x += 1;
  x *= x;
  x /= 2.0;
  CHECK(Values<double>(x) == Doubles{0.5, 2, 4.5, 8});
  CHECK(Values<double>(view) == Doubles{2, 4.5});
  Array whole = context.Arange(3);
  whole /= 2;  // float64 does not go into int64
  CHECK(ReasonOf(whole.Wait()) == Reason::kInvalidType);
  CHECK(Values<std::int64_t>(whole) == Ints{0, 1, 2});
}

TEST_CASE("in place: floor division, power, and functions by name") {
  const Context context = ConnectToShared();
  Array x = context.FromVector(Ints{7, -7, 8});
  const Array view = x.Slice({Range(1, 3)});
  x.FloorDivideInPlace(2).PowerInPlace(2);
  CHECK(Values<std::int64_t>(x) == Ints{9, 16, 16});
  CHECK(Values<std::int64_t>(view) == Ints{16, 16});
  x.InPlace("maximum", context.FromVector(Ints{10, 0, 20}));
  CHECK(Values<std::int64_t>(x) == Ints{10, 16, 20});
  Array y = context.FromVector(std::vector<float>{5, -5});
  CHECK(Values<float>(y.FloorDivideInPlace(2).PowerInPlace(0.5 + 1.5)) == std::vector<float>{4, 9});
}

TEST_CASE("a failed in-place power leaves the array as it was") {
  const Context context = ConnectToShared();
  Array x = context.FromVector(Ints{2, 3});
  x.PowerInPlace(-1);  // refused at once
  CHECK(ReasonOf(x.Wait()) == Reason::kInvalidValue);
  x.PowerInPlace(context.FromVector(Ints{2, -1}));  // refused on the engines
  CHECK(ReasonOf(context.Wait()) == Reason::kInvalidValue);
  x.PowerInPlace(0.5);  // float64 does not go into int64
  CHECK(ReasonOf(context.Wait()) == Reason::kInvalidType);
  x.InPlace("nonsense", 1);
  CHECK(ReasonOf(context.Wait()) == Reason::kUnknownOperation);
  x.InPlace("negative", 1);  // takes one operand
  CHECK(ReasonOf(context.Wait()) == Reason::kInvalidValue);
  CHECK(Values<std::int64_t>(x) == Ints{2, 3});
}

TEST_CASE("failures on the engines are the array's") {
  const Context context = ConnectToShared();
  const Array x = context.FromVector(Ints{2, 3});
  const Array bad = Power(x, context.FromVector(Ints{1, -1}));
  CHECK(bad.ok());  // only the elements tell
  const Array sum = Sum(bad);
  CHECK(ReasonOf(sum.Item<std::int64_t>().status()) == Reason::kInvalidValue);
  CHECK(ReasonOf(bad.Wait()) == Reason::kInvalidValue);
  CHECK(Values<std::int64_t>(x) == Ints{2, 3});
  const Array nowhere = context.Zeros({4}, DType::kFloat64, {.targets = {99}});
  CHECK(ReasonOf(nowhere.Wait()) == Reason::kInvalidValue);
}

TEST_CASE("an array above the memory limit fails at the call") {
  const Context context = ConnectToShared();
  const std::int64_t much = std::int64_t{1} << 50U;
  const auto refused = [](const Array& array) {
    return ReasonOf(array.status()) == Reason::kMemoryLimit &&
           array.status().code() == absl::StatusCode::kResourceExhausted;
  };
  CHECK(refused(context.Empty({much})));
  CHECK(refused(context.Zeros({much})));
  CHECK(refused(context.Arange(much)));
  CHECK(refused(context.Linspace(0, 1, much)));
  CHECK(refused(Random(context, 1).Uniform({much})));
  CHECK(refused(context.Zeros({much}) + 1));
  const auto arrays = context.List();
  REQUIRE(arrays.ok());
  CHECK(arrays->empty());
  const Array large = context.Zeros({4 << 20});
  CHECK(large.ok());
  CHECK(Item<double>(Sum(large)) == 0);
}

TEST_CASE("distributions are the planner's answer") {
  const Context context = ConnectToShared();
  const Array x = context.Arange(10);
  const auto info = x.Describe();
  REQUIRE(info.ok());
  CHECK(info->shape == Shape{10});
  CHECK(info->dtype == DType::kInt64);
  CHECK(info->nbytes == 80);
  CHECK(info->distribution.kinds() == "b");
  CHECK(info->distribution.targets == std::vector<std::int32_t>{0, 1});
  Distribution uneven;
  uneven.dimensions = {DimensionMap::Block({0, 1, 10})};
  uneven.targets = {1, 0};
  for (const DistributionRequest& request :
       {DistributionRequest{.kinds = "c"}, DistributionRequest{.kinds = "n", .targets = {1}},
        DistributionRequest{.exact = uneven},
        DistributionRequest{.exact = Distribution{{DimensionMap::Cyclic(10, 2, 3)}, {0, 1}}},
        DistributionRequest{
            .exact = Distribution{{DimensionMap::Unstructured({{9, 1, 5}, {0, 2, 3, 4, 6, 7, 8}})}, {0, 1}}}}) {
    const Array y = x.Redistribute(request);
    const auto described = y.Describe();
    REQUIRE(described.ok());
    if (request.exact.has_value()) {
      CHECK(described->distribution == *request.exact);
    } else {
      CHECK(described->distribution.kinds() == request.kinds);
    }
    CHECK(Values<std::int64_t>(y + x) == Values<std::int64_t>(x * 2));
  }
  const Array other = x.Redistribute({.exact = Distribution{{DimensionMap::Whole(9)}, {0}}});
  CHECK(ReasonOf(other.Wait()) == Reason::kInvalidValue);
}

TEST_CASE("a session lists its arrays, and forgets those without handles") {
  const Context context = ConnectToShared();
  const Array x = context.Zeros({3});
  {
    const Array y = x + 1;
    const auto arrays = context.List();
    REQUIRE(arrays.ok());
    CHECK(arrays->size() == 2);
    CHECK(arrays->back().key == y.key());
  }
  const auto arrays = context.List();
  REQUIRE(arrays.ok());
  REQUIRE(arrays->size() == 1);
  CHECK(arrays->front().key == x.key());
  const auto info = context.Info();
  REQUIRE(info.ok());
  CHECK(info->engine_count == 2);
}

TEST_CASE("default targets and distribution are the context's") {
  ContextOptions options;
  options.targets = {1};
  options.default_kinds = "c";
  const auto context = Context::Connect(Daemon::Shared().address(), options);
  REQUIRE(context.ok());
  const auto info = context->Zeros({8}).Describe();
  REQUIRE(info.ok());
  CHECK(info->distribution.targets == std::vector<std::int32_t>{1});
  CHECK(info->distribution.kinds() == "c");
  options.targets = {7};
  const auto refused = Context::Connect(Daemon::Shared().address(), options);
  CHECK(ReasonOf(refused.status()) == Reason::kInvalidValue);
}

TEST_CASE("files") {
  const Context context = ConnectToShared();
  const std::string path = Daemon::Shared().folder() + "/x.h5";
  const Array x = context.Indices({6, 5}, 1, DType::kFloat32) * 0.5;
  REQUIRE(x.SaveHdf5(path, "group/x", FileMode::kExclusive).ok());
  CHECK(ReasonOf(x.SaveHdf5(path, "group/y", FileMode::kExclusive)) == Reason::kFileExists);
  CHECK(ReasonOf(x.SaveHdf5(path, "group/x")) == Reason::kDatasetExists);
  REQUIRE((x + 1).SaveHdf5(path, "group/y").ok());
  const auto loaded = context.LoadHdf5(path, "group/x", {.kinds = "nc"});
  REQUIRE(loaded.ok());
  CHECK(loaded->shape() == Shape{6, 5});
  CHECK(loaded->dtype() == DType::kFloat32);
  CHECK(Values<float>(*loaded) == Values<float>(x));
  CHECK(ReasonOf(context.LoadHdf5(path, "nothing").status()) == Reason::kDatasetNotFound);
  CHECK(ReasonOf(context.LoadHdf5(path + "no", "x").status()) == Reason::kFileNotFound);
}

TEST_CASE("many small operations in one go") {
  const Context context = ConnectToShared();
  Array x = context.Zeros({16});
  for (int i = 0; i < 20000; ++i) {
    x = x + 1.0;
  }
  CHECK(Values<double>(x) == Doubles(16, 20000.0));
}

}  // namespace
}  // namespace distarray::inline client
