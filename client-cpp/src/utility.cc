#include "distarray/utility.h"

#include "client-cpp/src/computing.h"
#include "client-cpp/src/create.h"
#include "client-cpp/src/shapes.h"
#include "distarray/functions.h"
#include "distarray/operators.h"
#include "distarray/reductions.h"

namespace distarray::inline client {
namespace {

// A number as an array without dimensions.
Array Lifted(const Operand& operand, const std::shared_ptr<Session>& session) {
  if (operand.array() != nullptr) {
    return *operand.array();
  }
  const Scalar& number = *operand.scalar();
  return Create(session, {}, number.dtype().value_or(number.DefaultDType()), {},
                [&](v1::CreateRequest& create) { ToWire(number, create.mutable_full()); });
}

absl::StatusOr<bool> AllEqual(const Array& x1, const Array& x2, bool equal_nan) {
  Array same = x1 == x2;
  if (equal_nan) {
    same = same | (IsNan(x1) & IsNan(x2));
  }
  const Array all = AllOf(same);
  return all.Item<bool>();
}

}  // namespace

Array IsClose(const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
  return Made([&]() -> absl::StatusOr<Array> {
    const Operand operands[] = {a, b};
    const std::shared_ptr<Session> session = SessionOf(operands);
    if (session == nullptr) {
      const Array* const array = a.array() != nullptr ? a.array() : b.array();
      return array != nullptr ? array->status()
                              : Error(Reason::kInvalidType, "isclose: numbers alone given, an array expected");
    }
    Array x1 = Lifted(a, session);
    Array x2 = Lifted(b, session);
    // Differences of integers could wrap, and bools have none.
    if (KindOf(x2.dtype()) < Kind::kFloat) {
      x2 = x2.AsType(DType::kFloat64);
    }
    if (x1.dtype() == DType::kBool) {
      x1 = x1.AsType(DType::kFloat64);
    }
    const Array close = (IsFinite(x2) & (Absolute(x1 - x2) <= atol + rtol * Absolute(x2))) | (x1 == x2);
    return equal_nan ? close | (IsNan(x1) & IsNan(x2)) : close;
  });
}

absl::StatusOr<bool> AllClose(const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
  const Array all = AllOf(IsClose(a, b, rtol, atol, equal_nan));
  return all.Item<bool>();
}

absl::StatusOr<bool> ArrayEqual(const Array& x1, const Array& x2, bool equal_nan) {
  const Array both[] = {x1, x2};
  DA_RETURN_IF_ERROR(CheckArrays("array_equal", both));
  return x1.shape() == x2.shape() ? AllEqual(x1, x2, equal_nan) : false;
}

absl::StatusOr<bool> ArrayEquiv(const Array& x1, const Array& x2) {
  const Array both[] = {x1, x2};
  DA_RETURN_IF_ERROR(CheckArrays("array_equiv", both));
  Shape shape = x1.shape();
  return BroadcastInto(shape, x2.shape()).ok() ? AllEqual(x1, x2, false) : false;
}

}  // namespace distarray::inline client
