#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/planner/lane.h"
#include "server/planner/value.h"

namespace distarray::server {

/// What would run to compute and store a value.
struct Explanation {
  struct Step {
    enum class Kind : std::uint8_t { kProgram, kCopy, kEdges };

    Kind kind = Kind::kProgram;
    Shape shape;                          // of a program's iteration space, of what is copied
    std::vector<int> targets;             // the engines concerned, ascending
    std::vector<std::string> operations;  // a program's operations and reductions, in order
    std::int64_t operand_count = 0;       // arrays that a program reads
    std::int64_t instruction_count = 0;
    std::int64_t moved_bytes = 0;   // from one engine to another
    std::int64_t memory_bytes = 0;  // of new blocks, on all engines
  };
  std::vector<Step> steps;
};

/// Plans as Planner::Store would, on a copy of what is recorded: nothing runs, nothing changes.
Explanation Explain(Cluster& cluster, const ValuePtr& value);

}  // namespace distarray::server
