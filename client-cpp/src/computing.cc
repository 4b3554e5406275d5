#include "client-cpp/src/computing.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "client-cpp/src/codec.h"
#include "client-cpp/src/create.h"

namespace distarray::inline client {
namespace {

const std::shared_ptr<Session>& SessionOfGood(const Array& x) { return ArrayState::Of(x)->session; }

// The one context of the operands.
absl::StatusOr<std::shared_ptr<Session>> OneSession(std::string_view name, const std::vector<Operand>& operands) {
  std::shared_ptr<Session> session;
  for (const Operand& operand : operands) {
    if (operand.array() == nullptr) {
      continue;
    }
    DA_RETURN_IF_ERROR(operand.array()->status());
    const std::shared_ptr<Session>& own = SessionOfGood(*operand.array());
    if (session != nullptr && session != own) {
      return Error(Reason::kInvalidValue, absl::StrCat(std::string(name), ": arrays of two contexts given"));
    }
    session = own;
  }
  if (session == nullptr) {
    return Error(Reason::kInvalidType, absl::StrCat(std::string(name), ": no array given, one expected"));
  }
  return session;
}

void Fill(std::string_view name, const std::vector<Operand>& operands, const Parameters& parameters,
          v1::ComputeRequest& compute) {
  compute.set_name(name.data(), name.size());
  for (const Operand& operand : operands) {
    if (operand.array() != nullptr) {
      compute.add_operands()->set_key(operand.array()->key());
    } else {
      ToWire(*operand.scalar(), compute.add_operands()->mutable_scalar());
    }
  }
  for (const auto& [parameter, value] : parameters) {
    ToWire(value, &(*compute.mutable_parameters())[std::string(parameter)]);
  }
}

template <typename Content>
Array CreateLike(std::span<const Array> like, const Shape& shape, DType dtype, Content&& content) {
  const auto deal = [&](v1::DistributionRequest& out) {
    for (const Array& array : like) {
      out.add_like(array.key());
    }
  };
  return CreateDealt(SessionOfGood(like.front()), shape, dtype, deal, std::forward<Content>(content));
}

}  // namespace

Array Compute(std::string_view name, const std::vector<Operand>& operands, Outcome outcome,
              const Parameters& parameters, const Shape& shape) {
  const auto session = OneSession(name, operands);
  if (!session.ok()) {
    return ArrayState::Failed(nullptr, session.status());
  }
  Array result = ArrayState::New(*session, std::move(outcome.shape), outcome.dtype);
  (*session)->Record([&](v1::Request& request) {
    v1::ComputeRequest& compute = *request.mutable_compute();
    Fill(name, operands, parameters, compute);
    compute.add_results(result.key());
    compute.mutable_shape()->Add(shape.begin(), shape.end());
  });
  return result;
}

absl::StatusOr<std::vector<Array>> ComputeAwaited(std::string_view name, const std::vector<Operand>& operands,
                                                  int count) {
  DA_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, OneSession(name, operands));
  std::vector<std::int64_t> keys;
  for (int i = 0; i < count; ++i) {
    keys.push_back(session->NewKey());
  }
  DA_ASSIGN_OR_RETURN(const v1::Reply reply, session->Await([&](v1::Request& request) {
    v1::ComputeRequest& compute = *request.mutable_compute();
    Fill(name, operands, {}, compute);
    compute.mutable_results()->Add(keys.begin(), keys.end());
  }));
  std::vector<Array> arrays;
  for (const v1::ArrayInfo& message : reply.compute().arrays()) {
    DA_ASSIGN_OR_RETURN(ArrayInfo info, FromWire(message));
    arrays.push_back(
        ArrayState::Handle(std::make_shared<const ArrayState>(session, info.key, std::move(info.shape), info.dtype)));
  }
  if (static_cast<int>(arrays.size()) != count) {
    return Error(Reason::kInternal, absl::StrCat(std::string(name), ": the daemon made ", arrays.size(), " arrays, ",
                                                 count, " were expected"));
  }
  return arrays;
}

absl::Status ComputeInPlace(std::string_view name, const Array& target, const std::vector<Operand>& operands,
                            const Parameters& parameters) {
  std::vector<Operand> all = operands;
  all.emplace_back(target);
  DA_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, OneSession(name, all));
  session->Record([&](v1::Request& request) {
    v1::ComputeRequest& compute = *request.mutable_compute();
    Fill(name, operands, parameters, compute);
    compute.set_in_place(target.key());
  });
  return absl::OkStatus();
}

