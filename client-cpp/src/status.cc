#include "client-cpp/src/status.h"

#include <absl/strings/cord.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <string>

namespace distarray::inline client {
namespace {

// Payloads are text, so that a status prints readably.
constexpr char kReasonPayload[] = "distarray.v1.ErrorReason";
constexpr char kTargetsPayload[] = "distarray.targets";

absl::StatusCode CodeOf(Reason reason) {
  switch (reason) {
    case Reason::kIndexOutOfRange:
    case Reason::kAxisOutOfRange:
      return absl::StatusCode::kOutOfRange;
    case Reason::kFileNotFound:
      return absl::StatusCode::kNotFound;
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

absl::Status WithReason(absl::StatusCode code, const std::string& message, v1::ErrorReason reason) {
  absl::Status status(code, message);
  status.SetPayload(kReasonPayload, absl::Cord(v1::ErrorReason_Name(reason)));
  return status;
}

}  // namespace

Reason ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonPayload);
  auto reason = v1::ERROR_REASON_UNSPECIFIED;
  if (payload.has_value()) {
    v1::ErrorReason_Parse(std::string(*payload), &reason);
  }
  return static_cast<Reason>(reason);
}

std::vector<std::int32_t> TargetsOf(const absl::Status& status) {
  std::vector<std::int32_t> targets;
  const auto payload = status.GetPayload(kTargetsPayload);
  for (const absl::string_view number :
       absl::StrSplit(std::string(payload.value_or(absl::Cord())), ',', absl::SkipEmpty())) {
    std::int32_t target = 0;
    if (absl::SimpleAtoi(number, &target)) {
      targets.push_back(target);
    }
  }
  return targets;
}

absl::Status Error(Reason reason, const std::string& message) {
  return WithReason(CodeOf(reason), message, static_cast<v1::ErrorReason>(reason));
}

absl::Status ErrorFromWire(const v1::ErrorInfo& error) {
  const bool known = error.code() > 0 && error.code() <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  const auto code = known ? static_cast<absl::StatusCode>(error.code()) : absl::StatusCode::kUnknown;
  const std::string message =
      error.origin().empty() ? error.message() : absl::StrCat(error.message(), " [made at ", error.origin(), "]");
  absl::Status status = WithReason(code, message, error.reason());
  if (!error.targets().empty()) {
    status.SetPayload(kTargetsPayload, absl::Cord(absl::StrJoin(error.targets(), ",")));
  }
  return status;
}

}  // namespace distarray::inline client
