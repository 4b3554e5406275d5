#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/kernels/kernel_set.h"
#include "engine/program/program.h"

namespace distarray {

/// Where the elements of a value are while a tile is computed.
enum class Place : std::uint8_t {
  kNone,      // not used by anything
  kInPlace,   // in the operand's block
  kOutput,    // computed straight into the output
  kFixed,     // in a register of its own, the same for all tiles of a row or of the space
  kRegister,  // in a register that is used again when the value is no longer needed
};

/// The number of the register of each value (-1: none), chosen so that few are needed: a register is free again after
/// the last use of its value. An instruction never writes where it reads.
struct RegisterPlan {
  std::vector<int> register_of;
  int count = 0;
};

/// Up to three values that an instruction reads; -1: none.
std::array<ValueId, 3> ArgumentsOf(const Instruction& instruction);

/// Whether the value is used by an instruction that is itself used, by a store or by a reduction.
std::vector<bool> UsedValues(const Program& program);

/// `places` tells which values need a register. Values that are stored or reduced are kept to the end of the tile.
RegisterPlan AssignRegisters(const Program& program, const std::vector<Place>& places);

}  // namespace distarray
