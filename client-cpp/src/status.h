#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <utility>

#include "distarray/error.h"
#include "distarray/v1/types.pb.h"

namespace distarray::inline client {

/// A failure with its reason and a sentence naming the argument, what was given and what was expected.
absl::Status Error(Reason reason, const std::string& message);

/// What the daemon sent; reason and targets are kept as payloads. The message ends with the line that made the value,
/// if known.
absl::Status ErrorFromWire(const v1::ErrorInfo& error);

}  // namespace distarray::inline client

/// Leaves the enclosing function with the status of `expr` unless it is OK.
#define DA_RETURN_IF_ERROR(expr)                              \
  do {                                                        \
    if (::absl::Status da_status = (expr); !da_status.ok()) { \
      return da_status;                                       \
    }                                                         \
  } while (false)

#define DA_STATUS_CONCATENATE(a, b) a##b
#define DA_STATUS_NAME(a, b) DA_STATUS_CONCATENATE(a, b)

/// Leaves the enclosing function with the status of `expr` unless it is OK; else `place` (which may be a declaration)
/// becomes its value.
#define DA_ASSIGN_OR_RETURN(place, expr)                  \
  auto DA_STATUS_NAME(da_result_, __LINE__) = (expr);     \
  if (!DA_STATUS_NAME(da_result_, __LINE__).ok()) {       \
    return DA_STATUS_NAME(da_result_, __LINE__).status(); \
  }                                                       \
  place = *std::move(DA_STATUS_NAME(da_result_, __LINE__))
