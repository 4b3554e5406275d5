#pragma once

#include <string>

namespace distarray::server {

/// 32 hexadecimal digits that nobody can guess.
std::string RandomName();

}  // namespace distarray::server
