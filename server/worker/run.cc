#include "server/worker/run.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "server/config/parse.h"
#include "server/supervisor/worker_jobs.h"
#include "server/supervisor/worker_place.h"
#include "server/worker/guard.h"

namespace distarray::server {
namespace {

// MPI's own files must fit the limit of a file: Open MPI 5 shares 16 MiB a process.
constexpr std::int64_t kMpiFileBytes = std::int64_t{32} << 20;

/// Whether a folder is of another filesystem than that in which it lies: then the kernel keeps it to its size.
bool IsMount(const std::string& folder) {
  struct stat inner {};
  struct stat outer {};
  return stat(folder.c_str(), &inner) == 0 && stat(absl::StrCat(folder, "/..").c_str(), &outer) == 0 &&
         inner.st_dev != outer.st_dev;
}

}  // namespace

int RunWorker(const Options& options) {
  GuardOptions guard;
  if (!absl::SimpleAtoi(Variable("OMPI_COMM_WORLD_RANK").value_or(""), &guard.target) ||
      !absl::SimpleAtoi(Variable(kPoolVariable).value_or(""), &guard.pool)) {
    spdlog::critical("--role worker: this process was not started by a supervisor");
    return 1;
  }
  const std::filesystem::path python(options.worker_python);
  guard.targets = static_cast<int>(options.engines);
  guard.cookie = Variable(kWorkerCookieVariable).value_or("");
  guard.engine_socket = absl::StrCat(Variable(kWorkerSocketVariable).value_or(""), guard.target);
  guard.python = options.worker_python;
  guard.python_path = options.worker_path;
  WorkerPlace place;
  const std::filesystem::path job = Variable("TMPDIR").value_or("/tmp/job");
  place.directory = job.parent_path().string();
  guard.scratch = place.ScratchOf(guard.target);
  const bool own_user = Variable(kOwnUserVariable).has_value();
  // Every array may be mapped twice: to read, and to write.
  guard.limits = {
      .address_space_bytes = 2 * (options.memory_limit_bytes + options.worker_memory_bytes),
      .memory_allowance_bytes = options.worker_memory_bytes,
      .processes = options.worker_processes,
      .user_processes = own_user ? kPoolTasks + options.engines * (1 + kWorkerTasks + options.worker_processes) : 0,
      .file_bytes = std::max(options.worker_scratch_bytes, kMpiFileBytes),
      .scratch_bytes = IsMount(guard.scratch) ? 0 : options.worker_scratch_bytes,
      .cpu_seconds = options.worker_cpu_seconds};
  guard.strict = options.sandbox_strict;
  guard.readable_paths = absl::StrSplit(options.worker_path, ':', absl::SkipEmpty());
  guard.readable_paths.push_back(python.parent_path().parent_path().string());
  guard.writable_paths = {job.string()};
  return RunGuard(guard);
}

}  // namespace distarray::server
