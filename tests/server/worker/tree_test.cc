#include "server/worker/tree.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

TEST_CASE("bytes below a folder, as they take room, links not followed") {
  std::string pattern = (fs::temp_directory_path() / "tree_test-XXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  CHECK(BytesBelow(folder.string()) >= 0);
  const std::int64_t before = BytesBelow(folder.string());
  fs::create_directory(folder / "sub");
  std::ofstream(folder / "sub" / "file") << std::string(100000, 'x');
  fs::create_symlink("/usr", folder / "link");
  const std::int64_t after = BytesBelow(folder.string());
  CHECK(after - before >= 100000);
  CHECK(after - before < 1000000);
  fs::remove_all(folder);
  CHECK(BytesBelow((folder / "none").string()) == 0);
}

TEST_CASE("descendants are found at every depth, and killed") {
  const pid_t child = fork();
  if (child == 0) {
    // A family of its own, so that the test's process has no others to kill.
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
      _exit(10);
    }
    if (fork() == 0) {
      if (fork() == 0) {
        setsid();
        if (write(ends[1], "x", 1) == 1) {
          pause();
        }
      }
      pause();
    }
    char byte = 0;
    if (read(ends[0], &byte, 1) != 1 || Descendants().size() != 2 || CountTasksBelow() != 2) {
      _exit(11);
    }
    KillDescendants();
    _exit(Descendants().empty() && CountTasksBelow() == 0 ? 0 : 12);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("threads below are counted, whichever of them has started a process") {
  const pid_t child = fork();
  if (child == 0) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
      _exit(10);
    }
    if (fork() == 0) {
      std::thread other([&ends] {
        if (fork() == 0) {
          pause();
        }
        if (write(ends[1], "x", 1) == 1) {
          pause();
        }
      });
      other.join();
    }
    char byte = 0;
    if (read(ends[0], &byte, 1) != 1) {
      _exit(11);
    }
    const std::int64_t tasks = CountTasksBelow();
    KillDescendants();
    _exit(tasks == 3 ? 0 : 12);  // a process of two threads, and one that was started by the second
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace distarray::server
