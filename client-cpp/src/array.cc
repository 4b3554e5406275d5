#include "distarray/array.h"

#include <absl/strings/str_cat.h>

#include <string>
#include <string_view>
#include <utility>

#include "client-cpp/src/array_state.h"
#include "client-cpp/src/codec.h"
#include "client-cpp/src/operands.h"
#include "client-cpp/src/status.h"
#include "distarray/functions.h"

namespace distarray::inline client {
namespace {

const absl::Status& NoArray() {
  static const auto* const kStatus =
      new absl::Status(Error(Reason::kInvalidValue, "array: an empty handle given, expected one of an array"));
  return *kStatus;
}

// Whether a value of `shape` can be assigned to a place of `target`'s shape.
absl::Status CheckFits(const Shape& shape, const Shape& target) {
  Shape result = target;
  if (!BroadcastInto(result, shape).ok() || result != target) {
    return Error(Reason::kInvalidValue, absl::StrCat("value: could not broadcast from shape ", ToString(shape),
                                                     " into shape ", ToString(target)));
  }
  return absl::OkStatus();
}

}  // namespace

const absl::Status& Array::status() const { return state_ == nullptr ? NoArray() : state_->error; }

const Shape& Array::shape() const {
  static const auto* const kNone = new Shape();
  return state_ == nullptr ? *kNone : state_->shape;
}

std::int64_t Array::size() const { return ElementCount(shape()); }

DType Array::dtype() const { return state_ == nullptr ? DType::kFloat64 : state_->dtype; }

std::int64_t Array::key() const { return state_ == nullptr ? 0 : state_->key; }

absl::Status Array::CheckItem() const {
  DA_RETURN_IF_ERROR(status());
  if (size() != 1) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("array: one element expected, shape ", ToString(shape()), " given"));
  }
  return absl::OkStatus();
}

absl::Status Array::Read(DType dtype, void* out, std::int64_t count) const {
  DA_RETURN_IF_ERROR(status());
  if (dtype != state_->dtype) {
    return Error(Reason::kInvalidType, absl::StrCat("T: ", std::string(NameOf(dtype)), " given, the array is of ",
                                                    std::string(NameOf(state_->dtype)), "; convert with AsType"));
  }
  if (count != size()) {
    return Error(Reason::kInvalidValue,
                 absl::StrCat("out: room for ", count, " elements given, ", size(), " expected"));
  }
  const std::span bytes(static_cast<std::byte*>(out), static_cast<std::size_t>(nbytes()));
  return state_->session->AwaitBytes([&](v1::Request& request) { request.mutable_get()->set_key(key()); }, bytes);
}

absl::Status Array::Wait() const {
  DA_RETURN_IF_ERROR(status());
  return state_->session->Await([&](v1::Request& request) { request.mutable_wait()->add_keys(key()); }).status();
}

absl::StatusOr<ArrayInfo> Array::Describe() const {
  DA_RETURN_IF_ERROR(status());
  const auto reply = state_->session->Await([&](v1::Request& request) { request.mutable_describe()->set_key(key()); });
  DA_RETURN_IF_ERROR(reply.status());
  return FromWire(reply->array());
}

absl::StatusOr<Explanation> Array::Explain() const {
  DA_RETURN_IF_ERROR(status());
  const auto reply = state_->session->Await([&](v1::Request& request) { request.mutable_explain()->set_key(key()); });
  DA_RETURN_IF_ERROR(reply.status());
  return FromWire(reply->explanation());
}

Array Array::Slice(const Index& index) const {
  if (!ok()) {
    return *this;
  }
  auto sliced = SliceShape(state_->shape, index);
  if (!sliced.ok()) {
    return ArrayState::Failed(state_->session, sliced.status());
  }
  Array result = ArrayState::New(state_->session, *std::move(sliced), state_->dtype);
  state_->session->Record([&](v1::Request& request) {
    v1::SliceRequest& slice = *request.mutable_slice();
    slice.set_result(result.key());
    slice.set_key(key());
    ToWire(index, slice.mutable_index());
  });
  return result;
}

Array Array::Copy() const {
  const Operand self(*this);
  return Ufunc("copy", std::span(&self, 1));
}

