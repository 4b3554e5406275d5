#pragma once

#include <mpi.h>

#include <cstddef>
#include <string>

#include "engine/base/status.h"
#include "engine/command/command.h"
#include "engine/distribution/distribution.h"
#include "engine/dtype/dtype.h"

namespace distarray::io {

/// HDF5, read and written in parallel. Takes only memory, distribution and communicator, so that it can run in a helper
/// job too. All functions but InspectDataset are collective over `comm`, whose rank r is grid rank r of the
/// distribution, and return the same status on every rank.

/// Writes dense C-order blocks as one dataset. The file is written beside `path` under another name, closed, synced and
/// renamed; on failure that file is removed and what was at `path` stands. kAppend copies the existing file first.
/// Errors: kFileExists (kExclusive), kDatasetExists (kAppend), kFileNotFound (no such folder), kFileAccess, kFileFormat
/// (existing file is not HDF5), kIoFailed (disk full, ...). `notes`: a folder that names the file while it is
/// unfinished, for whoever sweeps after a killed process; empty: none.
absl::Status SaveDataset(MPI_Comm comm, const std::string& path, const std::string& dataset, SaveMode mode,
                         const Distribution& distribution, DType dtype, const std::byte* block,
                         const std::string& notes = {});

/// Shape and dtype of a dataset. Errors: kFileNotFound, kFileAccess, kFileFormat, kDatasetNotFound, kInvalidType (an
/// HDF5 type without counterpart), kPermissionDenied (external storage, external link, virtual dataset: they would
/// leave the file).
absl::StatusOr<DatasetInfo> InspectDataset(const std::string& path, const std::string& dataset);

/// Reads each rank's block. Compressed and chunked datasets too. Errors: as InspectDataset; kInvalidValue: the shape is
/// not the distribution's.
absl::Status LoadDataset(MPI_Comm comm, const std::string& path, const std::string& dataset,
                         const Distribution& distribution, DType dtype, std::byte* block);

}  // namespace distarray::io
