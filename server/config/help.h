#pragma once

#include <string>

namespace distarray::server {

/// What --help prints.
std::string HelpText();
/// What --version prints.
std::string VersionText();

}  // namespace distarray::server
