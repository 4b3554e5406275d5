#include "server/config/memory.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

// A root directory with the files of /proc and /sys that a test wants.
class FakeRoot {
 public:
  FakeRoot() {
    std::string name = (fs::temp_directory_path() / "memory_test-XXXXXX").string();
    path_ = mkdtemp(name.data());
    Write("proc/meminfo", "MemTotal:  900 kB\nMemAvailable:     800 kB\n");
  }
  ~FakeRoot() { fs::remove_all(path_); }
  void Write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("without a cgroup the machine's available memory counts") {
  const FakeRoot root;
  CHECK(AvailableMemory(root.path()) == 800 * 1024);
}

TEST_CASE("a cgroup's limit counts where it is less: version 2, of any group around ours") {
  const FakeRoot root;
  root.Write("proc/self/cgroup", "0::/outer/inner\n");
  root.Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  CHECK(AvailableMemory(root.path()) == 800 * 1024);
  root.Write("sys/fs/cgroup/outer/memory.max", "4096\n");
  CHECK(AvailableMemory(root.path()) == 4096);
}

TEST_CASE("a cgroup's limit counts where it is less: version 1, and a container that sees only its own root") {
  const FakeRoot root;
  root.Write("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/0123\n0::/\n");
  root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(AvailableMemory(root.path()) == 800 * 1024);
  root.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "8192\n");
  CHECK(AvailableMemory(root.path()) == 8192);
}

TEST_CASE("this machine has some memory") { CHECK(AvailableMemory() > (1 << 20)); }

}  // namespace distarray::server
