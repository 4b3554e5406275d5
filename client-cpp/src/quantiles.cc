#include "distarray/quantiles.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/manipulation.h"
#include "distarray/operators.h"
#include "distarray/reductions.h"
#include "distarray/sorting.h"

namespace distarray::inline client {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The elements sorted along the last axis, and the shape of results.
struct Ordered {
  Array elements;
  Shape shape;

  std::int64_t count() const { return elements.shape().back(); }
  Array At(std::int64_t place) const {
    return elements.Slice({Ellipsis(), std::clamp<std::int64_t>(place, 0, count() - 1)});
  }
};

absl::StatusOr<Ordered> Order(const Array& x, const QuantileOptions& options) {
  DA_RETURN_IF_ERROR(x.status());
  DA_ASSIGN_OR_RETURN(Shape shape, ReducedShape(x.shape(), options.axes, options.keepdims));
  DA_ASSIGN_OR_RETURN(const std::vector<int> axes, NormalAxes(options.axes.value_or(Counting(x.ndim())), x.ndim()));
  std::vector<int> last = Counting(x.ndim());
  last.erase(last.begin(), last.end() - std::ssize(axes));
  const Array moved = MoveAxis(x, axes, last);
  Shape rows(moved.shape().begin(), moved.shape().end() - std::ssize(axes));
  std::int64_t count = 1;
  for (const int axis : last) {
    count *= moved.shape()[static_cast<std::size_t>(axis)];
  }
  rows.push_back(count);
  Ordered ordered{Sort(Reshape(moved, rows)), std::move(shape)};
  DA_RETURN_IF_ERROR(ordered.elements.status());
  return ordered;
}

// NaN where there is one among the elements: it is the last of them.
Array UnlessNan(const Array& result, const Ordered& ordered) {
  if (KindOf(ordered.elements.dtype()) < Kind::kFloat) {
    return result;
  }
  const Array last = ordered.At(ordered.count() - 1);
  const Array chosen = Where(IsNan(last), last, result);
  return chosen.dtype() == result.dtype() ? chosen : chosen.AsType(result.dtype());
}

// What the places of quantiles are worked out with: of a number of elements, or of an array of such.
double FloorOf(double x) { return std::floor(x); }
double CeilOf(double x) { return std::ceil(x); }
double RintOf(double x) { return std::nearbyint(x); }
double OddOf(double x) { return std::fmod(x, 2) == 0 ? 0 : 1; }
double IfZero(double x, double yes, double no) { return x == 0 ? yes : no; }
Array FloorOf(const Array& x) { return Floor(x); }
Array CeilOf(const Array& x) { return Ceil(x); }
Array RintOf(const Array& x) { return Rint(x); }
Array OddOf(const Array& x) { return Remainder(x, 2); }
Array IfZero(const Array& x, const Operand& yes, const Operand& no) { return Where(Equal(x, 0), yes, no); }

/// The lower of two neighbours, and the weight of the upper one.
template <typename Number>
struct Place {
  Number low;
  Number weight;
};

bool TakesOne(QuantileMethod method) {
  return method == QuantileMethod::kClosestObservation || method == QuantileMethod::kHigher ||
         method == QuantileMethod::kInvertedCdf || method == QuantileMethod::kLower ||
         method == QuantileMethod::kNearest;
}

// The place of a share of n elements, before it is rounded or what lies between is.
template <typename Number>
Number Between(const Number& n, double q, double alpha, double beta) {
  return n * q + (alpha + q * (1 - alpha - beta)) - 1;
}

template <typename Number>
Number PositionOf(const Number& n, double q, QuantileMethod method) {
  switch (method) {
    case QuantileMethod::kAveragedInvertedCdf:
    case QuantileMethod::kInvertedCdf:
      return n * q - 1;
    case QuantileMethod::kClosestObservation:
      return n * q - 1.5;
    case QuantileMethod::kHazen:
      return Between(n, q, 0.5, 0.5);
    case QuantileMethod::kInterpolatedInvertedCdf:
      return Between(n, q, 0, 1);
    case QuantileMethod::kMedianUnbiased:
      return Between(n, q, 1.0 / 3, 1.0 / 3);
    case QuantileMethod::kNormalUnbiased:
      return Between(n, q, 3.0 / 8, 3.0 / 8);
    case QuantileMethod::kWeibull:
      return Between(n, q, 0, 0);
    case QuantileMethod::kHigher:
    case QuantileMethod::kLinear:
    case QuantileMethod::kLower:
    case QuantileMethod::kMidpoint:
    case QuantileMethod::kNearest:
      break;
  }
  return (n - 1) * q;
}

template <typename Number>
Place<Number> PlaceOf(const Number& n, double q, QuantileMethod method) {
  const Number position = PositionOf(n, q, method);
  const Number low = FloorOf(position);
  const Number rest = position - low;
  switch (method) {
    case QuantileMethod::kLower:
      return {low, rest * 0};
    case QuantileMethod::kHigher:
      return {CeilOf(position), rest * 0};
    case QuantileMethod::kNearest:
      return {RintOf(position), rest * 0};
    case QuantileMethod::kInvertedCdf:
      return {IfZero(rest, low, low + 1), rest * 0};
    case QuantileMethod::kClosestObservation:  // halves to the even of NumPy's numbers, which begin with 1
      return {IfZero(rest, low + 1 - OddOf(low), low + 1), rest * 0};
    case QuantileMethod::kAveragedInvertedCdf:
      return {low, IfZero(rest, 0.5, 1.0)};
    case QuantileMethod::kMidpoint:
      return {low, IfZero(rest, 0.0, 0.5)};
    default:
      return {low, rest};
  }
}

Array Pick(const Ordered& ordered, double share, QuantileMethod method, DType dtype) {
  const auto count = static_cast<double>(ordered.count());
  auto [low, weight] = PlaceOf(count, share, method);
  const auto place = static_cast<std::int64_t>(low);
  if (TakesOne(method)) {
    return UnlessNan(ordered.At(place).Copy(), ordered);
  }
  const Array first = ordered.At(place).AsType(dtype);
  if (dtype == DType::kFloat32) {
    weight = static_cast<float>(weight);
  }
  if (weight == 0 || low < 0 || low >= count - 1) {  // outside, the ends count
    return UnlessNan(first, ordered);
  }
  const Array second = ordered.At(place + 1).AsType(dtype);
  const Array difference = second - first;
  return UnlessNan(weight >= 0.5 ? second - difference * (1 - weight) : first + difference * weight, ordered);
}

// The elements at these places of the last dimension.
Array AtEach(const Ordered& ordered, const Array& places) {
  const Array index = IndicesLike(ordered.elements, ordered.elements.ndim() - 1);
  const Array there = index == places.Slice({Ellipsis(), NewAxis()});
  return Sum(Where(there, ordered.elements, 0), {.axes = {{-1}}, .dtype = ordered.elements.dtype()});
}

// As Pick, among the elements that are not NaN: how many there are is only known beside them.
Array PickNumbers(const Ordered& ordered, double share, QuantileMethod method, DType dtype) {
  const Array count = Sum(!IsNan(ordered.elements), {.axes = {{-1}}, .dtype = DType::kInt64}).AsType(DType::kFloat64);
  const Place<Array> place = PlaceOf(count, share, method);
  const Array last = Maximum(count - 1, 0);
  Array result = AtEach(ordered, Minimum(Maximum(place.low, 0), last));
  if (!TakesOne(method)) {
    const Array first = result.AsType(dtype);
    const Array second = AtEach(ordered, Minimum(Maximum(place.low + 1, 0), last)).AsType(dtype);
    const Array weight = place.weight.AsType(dtype);
    const Array difference = second - first;
    const Array lies = Where(weight >= 0.5, second - difference * (1 - weight), first + difference * weight);
    result = Where((first == second) | (weight == 0), first, lies);
  }
  const Array numbers = Where(count == 0, kNan, result);
  return numbers.dtype() == result.dtype() ? numbers : numbers.AsType(result.dtype());
}

absl::StatusOr<std::vector<Array>> Picked(const char* name, const Array& x, const std::vector<double>& shares,
                                          double unit, const QuantileOptions& options, DType dtype, bool numbers) {
  const Kind kind = KindOf(x.dtype());
  if (kind == Kind::kBool || kind == Kind::kComplex) {
    return Error(Reason::kInvalidType,
                 absl::StrCat(name, ": ", std::string(NameOf(x.dtype())), " given, integers or real numbers expected"));
  }
  for (const double share : shares) {
    if (!(share >= 0 && share <= unit)) {
      return Error(Reason::kInvalidValue, absl::StrCat(name, ": ", share, " given, 0 to ", unit, " expected"));
    }
  }
  DA_ASSIGN_OR_RETURN(const Ordered ordered, Order(x, options));
  const bool passing = numbers && kind == Kind::kFloat;
  if (ordered.count() == 0 && !passing) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat(name, ": shape ", ToString(x.shape()), " given, elements along the axes expected"));
  }
  std::vector<Array> results;
  for (const double share : shares) {
    const Array picked = passing ? PickNumbers(ordered, share / unit, options.method, dtype)
                                 : Pick(ordered, share / unit, options.method, dtype);
    results.push_back(Reshape(picked, ordered.shape));
  }
  return results;
}

