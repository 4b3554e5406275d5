#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace distarray::inline client {

/// Path of distarrayd: $DISTARRAYD (a path, or a name on PATH), then PATH, then build/bin of the current directory and
/// of those above it. Error kFileNotFound: it is nowhere; the message says how to get it.
absl::StatusOr<std::string> FindDaemon();

}  // namespace distarray::inline client
