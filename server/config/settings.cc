#include "server/config/settings.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/string_view.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "server/config/memory.h"
#include "server/config/values.h"

namespace distarray::server {
namespace {

constexpr double kDefaultMemoryShare = 0.75;
constexpr std::int64_t kEnginesMax = 1024;
// gRPC carries no message of 2 GiB.
constexpr std::int64_t kMessageLimitLeast = 64 << 10;
constexpr std::int64_t kMessageLimitMost = 1LL << 30;

template <typename T>
bool Store(const std::optional<T>& value, T& field) {
  if (value) {
    field = *value;
  }
  return value.has_value();
}

bool StorePath(absl::string_view text, std::string& field) {
  std::error_code error;
  // Ranks may be started elsewhere, so that a relative path is made absolute here.
  field = std::filesystem::absolute(std::filesystem::path(std::string(text)), error).lexically_normal().string();
  return !text.empty() && !error;
}

std::string WriteSwitch(bool value) { return value ? "true" : ""; }

bool ReadMemoryLimit(absl::string_view text, Options& options) {
  if (const std::optional<double> percentage = ReadPercentage(text)) {
    options.memory_limit_bytes = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(static_cast<double>(AvailableMemory()) * *percentage / 100));
    return true;
  }
  return Store(ReadBytes(text), options.memory_limit_bytes);
}

bool ReadMessageLimit(absl::string_view text, Options& options) {
  const std::optional<std::int64_t> bytes = ReadBytes(text);
  return bytes && *bytes >= kMessageLimitLeast && *bytes <= kMessageLimitMost &&
         Store(bytes, options.message_limit_bytes);
}

bool ReadRole(absl::string_view text, Options& options) {
  constexpr std::array<absl::string_view, 4> kRoles = {"auto", "supervisor", "rank", "worker"};  // as Role
  const auto found = std::find(kRoles.begin(), kRoles.end(), text);
  options.role = static_cast<Role>(found - kRoles.begin());
  return found != kRoles.end();
}

constexpr std::array<absl::string_view, 4> kApplyModes = {"default", "off", "source", "on"};  // as ApplyMode

bool ReadApply(absl::string_view text, Options& options) {
  const auto found = std::find(kApplyModes.begin() + 1, kApplyModes.end(), text);
  options.apply = static_cast<ApplyMode>(found - kApplyModes.begin());
  return found != kApplyModes.end();
}

std::string WriteApply(const Options& options) {
  return options.apply == ApplyMode::kDefault ? "" : std::string(kApplyModes[static_cast<std::size_t>(options.apply)]);
}

bool ReadWorkerMemory(absl::string_view text, Options& options) {
  if (const std::optional<double> percentage = ReadPercentage(text)) {
    options.worker_memory_bytes = static_cast<std::int64_t>(static_cast<double>(AvailableMemory()) * *percentage / 100);
    return options.worker_memory_bytes > 0;
  }
  return Store(ReadBytes(text), options.worker_memory_bytes);
}

/// "none" or a time.
bool ReadTimeLimit(absl::string_view text, double& seconds) {
  if (text == "none") {
    seconds = 0;
    return true;
  }
  return Store(ReadSeconds(text), seconds);
}

std::string WriteTimeLimit(double seconds) { return seconds == 0 ? "none" : absl::StrCat(seconds, "s"); }

bool ReadLogLevel(absl::string_view text, Options& options) {
  constexpr std::array<absl::string_view, 6> kLevels = {"trace", "debug", "info", "warning", "error", "off"};
  options.log_level = std::string(text);
  return std::find(kLevels.begin(), kLevels.end(), text) != kLevels.end();
}

bool ReadHeartbeat(absl::string_view text, Options& options) {
  const std::optional<double> seconds = ReadSeconds(text);
  return seconds && *seconds >= 1 && Store(seconds, options.heartbeat_timeout_seconds);
}

const std::array<Setting, 26> kSettings = {{
    {"engines", "What to run", "N", "one per core", "Number of engine processes: they hold the arrays and compute.",
     "a whole number from 1 to 1024",
     [](absl::string_view text, Options& o) { return Store(ReadWhole(text, 1, kEnginesMax), o.engines); },
     [](const Options& o) { return absl::StrCat(o.engines); }},
    {"memory-limit", "What to run", "SIZE", "75%",
     "Most memory that all arrays together may take: a size (16GiB, 500MB) or a share (75%) of what is available to "
     "this process "
     "(the machine's available memory, or the cgroup's limit where that is less). Past it, creating an array fails; "
     "nothing else does.",
     "a size such as 16GiB, or a percentage of the available memory such as 75%", ReadMemoryLimit,
     [](const Options& o) { return WriteBytes(o.memory_limit_bytes); }},
    {"data-root", "What to run", "DIR", "no restriction",
     "Load and save files only below this directory. Without it: whatever the user running distarrayd can reach.",
     "an existing directory",
     [](absl::string_view text, Options& o) {
       return StorePath(text, o.data_root) && std::filesystem::is_directory(o.data_root);
     },
     [](const Options& o) { return o.data_root; }},

    {"listen", "Where to find it", "HOST:PORT", "127.0.0.1:7755",
     "Address to serve on. Port 0 takes any free port: see --port-file.", "HOST:PORT such as 127.0.0.1:7755 or [::1]:0",
     [](absl::string_view text, Options& o) {
       o.listen = std::string(text);
       return ReadHostPort(text).has_value();
     },
     [](const Options& o) { return o.listen; }},
    {"port-file", "Where to find it", "FILE", "none",
     "Write the address (one line, HOST:PORT) to this file once it is ready to serve; the file is removed at the end.",
     "a path in a directory that can be written to",
     [](absl::string_view text, Options& o) {
       return StorePath(text, o.port_file) &&
              access(std::filesystem::path(o.port_file).parent_path().c_str(), W_OK | X_OK) == 0;
     },
     [](const Options& o) { return o.port_file; }},
    {"allow-remote", "Where to find it", "", "off",
     "Allow --listen on an address that other machines can reach. There is no authentication yet: whoever can connect "
     "can use the "
     "memory and the files of the user running distarrayd.",
     "true or false", [](absl::string_view text, Options& o) { return Store(ReadSwitch(text), o.allow_remote); },
     [](const Options& o) { return WriteSwitch(o.allow_remote); }},
    {"session-grace", "Where to find it", "TIME", "10s",
     "How long a client's arrays are kept after its connection broke: a client may take its session up again (those "
     "that "
     "come with the daemon do not yet).",
     "a time such as 10s, 500ms or 2m",
     [](absl::string_view text, Options& o) { return Store(ReadSeconds(text), o.session_grace_seconds); },
     [](const Options& o) { return absl::StrCat(o.session_grace_seconds, "s"); }},
    {"message-limit", "Where to find it", "SIZE", "8MiB",
     "Largest single message a client may send. Larger arrays travel in pieces.", "a size from 64KiB to 1GiB",
     ReadMessageLimit, [](const Options& o) { return WriteBytes(o.message_limit_bytes); }},

    {"apply", "Functions of users", "MODE", "on where only this machine can connect, else off",
     "Which functions of users' (apply, register) are run beside the arrays: off, source (only those given as source "
     "text) or on. They run in worker processes, never in an engine.",
     "off, source or on", ReadApply, WriteApply},
    {"sandbox", "Functions of users", "KIND", "default",
     "default: limits, no new privileges, no capabilities; from a daemon of root, a user id of their own. strict: "
     "besides, Landlock and seccomp decide what workers may open and ask of the kernel; where the kernel cannot, no "
     "function is run. Not contained without strict: where workers have the daemon's own user id (a daemon that is not "
     "root's, or --worker-uid=0), functions can read and write that user's files, and on kernels before 6.12 signal "
     "that user's processes. Never contained: the network. Files that workers with a user id of their own leave in "
     "/tmp, /var/tmp and /dev/shm are removed with them.",
     "default or strict",
     [](absl::string_view text, Options& o) {
       o.sandbox_strict = text == "strict";
       return text == "strict" || text == "default";
     },
     [](const Options& o) { return std::string(o.sandbox_strict ? "strict" : "default"); }},
    {"worker-python", "Functions of users", "FILE", "../venv/bin/python beside the binary, else python3",
     "The workers' Python. It needs NumPy, cloudpickle and mpi4py; pickled functions need the client's minor version.",
     "a program that can be run",
     [](absl::string_view text, Options& o) {
       return StorePath(text, o.worker_python) && access(o.worker_python.c_str(), X_OK) == 0;
     },
     [](const Options& o) { return o.worker_python; }},
    {"worker-path", "Functions of users", "DIRS", "none",
     "Folders, with colons between them, where workers look for modules first.", "folders",
     [](absl::string_view text, Options& o) {
       o.worker_path = std::string(text);
       return true;
     },
     [](const Options& o) { return o.worker_path; }},
    {"worker-uid", "Functions of users", "UID", "64200",
     "A daemon of root's runs workers under this user id and the 1023 after it: each pool of workers of this machine "
     "has one of its own. 0: under the daemon's.",
     "a user id from 0 to 4294900000",
     [](absl::string_view text, Options& o) { return Store(ReadWhole(text, 0, 4294900000), o.worker_uid); },
     [](const Options& o) { return absl::StrCat(o.worker_uid); }},
    {"worker-pools", "Functions of users", "N", "4",
     "Pools of workers (a process a target) at a time. A pool runs the calls of one session, one at a time; further "
     "calls wait.",
     "a whole number from 1 to 16",
     [](absl::string_view text, Options& o) { return Store(ReadWhole(text, 1, 16), o.worker_pools); },
     [](const Options& o) { return absl::StrCat(o.worker_pools); }},
    {"worker-memory", "Functions of users", "SIZE", "25%",
     "Memory that a function may take on each target besides the arrays it is given: a size, or a share of what is "
     "available now.",
     "a size such as 4GiB, or a percentage such as 25%", ReadWorkerMemory,
     [](const Options& o) { return WriteBytes(o.worker_memory_bytes); }},
    {"worker-processes", "Functions of users", "N", "64",
     "Processes and threads that a function may start on each target.", "a whole number from 1 to 100000",
     [](absl::string_view text, Options& o) { return Store(ReadWhole(text, 1, 100000), o.worker_processes); },
     [](const Options& o) { return absl::StrCat(o.worker_processes); }},
    {"worker-scratch", "Functions of users", "SIZE", "1GiB",
     "Bytes of files that a function may write to its working directory, a scratch folder that is emptied after the "
     "call.",
     "a size such as 1GiB",
     [](absl::string_view text, Options& o) { return Store(ReadBytes(text), o.worker_scratch_bytes); },
     [](const Options& o) { return WriteBytes(o.worker_scratch_bytes); }},
    {"worker-cpu", "Functions of users", "TIME", "none",
     "CPU time that a worker process may use. It serves one call after the other and is replaced when half of it is "
     "gone: a call can count on the other half.",
     "a time such as 10m, or none",
     [](absl::string_view text, Options& o) { return ReadTimeLimit(text, o.worker_cpu_seconds); },
     [](const Options& o) { return WriteTimeLimit(o.worker_cpu_seconds); }},
    {"call-limit", "Functions of users", "TIME", "none",
     "Longest that a call may run; a client can ask for less (timeout=). What takes longer is ended.",
     "a time such as 10m, or none",
     [](absl::string_view text, Options& o) { return ReadTimeLimit(text, o.call_limit_seconds); },
     [](const Options& o) { return WriteTimeLimit(o.call_limit_seconds); }},
    {"call-grace", "Functions of users", "TIME", "5s",
     "When a function has failed on one target, how long the other targets have to return before the call is ended.",
     "a time such as 5s",
     [](absl::string_view text, Options& o) { return Store(ReadSeconds(text), o.call_grace_seconds); },
     [](const Options& o) { return absl::StrCat(o.call_grace_seconds, "s"); }},

    {"log-level", "Watching it", "LEVEL", "info", "trace, debug, info, warning, error or off.",
     "one of trace, debug, info, warning, error, off", ReadLogLevel, [](const Options& o) { return o.log_level; }},
    {"log-file", "Watching it", "FILE", "standard error", "Append the log to this file.", "a path",
     [](absl::string_view text, Options& o) { return StorePath(text, o.log_file); },
     [](const Options&) { return std::string(); }},
    {"heartbeat-timeout", "Watching it", "TIME", "5s",
     "A process of the job that has not been heard of for so long is taken for hung, and the job is started again "
     "(arrays are lost).",
     "a time of at least 1s, such as 5s or 1m", ReadHeartbeat,
     [](const Options& o) { return absl::StrCat(o.heartbeat_timeout_seconds, "s"); }},
    {"die-with-parent", "For programs that start it", "", "off",
     "End when standard input reaches its end: give it a pipe, and the daemon ends with the process that holds the "
     "other side, "
     "however that process ends.",
     "true or false", [](absl::string_view text, Options& o) { return Store(ReadSwitch(text), o.die_with_parent); },
     [](const Options&) { return std::string(); }},
    {"role", "For programs that start it", "ROLE", "auto",
     "supervisor: start and watch the job. rank: be one process of a job that mpirun or srun starts; rank 0 serves, "
     "the others are engines. worker: run functions for an engine (the supervisor starts it). "
     "auto: rank where a scheduler has started this process as one, else supervisor.",
     "one of auto, supervisor, rank, worker", ReadRole, [](const Options&) { return std::string(); }},
    {"config", "Configuration", "FILE", "none",
     "Read a TOML file: one line \"name = value\" for any of these flags, without the dashes.", "a path",
     // The file is read before any setting is applied.
     [](absl::string_view, Options&) { return true; }, [](const Options&) { return std::string(); }},
}};

std::int64_t CoreCount() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return std::clamp<std::int64_t>(count, 1, kEnginesMax);
}

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

std::string VariableOf(const Setting& setting) {
  return absl::StrCat("DISTARRAYD_", absl::AsciiStrToUpper(absl::StrReplaceAll(setting.name, {{"-", "_"}})));
}

std::vector<std::string> FlagsOf(const Options& options) {
  std::vector<std::string> flags;
  for (const Setting& setting : Settings()) {
    const std::string text = setting.write(options);
    if (!text.empty()) {
      flags.push_back(setting.value.empty() ? absl::StrCat("--", setting.name)
                                            : absl::StrCat("--", setting.name, "=", text));
    }
  }
  return flags;
}

Options DefaultOptions() {
  Options options;
  options.engines = CoreCount();
  options.memory_limit_bytes = static_cast<std::int64_t>(static_cast<double>(AvailableMemory()) * kDefaultMemoryShare);
  options.worker_memory_bytes = AvailableMemory() / 4;
  return options;
}

}  // namespace distarray::server
