#include "client-cpp/src/create.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "client-cpp/src/status.h"
#include "distarray/context.h"

namespace distarray::inline client {

Array Context::Empty(const Shape& shape, DType dtype, const DistributionRequest& distribution) const {
  return Create(session_, shape, dtype, distribution, [](v1::CreateRequest& create) { create.mutable_empty(); });
}

Array Context::Zeros(const Shape& shape, DType dtype, const DistributionRequest& distribution) const {
  return Full(shape, 0, dtype, distribution);
}

Array Context::Ones(const Shape& shape, DType dtype, const DistributionRequest& distribution) const {
  return Full(shape, 1, dtype, distribution);
}

Array Context::Full(const Shape& shape, const Scalar& value, const DistributionRequest& distribution) const {
  return Full(shape, value, value.dtype().value_or(value.DefaultDType()), distribution);
}

Array Context::Full(const Shape& shape, const Scalar& value, DType dtype,
                    const DistributionRequest& distribution) const {
  return Create(session_, shape, dtype, distribution,
                [&](v1::CreateRequest& create) { ToWire(value, create.mutable_full()); });
}

Array Context::Eye(std::int64_t rows, std::int64_t columns, std::int64_t diagonal, DType dtype,
                   const DistributionRequest& distribution) const {
  return Create(session_, {rows, columns}, dtype, distribution,
                [&](v1::CreateRequest& create) { create.mutable_eye()->set_diagonal(diagonal); });
}

Array Context::Indices(const Shape& shape, int axis, DType dtype, const DistributionRequest& distribution) const {
  const int ndim = static_cast<int>(shape.size());
  if (axis < -ndim || axis >= ndim) {
    return ArrayState::Failed(
        session_,
        Error(Reason::kAxisOutOfRange, absl::StrCat("axis ", axis, " is out of bounds for array of dimension ", ndim)));
  }
  return Create(session_, shape, dtype, distribution,
                [&](v1::CreateRequest& create) { create.mutable_indices()->set_axis(axis < 0 ? axis + ndim : axis); });
}

Array Context::Upload(DType dtype, const void* elements, std::int64_t count, const Shape& shape,
                      const DistributionRequest& distribution) const {
  const std::int64_t size = SizeOf(dtype);
  absl::Status valid = CheckShape(shape, size, session_->dimensions_max());
  if (valid.ok() && ElementCount(shape) != count) {
    valid = Error(Reason::kInvalidValue, absl::StrCat("elements: ", count, " given, ", ElementCount(shape),
                                                      " expected for shape ", ToString(shape)));
  }
  if (!valid.ok()) {
    return ArrayState::Failed(session_, std::move(valid));
  }
  Array result = Empty(shape, dtype, distribution);
  if (!result.ok()) {
    return result;
  }
  const auto put = [&](const Box& box, std::int64_t offset) {
    const std::int64_t bytes = ElementCount(box.shape) * size;
    const bool whole = bytes == count * size;
    session_->Record([&](v1::Request& request) {
      v1::PutRequest& message = *request.mutable_put();
      message.set_key(result.key());
      if (!whole) {
        message.mutable_start()->Add(box.start.begin(), box.start.end());
        message.mutable_shape()->Add(box.shape.begin(), box.shape.end());
      }
      message.set_dtype(ToWire(dtype));
      message.set_data(static_cast<const char*>(elements) + offset * size, static_cast<std::size_t>(bytes));
    });
  };
  ForEachBox(shape, session_->chunk_bytes_max() / size, put);
  return result;
}

}  // namespace distarray::inline client
