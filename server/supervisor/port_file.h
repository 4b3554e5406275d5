#pragma once

#include <string>

#include "engine/base/status.h"

namespace distarray::server {

/// Writes one line, the address, beside `path` and renames it, so that whoever sees the file sees it whole. Nothing for
/// an empty path.
absl::Status WritePortFile(const std::string& path, const std::string& address);

/// Removes the file if it still holds this address (another daemon may have taken it over).
void RemovePortFile(const std::string& path, const std::string& address);

}  // namespace distarray::server
