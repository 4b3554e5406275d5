#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "engine/io/agree.h"
#include "engine/io/dataset.h"
#include "engine/io/element_type.h"
#include "engine/io/exchange.h"
#include "engine/io/hdf5.h"
#include "engine/io/staged_file.h"
#include "engine/io/transfer.h"

namespace distarray::io {
namespace {

/// One save, as all ranks do it together; every step ends in an agreed status.
class Saving {
 public:
  Saving(MPI_Comm comm, const std::string& path, const std::string& dataset, const Distribution& distribution,
         DType dtype)
      : comm_(comm), path_(path), dataset_(dataset), distribution_(distribution), dtype_(dtype) {}

  absl::Status Write(const std::string& temporary, const std::byte* block) {
    const absl::Status status = Steps(temporary, block);
    if (!status.ok()) {
      // Room for what the library still has to write: closing must not fail.
      if (RankIn(comm_) == 0) {
        std::error_code ignored;
        std::filesystem::resize_file(temporary, 0, ignored);
      }
      MPI_Barrier(comm_);
      created_.Close();
      file_.Close();
    }
    return status;
  }

  /// What must be in the file that Write wrote. Rank 0's business.
  absl::Status Check(const std::string& temporary) const {
    const auto info = InspectDataset(temporary, dataset_);
    struct stat file = {};
    if (!info.ok() || info->shape != distribution_.shape() || info->dtype != dtype_ ||
        stat(temporary.c_str(), &file) != 0 || file.st_size < end_) {
      return Failed("was not written whole");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Steps(const std::string& temporary, const std::byte* block) {
    DA_RETURN_IF_ERROR(Agree(comm_, Open(temporary)));
    DA_RETURN_IF_ERROR(Agree(comm_, CreateDataset()));
    DA_RETURN_IF_ERROR(WriteBlock(block));
    return Agree(comm_, Close());
  }

  absl::Status Failed(std::string_view what) const {
    return FileError(Reason::kIoFailed, path_,
                     absl::StrCat("dataset '", dataset_, "' ", absl::string_view(what.data(), what.size())));
  }

  absl::Status Open(const std::string& temporary) {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    if (RanksOf(comm_) > 1) {
      H5Pset_fapl_mpio(access.get(), comm_, MPI_INFO_NULL);
    } else {
      H5Pset_file_locking(access.get(), true, true);
    }
    file_ = Handle(H5Fopen(temporary.c_str(), H5F_ACC_RDWR, access.get()), H5Fclose);
    return file_.ok() ? absl::OkStatus() : Failed("could not be written: its file could not be opened");
  }

  Handle Space() const {
    const Shape shape = distribution_.shape();
    if (shape.empty()) {
      return Handle(H5Screate(H5S_SCALAR), H5Sclose);
    }
    const std::vector<hsize_t> sizes(shape.begin(), shape.end());
    return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
  }

  absl::Status CreateDataset() {
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links.get(), 1);
    const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER);
    H5Pset_obj_track_times(creation.get(), false);
    const Handle type = ElementType(dtype_);
    const Handle space = Space();
    created_ = Handle(
        H5Dcreate2(file_.get(), dataset_.c_str(), type.get(), space.get(), links.get(), creation.get(), H5P_DEFAULT),
        H5Dclose);
    if (!created_.ok()) {
      return Failed("could not be made");
    }
    const std::int64_t bytes = distribution_.size() * InfoOf(dtype_).size;
    if (bytes > 0) {
      const haddr_t begin = H5Dget_offset(created_.get());
      if (begin == HADDR_UNDEF) {
        return Failed("could not be made");
      }
      end_ = static_cast<std::int64_t>(begin) + bytes;
    }
    return absl::OkStatus();
  }

  absl::Status WriteBlock(const std::byte* block) {
    const Transfer direct(distribution_, RankIn(comm_), dtype_);
    std::optional<Exchange> exchange;
    std::int64_t calls = direct.boxes();
    if (Exchange::Pays(comm_, direct)) {
      calls = exchange.emplace(comm_, distribution_, dtype_).rounds();
    }
    MPI_Allreduce(MPI_IN_PLACE, &calls, 1, MPI_INT64_T, MPI_MAX, comm_);
    const Handle properties(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
    if (RanksOf(comm_) > 1) {
      H5Pset_dxpl_mpio(properties.get(), H5FD_MPIO_COLLECTIVE);
    }
    for (std::int64_t at = 0; at < calls; ++at) {
      const bool written = exchange ? exchange->Write(created_.get(), properties.get(), at, block)
                                    : direct.Write(created_.get(), properties.get(), at, block);
      DA_RETURN_IF_ERROR(Agree(comm_, written ? absl::OkStatus() : Failed("could not be written: is the disk full?")));
    }
    return absl::OkStatus();
  }

  absl::Status Close() {
    if (H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) < 0) {
      return Failed("could not be written to the disk");
    }
    const bool dataset_closed = created_.Close();
    const bool file_closed = file_.Close();
    return dataset_closed && file_closed ? absl::OkStatus() : Failed("could not be written to the disk");
  }

  MPI_Comm comm_;
  const std::string& path_;
  const std::string& dataset_;
  const Distribution& distribution_;
  DType dtype_;
  Handle file_;
  Handle created_;        // declared after the file: closed before it
  std::int64_t end_ = 0;  // of the dataset's elements in the file
};

}  // namespace

absl::Status SaveDataset(MPI_Comm comm, const std::string& path, const std::string& dataset, SaveMode mode,
                         const Distribution& distribution, DType dtype, const std::byte* block,
                         const std::string& notes) {
  Quiet();
  const bool first = RankIn(comm) == 0;
  StagedFile staged(notes);
  const std::int64_t bytes = distribution.size() * InfoOf(dtype).size;
  DA_RETURN_IF_ERROR(Agree(comm, first ? staged.Begin(path, dataset, mode, bytes) : absl::OkStatus()));
  const std::string temporary = FromFirst(comm, staged.temporary());
  absl::Status status;
  {
    // Its file is closed before the staged one is renamed or removed.
    Saving saving(comm, path, dataset, distribution, dtype);
    status = saving.Write(temporary, block);
    if (status.ok() && first) {
      status = saving.Check(temporary);
    }
  }
  if (status.ok() && first) {
    status = staged.Commit();
  }
  return Agree(comm, status);
}

}  // namespace distarray::io
