#include <absl/strings/str_cat.h>

#include <algorithm>

#include "engine/io/agree.h"
#include "engine/io/dataset.h"
#include "engine/io/exchange.h"
#include "engine/io/hdf5.h"
#include "engine/io/transfer.h"

namespace distarray::io {
namespace {

/// Where elements lie closer than this, reading all between them costs less than another call each.
constexpr std::int64_t kNearBytes = 16 << 10;
/// Selecting more runs than this, each shorter, costs more than reading all that lies between them.
constexpr std::int64_t kManySlabs = 1024;
constexpr std::int64_t kShortRunBytes = 1 << 10;

ReadTuning TuningFor(const Transfer& transfer) {
  const bool near = transfer.grain().gap_bytes <= kNearBytes;
  return {.sieve_bytes = near ? std::size_t{1} << 20 : std::size_t{16} << 10, .cache_bytes = std::size_t{64} << 20};
}

absl::Status ReadBlock(const std::string& path, const std::string& dataset, const Distribution& distribution, int rank,
                       DType dtype, std::byte* block) {
  const Transfer transfer(distribution, rank, dtype);
  DA_ASSIGN_OR_RETURN(const OpenDataset open, OpenForReading(path, dataset, TuningFor(transfer)));
  if (open.info.shape != distribution.shape() || open.info.dtype != dtype) {
    const auto text = [](const Shape& shape, DType type) {
      const std::string_view name = NameOf(type);
      return absl::StrCat("shape ", ToString(shape), " and dtype ", absl::string_view(name.data(), name.size()));
    };
    return FileError(Reason::kInvalidValue, path,
                     absl::StrCat("dataset '", dataset, "' has ", text(open.info.shape, open.info.dtype), ", expected ",
                                  text(distribution.shape(), dtype)));
  }
  const Transfer::Grain grain = transfer.grain();
  bool read = true;
  if (grain.slabs > kManySlabs && grain.run_bytes < kShortRunBytes) {
    read = ReadScattered(open.dataset.get(), distribution, rank, dtype, block);
  } else {
    for (std::int64_t at = 0; at < transfer.boxes() && read; ++at) {
      read = transfer.Read(open.dataset.get(), H5P_DEFAULT, at, block);
    }
  }
  if (!read) {
    return FileError(Reason::kIoFailed, path,
                     absl::StrCat("dataset '", dataset, "' could not be read: it is damaged or cut off"));
  }
  return absl::OkStatus();
}

}  // namespace

// Every rank opens the file by itself: reads need nothing of each other, a damaged file cannot leave some in a
// collective, and the library's buffers for elements that lie apart work only so.
absl::Status LoadDataset(MPI_Comm comm, const std::string& path, const std::string& dataset,
                         const Distribution& distribution, DType dtype, std::byte* block) {
  return Agree(comm, ReadBlock(path, dataset, distribution, RankIn(comm), dtype, block));
}

}  // namespace distarray::io
