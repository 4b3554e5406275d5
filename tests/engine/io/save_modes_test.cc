#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "tests/engine/io/files.h"

namespace distarray::io {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("mode w replaces, w- refuses, a adds") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({12});
  const Distribution fewer = Rows({5});
  REQUIRE_ON_ALL(SaveValues<double>(path, "x", SaveMode::kExclusive, rows).ok());
  REQUIRE_ON_ALL(ReasonFor(SaveValues<double>(path, "y", SaveMode::kExclusive, rows)) ==
                 (Rank() < 12 ? Reason::kFileExists : Reason::kUnspecified));
  REQUIRE_ON_ALL(SaveValues<float>(path, "y", SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(ReasonFor(SaveValues<double>(path, "x", SaveMode::kAppend, rows)) == Reason::kDatasetExists);
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "x", rows).ok());
  REQUIRE_ON_ALL(LoadAndCompare<float>(path, "y", rows).ok());
  REQUIRE_ON_ALL(SaveValues<double>(path, "z", SaveMode::kWrite, fewer).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "z", fewer).ok());
  REQUIRE_ON_ALL(ReasonFor(InspectDataset(path, "x").status()) == Reason::kDatasetNotFound);
  REQUIRE_ON_ALL(SaveValues<double>(folder / "new.h5", "x", SaveMode::kAppend, rows).ok());
  CHECK(folder.Names() == Names{"a.h5", "new.h5"});
}

TEST_CASE("groups are made, and kept") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({12});
  REQUIRE_ON_ALL(SaveValues<double>(path, "/strain/deep/er/x", SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(SaveValues<double>(path, "strain/deep/y", SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "strain/deep/er/x", rows).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "/strain/deep/y", rows).ok());
  REQUIRE_ON_ALL(ReasonFor(SaveValues<double>(path, "strain/deep", SaveMode::kAppend, rows)) == Reason::kDatasetExists);
  REQUIRE_ON_ALL(ReasonFor(SaveValues<double>(path, "strain/deep/y/z", SaveMode::kAppend, rows)) ==
                 Reason::kInvalidValue);
  for (const std::string name : {"", "/", "a//b", "a/", "..", "a/./b"}) {
    INFO(name);
    REQUIRE_ON_ALL(ReasonFor(SaveValues<double>(path, name, SaveMode::kAppend, rows)) == Reason::kInvalidValue);
    REQUIRE_ON_ALL(ReasonFor(InspectDataset(path, name).status()) == Reason::kInvalidValue);
  }
  CHECK(folder.Names() == Names{"a.h5"});
}

TEST_CASE("places that cannot be written") {
  const TemporaryFolder folder;
  const Distribution rows = Rows({12});
  if (Rank() == 0) {
    mkdir((folder / "folder").c_str(), 0755);
    WriteAll(folder / "text", "no HDF5 file");
    mkfifo((folder / "pipe").c_str(), 0644);
  }
  Barrier();
  const auto reason = [&](const std::string& path, SaveMode mode) {
    return ReasonFor(SaveValues<double>(path, "x", mode, rows));
  };
  for (const SaveMode mode : {SaveMode::kWrite, SaveMode::kExclusive, SaveMode::kAppend}) {
    REQUIRE_ON_ALL(reason(folder / "none/a.h5", mode) == Reason::kFileNotFound);
    REQUIRE_ON_ALL(reason(folder / "text/a.h5", mode) == Reason::kFileNotFound);
    REQUIRE_ON_ALL(reason(folder / "folder", mode) == Reason::kFileAccess);
    REQUIRE_ON_ALL(reason(folder / "folder/", mode) == Reason::kFileAccess);
    REQUIRE_ON_ALL(reason(folder / "pipe", mode) == Reason::kFileAccess);
    REQUIRE_ON_ALL(reason("", mode) == Reason::kInvalidValue);
  }
  REQUIRE_ON_ALL(reason(folder / "text", SaveMode::kAppend) == Reason::kFileFormat);
  REQUIRE_ON_ALL(ReadAll(folder / "text") == "no HDF5 file");
  CHECK(folder.Names() == Names{"folder", "pipe", "text"});
}

TEST_CASE("links stay links, and permissions stay") {
  const TemporaryFolder folder;
  const Distribution rows = Rows({12});
  REQUIRE_ON_ALL(SaveValues<double>(folder / "real.h5", "x", SaveMode::kWrite, rows).ok());
  if (Rank() == 0) {
    REQUIRE(symlink("real.h5", (folder / "link.h5").c_str()) == 0);
    REQUIRE(chmod((folder / "real.h5").c_str(), 0640) == 0);
  }
  Barrier();
  REQUIRE_ON_ALL(SaveValues<double>(folder / "link.h5", "y", SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(folder / "real.h5", "y", rows).ok());
  struct stat info = {};
  REQUIRE_ON_ALL(lstat((folder / "link.h5").c_str(), &info) == 0 && S_ISLNK(info.st_mode));
  REQUIRE_ON_ALL(stat((folder / "real.h5").c_str(), &info) == 0 && (info.st_mode & 0777) == 0640);
}

/// Makes writes past this many bytes of a file fail, as on a full disk, for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_ = {};
  void (*old_handler_)(int) = nullptr;
};

TEST_CASE("a write that fails leaves the old file, and nothing else") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({12});
  const Distribution many = Rows({1 << 18});
  REQUIRE_ON_ALL(SaveValues<double>(path, "x", SaveMode::kWrite, rows).ok());
  const std::string before = ReadAll(path);
  for (const SaveMode mode : {SaveMode::kWrite, SaveMode::kAppend}) {
    absl::Status status;
    {
      const FileSizeLimit limit(100000);
      status = SaveValues<double>(path, "y", mode, many);
    }
    INFO(status.message());
    REQUIRE_ON_ALL(ReasonFor(status) == Reason::kIoFailed);
    REQUIRE_ON_ALL(ReadAll(path) == before);
    REQUIRE_ON_ALL(folder.Names() == Names{"a.h5"});
  }
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "x", rows).ok());
}

TEST_CASE("the status of the lowest rank that fails is everybody's") {
  const absl::Status mine = Rank() == 0 && Ranks() > 1
                                ? absl::OkStatus()
                                : Error(Reason::kDatasetExists, "from rank " + std::to_string(Rank()));
  const absl::Status agreed = Agree(MPI_COMM_WORLD, mine);
  REQUIRE_ON_ALL(ReasonOf(agreed) == Reason::kDatasetExists);
  REQUIRE_ON_ALL(std::string(agreed.message()) == (Ranks() > 1 ? "from rank 1" : "from rank 0"));
  REQUIRE_ON_ALL(Agree(MPI_COMM_WORLD, absl::OkStatus()).ok());
}

}  // namespace
}  // namespace distarray::io
