#include "client-cpp/src/operands.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <string>

#include "client-cpp/src/codec.h"
#include "client-cpp/src/status.h"
#include "distarray/functions.h"

namespace distarray::inline client {
namespace {

constexpr std::size_t kOperandsMax = 3;

}  // namespace

std::shared_ptr<Session> SessionOf(std::span<const Operand> operands) {
  for (const Operand& operand : operands) {
    const ArrayState* const state = operand.array() == nullptr ? nullptr : ArrayState::Of(*operand.array());
    if (state != nullptr && state->session != nullptr) {
      return state->session;
    }
  }
  return nullptr;
}

absl::StatusOr<Outcome> UfuncOutcome(std::string_view name, std::span<const Operand> operands,
                                     std::optional<DType> dtype) {
  std::array<OperandType, kOperandsMax> types;
  if (operands.empty() || operands.size() > kOperandsMax) {
    return Error(Reason::kInvalidValue, absl::StrCat(std::string(name), ": ", operands.size(), " operands given"));
  }
  const Session* session = nullptr;
  Outcome outcome;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Array* const array = operands[i].array();
    if (array == nullptr) {
      types[i] = operands[i].scalar();
      continue;
    }
    DA_RETURN_IF_ERROR(array->status());
    const ArrayState& state = *ArrayState::Of(*array);
    if (session != nullptr && session != state.session.get()) {
      return Error(Reason::kInvalidValue, absl::StrCat(std::string(name), ": operands of two contexts given"));
    }
    session = state.session.get();
    types[i] = state.dtype;
    DA_RETURN_IF_ERROR(BroadcastInto(outcome.shape, state.shape));
  }
  if (session == nullptr) {
    return Error(Reason::kInvalidType, absl::StrCat(std::string(name), ": numbers alone given, an array expected"));
  }
  const auto type = session->tables().UfuncType(name, std::span(types).first(operands.size()), dtype);
  DA_RETURN_IF_ERROR(type.status());
  outcome.dtype = *type;
  return outcome;
}

void ToWire(std::string_view name, std::span<const Operand> operands, std::optional<DType> dtype,
            v1::UfuncRequest* out) {
  out->set_name(name.data(), name.size());
  for (const Operand& operand : operands) {
    if (operand.array() != nullptr) {
      out->add_operands()->set_key(operand.array()->key());
    } else {
      ToWire(*operand.scalar(), out->add_operands()->mutable_scalar());
    }
  }
  if (dtype.has_value()) {
    out->set_dtype(ToWire(*dtype));
  }
}

Array Ufunc(std::string_view name, std::span<const Operand> operands, std::optional<DType> dtype) {
  const std::shared_ptr<Session> session = SessionOf(operands);
  auto outcome = UfuncOutcome(name, operands, dtype);
  if (!outcome.ok()) {
    return ArrayState::Failed(session, outcome.status());
  }
  Array result = ArrayState::New(session, std::move(outcome->shape), outcome->dtype);
  session->Record([&](v1::Request& request) {
    v1::UfuncRequest& ufunc = *request.mutable_ufunc();
    ufunc.set_result(result.key());
    ToWire(name, operands, dtype, &ufunc);
  });
  return result;
}

}  // namespace distarray::inline client