Array Permuted(const Array& x, const std::vector<int>& axes) {
  if (std::is_sorted(axes.begin(), axes.end())) {
    return x.Slice({});
  }
  Shape shape;
  for (const int axis : axes) {
    shape.push_back(x.shape()[static_cast<std::size_t>(axis)]);
  }
  Array result = ArrayState::New(SessionOfGood(x), std::move(shape), x.dtype());
  SessionOfGood(x)->Record([&](v1::Request& request) {
    v1::SliceRequest& slice = *request.mutable_slice();
    slice.set_result(result.key());
    slice.set_key(x.key());
    slice.mutable_axes()->Add(axes.begin(), axes.end());
  });
  return result;
}

Array Broadcast(const Array& x, const Shape& shape) {
  if (shape == x.shape()) {
    return x.Slice({});
  }
  if (absl::Status valid = CheckShape(shape, SizeOf(x.dtype()), SessionOfGood(x)->dimensions_max()); !valid.ok()) {
    return ArrayState::Failed(nullptr, std::move(valid));
  }
  Array result = ArrayState::New(SessionOfGood(x), shape, x.dtype());
  SessionOfGood(x)->Record([&](v1::Request& request) {
    v1::SliceRequest& slice = *request.mutable_slice();
    slice.set_result(result.key());
    slice.set_key(x.key());
    slice.mutable_broadcast_shape()->Add(shape.begin(), shape.end());
  });
  return result;
}

Index IndexAlong(int axis, IndexEntry entry) {
  Index index(static_cast<std::size_t>(axis), All());
  index.push_back(entry);
  return index;
}

Array Along(const Array& x, int axis, IndexEntry entry) { return x.Slice(IndexAlong(axis, entry)); }

Array ReshapedCopy(const Array& x, const Shape& shape) {
  if (!x.ok()) {
    return x;
  }
  if (absl::Status valid = CheckShape(shape, SizeOf(x.dtype()), SessionOfGood(x)->dimensions_max()); !valid.ok()) {
    return ArrayState::Failed(nullptr, std::move(valid));
  }
  return Compute("reshape", {x}, {shape, x.dtype()}, {}, shape);
}

Array EmptyLike(std::span<const Array> arrays, const Shape& shape, DType dtype) {
  return CreateLike(arrays, shape, dtype, [](v1::CreateRequest& create) { create.mutable_empty(); });
}

Array FullLike(const Array& like, const Shape& shape, const Scalar& value, DType dtype) {
  return CreateLike(std::span(&like, 1), shape, dtype,
                    [&](v1::CreateRequest& create) { ToWire(value, create.mutable_full()); });
}

Array IndicesLike(const Array& like, int axis) {
  return CreateLike(std::span(&like, 1), like.shape(), DType::kInt64,
                    [&](v1::CreateRequest& create) { create.mutable_indices()->set_axis(axis); });
}

absl::Status CheckArrays(std::string_view name, std::span<const Array> arrays) {
  if (arrays.empty()) {
    return Error(Reason::kInvalidValue, absl::StrCat(std::string(name), ": no array given, at least one expected"));
  }
  return OneSession(name, std::vector<Operand>(arrays.begin(), arrays.end())).status();
}

absl::StatusOr<int> NormalAxis(int axis, int ndim) {
  if (axis < -ndim || axis >= ndim) {
    return Error(Reason::kAxisOutOfRange,
                 absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", ndim));
  }
  return axis < 0 ? axis + ndim : axis;
}

absl::StatusOr<int> AxisOf(const Array& x, int axis) {
  DA_RETURN_IF_ERROR(x.status());
  return NormalAxis(axis, x.ndim());
}

absl::StatusOr<std::vector<int>> NormalAxes(const Axes& axes, int ndim) {
  std::vector<int> normal;
  for (const int axis : axes.values()) {
    DA_ASSIGN_OR_RETURN(const int one, NormalAxis(axis, ndim));
    if (std::find(normal.begin(), normal.end(), one) != normal.end()) {
      return Error(Reason::kInvalidValue, absl::StrCat("axes: axis ", axis, " given twice"));
    }
    normal.push_back(one);
  }
  return normal;
}

DType PromotedType(std::span<const Array> arrays) {
  const Tables& tables = SessionOfGood(arrays.front())->tables();
  DType dtype = arrays.front().dtype();
  for (const Array& array : arrays.subspan(1)) {
    dtype = tables.Promote(dtype, array.dtype());
  }
  return dtype;
}

bool IsInteger(DType dtype) { return KindOf(dtype) == Kind::kSigned || KindOf(dtype) == Kind::kUnsigned; }

std::vector<int> Counting(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace distarray::inline client
