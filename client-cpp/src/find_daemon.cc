#include "client-cpp/src/find_daemon.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "client-cpp/src/status.h"

namespace distarray::inline client {
namespace {

constexpr char kName[] = "distarrayd";

bool IsProgram(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

// What a shell would run for `name`.
std::optional<std::string> Which(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return IsProgram(name) ? std::optional(name) : std::nullopt;
  }
  const char* const path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "/bin:/usr/bin" : path, ':')) {
    const auto candidate = std::filesystem::path(folder.empty() ? "." : std::string(folder)) / name;
    if (IsProgram(candidate)) {
      return candidate;
    }
  }
  return std::nullopt;
}

std::optional<std::string> InCheckout() {
  std::error_code failed;
  std::filesystem::path folder = std::filesystem::current_path(failed);
  while (!failed && !folder.empty()) {
    const auto candidate = folder / "build" / "bin" / kName;
    if (IsProgram(candidate)) {
      return candidate;
    }
    if (folder == folder.parent_path()) {
      break;
    }
    folder = folder.parent_path();
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::string> FindDaemon() {
  if (const char* const named = std::getenv("DISTARRAYD"); named != nullptr && *named != '\0') {
    if (auto found = Which(named); found.has_value()) {
      return *std::move(found);
    }
    return Error(Reason::kFileNotFound, absl::StrCat("DISTARRAYD: ", named, " given, an executable file expected"));
  }
  if (auto found = Which(kName); found.has_value()) {
    return *std::move(found);
  }
  if (auto found = InCheckout(); found.has_value()) {
    return *std::move(found);
  }
  return Error(
      Reason::kFileNotFound,
      "there is no distarrayd in $DISTARRAYD, on PATH, or in build/bin of this directory or one above it. Build "
      "it (deploy/quickstart in a checkout of DistArray), or connect to a running daemon: "
      "Context::Connect(\"host:port\") or $DISTARRAY_ADDRESS");
}

}  // namespace distarray::inline client
