#include "distarray/statistics.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/linear_algebra.h"
#include "distarray/manipulation.h"
#include "distarray/operators.h"

namespace distarray::inline client {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool HasNan(const Array& x) { return x.ok() && KindOf(x.dtype()) >= Kind::kFloat; }

Array WithoutNan(const Array& x, double value) { return HasNan(x) ? Where(IsNan(x), value, x) : x; }

// With these axes, and nothing else.
ReduceOptions Over(const ReduceOptions& options) { return {.axes = options.axes, .keepdims = options.keepdims}; }

// How many elements are not NaN, as numbers of x's precision.
Array Counts(const Array& x, const ReduceOptions& options) {
  const bool narrow = x.dtype() == DType::kFloat32 || x.dtype() == DType::kComplex64;
  return Sum(!IsNan(x), Over(options)).AsType(narrow ? DType::kFloat32 : DType::kFloat64);
}

Array As(const Array& x, DType dtype) { return x.ok() && x.dtype() == dtype ? x : x.AsType(dtype); }

Array NanExtremum(std::string_view name, double fill, const Array& x, const ReduceOptions& options) {
  if (!HasNan(x)) {
    return Reduce(name, x, options);
  }
  const Array result = Reduce(name, WithoutNan(x, fill), options);
  return Where(AllOf(IsNan(x), Over(options)), kNan, result);
}

absl::StatusOr<Array> Variables(const Array& x, bool rowvar) {
  DA_RETURN_IF_ERROR(x.status());
  if (x.ndim() > 2) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("x: shape ", ToString(x.shape()), " given, at most two dimensions expected"));
  }
  return x.ndim() == 2 && !rowvar ? Transpose(x) : Atleast2d(x);
}

absl::StatusOr<Array> WeightsFor(const Array& variables, const char* name, const Array& weights) {
  DA_RETURN_IF_ERROR(weights.status());
  if (weights.shape() != Shape{variables.shape()[1]}) {
    return Error(Reason::kInvalidValue, absl::StrCat(name, ": shape ", ToString(weights.shape()), " given, ",
                                                     variables.shape()[1], " weights expected, one an observation"));
  }
  return weights.AsType(DType::kFloat64);
}

absl::StatusOr<Array> WeightedCov(const Array& variables, const CovOptions& options, double correction) {
  std::optional<Array> weights;
  Array lost = FullLike(variables, {}, correction, DType::kFloat64);
  if (options.fweights.has_value()) {
    DA_ASSIGN_OR_RETURN(weights, WeightsFor(variables, "fweights", *options.fweights));
  }
  if (options.aweights.has_value()) {
    DA_ASSIGN_OR_RETURN(const Array counting, WeightsFor(variables, "aweights", *options.aweights));
    weights = weights.has_value() ? *weights * counting : counting;
    lost = correction * Sum(*weights * counting) / Sum(*weights);
  }
  const Array total = Sum(*weights);
  const Array mean = Sum(variables * *weights, {.axes = {{1}}, .keepdims = true}) / total;
  const Array deviations = variables - mean;
  return Divide(Matmul(deviations, Conjugate(Transpose(deviations * *weights))), Maximum(total - lost, 0.0));
}

}  // namespace

Array Ptp(const Array& x, const ReduceOptions& options) { return Max(x, Over(options)) - Min(x, Over(options)); }

Array NanSum(const Array& x, const ReduceOptions& options) { return Sum(WithoutNan(x, 0), options); }
Array NanProd(const Array& x, const ReduceOptions& options) { return Prod(WithoutNan(x, 1), options); }
Array NanMax(const Array& x, const ReduceOptions& options) { return NanExtremum("max", -kInfinity, x, options); }
Array NanMin(const Array& x, const ReduceOptions& options) { return NanExtremum("min", kInfinity, x, options); }

Array NanMean(const Array& x, const ReduceOptions& options) {
  if (!HasNan(x)) {
    return Mean(x, options);
  }
  const Array sum = NanSum(x, options);
  return As(sum / Counts(x, options), sum.dtype());
}

