#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace distarray::inline client {

/// Why something failed, for programs; distarray.v1.ErrorReason describes each.
enum class Reason : int {
  kUnspecified = 0,
  kInvalidValue = 1,
  kInvalidType = 2,
  kIndexOutOfRange = 3,
  kAxisOutOfRange = 4,
  kUnknownKey = 5,
  kKeyExists = 6,
  kUnknownOperation = 7,
  kMemoryLimit = 8,
  kMessageTooLarge = 9,
  kFileNotFound = 10,
  kFileAccess = 11,
  kFileFormat = 12,
  kDatasetNotFound = 13,
  kFileExists = 14,
  kDatasetExists = 15,
  kIoFailed = 16,
  kArrayLost = 17,
  kSessionUnknown = 18,
  kNotImplemented = 19,
  kTimeout = 20,
  kCancelled = 21,
  kPermissionDenied = 22,
  kShuttingDown = 23,
  kInternal = 24,
  kQueueFull = 25,
  kFunctionFailed = 26,
  kWorkerLost = 27,
};

/// The reason of a failure that this library returned; kUnspecified for OK, for statuses from elsewhere, and when there
/// is no daemon to talk to (UNAVAILABLE).
Reason ReasonOf(const absl::Status& status);

/// Targets on which it failed; empty: none in particular.
std::vector<std::int32_t> TargetsOf(const absl::Status& status);

}  // namespace distarray::inline client
