#include "server/supervisor/processes.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "server/supervisor/job.h"
#include "tests/support/catch.h"

namespace distarray::server {

using std::chrono::milliseconds;

TEST_CASE("children and orphaned grandchildren are killed, but the spared one") {
  AdoptOrphans();
  const pid_t spared = StartProgram({"sleep", "60"}, {"PATH=/usr/bin:/bin"});
  // The shell ends and leaves its child to us.
  const pid_t shell = StartProgram({"sh", "-c", "sleep 60 & exec sleep 0.05"}, {"PATH=/usr/bin:/bin"});
  REQUIRE(spared > 0);
  REQUIRE(shell > 0);
  REQUIRE(waitpid(shell, nullptr, 0) == shell);
  CHECK(KillChildren(spared, milliseconds(2000)));
  CHECK(kill(spared, 0) == 0);
  CHECK(KillChildren(-1, milliseconds(2000)));
  CHECK(kill(spared, 0) == -1);
  CHECK(errno == ESRCH);
}

TEST_CASE("how a process ended") {
  int status = 0;
  const pid_t missing = StartProgram({"/does/not/exist"}, {});
  REQUIRE(waitpid(missing, &status, 0) == missing);
  CHECK(DescribeEnd(status) == "exit code 127");
  const pid_t killed = StartProgram({"sleep", "60"}, {"PATH=/usr/bin:/bin"});
  kill(killed, SIGKILL);
  REQUIRE(waitpid(killed, &status, 0) == killed);
  CHECK(DescribeEnd(status) == "signal 9 (Killed)");
}

}  // namespace distarray::server
