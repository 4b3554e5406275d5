#pragma once

#include <string>

#include "server/worker/guard.h"

namespace distarray::server {

/// In a fresh child: what the kernel keeps it from, besides its limits. Always, where the kernel can (Linux 6.12): it
/// may signal only processes that it has started itself. Strict: see --help. Returns what is missing, or nothing;
/// without `strict` nothing ever is.
std::string EnterSandbox(const GuardOptions& options);

}  // namespace distarray::server
