#pragma once

#include <optional>
#include <string>
#include <variant>

#include "server/config/options.h"

namespace distarray::server {

/// What to say and end with instead of running: --help, --version, or what is wrong (exit code 2).
struct Farewell {
  int exit_code = 0;
  std::string text;  // for standard output if exit_code is 0, else for standard error
};

/// Reads flags, environment (`variable` gives the value of one, or nullopt) and file; the first that says something
/// about a setting decides.
std::variant<Options, Farewell> ParseOptions(int argc, const char* const* argv,
                                             std::optional<std::string> (*variable)(const std::string& name));

/// A variable of this process's environment.
std::optional<std::string> Variable(const std::string& name);

}  // namespace distarray::server
