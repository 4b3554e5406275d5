#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <string>

namespace distarray::server {

/// Readers of single values as people write them. Each gives nullopt for anything but exactly such a value.

std::optional<std::int64_t> ReadWhole(absl::string_view text, std::int64_t least, std::int64_t most);
/// "64", "512KiB", "16GiB", "1.5GB": bytes, at least 1.
std::optional<std::int64_t> ReadBytes(absl::string_view text);
/// "75%": the number before the sign, above 0, at most 100.
std::optional<double> ReadPercentage(absl::string_view text);
/// "5", "5s", "500ms", "2m": seconds, above 0.
std::optional<double> ReadSeconds(absl::string_view text);
/// "true", "false", "1", "0", "yes", "no", "on", "off".
std::optional<bool> ReadSwitch(absl::string_view text);

/// "16GiB", "1536MiB", "100 bytes": exact, in the largest unit that is.
std::string WriteBytes(std::int64_t bytes);

struct HostPort {
  std::string host;  // without brackets
  int port = 0;
};
/// "127.0.0.1:7755", "[::1]:0", "localhost:7755".
std::optional<HostPort> ReadHostPort(absl::string_view text);
/// True for names and addresses that only this machine can reach.
bool IsLoopback(absl::string_view host);

}  // namespace distarray::server
