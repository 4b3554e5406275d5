#include "server/worker/limits.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace distarray::server {
namespace {

/// `more`: by how much what ends a process at once lies above what it is told of first.
bool Limit(__rlimit_resource resource, std::int64_t most, rlim_t more = 0) {
  if (most <= 0) {
    return true;
  }
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) {
    return false;
  }
  const auto wanted = static_cast<rlim_t>(most);
  limit.rlim_max = std::min(limit.rlim_max, wanted + more);  // RLIM_INFINITY is the largest number
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  return setrlimit(resource, &limit) == 0;
}

/// None of them, also not for what a program run later would bring along.
bool DropCapabilities() {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    prctl(PR_CAPBSET_DROP, capability);  // refused to who has none to begin with
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

}  // namespace

bool EnterLimits(const WorkerLimits& limits) {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  return setrlimit(RLIMIT_CORE, &no_core) == 0 && Limit(RLIMIT_AS, limits.address_space_bytes) &&
         Limit(RLIMIT_FSIZE, limits.file_bytes) &&
         Limit(RLIMIT_CPU, static_cast<std::int64_t>(std::ceil(limits.cpu_seconds)), 1) &&
         Limit(RLIMIT_NPROC, limits.user_processes) && DropCapabilities() &&
         prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

}  // namespace distarray::server
