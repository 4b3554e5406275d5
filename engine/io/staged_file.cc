#include "engine/io/staged_file.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <vector>

#include "engine/io/dataset.h"

namespace distarray::io {
namespace {

/// More than the headers of a dataset and its groups take.
constexpr std::int64_t kMetadataBytes = 64 << 10;

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool ok() const { return fd_ >= 0; }
  int get() const { return fd_; }
  bool Close() { return fd_ < 0 || close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

/// The folder of a path and the name in it.
std::pair<std::string, std::string> Split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) {
    return {".", path};
  }
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Reason ReasonOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Reason::kFileNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Reason::kFileAccess;
    default:
      return Reason::kIoFailed;
  }
}

bool SyncFolder(const std::string& folder) {
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder; they say so with EINVAL.
  return descriptor.ok() && (fsync(descriptor.get()) == 0 || errno == EINVAL);
}

bool CopyBytes(int from, int to) {
  std::vector<char> buffer(std::size_t{4} << 20);
  while (true) {
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return got == 0;
    }
    for (ssize_t done = 0; done < got;) {
      const ssize_t put = write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0 && errno != EINTR) {
        return false;
      }
      done += std::max<ssize_t>(put, 0);
    }
  }
}

/// Moves all bytes within the kernel, where the file systems can; copies the rest.
bool CopyAll(int from, int to) {
  while (true) {
    const ssize_t moved = copy_file_range(from, nullptr, to, nullptr, std::size_t{1} << 30, 0);
    if (moved == 0) {
      return true;
    }
    if (moved < 0 && errno != EINTR) {
      return CopyBytes(from, to);
    }
  }
}

}  // namespace

StagedFile::~StagedFile() {
  if (!temporary_.empty()) {
    unlink(temporary_.c_str());
  }
  Finished();
}

void StagedFile::Finished() {
  temporary_.clear();
  if (!note_.empty()) {
    unlink(note_.c_str());
    note_.clear();
  }
}

absl::Status StagedFile::CheckFolder() const {
  struct stat info = {};
  if (stat(folder_.c_str(), &info) != 0) {
    const int error = errno;
    return FileError(ReasonOfErrno(error), given_,
                     ReasonOfErrno(error) == Reason::kFileNotFound ? absl::StrCat("there is no folder '", folder_, "'")
                                                                   : std::string(std::strerror(error)));
  }
  if (!S_ISDIR(info.st_mode)) {
    return FileError(Reason::kFileNotFound, given_, absl::StrCat("'", folder_, "' is not a folder"));
  }
  return absl::OkStatus();
}

absl::Status StagedFile::CheckExisting(const std::string& dataset) {
  struct stat info = {};
  if (lstat(path_.c_str(), &info) != 0) {
    return absl::OkStatus();
  }
  if (!S_ISREG(info.st_mode)) {
    return FileError(Reason::kFileAccess, given_,
                     S_ISDIR(info.st_mode) ? "is a folder, expected a file" : "is there and is not a plain file");
  }
  exists_ = true;
  if (mode_ == SaveMode::kExclusive) {
    return FileError(Reason::kFileExists, given_, "there is such a file already (mode 'w-')");
  }
  if (access(path_.c_str(), W_OK) != 0) {
    return FileError(Reason::kFileAccess, given_, std::strerror(errno));
  }
  if (mode_ == SaveMode::kAppend) {
    DA_ASSIGN_OR_RETURN(const Handle file, OpenFile(path_, {}));
    DA_RETURN_IF_ERROR(CheckFree(file.get(), given_, dataset));
    appends_ = true;
  }
  return absl::OkStatus();
}

absl::Status StagedFile::Create() {
  const std::string name = Split(path_).second.substr(0, 200);
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const std::string unique = absl::StrFormat("%08x%08x", random(), random());
    const std::string candidate = absl::StrCat(folder_, "/.", name, ".", unique, ".partial");
    if (!notes_.empty()) {
      // First the note, then the file: no moment in which nobody knows of it.
      note_ = absl::StrCat(notes_, "/", unique);
      std::error_code ignored;
      std::filesystem::create_directories(notes_, ignored);
      std::filesystem::create_symlink(std::filesystem::absolute(candidate), note_, ignored);
    }
    const Descriptor descriptor(open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (descriptor.ok()) {
      temporary_ = candidate;
      return absl::OkStatus();
    }
    const int error = errno;
    Finished();  // the note: the file is another's, or none
    if (error != EEXIST) {
      return FileError(ReasonOfErrno(error), given_, absl::StrCat("cannot be written: ", std::strerror(error)));
    }
  }
  return FileError(Reason::kIoFailed, given_, "no name is free for a temporary file beside it");
}

