#include "engine/base/error.h"

#include <absl/strings/cord.h>

#include <charconv>

namespace distarray {
namespace {

constexpr std::string_view kPayload = "distarray/reason";
constexpr std::string_view kDetail = "distarray/detail/";  // and its name

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
    case Reason::kFunctionFailed:
      return absl::StatusCode::kUnknown;
    case Reason::kWorkerLost:
      return absl::StatusCode::kAborted;
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

void AddDetail(absl::Status& status, std::string_view name, std::int64_t value) {
  status.SetPayload(std::string(kDetail) + std::string(name), absl::Cord(std::to_string(value)));
}

std::map<std::string, std::string> DetailsOf(const absl::Status& status) {
  std::map<std::string, std::string> details;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    const std::string_view name(url.data(), url.size());
    if (name.substr(0, kDetail.size()) == kDetail) {
      details.emplace(name.substr(kDetail.size()), std::string(value));
    }
  });
  return details;
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
