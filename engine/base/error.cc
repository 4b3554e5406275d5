#include "engine/base/error.h"

#include <absl/strings/cord.h>

#include <charconv>

namespace distarray {
namespace {

constexpr std::string_view kPayload = "distarray/reason";

}  // namespace

absl::StatusCode CodeOf(Reason reason) {
  switch (reason) {
    case Reason::kInvalidValue:
    case Reason::kInvalidType:
    case Reason::kUnknownOperation:
    case Reason::kFileFormat:
      return absl::StatusCode::kInvalidArgument;
    case Reason::kIndexOutOfRange:
    case Reason::kAxisOutOfRange:
      return absl::StatusCode::kOutOfRange;
    case Reason::kUnknownKey:
    case Reason::kFileNotFound:
    case Reason::kDatasetNotFound:
    case Reason::kSessionUnknown:
      return absl::StatusCode::kNotFound;
    case Reason::kKeyExists:
    case Reason::kFileExists:
    case Reason::kDatasetExists:
      return absl::StatusCode::kAlreadyExists;
    case Reason::kMemoryLimit:
    case Reason::kMessageTooLarge:
    case Reason::kQueueFull:
      return absl::StatusCode::kResourceExhausted;
    case Reason::kFileAccess:
    case Reason::kPermissionDenied:
      return absl::StatusCode::kPermissionDenied;
    case Reason::kArrayLost:
      return absl::StatusCode::kDataLoss;
    case Reason::kNotImplemented:
      return absl::StatusCode::kUnimplemented;
    case Reason::kTimeout:
      return absl::StatusCode::kDeadlineExceeded;
    case Reason::kCancelled:
      return absl::StatusCode::kCancelled;
    case Reason::kShuttingDown:
      return absl::StatusCode::kUnavailable;
    case Reason::kUnspecified:
    case Reason::kIoFailed:
    case Reason::kInternal:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kInternal;
}

absl::Status Error(Reason reason, std::string_view message) {
  absl::Status status(CodeOf(reason), absl::string_view(message.data(), message.size()));
  status.SetPayload(absl::string_view(kPayload.data(), kPayload.size()),
                    absl::Cord(std::to_string(static_cast<int>(reason))));
  return status;
}

Reason ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(absl::string_view(kPayload.data(), kPayload.size()));
  if (payload.has_value()) {
    const std::string text(*payload);
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return static_cast<Reason>(value);
  }
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Reason::kInvalidValue;
    case absl::StatusCode::kOutOfRange:
      return Reason::kIndexOutOfRange;
    case absl::StatusCode::kUnimplemented:
      return Reason::kNotImplemented;
    case absl::StatusCode::kCancelled:
      return Reason::kCancelled;
    case absl::StatusCode::kUnavailable:
      return Reason::kShuttingDown;
    default:
      return Reason::kInternal;
  }
}

}  // namespace distarray
