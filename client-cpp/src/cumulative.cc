#include "distarray/cumulative.h"

#include <absl/strings/str_cat.h>

#include <string>
#include <vector>

#include "client-cpp/src/codec.h"
#include "client-cpp/src/computing.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/manipulation.h"

namespace distarray::inline client {
namespace {

absl::StatusOr<Array> Scan(const char* name, bool product, const Array& x, std::optional<int> axis,
                           const CumulativeOptions& options) {
  DA_RETURN_IF_ERROR(x.status());
  const Array array = Atleast1d(x);
  if (!axis.has_value() && array.ndim() > 1) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat(name, ": no axis given for shape ", ToString(array.shape()), ", one expected"));
  }
  DA_ASSIGN_OR_RETURN(const int place, AxisOf(array, axis.value_or(0)));
  const Tables& tables = ArrayState::Of(array)->session->tables();
  DA_ASSIGN_OR_RETURN(const DType dtype, tables.ReductionType(product ? "prod" : "sum", array.dtype(), options.dtype));
  Shape shape = array.shape();
  shape[static_cast<std::size_t>(place)] += options.include_initial ? 1 : 0;
  return Compute("scan", {array}, {std::move(shape), dtype},
                 {{"axis", place},
                  {"product", product},
                  {"initial", options.include_initial},
                  {"dtype", static_cast<int>(ToWire(dtype))}});
}

Array FlatUnless(const char* name, bool product, const Array& x, std::optional<int> axis, std::optional<DType> dtype) {
  return Made([&] { return Scan(name, product, axis.has_value() ? x : Ravel(x), axis.value_or(0), {.dtype = dtype}); });
}

Array WithoutNan(const Array& x, int value) {
  return x.ok() && KindOf(x.dtype()) >= Kind::kFloat ? Where(IsNan(x), value, x) : x;
}

// What is put beside the array: 0-d, as long as 1 along the axis.
absl::StatusOr<Array> Beside(const Array& x, int axis, const Array& value) {
  DA_RETURN_IF_ERROR(value.status());
  if (value.ndim() > 0) {
    return value;
  }
  Shape shape = x.shape();
  shape[static_cast<std::size_t>(axis)] = 1;
  return BroadcastTo(value, shape);
}

}  // namespace

Array CumulativeSum(const Array& x, std::optional<int> axis, const CumulativeOptions& options) {
  return Made([&] { return Scan("cumulative_sum", false, x, axis, options); });
}

Array CumulativeProd(const Array& x, std::optional<int> axis, const CumulativeOptions& options) {
  return Made([&] { return Scan("cumulative_prod", true, x, axis, options); });
}

Array Cumsum(const Array& x, std::optional<int> axis, std::optional<DType> dtype) {
  return FlatUnless("cumsum", false, x, axis, dtype);
}

Array Cumprod(const Array& x, std::optional<int> axis, std::optional<DType> dtype) {
  return FlatUnless("cumprod", true, x, axis, dtype);
}

Array NanCumsum(const Array& x, std::optional<int> axis, std::optional<DType> dtype) {
  return FlatUnless("nancumsum", false, WithoutNan(x, 0), axis, dtype);
}

Array NanCumprod(const Array& x, std::optional<int> axis, std::optional<DType> dtype) {
  return FlatUnless("nancumprod", true, WithoutNan(x, 1), axis, dtype);
}

Array Diff(const Array& x, int n, int axis, const DiffOptions& options) {
  return Made([&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(x.status());
    if (n < 0) {
      return Error(Reason::kInvalidValue, absl::StrCat("n: ", n, " given, at least 0 expected"));
    }
    if (x.ndim() == 0) {
      return Error(Reason::kInvalidValue, "diff: a 0-d array given, at least one dimension expected");
    }
    DA_ASSIGN_OR_RETURN(const int place, AxisOf(x, axis));
    if (n == 0) {
      return x;
    }
    std::vector<Array> parts{x};
    if (options.prepend.has_value()) {
      DA_ASSIGN_OR_RETURN(const Array before, Beside(x, place, *options.prepend));
      parts.insert(parts.begin(), before);
    }
    if (options.append.has_value()) {
      DA_ASSIGN_OR_RETURN(const Array behind, Beside(x, place, *options.append));
      parts.push_back(behind);
    }
    Array result = parts.size() > 1 ? Concat(parts, place) : x;
    for (int i = 0; i < n && result.ok(); ++i) {
      const Array later = Along(result, place, Range(1, {}));
      const Array earlier = Along(result, place, Range({}, -1));
      result = x.dtype() == DType::kBool ? NotEqual(later, earlier) : Subtract(later, earlier);
    }
    return result;
  });
}

}  // namespace distarray::inline client
