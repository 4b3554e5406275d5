// Arange and Linspace.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>

#include "client-cpp/src/create.h"
#include "client-cpp/src/status.h"
#include "distarray/context.h"

namespace distarray::inline client {
namespace {

using Wide = __int128;  // holds every sum and difference of what scalars hold

// An integer's value; none: of a floating or complex number.
std::optional<Wide> WholeValue(const Scalar& scalar) {
  return std::visit(
      []<typename T>(const T& value) -> std::optional<Wide> {
        if constexpr (std::is_integral_v<T>) {
          return Wide{value};
        } else {
          return std::nullopt;
        }
      },
      scalar.value());
}

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

absl::Status StepError(double step) {
  return Error(Reason::kInvalidValue, absl::StrCat("step: ", step, " given, a number other than 0 expected"));
}

absl::Status TooManyError() {
  return Error(Reason::kInvalidValue, "stop: more than 2^63 - 1 elements between start and stop");
}

// How many numbers start, start + step, ... there are before stop.
absl::StatusOr<std::int64_t> Count(Wide start, Wide stop, Wide step) {
  if (step == 0) {
    return StepError(0);
  }
  const Wide distance = stop - start;
  if (distance == 0 || (distance > 0) != (step > 0)) {
    return 0;
  }
  const Wide count = (distance > 0 ? distance - 1 : distance + 1) / step + 1;
  if (count > std::numeric_limits<std::int64_t>::max()) {
    return TooManyError();
  }
  return static_cast<std::int64_t>(count);
}

absl::StatusOr<std::int64_t> Count(double start, double stop, double step) {
  const double count = std::ceil((stop - start) / step);
  if (step == 0 || std::isnan(count)) {
    return StepError(step);
  }
  if (count >= 0x1p63) {
    return TooManyError();
  }
  return count > 0 ? static_cast<std::int64_t>(count) : 0;
}

absl::Status BoundsError(double value, DType dtype) {
  return Error(Reason::kInvalidValue,
               absl::StrCat("arange: ", value, " is out of bounds for ", std::string(NameOf(dtype))));
}

// The value as an element of an integer dtype, its fraction cut off. Error kInvalidValue: it does not fit.
absl::StatusOr<Wide> Whole(Wide value, DType dtype) {
  const bool is_signed = KindOf(dtype) == Kind::kSigned;
  const Wide most = (Wide{1} << (8 * SizeOf(dtype) - (is_signed ? 1 : 0))) - 1;
  if (value > most || value < (is_signed ? -most - 1 : 0)) {
    return BoundsError(static_cast<double>(value), dtype);
  }
  return value;
}

absl::StatusOr<Wide> Whole(double value, DType dtype) {
  if (!(std::abs(value) < 0x1p65)) {  // NaN too
    return BoundsError(value, dtype);
  }
  return Whole(static_cast<Wide>(value), dtype);
}

// Element i is start + i * step, in the array's dtype.
struct Progression {
  std::int64_t count = 0;
  Scalar start = 0;
  Scalar step = 0;
};

// As NumPy: the step is the difference of the first two elements, in the array's own dtype.
template <typename Number>
absl::StatusOr<Progression> Progress(Number start, Number stop, Number step, DType dtype) {
  const auto count = Count(start, stop, step);
  DA_RETURN_IF_ERROR(count.status());
  const Number next = *count > 1 ? start + step : start;
  if (KindOf(dtype) >= Kind::kFloat) {
    const auto first = static_cast<double>(start);
    const auto second = static_cast<double>(next);
    const bool narrow = dtype == DType::kFloat32 || dtype == DType::kComplex64;
    return Progression{*count, first,
                       narrow ? double{static_cast<float>(second) - static_cast<float>(first)} : second - first};
  }
  const auto first = Whole(start, dtype);
  DA_RETURN_IF_ERROR(first.status());
  const auto second = Whole(next, dtype);
  DA_RETURN_IF_ERROR(second.status());
  // The difference modulo 2^64, as arithmetic in the dtype is.
  return Progression{*count,
                     *first < 0 ? Scalar(static_cast<std::int64_t>(*first)) : static_cast<std::uint64_t>(*first),
                     static_cast<std::int64_t>(static_cast<std::uint64_t>(*second - *first))};
}

absl::StatusOr<Progression> Progress(const Scalar& start, const Scalar& stop, const Scalar& step, DType dtype) {
  if (dtype == DType::kBool) {
    return Error(Reason::kInvalidType, "dtype: bool given for arange, that of numbers expected");
  }
  const auto first = WholeValue(start);
  const auto end = WholeValue(stop);
  const auto stride = WholeValue(step);
  if (first.has_value() && end.has_value() && stride.has_value()) {
    return Progress(*first, *end, *stride, dtype);
  }
  const auto from = RealValue(start, "start");
  const auto to = RealValue(stop, "stop");
  const auto by = RealValue(step, "step");
  DA_RETURN_IF_ERROR(from.status());
  DA_RETURN_IF_ERROR(to.status());
  DA_RETURN_IF_ERROR(by.status());
  return Progress(*from, *to, *by, dtype);
}

DType ArangeType(std::initializer_list<const Scalar*> arguments) {
  bool integers = true;
  DType widest = DType::kBool;
  for (const Scalar* const argument : arguments) {
    integers = integers && argument->kind() < Kind::kFloat;
    widest = std::max(widest, argument->dtype().value_or(DType::kFloat64));
  }
  if (integers) {
    return DType::kInt64;
  }
  return KindOf(widest) == Kind::kFloat ? widest : DType::kFloat64;
}

}  // namespace

Array Context::Arange(const Scalar& start, const Scalar& stop, const Scalar& step, std::optional<DType> dtype,
                      const DistributionRequest& distribution) const {
  const DType type = dtype.value_or(ArangeType({&start, &stop, &step}));
  const auto numbers = Progress(start, stop, step, type);
  if (!numbers.ok()) {
    return ArrayState::Failed(session_, numbers.status());
  }
  return Create(session_, {numbers->count}, type, distribution, [&](v1::CreateRequest& create) {
    ToWire(numbers->start, create.mutable_arange()->mutable_start());
    ToWire(numbers->step, create.mutable_arange()->mutable_step());
  });
}

Array Context::Linspace(const Scalar& start, const Scalar& stop, std::int64_t count, bool endpoint,
                        std::optional<DType> dtype, const DistributionRequest& distribution) const {
  const Scalar real = 1.0;
  const OperandType numbers[] = {&start, &stop, &real};
  const auto own = session_->tables().Promote(numbers);
  if (!own.ok()) {
    return ArrayState::Failed(session_, own.status());
  }
  const DType type = dtype.value_or(*own);
  if (KindOf(*own) == Kind::kComplex && KindOf(type) != Kind::kComplex) {
    return ArrayState::Failed(session_, Error(Reason::kInvalidType, absl::StrCat("dtype: ", std::string(NameOf(type)),
                                                                                 " given for complex numbers")));
  }
  if (type == DType::kBool) {  // whether they are other than 0
    return Linspace(start, stop, count, endpoint, DType::kFloat64, distribution).AsType(type);
  }
  return Create(session_, {count}, type, distribution, [&](v1::CreateRequest& create) {
    ToWire(start, create.mutable_linspace()->mutable_start());
    ToWire(stop, create.mutable_linspace()->mutable_stop());
    create.mutable_linspace()->set_endpoint(endpoint);
  });
}

}  // namespace distarray::inline client
