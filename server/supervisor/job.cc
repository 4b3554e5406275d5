#include "server/supervisor/job.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <map>

namespace distarray::server {
namespace {

constexpr std::array<absl::string_view, 12> kInherited = {
    "PATH", "HOME", "USER",     "LOGNAME",         "SHELL",      "LANG",
    "TZ",   "TERM", "HOSTNAME", "LD_LIBRARY_PATH", "LD_PRELOAD", "OPAL_PREFIX"};
constexpr std::array<absl::string_view, 12> kInheritedPrefixes = {"LC_",   "OMPI_MCA_", "PRTE_MCA_", "PMIX_MCA_",
                                                                  "ASAN_", "UBSAN_",    "TSAN_",     "LSAN_",
                                                                  "GRPC_", "HDF5_",     "GCOV_",     "MALLOC_"};

bool IsInherited(absl::string_view name) {
  return std::find(kInherited.begin(), kInherited.end(), name) != kInherited.end() ||
         std::any_of(kInheritedPrefixes.begin(), kInheritedPrefixes.end(),
                     [&](absl::string_view prefix) { return absl::StartsWith(name, prefix); });
}

// Read by the probe in another process, at the same address.
const int probe = 20160211;

}  // namespace

std::vector<std::string> JobArguments(const JobSpec& spec) {
  std::vector<std::string> arguments = {spec.mpirun, "-n", absl::StrCat(spec.engines + (spec.with_front ? 1 : 0))};
  if (spec.open_mpi_major < 5) {
    arguments.push_back("--oversubscribe");
  } else {
    arguments.insert(arguments.end(), {"--map-by", ":OVERSUBSCRIBE"});
  }
  arguments.insert(arguments.end(), {"--bind-to", "none", spec.binary, absl::StrCat("--role=", spec.role)});
  arguments.insert(arguments.end(), spec.flags.begin(), spec.flags.end());
  return arguments;
}

std::vector<std::string> JobEnvironment(const JobSpec& spec, const std::vector<std::string>& inherited) {
  std::map<std::string, std::string> variables = {
      {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
      {"PRTE_ALLOW_RUN_AS_ROOT", "1"}, {"PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
      {"OMPI_MCA_pml", "ob1"},         {"OMPI_MCA_mpi_yield_when_idle", "1"},
  };
  if (spec.open_mpi_major < 5) {
    variables["OMPI_MCA_btl"] = "vader,self";
    variables["OMPI_MCA_btl_vader_backing_directory"] = spec.directory;
    variables["OMPI_MCA_plm"] = "isolated";
    variables["OMPI_MCA_oob_tcp_if_include"] = "lo";
    if (!spec.ranks_may_copy) {
      variables["OMPI_MCA_btl_vader_single_copy_mechanism"] = "none";
      // Debian leaves out pt2pt too, the only one-sided communication where processes cannot copy from each other.
      variables["OMPI_MCA_osc"] = "^ucx";
    }
  } else {
    variables["OMPI_MCA_btl"] = "sm,self";
    variables["OMPI_MCA_btl_sm_backing_directory"] = spec.directory;
    if (!spec.ranks_may_copy) {
      variables["OMPI_MCA_smsc"] = "^cma";
    }
  }
  for (const std::string& variable : inherited) {
    const std::size_t equals = variable.find('=');
    if (equals != std::string::npos && IsInherited(absl::string_view(variable).substr(0, equals))) {
      variables[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
  }
  variables["TMPDIR"] = spec.directory;
  variables[kSupervisorVariable] = spec.supervisor;
  variables[kCookieVariable] = spec.cookie;
  variables[kInstanceVariable] = spec.instance;
  variables[kEpochVariable] = absl::StrCat(spec.epoch);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) {
    environment.push_back(absl::StrCat(name, "=", value));
  }
  return environment;
}

bool CanReadMemoryOf(int child) {
  int copy = 0;
  const iovec here{.iov_base = &copy, .iov_len = sizeof copy};
  const iovec there{.iov_base = const_cast<int*>(&probe), .iov_len = sizeof probe};
  return process_vm_readv(child, &here, 1, &there, 1, 0) == static_cast<ssize_t>(sizeof copy) && copy == probe;
}

}  // namespace distarray::server
