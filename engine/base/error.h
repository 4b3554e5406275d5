#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/status.h"

namespace distarray {

/// Why something failed, for programs: the same numbers as distarray.v1.ErrorReason (the server asserts it).
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
inline constexpr Reason kLastReason = Reason::kWorkerLost;

/// The status code that goes with a reason.
absl::StatusCode CodeOf(Reason reason);

/// A failure with its reason (kept as a status payload) and a sentence naming the argument, what was given and what was
/// expected.
absl::Status Error(Reason reason, std::string_view message);

/// Name of the detail that says which target something failed on.
inline constexpr std::string_view kTargetDetail = "target";

/// Adds what programs may want to know of a failure besides its sentence: bytes asked for, the target it happened on.
void AddDetail(absl::Status& status, std::string_view name, std::int64_t value);
/// The details of a failure, by name.
std::map<std::string, std::string> DetailsOf(const absl::Status& status);

/// The reason of a failure made by Error, else one that fits its code (kInternal for most).
Reason ReasonOf(const absl::Status& status);

}  // namespace distarray
