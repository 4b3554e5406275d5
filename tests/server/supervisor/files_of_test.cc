#include "server/supervisor/files_of.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/catch.h"

namespace distarray::server {
namespace {

namespace fs = std::filesystem;

TEST_CASE("what a user has left where everybody may write is removed, and nothing of others'") {
  if (geteuid() != 0) {
    return;  // files of other users are root's to make
  }
  const uid_t uid = 3'900'000'000U + static_cast<uid_t>(getpid());
  const std::string name = "files_of_test-" + std::to_string(getpid());
  const auto give = [uid](const fs::path& path) { REQUIRE(lchown(path.c_str(), uid, uid) == 0); };
  const fs::path ours = fs::path("/tmp") / (name + "-ours");
  fs::create_directory(ours);
  std::ofstream(ours / "file") << "x";
  for (const fs::path place : {"/tmp", "/var/tmp", "/dev/shm"}) {
    const fs::path folder = place / name;
    fs::create_directories(folder / "deep" / "er");
    std::ofstream(folder / "deep" / "file") << "x";
    fs::create_directory_symlink(ours, folder / "link");
    for (const fs::path& each : {folder, folder / "deep", folder / "deep" / "er", folder / "deep" / "file"}) {
      give(each);
    }
    give(folder / "link");
    chmod((folder / "deep").c_str(), 0);
    std::ofstream(place / (name + "-file")) << "x";
    give(place / (name + "-file"));
  }
  std::ofstream(fs::path("/tmp") / name / "another's") << "x";
  RemoveFilesOf(uid);
  CHECK(fs::exists(ours / "file"));
  CHECK(fs::exists(fs::path("/tmp") / name / "another's"));
  CHECK(!fs::exists(fs::path("/tmp") / name / "deep"));
  for (const fs::path place : {"/var/tmp", "/dev/shm"}) {
    CHECK(!fs::exists(place / name));
  }
  for (const fs::path place : {"/tmp", "/var/tmp", "/dev/shm"}) {
    CHECK(!fs::exists(place / (name + "-file")));
  }
  fs::remove_all(ours);
  fs::remove_all(fs::path("/tmp") / name);
}

}  // namespace
}  // namespace distarray::server
