#include "distarray/reductions.h"

#include <absl/strings/str_cat.h>

#include <string>

#include "client-cpp/src/array_state.h"
#include "client-cpp/src/codec.h"
#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

absl::StatusOr<Shape> Check(std::string_view name, const ArrayState& source, const ReduceOptions& options) {
  auto shape = ReducedShape(source.shape, options.axes, options.keepdims);
  DA_RETURN_IF_ERROR(shape.status());
  const bool needs_elements = name == "min" || name == "max";
  if (needs_elements && ElementCount(source.shape) == 0 && ElementCount(*shape) != 0) {
    return Error(Reason::kInvalidValue, absl::StrCat("zero-size array to reduction operation ", std::string(name),
                                                     " which has no identity: shape ", ToString(source.shape)));
  }
  return shape;
}

}  // namespace

Array Reduce(std::string_view name, const Array& x, const ReduceOptions& options) {
  if (!x.ok()) {
    return ArrayState::Failed(nullptr, x.status());
  }
  const ArrayState& source = *ArrayState::Of(x);
  auto shape = Check(name, source, options);
  const auto dtype = source.session->tables().ReductionType(name, source.dtype, options.dtype);
  if (!shape.ok() || !dtype.ok()) {
    return ArrayState::Failed(source.session, shape.ok() ? dtype.status() : shape.status());
  }
  Array result = ArrayState::New(source.session, *std::move(shape), *dtype);
  source.session->Record([&](v1::Request& request) {
    v1::ReduceRequest& reduce = *request.mutable_reduce();
    reduce.set_result(result.key());
    reduce.set_name(name.data(), name.size());
    reduce.set_key(source.key);
    reduce.set_all_axes(!options.axes.has_value());
    if (options.axes.has_value()) {
      reduce.mutable_axes()->Add(options.axes->begin(), options.axes->end());
    }
    reduce.set_keepdims(options.keepdims);
    if (options.dtype.has_value()) {
      reduce.set_dtype(ToWire(*options.dtype));
    }
    reduce.set_correction(options.correction);
  });
  return result;
}

Array Sum(const Array& x, const ReduceOptions& options) { return Reduce("sum", x, options); }
Array Prod(const Array& x, const ReduceOptions& options) { return Reduce("prod", x, options); }
Array Min(const Array& x, const ReduceOptions& options) { return Reduce("min", x, options); }
Array Max(const Array& x, const ReduceOptions& options) { return Reduce("max", x, options); }
Array Mean(const Array& x, const ReduceOptions& options) { return Reduce("mean", x, options); }
Array Var(const Array& x, const ReduceOptions& options) { return Reduce("var", x, options); }
Array Std(const Array& x, const ReduceOptions& options) { return Reduce("std", x, options); }
Array AnyOf(const Array& x, const ReduceOptions& options) { return Reduce("any", x, options); }
Array AllOf(const Array& x, const ReduceOptions& options) { return Reduce("all", x, options); }

}  // namespace distarray::inline client
