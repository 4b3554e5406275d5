#include "engine/storage/memory_segment.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "engine/base/error.h"

namespace distarray {
namespace {

constexpr std::int64_t kHugePage = std::int64_t{2} << 20;
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14; older C libraries do not name it

absl::Status OutOfMemory(const char* what, std::int64_t bytes, int error) {
  return Error(Reason::kMemoryLimit,
               absl::StrCat("no memory for ", bytes, " bytes (", what, ": ", std::strerror(error), ")"));
}

bool HugePagesByAdvice() {
  static const bool yes = [] {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
    std::string text;
    std::getline(file, text);
    return text.find("[advise]") != std::string::npos;
  }();
  return yes;
}

/// Address space for a mapping, aligned so that huge pages fit.
std::byte* Map(int fd, std::int64_t capacity) {
  const auto length = static_cast<std::size_t>(capacity + kHugePage);
  void* reserved = mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    return nullptr;
  }
  auto* const begin = static_cast<std::byte*>(reserved);
  const auto misaligned = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(begin) % kHugePage);
  std::byte* const aligned = begin + (misaligned == 0 ? 0 : kHugePage - misaligned);
  std::byte* const end = begin + length;
  if (aligned > begin) {
    munmap(begin, static_cast<std::size_t>(aligned - begin));
  }
  if (end > aligned + capacity) {
    munmap(aligned + capacity, static_cast<std::size_t>(end - aligned - capacity));
  }
  if (mmap(aligned, static_cast<std::size_t>(capacity), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
      MAP_FAILED) {
    munmap(aligned, static_cast<std::size_t>(capacity));
    return nullptr;
  }
  return aligned;
}

}  // namespace

std::int64_t RoundToPages(std::int64_t bytes) {
  static const auto page = static_cast<std::int64_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

absl::StatusOr<std::unique_ptr<MemorySegment>> MemorySegment::Make(std::int64_t number, std::int64_t capacity,
                                                                   bool huge, SegmentRegistry* registry) {
  const int fd = memfd_create(absl::StrCat("distarray:", number).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) {
    return OutOfMemory("memfd_create", capacity, errno);
  }
  std::byte* data = nullptr;
  // For nobody else: who is lent a descriptor for reading cannot open it for writing.
  if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && ftruncate(fd, capacity) == 0) {
    data = Map(fd, capacity);
  }
  if (data == nullptr) {
    const int error = errno;
    close(fd);
    return OutOfMemory("mmap", capacity, error);
  }
  if (huge && HugePagesByAdvice()) {
    madvise(data, static_cast<std::size_t>(capacity), MADV_HUGEPAGE);
  }
  if (registry != nullptr) {
    registry->Register(number, fd, capacity);
  }
  return std::unique_ptr<MemorySegment>(new MemorySegment(number, fd, data, capacity, registry));
}

MemorySegment::MemorySegment(std::int64_t number, int fd, std::byte* data, std::int64_t capacity,
                             SegmentRegistry* registry)
    : number_(number), fd_(fd), data_(data), capacity_(capacity), registry_(registry) {}

MemorySegment::~MemorySegment() {
  if (registry_ != nullptr) {
    registry_->Unregister(number_);
  }
  if (sealed_) {
    Shrink(0);  // another process may have it mapped still
  }
  munmap(data_, static_cast<std::size_t>(capacity_));
  close(fd_);
}

absl::Status MemorySegment::Seal() {
  if (!sealed_ && fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return Error(Reason::kInternal, absl::StrCat("cannot seal memory segment ", number_, ": ", std::strerror(errno)));
  }
  sealed_ = true;
  return absl::OkStatus();
}

absl::Status MemorySegment::Grow(std::int64_t bytes) {
  const std::int64_t wanted = std::min(RoundToPages(bytes), capacity_);
  while (committed_ < wanted) {
    const std::int64_t more = wanted - committed_;
    if (madvise(data_ + committed_, static_cast<std::size_t>(more), kPopulateWrite) == 0) {
      committed_ = wanted;
      break;
    }
    if (errno == EINTR || errno == EAGAIN) {
      continue;
    }
    if (errno != EINVAL && errno != ENOSYS) {
      return OutOfMemory("populate", bytes, errno);
    }
    // A kernel that cannot populate: reserve the pages at least.
    const int error = posix_fallocate(fd_, committed_, more);
    if (error != 0 && error != EINTR) {
      return OutOfMemory("fallocate", bytes, error);
    }
    committed_ = error == 0 ? wanted : committed_;
  }
  return absl::OkStatus();
}

void MemorySegment::Shrink(std::int64_t bytes) {
  const std::int64_t wanted = RoundToPages(bytes);
  if (wanted >= committed_) {
    return;
  }
  // The size of a sealed one stays; all of it may have been touched by the other process.
  constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  const int failed = sealed_ ? fallocate(fd_, kPunch, wanted, capacity_ - wanted) : ftruncate(fd_, wanted);
  if (failed == 0) {
    committed_ = wanted;
  }
}

}  // namespace distarray
