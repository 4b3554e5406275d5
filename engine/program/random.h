#pragma once

#include <cstdint>

#include "engine/program/program.h"

namespace distarray {

/// Turns random bits (two words of 64 for each element) into n random numbers of `dtype`. One code path on every
/// processor.
void DrawRandom(const RandomNumber& random, DType dtype, std::int64_t n, const std::uint64_t* first,
                const std::uint64_t* second, void* out);

}  // namespace distarray
