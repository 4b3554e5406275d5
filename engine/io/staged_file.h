#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "engine/base/status.h"
#include "engine/command/command.h"

namespace distarray::io {

/// A file that is written beside the one it will be: it takes that place whole, by Commit, or is gone. One process's
/// business.
class StagedFile {
 public:
  /// `notes`: a folder in which a link names the file while it is unfinished, so that whoever sweeps after a killed
  /// process finds it; empty: none.
  explicit StagedFile(std::string notes = {}) : notes_(std::move(notes)) {}
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  /// Makes the file: an HDF5 file without datasets, or for kAppend a copy of the one at `path`; sees that `dataset` can
  /// be made in it, and sets disk space for `bytes` more aside. Errors: those of SaveDataset.
  absl::Status Begin(const std::string& path, const std::string& dataset, SaveMode mode, std::int64_t bytes);
  /// Syncs it and gives it its place. Errors: kIoFailed, kFileExists (kExclusive, and somebody was faster).
  absl::Status Commit();

  const std::string& temporary() const { return temporary_; }

 private:
  absl::Status CheckFolder() const;
  absl::Status CheckExisting(const std::string& dataset);
  absl::Status Create();
  absl::Status Fill() const;
  absl::Status Reserve(std::int64_t bytes) const;
  absl::Status Replace() const;
  void Finished();

  std::string notes_;
  std::string note_;   // the link; empty: none
  std::string given_;  // as the user wrote it, for messages
  std::string path_;   // links resolved: a link stays one
  std::string folder_;
  std::string temporary_;  // empty: nothing to remove
  SaveMode mode_ = SaveMode::kAppend;
  bool exists_ = false;
  bool appends_ = false;
};

}  // namespace distarray::io