absl::Status StagedFile::Fill() const {
  if (!appends_) {
    Handle file(H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    return file.ok() && file.Close() ? absl::OkStatus() : FileError(Reason::kIoFailed, given_, "could not be written");
  }
  const Descriptor from(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  Descriptor to(open(temporary_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!from.ok() || !to.ok() || !CopyAll(from.get(), to.get()) || !to.Close()) {
    return FileError(Reason::kIoFailed, given_, absl::StrCat("its copy could not be made: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

// A disk that fills up in the middle of a write leaves the library in a state in which it cannot close the file.
absl::Status StagedFile::Reserve(std::int64_t bytes) const {
  const Descriptor file(open(temporary_.c_str(), O_WRONLY | O_CLOEXEC));
  struct stat info = {};
  if (file.ok() && fstat(file.get(), &info) == 0 &&
      (fallocate(file.get(), 0, info.st_size, bytes + kMetadataBytes) == 0 || errno == EOPNOTSUPP || errno == ENOSYS)) {
    return absl::OkStatus();
  }
  return FileError(Reason::kIoFailed, given_, absl::StrCat("no room for ", bytes, " bytes: ", std::strerror(errno)));
}

absl::Status StagedFile::Begin(const std::string& path, const std::string& dataset, SaveMode mode, std::int64_t bytes) {
  given_ = path;
  mode_ = mode;
  if (path.empty() || path.find('\0') != std::string::npos) {
    return FileError(Reason::kInvalidValue, path, "expected the path of a file");
  }
  DA_RETURN_IF_ERROR(DatasetParts(dataset).status());
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  path_ = resolved ? resolved.get() : path;
  const auto [folder, name] = Split(path_);
  folder_ = folder;
  DA_RETURN_IF_ERROR(CheckFolder());
  if (name.empty()) {
    return FileError(Reason::kFileAccess, given_, "is a folder, expected a file");
  }
  DA_RETURN_IF_ERROR(CheckExisting(dataset));
  DA_RETURN_IF_ERROR(Create());
  DA_RETURN_IF_ERROR(Fill());
  return Reserve(bytes);
}

absl::Status StagedFile::Replace() const {
  const bool free_only = mode_ == SaveMode::kExclusive;
  int error = renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), free_only ? RENAME_NOREPLACE : 0) == 0
                  ? 0
                  : errno;
  if (free_only && (error == EINVAL || error == ENOSYS)) {
    // A file system without RENAME_NOREPLACE: a second name never replaces.
    error = link(temporary_.c_str(), path_.c_str()) == 0 ? 0 : errno;
    if (error == 0) {
      unlink(temporary_.c_str());
    }
  }
  if (error == EEXIST) {
    return FileError(Reason::kFileExists, given_, "there is such a file already (mode 'w-')");
  }
  if (error != 0) {
    return FileError(Reason::kIoFailed, given_,
                     absl::StrCat("the written file could not take its place: ", std::strerror(error)));
  }
  return absl::OkStatus();
}

absl::Status StagedFile::Commit() {
  Descriptor file(open(temporary_.c_str(), O_RDWR | O_CLOEXEC));
  struct stat existing = {};
  if (exists_ && stat(path_.c_str(), &existing) == 0 && file.ok()) {
    fchmod(file.get(), existing.st_mode & 07777);
  }
  if (!file.ok() || fsync(file.get()) != 0 || !file.Close()) {
    return FileError(Reason::kIoFailed, given_,
                     absl::StrCat("could not be written to the disk: ", std::strerror(errno)));
  }
  DA_RETURN_IF_ERROR(Replace());
  Finished();
  if (!SyncFolder(folder_)) {
    return FileError(Reason::kIoFailed, given_, absl::StrCat("its folder could not be synced: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace distarray::io
