#include "distarray/searching.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/operators.h"

namespace distarray::inline client {
namespace {

using OptionalAxes = std::optional<std::vector<int>>;

OptionalAxes AxesOf(std::optional<int> axis) {
  return axis.has_value() ? OptionalAxes(std::vector<int>{*axis}) : std::nullopt;
}

// Of each element its position in C order.
Array FlatIndex(const Array& x) {
  if (x.ndim() == 0) {
    return FullLike(x, {}, 0, DType::kInt64);
  }
  Array index = IndicesLike(x, 0);
  for (int d = 1; d < x.ndim(); ++d) {
    index = index * x.shape()[static_cast<std::size_t>(d)] + IndicesLike(x, d);
  }
  return index;
}

absl::StatusOr<Array> PositionOf(std::string_view reduction, const Array& x, std::optional<int> axis, bool keepdims) {
  DA_RETURN_IF_ERROR(x.status());
  const OptionalAxes axes = AxesOf(axis);
  DA_ASSIGN_OR_RETURN(const Shape shape, ReducedShape(x.shape(), axes, keepdims));
  std::int64_t count = x.size();
  int place = 0;
  if (axis.has_value()) {
    DA_ASSIGN_OR_RETURN(place, AxisOf(x, *axis));
    count = x.shape()[static_cast<std::size_t>(place)];
  }
  if (count == 0) {
    if (std::find(shape.begin(), shape.end(), 0) == shape.end()) {
      return Error(Reason::kInvalidValue, absl::StrCat("arg", std::string(reduction), ": shape ", ToString(x.shape()),
                                                       " given, elements along the axis expected"));
    }
    return FullLike(x, shape, 0, DType::kInt64);
  }
  Array found = x == Reduce(reduction, x, {.axes = axes, .keepdims = true});
  if (KindOf(x.dtype()) >= Kind::kFloat) {
    found = found | IsNan(x);  // of any NaN the best is NaN, and nothing is equal to it
  }
  const Array index = axis.has_value() ? IndicesLike(x, place) : FlatIndex(x);
  return Min(Where(found, index, count), {.axes = axes, .keepdims = keepdims});
}

absl::StatusOr<Array> NanPositionOf(std::string_view reduction, const Array& x, double fill, std::optional<int> axis,
                                    bool keepdims) {
  DA_RETURN_IF_ERROR(x.status());
  if (KindOf(x.dtype()) < Kind::kFloat) {
    return PositionOf(reduction, x, axis, keepdims);
  }
  const Array missing = IsNan(x);
  const Array nothing = AnyOf(AllOf(missing, {.axes = AxesOf(axis)}));
  DA_ASSIGN_OR_RETURN(const bool somewhere, nothing.Item<bool>());
  if (somewhere) {
    return Error(Reason::kInvalidValue, absl::StrCat("nanarg", std::string(reduction),
                                                     ": NaN alone given somewhere along the axis, a number expected"));
  }
  return PositionOf(reduction, Where(missing, fill, x), axis, keepdims);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Array Argmax(const Array& x, std::optional<int> axis, bool keepdims) {
  return Made([&] { return PositionOf("max", x, axis, keepdims); });
}

Array Argmin(const Array& x, std::optional<int> axis, bool keepdims) {
  return Made([&] { return PositionOf("min", x, axis, keepdims); });
}

absl::StatusOr<Array> NanArgmax(const Array& x, std::optional<int> axis, bool keepdims) {
  return NanPositionOf("max", x, -kInfinity, axis, keepdims);
}

absl::StatusOr<Array> NanArgmin(const Array& x, std::optional<int> axis, bool keepdims) {
  return NanPositionOf("min", x, kInfinity, axis, keepdims);
}

Array CountNonzero(const Array& x, const ReduceOptions& options) {
  return Sum(x != 0, {.axes = options.axes, .keepdims = options.keepdims, .dtype = DType::kInt64});
}

}  // namespace distarray::inline client
