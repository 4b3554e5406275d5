#include "client-cpp/src/create.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <optional>

#include "client-cpp/src/status.h"
#include "distarray/context.h"

namespace distarray::inline client {
namespace {

absl::StatusOr<double> RealValue(const Scalar& scalar, const char* argument) {
  return std::visit(
      [&]<typename T>(const T& value) -> absl::StatusOr<double> {
        if constexpr (std::is_same_v<T, std::complex<double>>) {
          return Error(Reason::kInvalidType, absl::StrCat(argument, ": a complex number given, a real one expected"));
        } else {
          return static_cast<double>(value);
        }
      },
      scalar.value());
}

// The number of integers start, start + step, ... before stop; none if it does not fit. Precondition: step != 0.
std::optional<std::int64_t> IntegerCount(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step > 0 ? start >= stop : start <= stop) {
    return 0;
  }
  // Unsigned: the distance of two int64 fits, as does the magnitude of the least.
  const std::uint64_t distance = step > 0 ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
                                          : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
  const std::uint64_t stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const std::uint64_t count = (distance - 1) / stride + 1;
  return count >> 63U == 0 ? std::optional(static_cast<std::int64_t>(count)) : std::nullopt;
}

absl::StatusOr<std::int64_t> ArangeCount(const Scalar& start, const Scalar& stop, const Scalar& step) {
  const auto* const first = std::get_if<std::int64_t>(&start.value());
  const auto* const end = std::get_if<std::int64_t>(&stop.value());
  const auto* const stride = std::get_if<std::int64_t>(&step.value());
  const auto too_many = [] {
    return Error(Reason::kInvalidValue, "stop: more than 2^63 - 1 elements between start and stop");
  };
  if (first != nullptr && end != nullptr && stride != nullptr && *stride != 0) {
    const auto count = IntegerCount(*first, *end, *stride);
    return count.has_value() ? absl::StatusOr<std::int64_t>(*count) : too_many();
  }
  const auto from = RealValue(start, "start");
  const auto to = RealValue(stop, "stop");
  const auto by = RealValue(step, "step");
  DA_RETURN_IF_ERROR(from.status());
  DA_RETURN_IF_ERROR(to.status());
  DA_RETURN_IF_ERROR(by.status());
  const double count = std::ceil((*to - *from) / *by);
  if (*by == 0 || std::isnan(count)) {
    return Error(Reason::kInvalidValue, absl::StrCat("step: ", *by, " given, a number other than 0 expected"));
  }
  constexpr double kTooMany = 9223372036854775808.0;  // 2^63
  if (count >= kTooMany) {
    return too_many();
  }
  return count > 0 ? static_cast<std::int64_t>(count) : 0;
}

}  // namespace

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

Array Context::Arange(const Scalar& start, const Scalar& stop, const Scalar& step,
                      const DistributionRequest& distribution) const {
  const auto count = ArangeCount(start, stop, step);
  if (!count.ok()) {
    return ArrayState::Failed(session_, count.status());
  }
  const bool integers = start.kind() < Kind::kFloat && stop.kind() < Kind::kFloat && step.kind() < Kind::kFloat;
  return Create(session_, {*count}, integers ? DType::kInt64 : DType::kFloat64, distribution,
                [&](v1::CreateRequest& create) {
                  ToWire(start, create.mutable_arange()->mutable_start());
                  ToWire(step, create.mutable_arange()->mutable_step());
                });
}

Array Context::Linspace(double start, double stop, std::int64_t count, bool endpoint,
                        const DistributionRequest& distribution) const {
  return Create(session_, {count}, DType::kFloat64, distribution, [&](v1::CreateRequest& create) {
    create.mutable_linspace()->mutable_start()->set_floating(start);
    create.mutable_linspace()->mutable_stop()->set_floating(stop);
    create.mutable_linspace()->set_endpoint(endpoint);
  });
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
