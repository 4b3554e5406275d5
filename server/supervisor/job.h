#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace distarray::server {

/// Everything that decides how the MPI job is started.
struct JobSpec {
  std::string mpirun = "mpirun";
  int open_mpi_major = 4;
  std::string binary;  // distarrayd
  std::string role = "rank";
  bool with_front = true;          // one process more than engines
  std::vector<std::string> flags;  // for the ranks
  std::int64_t engines = 1;
  std::string directory;       // of this epoch, for MPI's session and shared memory files
  bool ranks_may_copy = true;  // processes may read each other's memory (process_vm_readv)
  std::string supervisor;      // name of its socket
  std::string cookie;
  std::string instance;    // the daemon's life
  std::int64_t epoch = 1;  // the job's
};

/// How a rank knows its job: variables set by the supervisor.
inline constexpr char kSupervisorVariable[] = "DISTARRAY_SUPERVISOR";
inline constexpr char kCookieVariable[] = "DISTARRAY_COOKIE";
inline constexpr char kInstanceVariable[] = "DISTARRAY_INSTANCE";
inline constexpr char kEpochVariable[] = "DISTARRAY_EPOCH";

/// Where a job names the users' files that it has not finished: a folder of links in the job's directory.
inline constexpr char kNotesFolder[] = "unfinished";
inline std::string NotesIn(const std::string& job_directory) { return job_directory + "/" + kNotesFolder; }

/// Name of the abstract socket on which an engine expects its workers.
inline std::string WorkerSocketOf(const std::string& supervisor, std::int64_t epoch, int target) {
  return supervisor + "-" + std::to_string(epoch) + "-" + std::to_string(target);
}

/// mpirun's command line.
std::vector<std::string> JobArguments(const JobSpec& spec);

/// mpirun's environment: of `inherited` ("NAME=value") what programs need, without what a scheduler has put there; Open
/// MPI's settings for one host, unless the user has set them; and what ranks must know.
std::vector<std::string> JobEnvironment(const JobSpec& spec, const std::vector<std::string>& inherited);

/// True if processes may read each other's memory: containers often forbid it. `child`: a forked child of ours that is
/// alive.
bool CanReadMemoryOf(int child);

}  // namespace distarray::server
