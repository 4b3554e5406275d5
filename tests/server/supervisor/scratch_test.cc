#include "server/supervisor/scratch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "server/supervisor/job.h"
#include "tests/support/catch.h"

namespace distarray::server {

namespace fs = std::filesystem;

TEST_CASE("the directory goes with its owner, and with all that is in it") {
  fs::path path;
  {
    absl::StatusOr<Scratch> scratch = Scratch::Make(1 << 20);
    REQUIRE(scratch.ok());
    path = scratch->path();
    absl::StatusOr<fs::path> job = scratch->MakeJobDirectory(1);
    REQUIRE(job.ok());
    fs::create_directories(*job / "deep" / "er");
    std::ofstream(*job / "deep" / "file") << "x";
    scratch->SweepJobs();
    CHECK(!fs::exists(*job));
    CHECK(scratch->MakeJobDirectory(1).ok());
  }
  CHECK(!fs::exists(path));
}

TEST_CASE("files that a job had not finished go with it; others that stand beside them do not") {
  absl::StatusOr<Scratch> scratch = Scratch::Make(1 << 20);
  REQUIRE(scratch.ok());
  absl::StatusOr<Scratch> folder = Scratch::Make(1 << 20);
  REQUIRE(folder.ok());
  const fs::path unfinished = folder->path() / ".x.hdf5.0.partial";
  const fs::path finished = folder->path() / "x.hdf5";
  std::ofstream(unfinished) << "x";
  std::ofstream(finished) << "x";
  const fs::path job = *scratch->MakeJobDirectory(1);
  fs::create_directories(NotesIn(job.string()));
  fs::create_symlink(unfinished, fs::path(NotesIn(job.string())) / "0");
  fs::create_symlink(folder->path() / ".gone.partial", fs::path(NotesIn(job.string())) / "1");
  fs::create_symlink(finished, job / "2");  // not a note
  scratch->SweepJobs();
  CHECK(!fs::exists(unfinished));
  CHECK(fs::exists(finished));
  CHECK(!fs::exists(job));
}

TEST_CASE("what a killed daemon has left is removed by the next; a living one's is not") {
  absl::StatusOr<Scratch> living = Scratch::Make(1 << 20);
  REQUIRE(living.ok());
  int pipe_fds[2];
  REQUIRE(pipe(pipe_fds) == 0);
  const pid_t child = fork();
  if (child == 0) {
    absl::StatusOr<Scratch> abandoned = Scratch::Make(1 << 20);
    const std::string path = abandoned->path().string();
    const bool told = write(pipe_fds[1], path.data(), path.size()) > 0;
    _exit(told ? 0 : 1);
  }
  waitpid(child, nullptr, 0);
  std::string path(4096, '\0');
  path.resize(static_cast<std::size_t>(read(pipe_fds[0], path.data(), path.size())));
  close(pipe_fds[0]);
  close(pipe_fds[1]);
  REQUIRE(fs::exists(path));
  SweepAbandonedScratch();
  CHECK(!fs::exists(path));
  CHECK(fs::exists(living->path()));
}

}  // namespace distarray::server