Array Array::AsType(DType dtype) const {
  const Operand self(*this);
  return Ufunc("astype", std::span(&self, 1), dtype);
}

Array Array::Redistribute(const DistributionRequest& distribution) const {
  if (!ok()) {
    return *this;
  }
  Array result = ArrayState::New(state_->session, state_->shape, state_->dtype);
  state_->session->Record([&](v1::Request& request) {
    v1::RedistributeRequest& redistribute = *request.mutable_redistribute();
    redistribute.set_result(result.key());
    redistribute.set_key(key());
    ToWire(distribution, redistribute.mutable_distribution());
  });
  return result;
}

absl::Status Array::Assign(const Index& index, const Operand& value) const {
  DA_RETURN_IF_ERROR(status());
  const auto place = SliceShape(state_->shape, index);
  DA_RETURN_IF_ERROR(place.status());
  if (value.array() != nullptr) {
    DA_RETURN_IF_ERROR(value.array()->status());
    const ArrayState& source = *ArrayState::Of(*value.array());
    if (source.session != state_->session) {
      return Error(Reason::kInvalidValue, "value: an array of another context given");
    }
    DA_RETURN_IF_ERROR(CheckFits(source.shape, *place));
  }
  state_->session->Record([&](v1::Request& request) {
    v1::AssignRequest& assign = *request.mutable_assign();
    assign.set_key(key());
    ToWire(index, assign.mutable_index());
    if (value.array() != nullptr) {
      assign.set_array(value.array()->key());
    } else {
      ToWire(*value.scalar(), assign.mutable_scalar());
    }
  });
  return absl::OkStatus();
}

Array& Array::InPlace(std::string_view name, const Operand& value) {
  if (!ok()) {
    return *this;
  }
  const Operand operands[] = {*this, value};
  const auto outcome = UfuncOutcome(name, operands, std::nullopt);
  absl::Status status = outcome.status();
  if (status.ok()) {
    status = CheckFits(outcome->shape, state_->shape);
  }
  if (status.ok() && !CanCastSameKind(outcome->dtype, state_->dtype)) {
    status = Error(Reason::kInvalidType,
                   absl::StrCat("in place: ", std::string(name), " gives ", std::string(NameOf(outcome->dtype)),
                                ", which does not convert to the array's ", std::string(NameOf(state_->dtype))));
  }
  if (!status.ok()) {
    state_->session->Defer(std::move(status));
    return *this;
  }
  state_->session->Record([&](v1::Request& request) {
    v1::UfuncRequest& ufunc = *request.mutable_ufunc();
    ufunc.set_in_place(key());
    ToWire(name, operands, std::nullopt, &ufunc);
  });
  return *this;
}

Array& Array::FloorDivideInPlace(const Operand& divisor) { return InPlace("floor_divide", divisor); }
Array& Array::PowerInPlace(const Operand& exponent) { return InPlace("power", exponent); }
Array& Array::operator+=(const Operand& value) { return InPlace("add", value); }
Array& Array::operator-=(const Operand& value) { return InPlace("subtract", value); }
Array& Array::operator*=(const Operand& value) { return InPlace("multiply", value); }
Array& Array::operator/=(const Operand& value) { return InPlace("divide", value); }
Array& Array::operator%=(const Operand& value) { return InPlace("remainder", value); }
Array& Array::operator&=(const Operand& value) { return InPlace("bitwise_and", value); }
Array& Array::operator|=(const Operand& value) { return InPlace("bitwise_or", value); }
Array& Array::operator^=(const Operand& value) { return InPlace("bitwise_xor", value); }
Array& Array::operator<<=(const Operand& value) { return InPlace("left_shift", value); }
Array& Array::operator>>=(const Operand& value) { return InPlace("right_shift", value); }

absl::Status Array::SaveHdf5(const std::string& path, const std::string& dataset, FileMode mode) const {
  DA_RETURN_IF_ERROR(status());
  return state_->session
      ->Await([&](v1::Request& request) {
        v1::SaveRequest& save = *request.mutable_save();
        save.set_key(key());
        save.set_path(path);
        save.set_dataset(dataset);
        save.set_mode(static_cast<v1::SaveRequest::Mode>(static_cast<int>(mode) + 1));
      })
      .status();
}

}  // namespace distarray::inline client
