// Values made from nothing: numpy.full, arange, linspace, eye, indices and random numbers, as nodes of the graph.
#include <absl/strings/str_cat.h>

#include <cmath>
#include <utility>

#include "server/planner/record.h"

namespace distarray::server {
namespace {

Operand WholeOf(const ValuePtr& value) { return {value, View::Whole(value->shape)}; }

absl::Status RequireDimensions(const Shape& shape, std::size_t expected, std::string_view what) {
  if (shape.size() == expected) {
    return absl::OkStatus();
  }
  return Error(Reason::kInvalidValue,
               absl::StrCat("shape: ", ToString(shape), " for ", std::string(what), "; expected ", expected,
                            expected == 1 ? " dimension" : " dimensions"));
}

absl::Status RequireReal(DType dtype, std::string_view what) {
  if (KindOf(dtype) == Kind::kBool) {
    return Error(Reason::kInvalidType, absl::StrCat("dtype: bool for ", std::string(what), "; expected a number"));
  }
  return absl::OkStatus();
}

/// low <= high, of integers of either sign.
bool InOrder(const Scalar& low, const Scalar& high) {
  std::int64_t from = 0;
  std::int64_t to = 0;
  StoreScalar(low, DType::kInt64, &from);
  StoreScalar(high, DType::kInt64, &to);
  const bool large_from = std::holds_alternative<std::uint64_t>(low.value) && from < 0;  // above int64
  const bool large_to = std::holds_alternative<std::uint64_t>(high.value) && to < 0;
  return large_from == large_to ? from <= to : large_to;
}

}  // namespace

absl::StatusOr<ValuePtr> Recorder::CreateSequence(const v1::CreateRequest& request, DType dtype, const Shape& shape,
                                                  const Layout& layout, const std::string& origin) {
  DA_RETURN_IF_ERROR(RequireDimensions(shape, 1, request.has_arange() ? "arange" : "linspace"));
  DA_RETURN_IF_ERROR(RequireReal(dtype, request.has_arange() ? "arange" : "linspace"));
  const ValuePtr index = Make(IndexNode{.axis = 0}, DType::kInt64, shape, layout, origin);
  const auto affine = [&](DType compute, const Argument& step, const Argument& start) {
    const ValuePtr scaled = Apply("multiply", compute, compute, {WholeOf(index), step}, shape, layout, origin);
    return Apply("add", compute, dtype, {WholeOf(scaled), start}, shape, layout, origin);
  };
  if (request.has_arange()) {
    DA_ASSIGN_OR_RETURN(const TypedScalar start, ParseScalar(request.arange().start(), "start"));
    DA_ASSIGN_OR_RETURN(const TypedScalar step, ParseScalar(request.arange().step(), "step"));
    return affine(dtype, step.scalar, start.scalar);
  }
  // numpy.linspace: computed in float64 (complex128), i * step + start, the last number exactly the stop; integers by
  // floor.
  DA_ASSIGN_OR_RETURN(const TypedScalar start, ParseScalar(request.linspace().start(), "start"));
  DA_ASSIGN_OR_RETURN(const TypedScalar stop, ParseScalar(request.linspace().stop(), "stop"));
  const bool complex = KindOf(dtype) == Kind::kComplex || KindOf(start.scalar) == Kind::kComplex ||
                       KindOf(stop.scalar) == Kind::kComplex;
  const DType compute = complex ? DType::kComplex128 : DType::kFloat64;
  std::complex<double> first;
  std::complex<double> last;
  StoreScalar(start.scalar, DType::kComplex128, &first);
  StoreScalar(stop.scalar, DType::kComplex128, &last);
  const std::int64_t count = shape[0];
  const std::int64_t intervals = request.linspace().endpoint() ? count - 1 : count;
  const std::complex<double> step = intervals > 0 ? (last - first) / static_cast<double>(intervals) : last - first;
  const auto number = [&](std::complex<double> value) { return complex ? Scalar{value} : Scalar{value.real()}; };
  const ValuePtr scaled = Apply("multiply", compute, compute, {WholeOf(index), number(step)}, shape, layout, origin);
  ValuePtr values = Apply("add", compute, compute, {WholeOf(scaled), number(first)}, shape, layout, origin);
  if (request.linspace().endpoint() && count > 1) {
    const ValuePtr at_end =
        Apply("equal", DType::kInt64, DType::kBool, {WholeOf(index), Scalar{count - 1}}, shape, layout, origin);
    values = Apply("where", compute, compute, {WholeOf(at_end), number(last), WholeOf(values)}, shape, layout, origin);
  }
  const Kind kind = KindOf(dtype);
  if (kind == Kind::kSigned || kind == Kind::kUnsigned) {
    values = Apply("floor", compute, compute, {WholeOf(values)}, shape, layout, origin);
  }
  return Apply("copy", dtype, dtype, {WholeOf(values)}, shape, layout, origin);
}

absl::StatusOr<ValuePtr> Recorder::CreateRandom(const v1::CreateRequest::Random& request, DType dtype,
                                                const Shape& shape, const Layout& layout, const std::string& origin) {
  RandomNumber number{.seed = request.seed(), .stream = request.stream()};
  DA_ASSIGN_OR_RETURN(const TypedScalar low, ParseScalar(request.low(), "low"));
  DA_ASSIGN_OR_RETURN(const TypedScalar high, ParseScalar(request.high(), "high"));
  number.low = low.scalar;
  number.high = high.scalar;
  const Kind kind = KindOf(dtype);
  const bool closed = request.kind() == v1::CreateRequest::Random::KIND_CLOSED_INTEGERS;
  const bool integers = closed || request.kind() == v1::CreateRequest::Random::KIND_INTEGERS;
  switch (request.kind()) {
    case v1::CreateRequest::Random::KIND_UNIFORM:
      number.kind = RandomNumber::Kind::kUniform;
      break;
    case v1::CreateRequest::Random::KIND_NORMAL:
      number.kind = RandomNumber::Kind::kNormal;
      break;
    case v1::CreateRequest::Random::KIND_INTEGERS: {
      number.kind = RandomNumber::Kind::kIntegers;
      std::int64_t least = 0;
      std::int64_t end = 0;
      StoreScalar(low.scalar, DType::kInt64, &least);
      StoreScalar(high.scalar, DType::kInt64, &end);
      if (least >= end) {
        return Error(Reason::kInvalidValue, absl::StrCat("low, high: ", least, ", ", end, "; expected low < high"));
      }
      break;
    }
    case v1::CreateRequest::Random::KIND_CLOSED_INTEGERS:
      number.kind = RandomNumber::Kind::kClosedIntegers;
      if (!InOrder(low.scalar, high.scalar)) {
        return Error(Reason::kInvalidValue, "low, high: not in order; expected low <= high");
      }
      break;
    default:
      return Error(Reason::kInvalidValue, "random: no kind given; expected uniform, normal or integers");
  }
  if (integers ? !(kind == Kind::kSigned || kind == Kind::kUnsigned) : kind != Kind::kFloat) {
    return Error(Reason::kInvalidType,
                 absl::StrCat("dtype: ", std::string(NameOf(dtype)), " for random ",
                              integers ? "integers; expected an integer" : "numbers; expected float32 or float64"));
  }
  return Make(RandomNode{number}, dtype, shape, layout, origin);
}

absl::StatusOr<ValuePtr> Recorder::Create(const v1::CreateRequest& request, DType dtype, const Shape& shape,
                                          const Layout& layout, const std::string& origin) {
  switch (request.content_case()) {
    case v1::CreateRequest::kEmpty:
      return Make(EmptyNode{}, dtype, shape, layout, origin);
    case v1::CreateRequest::kFull: {
      DA_ASSIGN_OR_RETURN(const TypedScalar value, ParseScalar(request.full(), "full"));
      return Apply("copy", dtype, dtype, {value.scalar}, shape, layout, origin);
    }
    case v1::CreateRequest::kArange:
    case v1::CreateRequest::kLinspace:
      return CreateSequence(request, dtype, shape, layout, origin);
    case v1::CreateRequest::kEye: {
      DA_RETURN_IF_ERROR(RequireDimensions(shape, 2, "eye"));
      const ValuePtr row = Make(IndexNode{.axis = 0}, DType::kInt64, shape, layout, origin);
      const ValuePtr column = Make(IndexNode{.axis = 1}, DType::kInt64, shape, layout, origin);
      const ValuePtr diagonal =
          Apply("subtract", DType::kInt64, DType::kInt64, {WholeOf(column), WholeOf(row)}, shape, layout, origin);
      return Apply("equal", DType::kInt64, dtype, {WholeOf(diagonal), Scalar{std::int64_t{request.eye().diagonal()}}},
                   shape, layout, origin);
    }
    case v1::CreateRequest::kIndices: {
      const int axis = request.indices().axis();
      if (axis < 0 || axis >= static_cast<int>(shape.size())) {
        return Error(Reason::kAxisOutOfRange,
                     absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", shape.size()));
      }
      return Make(IndexNode{.axis = axis}, dtype, shape, layout, origin);
    }
    case v1::CreateRequest::kRandom:
      return CreateRandom(request.random(), dtype, shape, layout, origin);
    case v1::CreateRequest::CONTENT_NOT_SET:
      break;
  }
  return Error(Reason::kInvalidValue,
               "content: none given; expected empty, full, arange, linspace, eye, indices or random");
}

}  // namespace distarray::server