DType OwnType(const Array& x) { return KindOf(x.dtype()) < Kind::kFloat ? DType::kFloat64 : x.dtype(); }

Array One(const char* name, const Array& x, double share, double unit, const QuantileOptions& options, bool numbers) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const auto picked, Picked(name, x, {share}, unit, options, OwnType(x), numbers));
    return picked.front();
  });
}

Array Several(const char* name, const Array& x, const std::vector<double>& shares, double unit,
              const QuantileOptions& options, bool numbers) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    DA_ASSIGN_OR_RETURN(const auto picked, Picked(name, x, shares, unit, options, DType::kFloat64, numbers));
    if (!picked.empty()) {
      return Stack(picked);
    }
    DA_ASSIGN_OR_RETURN(Shape shape, ReducedShape(x.shape(), options.axes, options.keepdims));
    shape.insert(shape.begin(), 0);
    return FullLike(x, shape, 0, TakesOne(options.method) ? x.dtype() : DType::kFloat64);
  });
}

}  // namespace

Array Median(const Array& x, const QuantileOptions& options) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const Ordered ordered, Order(x, options));
    const DType dtype = OwnType(x);
    const std::int64_t count = ordered.count();
    if (count == 0) {
      return FullLike(x, ordered.shape, kNan, dtype);
    }
    const Array low = ordered.At((count - 1) / 2).AsType(dtype);
    const Array middle = count % 2 != 0 ? low : (low + ordered.At(count / 2).AsType(dtype)) / 2;
    return Reshape(UnlessNan(middle, ordered), ordered.shape);
  });
}

