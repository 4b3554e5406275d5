#pragma once

#include <string>
#include <vector>

#include "engine/runtime/execute.h"

namespace distarray {

/// Brings a string of each of `targets` (which this engine is one of) to the first of them: `all` there, in order;
/// empty elsewhere. Collective over `targets`.
Task GatherStrings(Execution& execution, const std::vector<int>& targets, std::string own,
                   std::vector<std::string>& all);

/// Brings each of `targets` its string from the first of them, where `all` holds them. Collective over `targets`.
Task DealStrings(Execution& execution, const std::vector<int>& targets, std::vector<std::string> all, std::string& own);

}  // namespace distarray
