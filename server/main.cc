// distarrayd: one binary, two roles. As supervisor it starts an MPI job of itself and watches it; as rank it is a part
// of that job.
#include <sys/resource.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <variant>

#include "server/config/logging.h"
#include "server/config/parse.h"
#include "server/rank/rank.h"
#include "server/supervisor/supervisor.h"
#include "server/worker/run.h"

namespace {

using namespace distarray::server;

// Every client, engine and memory segment takes descriptors.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

bool IsRank(const Options& options) {
  if (options.role != Role::kAuto) {
    return options.role == Role::kRank;
  }
  // A program that is a rank itself may start a daemon of its own.
  return StartedAsRank() && !options.die_with_parent;
}

}  // namespace

int main(int argc, char** argv) {
  const std::variant<Options, Farewell> parsed = ParseOptions(argc, argv, &Variable);
  if (const auto* farewell = std::get_if<Farewell>(&parsed)) {
    std::fputs(farewell->text.c_str(), farewell->exit_code == 0 ? stdout : stderr);
    return farewell->exit_code;
  }
  const Options& options = std::get<Options>(parsed);
  if (!RedirectLog(options)) {
    std::fprintf(stderr, "distarrayd: --log-file: cannot open %s: %s\n", options.log_file.c_str(),
                 std::strerror(errno));
    return 2;
  }
  if (options.role == Role::kWorker) {
    SetUpLogging(options, "worker");
    return RunWorker(options);
  }
  RaiseDescriptorLimit();
  if (IsRank(options)) {
    return RunRank(options);
  }
  SetUpLogging(options, "supervisor");
  return RunSupervisor(options, OpenMpiMajorVersion());
}
