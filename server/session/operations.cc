// Requests that compute: elementwise functions and reductions.
#include <absl/strings/str_cat.h>

#include <utility>

#include "server/session/session.h"

namespace distarray::server {
namespace {

/// No operation lists parameters in a map of its own yet (var's and std's correction has a field).
absl::Status CheckParameters(const std::string& name, const google::protobuf::Map<std::string, v1::Scalar>& given) {
  if (given.empty()) {
    return absl::OkStatus();
  }
  return Error(Reason::kInvalidValue,
               absl::StrCat("parameters: \"", given.begin()->first, "\" given; ", name, " takes none by name"));
}

}  // namespace

absl::StatusOr<std::vector<Recorder::UfuncOperand>> Session::ReadOperands(
    const google::protobuf::RepeatedPtrField<v1::Operand>& given) {
  std::vector<Recorder::UfuncOperand> operands;
  for (int i = 0; i < given.size(); ++i) {
    const v1::Operand& operand = given[i];
    const std::string argument = absl::StrCat("operand ", i);
    switch (operand.operand_case()) {
      case v1::Operand::kKey: {
        DA_ASSIGN_OR_RETURN(const Array* array, Find(operand.key(), argument));
        operands.emplace_back(array->operand());
        break;
      }
      case v1::Operand::kScalar: {
        DA_ASSIGN_OR_RETURN(TypedScalar scalar, ParseScalar(operand.scalar(), argument));
        operands.emplace_back(std::move(scalar));
        break;
      }
      case v1::Operand::OPERAND_NOT_SET:
        return Error(Reason::kInvalidValue, absl::StrCat(argument, ": none given; expected a key or a scalar"));
    }
  }
  return operands;
}

absl::StatusOr<ValuePtr> Session::RecordUfunc(const v1::UfuncRequest& request, const std::string& origin) {
  DA_RETURN_IF_ERROR(CheckParameters(request.name(), request.parameters()));
  DA_ASSIGN_OR_RETURN(const std::vector<Recorder::UfuncOperand> operands, ReadOperands(request.operands()));
  for (const auto& operand : operands) {
    if (const auto* array = std::get_if<Operand>(&operand); array && array->value->state == Value::State::kFailed) {
      return array->value;
    }
  }
  std::optional<DType> dtype;
  if (request.dtype() != v1::DTYPE_UNSPECIFIED) {
    DA_ASSIGN_OR_RETURN(dtype, ParseDType(request.dtype(), "dtype"));
  }
  return planner_.recorder().Ufunc(request.name(), operands, dtype, targets_, origin);
}

void Session::Ufunc(const v1::UfuncRequest& request, const Ticket& ticket) {
  if (request.in_place() != 0) {
    return UfuncInPlace(request, ticket);
  }
  const auto outcome = [&]() -> absl::StatusOr<Array> {
    DA_ASSIGN_OR_RETURN(const ValuePtr value, RecordUfunc(request, ticket.origin));
    return NameWhole(value);
  };
  Bind(ticket, request.result(), outcome());
}

void Session::UfuncInPlace(const v1::UfuncRequest& request, const Ticket& ticket) {
  const auto write = [&]() -> absl::StatusOr<Planner::Write> {
    DA_ASSIGN_OR_RETURN(const Array* array, Find(request.in_place(), "in_place"));
    const Array target = *array;
    DA_ASSIGN_OR_RETURN(const ValuePtr value, RecordUfunc(request, ticket.origin));
    if (value->state == Value::State::kFailed) {
      return value->error;
    }
    if (value->shape != target.shape()) {
      return Error(Reason::kInvalidValue, absl::StrCat("in_place: the result has shape ", ToString(value->shape),
                                                       ", the array ", ToString(target.shape())));
    }
    if (!CanCastSameKind(value->dtype, target.dtype())) {
      return Error(Reason::kInvalidType,
                   absl::StrCat("in_place: ", request.name(), " gives ", std::string(NameOf(value->dtype)),
                                ", which does not cast to the array's ", std::string(NameOf(target.dtype())),
                                " under \"same_kind\""));
    }
    return planner_.Assign(target, Operand{value, View::Whole(value->shape)}, ticket.origin);
  };
  FinishWrite(write(), ticket);
}

void Session::Reduce(const v1::ReduceRequest& request, const Ticket& ticket) {
  const auto outcome = [&]() -> absl::StatusOr<Array> {
    DA_RETURN_IF_ERROR(CheckParameters(request.name(), request.parameters()));
    DA_ASSIGN_OR_RETURN(const Array* array, Find(request.key(), "key"));
    const Operand operand = array->operand();
    if (operand.value->state == Value::State::kFailed) {
      return *array;
    }
    Recorder::ReduceOptions options;
    options.axes.assign(request.axes().begin(), request.axes().end());
    options.all_axes = request.all_axes();
    options.correction = request.correction();
    if (request.dtype() != v1::DTYPE_UNSPECIFIED) {
      DA_ASSIGN_OR_RETURN(options.dtype, ParseDType(request.dtype(), "dtype"));
    }
    DA_ASSIGN_OR_RETURN(const ValuePtr value,
                        planner_.recorder().Reduce(request.name(), operand, options, ticket.origin));
    DA_ASSIGN_OR_RETURN(Array result, NameWhole(value));
    if (request.keepdims() && value->state != Value::State::kFailed) {
      for (const int axis : options.axes) {  // ascending: each is inserted at its final place
        result.view.dimensions.insert(result.view.dimensions.begin() + axis,
                                      ViewDimension{.base = -1, .start = 0, .step = 1, .count = 1});
      }
    }
    return result;
  };
  Bind(ticket, request.result(), outcome());
}

}  // namespace distarray::server
