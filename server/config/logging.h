#pragma once

#include <string>

#include "server/config/options.h"

namespace distarray::server {

/// Makes spdlog's default logger one that writes "time level role message" to standard error. `role` as "supervisor" or
/// "engine 2".
void SetUpLogging(const Options& options, const std::string& role);

/// Puts standard error (and so the log of this process and of those it starts) at the end of options.log_file, if there
/// is one. False: it cannot be opened; errno says why.
bool RedirectLog(const Options& options);

}  // namespace distarray::server
