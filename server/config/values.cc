#include "server/config/values.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <array>
#include <cmath>
#include <limits>

namespace distarray::server {
namespace {

struct Unit {
  absl::string_view name;
  double size;
};
constexpr std::array<Unit, 10> kByteUnits = {{{"", 1},
                                              {"b", 1},
                                              {"kib", 1024.0},
                                              {"mib", 1048576.0},
                                              {"gib", 1073741824.0},
                                              {"tib", 1099511627776.0},
                                              {"kb", 1e3},
                                              {"mb", 1e6},
                                              {"gb", 1e9},
                                              {"tb", 1e12}}};
constexpr std::array<Unit, 5> kTimeUnits = {{{"", 1}, {"s", 1}, {"ms", 0.001}, {"m", 60}, {"h", 3600}}};

// A number, then one of `units`, in any case, perhaps a space between them.
template <std::size_t N>
std::optional<double> ReadMeasured(absl::string_view text, const std::array<Unit, N>& units) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const absl::string_view number = text.substr(0, digits);
  const absl::string_view rest = digits == absl::string_view::npos ? absl::string_view() : text.substr(digits);
  const std::string unit = absl::AsciiStrToLower(absl::StripAsciiWhitespace(rest));
  double value = 0;
  if (number.empty() || !absl::SimpleAtod(number, &value)) {
    return std::nullopt;
  }
  for (const Unit& known : units) {
    if (unit == known.name) {
      return value * known.size;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> ReadWhole(absl::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < least || value > most) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> ReadBytes(absl::string_view text) {
  const std::optional<double> bytes = ReadMeasured(text, kByteUnits);
  if (!bytes || *bytes < 1 || *bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*bytes);
}

std::optional<double> ReadPercentage(absl::string_view text) {
  constexpr std::array<Unit, 1> kPercent = {{{"%", 1}}};
  const std::optional<double> value = ReadMeasured(text, kPercent);
  return value && *value > 0 && *value <= 100 ? value : std::nullopt;
}

std::optional<double> ReadSeconds(absl::string_view text) {
  const std::optional<double> value = ReadMeasured(text, kTimeUnits);
  return value && *value > 0 && *value < 1e9 ? value : std::nullopt;
}

std::optional<bool> ReadSwitch(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") {
    return true;
  }
  if (lower == "false" || lower == "0" || lower == "no" || lower == "off") {
    return false;
  }
  return std::nullopt;
}

std::string WriteBytes(std::int64_t bytes) {
  constexpr std::array<absl::string_view, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < kNames.size() && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return absl::StrCat(bytes, kNames[unit]);
}

std::optional<HostPort> ReadHostPort(absl::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  absl::string_view host = text.substr(0, colon);
  const std::optional<std::int64_t> port = ReadWhole(text.substr(colon + 1), 0, 65535);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  } else if (absl::StrContains(host, ':')) {
    return std::nullopt;
  }
  if (!port || host.empty() || host.find_first_of(" \t/@") != absl::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{.host = std::string(host), .port = static_cast<int>(*port)};
}

bool IsLoopback(absl::string_view host) {
  return host == "localhost" || host == "::1" ||
         (absl::StartsWith(host, "127.") && host.find_first_not_of("0123456789.") == absl::string_view::npos);
}

}  // namespace distarray::server
