#pragma once

#include <absl/strings/string_view.h>

#include <span>
#include <string>
#include <vector>

#include "server/config/options.h"

namespace distarray::server {

/// One thing that can be set: --NAME, DISTARRAYD_NAME (upper case, _ for -), or NAME in the configuration file. A new
/// one is a row.
struct Setting {
  absl::string_view name;
  absl::string_view group;
  absl::string_view value;     // what stands for the value in --help; empty: a switch
  absl::string_view fallback;  // the default, as --help tells it
  absl::string_view help;
  absl::string_view expected;                              // "a whole number from 1 to 1024"
  bool (*read)(absl::string_view text, Options& options);  // false: the text is not as expected
  std::string (*write)(const Options& options);            // what `read` turns into the same; empty: leave it out
};

/// All of them, grouped, in the order of --help.
std::span<const Setting> Settings();

/// "DISTARRAYD_PORT_FILE".
std::string VariableOf(const Setting& setting);

/// The flags that say what `options` say, for a process of the same job.
std::vector<std::string> FlagsOf(const Options& options);

/// Defaults that depend on the machine: engines and memory limit.
Options DefaultOptions();

}  // namespace distarray::server
