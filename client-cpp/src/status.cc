#include "client-cpp/src/status.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

#include <optional>

namespace distarray::inline client {
namespace {

constexpr char kPayload[] = "type.googleapis.com/distarray.v1.ErrorInfo";

absl::StatusCode CodeOf(Reason reason) {
  switch (reason) {
    case Reason::kIndexOutOfRange:
    case Reason::kAxisOutOfRange:
      return absl::StatusCode::kOutOfRange;
    case Reason::kSessionUnknown:
    case Reason::kShuttingDown:
      return absl::StatusCode::kUnavailable;
    case Reason::kTimeout:
      return absl::StatusCode::kDeadlineExceeded;
    case Reason::kInternal:
      return absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kInvalidArgument;
  }
}

absl::Status WithPayload(absl::StatusCode code, const std::string& message, const v1::ErrorInfo& error) {
  absl::Status status(code, message);
  status.SetPayload(kPayload, absl::Cord(error.SerializeAsString()));
  return status;
}

std::optional<v1::ErrorInfo> InfoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  v1::ErrorInfo error;
  if (!payload.has_value() || !error.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return error;
}

}  // namespace

Reason ReasonOf(const absl::Status& status) {
  const auto error = InfoOf(status);
  return error.has_value() ? static_cast<Reason>(error->reason()) : Reason::kUnspecified;
}

std::vector<std::int32_t> TargetsOf(const absl::Status& status) {
  const auto error = InfoOf(status);
  return error.has_value() ? std::vector<std::int32_t>(error->targets().begin(), error->targets().end())
                           : std::vector<std::int32_t>();
}

absl::Status Error(Reason reason, const std::string& message) {
  const absl::StatusCode code = CodeOf(reason);
  v1::ErrorInfo error;
  error.set_reason(static_cast<v1::ErrorReason>(reason));
  error.set_code(static_cast<int>(code));
  error.set_message(message);
  return WithPayload(code, message, error);
}

absl::Status ErrorFromWire(const v1::ErrorInfo& error) {
  const bool known = error.code() > 0 && error.code() <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  const auto code = known ? static_cast<absl::StatusCode>(error.code()) : absl::StatusCode::kUnknown;
  const std::string message =
      error.origin().empty() ? error.message() : absl::StrCat(error.message(), " [made at ", error.origin(), "]");
  return WithPayload(code, message, error);
}

}  // namespace distarray::inline client
