#pragma once

#include <mpi.h>

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/status.h"
#include "engine/command/command.h"
#include "engine/io/handle.h"

namespace distarray::io {

/// Turns the library's own printing of errors off (for this thread).
void Quiet();

/// A failure that names the file: "'/a/b.h5': <what>".
absl::Status FileError(Reason reason, const std::string& path, std::string_view what);

/// The parts of a dataset's path: "/a/b" and "a/b" are {"a", "b"}. Error kInvalidValue: an empty one, "." or ".." or an
/// empty part.
absl::StatusOr<std::vector<std::string>> DatasetParts(const std::string& dataset);

/// Checks that a new dataset can be made at this path of an open file: its groups are groups or not there, itself not
/// there, nothing outside the file. Errors: kDatasetExists, kInvalidValue, kPermissionDenied.
absl::Status CheckFree(hid_t file, const std::string& path, const std::string& dataset);

/// A plain file that can be read. Errors: kFileNotFound, kFileAccess.
absl::Status CheckReadable(const std::string& path);

/// A dataset opened for reading by this process alone, and what it holds.
struct OpenDataset {
  Handle file;
  Handle dataset;
  DatasetInfo info;
};

/// How a dataset will be read: the library reads up to `sieve_bytes` at once where elements lie apart, and keeps
/// `cache_bytes` of chunks.
struct ReadTuning {
  std::size_t sieve_bytes = 64 << 10;
  std::size_t cache_bytes = 1 << 20;
};

/// Errors: those of InspectDataset.
absl::StatusOr<OpenDataset> OpenForReading(const std::string& path, const std::string& dataset,
                                           const ReadTuning& tuning);

/// Opens a file for reading, by this process alone. Errors: kFileNotFound, kFileAccess, kFileFormat.
absl::StatusOr<Handle> OpenFile(const std::string& path, const ReadTuning& tuning);

}  // namespace distarray::io
