#pragma once

#include <mpi.h>

#include "tests/support/catch.h"

/// True if `value` is true on every rank. Collective over MPI_COMM_WORLD.
inline bool TrueOnAll(bool value) {
  int all = value ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
  return all != 0;
}

/// REQUIRE for collective code: all ranks agree, so that none is left in the next collective. The rank that saw it
/// false says so.
#define REQUIRE_ON_ALL(expr)                                   \
  do {                                                         \
    const bool da_here = static_cast<bool>(expr);              \
    if (!da_here) UNSCOPED_INFO("false on this rank: " #expr); \
    REQUIRE(TrueOnAll(da_here));                               \
  } while (false)