Array NanVar(const Array& x, const ReduceOptions& options) {
  if (!HasNan(x)) {
    return Var(x, options);
  }
  const Array numbers = As(x, options.dtype.value_or(x.dtype()));
  const Array deviations = numbers - NanMean(numbers, {.axes = options.axes, .keepdims = true});
  const bool complex = KindOf(numbers.dtype()) == Kind::kComplex;
  const Array squares = complex ? Real(deviations * Conjugate(deviations)) : Square(deviations);
  const Array left = Counts(numbers, options) - options.correction;
  return Where(left <= 0, kNan, NanSum(squares, Over(options)) / left);
}

Array NanStd(const Array& x, const ReduceOptions& options) {
  return HasNan(x) ? Sqrt(NanVar(x, options)) : Std(x, options);
}

absl::StatusOr<Averaged> Average(const Array& x, const Array& weights, const ReduceOptions& options) {
  const Array both[] = {x, weights};
  DA_RETURN_IF_ERROR(CheckArrays("average", both));
  Array spread = weights;
  if (weights.shape() != x.shape()) {
    const bool one = options.axes.has_value() && options.axes->size() == 1 && weights.ndim() == 1;
    DA_ASSIGN_OR_RETURN(const int axis, one ? AxisOf(x, options.axes->front()) : absl::StatusOr<int>(0));
    if (!one || weights.size() != x.shape()[static_cast<std::size_t>(axis)]) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("weights: shape ", ToString(weights.shape()), " given, ", ToString(x.shape()),
                                " expected, or one a position of the axis"));
    }
    Index index(static_cast<std::size_t>(x.ndim()), NewAxis());
    index[static_cast<std::size_t>(axis)] = All();
    spread = weights.Slice(index);
  }
  DType dtype = PromotedType(both);
  if (KindOf(x.dtype()) < Kind::kFloat) {
    dtype = ArrayState::Of(x)->session->tables().Promote(dtype, DType::kFloat64);
  }
  const ReduceOptions sums{.axes = options.axes, .keepdims = options.keepdims, .dtype = dtype};
  const Array total = Sum(BroadcastTo(spread, x.shape()), sums);
  const Array valid = AllOf(total != 0);
  DA_ASSIGN_OR_RETURN(const bool divisible, valid.Item<bool>());
  if (!divisible) {
    return Error(Reason::kInvalidValue, "weights: a sum of 0 given, another one expected");
  }
  return Averaged{Sum(As(x, dtype) * As(spread, dtype), sums) / total, total};
}

Array Cov(const Array& x, const CovOptions& options) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(Array variables, Variables(x, options.rowvar));
    if (options.y.has_value()) {
      DA_ASSIGN_OR_RETURN(const Array more, Variables(*options.y, options.rowvar));
      variables = Concat({variables, more});
      DA_RETURN_IF_ERROR(variables.status());
    }
    variables = As(variables, KindOf(variables.dtype()) == Kind::kComplex ? DType::kComplex128 : DType::kFloat64);
    const double correction = options.correction.value_or(1);
    if (options.fweights.has_value() || options.aweights.has_value()) {
      DA_ASSIGN_OR_RETURN(const Array weighted, WeightedCov(variables, options, correction));
      return Squeeze(weighted);
    }
    const Array deviations = variables - Mean(variables, {.axes = {{1}}, .keepdims = true});
    const double divisor = std::max(static_cast<double>(variables.shape()[1]) - correction, 0.0);
    return Squeeze(Divide(Matmul(deviations, Conjugate(Transpose(deviations))), divisor));
  });
}

Array Corrcoef(const Array& x, const CovOptions& options) {
  return Made([&]() -> absl::StatusOr<Array> {
    const Array covariances = Cov(x, {.rowvar = options.rowvar, .y = options.y});
    DA_RETURN_IF_ERROR(covariances.status());
    if (covariances.ndim() == 0) {
      return covariances / covariances;
    }
    const Array deviation = Sqrt(Real(Diagonal(covariances)));
    const Array result = covariances / deviation.Slice({All(), NewAxis()}) / deviation.Slice({NewAxis(), All()});
    if (KindOf(result.dtype()) == Kind::kComplex) {
      return Clip(Real(result), -1.0, 1.0) + std::complex<double>(0, 1) * Clip(Imag(result), -1.0, 1.0);
    }
    return Clip(result, -1.0, 1.0);
  });
}

}  // namespace distarray::inline client
