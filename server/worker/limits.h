#pragma once

#include <cstdint>

namespace distarray::server {

/// What a worker process, and all that it starts, may take. 0: no limit.
struct WorkerLimits {
  std::int64_t address_space_bytes = 0;     // of each process, at most; see memory_allowance_bytes
  std::int64_t memory_allowance_bytes = 0;  // what a call may take besides its arrays: the worker keeps to it by itself
  std::int64_t processes = 0;               // processes and threads below the guard, besides kWorkerTasks
  std::int64_t user_processes = 0;          // of the user id, which is the pool's alone; else 0
  std::int64_t file_bytes = 0;              // of one file
  std::int64_t scratch_bytes = 0;           // of all files in the scratch folder, if nobody else keeps them to it
  double cpu_seconds = 0;                   // of each process
};

/// Processes and threads that a worker is anyway: Python's, and those of MPI.
inline constexpr std::int64_t kWorkerTasks = 4;
/// ... and the rest of its pool: mpirun, and a guard for each target.
inline constexpr std::int64_t kPoolTasks = 6;

/// In a fresh child, before it runs a program: the limits, no core dumps, no new privileges, no capabilities. False:
/// errno says why.
bool EnterLimits(const WorkerLimits& limits);

}  // namespace distarray::server
