#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "distarray/index.h"

namespace distarray::inline client {

/// What would run, in order, to compute and store an array.
struct Explanation {
  /// One command to the engines.
  struct Step {
    enum class Kind : std::uint8_t {
      kProgram,  // a pass over an iteration space
      kCopy,     // elements are dealt out otherwise
      kEdges,    // elements at the edges of blocks go to the engines that read them
    };

    Kind kind = Kind::kProgram;
    Shape shape;                          // of the iteration space, of what is copied
    std::vector<std::int32_t> targets;    // engines that take part, ascending
    std::vector<std::string> operations;  // what a program computes, in order
    std::int64_t operand_count = 0;       // arrays that a program reads
    std::int64_t instruction_count = 0;   // of a program
    std::int64_t moved_bytes = 0;         // from one engine to another
    std::int64_t memory_bytes = 0;        // of new blocks on all engines, temporary ones too
  };

  std::vector<Step> steps;  // none: the array is stored

  std::int64_t programs() const;
  std::int64_t moved_bytes() const;
  std::int64_t memory_bytes() const;
  /// For people: a line of sums, and one a step.
  std::string ToString() const;
};

}  // namespace distarray::inline client
