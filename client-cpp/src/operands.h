#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "client-cpp/src/array_state.h"
#include "distarray/operand.h"
#include "distarray/v1/operations.pb.h"

namespace distarray::inline client {

/// What an elementwise function will give, as the client works it out.
struct Outcome {
  Shape shape;
  DType dtype = DType::kFloat64;
};

/// The session of the first array among the operands; null: none has one.
std::shared_ptr<Session> SessionOf(std::span<const Operand> operands);

/// Errors: that of a failed operand; kInvalidValue operands of several contexts, shapes that do not broadcast; those of
/// Tables::UfuncType.
absl::StatusOr<Outcome> UfuncOutcome(std::string_view name, std::span<const Operand> operands,
                                     std::optional<DType> dtype);

void ToWire(std::string_view name, std::span<const Operand> operands, std::optional<DType> dtype,
            v1::UfuncRequest* out);

}  // namespace distarray::inline client
