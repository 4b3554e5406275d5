// The example program, and a project that uses the installed client, against a daemon.
#include <cstdlib>
#include <string>

#include "tests/client_cpp/daemon.h"
#include "tests/support/catch.h"

namespace distarray::inline client {
namespace {

int Run(const std::string& command) {
  setenv("DISTARRAY_ADDRESS", Daemon::Shared().address().c_str(), 1);
  const int status = std::system(command.c_str());
  unsetenv("DISTARRAY_ADDRESS");
  return status;
}

TEST_CASE("heat finds what it expects, for even and uneven blocks") {
  CHECK(Run(HEAT " 65 50") == 0);
  CHECK(Run(HEAT " 128 10") == 0);
  CHECK(Run(HEAT " 3 1") == 0);
}

TEST_CASE("an installed client can be built against") { CHECK(Run(CONSUMER) == 0); }

}  // namespace
}  // namespace distarray::inline client