Array Quantile(const Array& x, double share, const QuantileOptions& options) {
  return One("quantile", x, share, 1, options, false);
}
Array Quantiles(const Array& x, const std::vector<double>& shares, const QuantileOptions& options) {
  return Several("quantile", x, shares, 1, options, false);
}
Array Percentile(const Array& x, double hundredths, const QuantileOptions& options) {
  return One("percentile", x, hundredths, 100, options, false);
}
Array Percentiles(const Array& x, const std::vector<double>& hundredths, const QuantileOptions& options) {
  return Several("percentile", x, hundredths, 100, options, false);
}
Array NanMedian(const Array& x, const QuantileOptions& options) { return One("nanmedian", x, 0.5, 1, options, true); }
Array NanQuantile(const Array& x, double share, const QuantileOptions& options) {
  return One("nanquantile", x, share, 1, options, true);
}
Array NanQuantiles(const Array& x, const std::vector<double>& shares, const QuantileOptions& options) {
  return Several("nanquantile", x, shares, 1, options, true);
}
Array NanPercentile(const Array& x, double hundredths, const QuantileOptions& options) {
  return One("nanpercentile", x, hundredths, 100, options, true);
}
Array NanPercentiles(const Array& x, const std::vector<double>& hundredths, const QuantileOptions& options) {
  return Several("nanpercentile", x, hundredths, 100, options, true);
}

}  // namespace distarray::inline client
