#include "server/worker/sandbox.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/unique_fd.h"

namespace distarray::server {
namespace {

// Headers of Debian 12 (Linux 6.1) know the first version only.
constexpr int kAbiScopes = 6;
constexpr std::uint64_t kReferFile = 1ULL << 13;
constexpr std::uint64_t kTruncateFile = 1ULL << 14;
constexpr std::uint64_t kScopeSignal = 1ULL << 1;

struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kReadFolder =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncateFile;

std::uint64_t WriteFolder(int abi) {
  std::uint64_t access = 0;
  for (std::uint64_t right = LANDLOCK_ACCESS_FS_EXECUTE; right <= LANDLOCK_ACCESS_FS_MAKE_SYM; right <<= 1) {
    access |= right;
  }
  return access | (abi >= 2 ? kReferFile : 0) | (abi >= 3 ? kTruncateFile : 0);
}

bool Allow(int ruleset, const std::string& path, std::uint64_t access) {
  const UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) {
    return true;  // what is not there needs no rule
  }
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(info.st_mode) ? access : access & kOfFiles;
  rule.parent_fd = fd.get();
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

/// Landlock: files (if strict) and signals.
std::string EnterLandlock(const GuardOptions& options, int abi) {
  RulesetAttributes attributes;
  attributes.handled_access_fs = options.strict ? WriteFolder(abi) : 0;
  attributes.scoped = abi >= kAbiScopes ? kScopeSignal : 0;
  const std::size_t size = abi >= kAbiScopes ? sizeof attributes : sizeof attributes.handled_access_fs;
  const UniqueFd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset.valid()) {
    return absl::StrCat("Landlock: ", std::strerror(errno));
  }
  bool allowed = true;
  if (options.strict) {
    std::vector<std::string> readable = {"/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys"};
    readable.insert(readable.end(), options.readable_paths.begin(), options.readable_paths.end());
    for (const std::string& path : readable) {
      allowed = allowed && Allow(ruleset.get(), path, kReadFolder);
    }
    std::vector<std::string> writable = {options.scratch, "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"};
    writable.insert(writable.end(), options.writable_paths.begin(), options.writable_paths.end());
    for (const std::string& path : writable) {
      allowed = allowed && Allow(ruleset.get(), path, WriteFolder(abi));
    }
  }
  if (!allowed || syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return absl::StrCat("Landlock: ", std::strerror(errno));
  }
  return "";
}

/// seccomp, always: no capabilities are to be had in a user namespace.
int RefuseUserNamespaces(scmp_filter_ctx filter) {
  constexpr scmp_datum_t kNewUser = CLONE_NEWUSER;
  int result = 0;
  for (const int call : {SCMP_SYS(unshare), SCMP_SYS(clone)}) {
    result = result == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
                                            SCMP_A0(SCMP_CMP_MASKED_EQ, kNewUser, kNewUser))
                         : result;
  }
  // Its flags lie in memory, where a filter cannot look; C libraries do without it.
  return result == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : result;
}

/// seccomp, if strict: calls of the kernel that no numerical function needs, and that have been ways out before.
int RefuseWaysOut(scmp_filter_ctx filter) {
  constexpr const char* kRefused[] = {"ptrace",
                                      "process_vm_readv",
                                      "process_vm_writev",
                                      "kexec_load",
                                      "kexec_file_load",
                                      "mount",
                                      "umount2",
                                      "pivot_root",
                                      "chroot",
                                      "unshare",
                                      "setns",
                                      "bpf",
                                      "perf_event_open",
                                      "keyctl",
                                      "add_key",
                                      "request_key",
                                      "userfaultfd",
                                      "init_module",
                                      "finit_module",
                                      "delete_module",
                                      "swapon",
                                      "swapoff",
                                      "reboot",
                                      "open_by_handle_at",
                                      "fsopen",
                                      "fsmount",
                                      "move_mount",
                                      "open_tree",
                                      "io_uring_setup",
                                      "pidfd_getfd",
                                      "acct",
                                      "quotactl",
                                      "syslog",
                                      "settimeofday",
                                      "clock_settime",
                                      "personality"};
  int result = 0;
  for (const char* name : kRefused) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR && result == 0) {
      result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
    }
  }
  return result;
}

std::string EnterSeccomp(bool strict) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) {
    return "seccomp: no filter";
  }
  int result = RefuseUserNamespaces(filter);
  result = result == 0 && strict ? RefuseWaysOut(filter) : result;
  result = result == 0 ? seccomp_load(filter) : result;
  seccomp_release(filter);
  return result == 0 ? "" : absl::StrCat("seccomp: ", std::strerror(-result));
}

}  // namespace

std::string EnterSandbox(const GuardOptions& options) {
  const int abi = static_cast<int>(syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  if (!options.strict) {
    if (abi >= kAbiScopes) {
      EnterLandlock(options, abi);
    }
    EnterSeccomp(false);
    return "";
  }
  if (abi < 1) {
    return "this kernel has no Landlock";
  }
  const std::string missing = EnterLandlock(options, abi);
  return missing.empty() ? EnterSeccomp(true) : missing;
}

}  // namespace distarray::server
