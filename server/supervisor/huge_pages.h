#pragma once

#include <string>

namespace distarray::server {

/// For the log: whether engines' shared memory may lie in huge pages here, and how to allow it.
std::string TellHugePages();

}  // namespace distarray::server
