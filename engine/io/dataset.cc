#include "engine/io/dataset.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

#include "engine/io/element_type.h"
#include "engine/io/hdf5.h"

namespace distarray::io {
namespace {

/// Called when a path leads through an external link: notes it, and forbids it.
herr_t RefuseExternalLink(const char*, const char*, const char*, const char*, unsigned*, hid_t, void* met) {
  *static_cast<bool*>(met) = true;
  return -1;
}

/// Access properties that do not follow links out of the file; `met` is set where one is met.
Handle WithinFile(bool& met, const ReadTuning& tuning) {
  Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_elink_cb(access.get(), RefuseExternalLink, &met);
  H5Pset_chunk_cache(access.get(), 12421, tuning.cache_bytes, 1.0);
  return access;
}

std::string Quoted(const std::string& text) { return absl::StrCat("'", text, "'"); }

absl::Status LeavesFile(const std::string& path, const std::string& dataset, std::string_view how) {
  return FileError(Reason::kPermissionDenied, path,
                   absl::StrCat("dataset ", Quoted(dataset), " ", absl::string_view(how.data(), how.size()),
                                "; data outside the file are not read"));
}

/// The object at a path of an open file. Errors: kDatasetNotFound, kPermissionDenied.
absl::StatusOr<Handle> OpenObject(hid_t file, const std::string& path, const std::string& dataset,
                                  const ReadTuning& tuning) {
  bool external = false;
  const Handle access = WithinFile(external, tuning);
  Handle object(H5Oopen(file, dataset.c_str(), access.get()), H5Oclose);
  if (external) {
    return LeavesFile(path, dataset, "is reached by an external link");
  }
  if (!object.ok()) {
    return FileError(Reason::kDatasetNotFound, path, absl::StrCat("there is no dataset ", Quoted(dataset)));
  }
  if (H5Iget_type(object.get()) != H5I_DATASET) {
    return FileError(Reason::kDatasetNotFound, path,
                     absl::StrCat(Quoted(dataset), " is a ", H5Iget_type(object.get()) == H5I_GROUP ? "group" : "type",
                                  ", expected a dataset"));
  }
  // Opened anew as a dataset: only so do the access properties hold for reading.
  return Handle(H5Dopen2(file, dataset.c_str(), access.get()), H5Dclose);
}

/// Where a dataset's elements are kept: in this file, with filters that are there.
absl::Status CheckStorage(hid_t dataset_id, const std::string& path, const std::string& dataset) {
  const Handle creation(H5Dget_create_plist(dataset_id), H5Pclose);
  if (!creation.ok()) {
    return FileError(Reason::kFileFormat, path, absl::StrCat("dataset ", Quoted(dataset), " is damaged"));
  }
  if (H5Pget_layout(creation.get()) == H5D_VIRTUAL) {
    return LeavesFile(path, dataset, "is a virtual dataset");
  }
  if (H5Pget_external_count(creation.get()) > 0) {
    return LeavesFile(path, dataset, "is kept in external storage");
  }
  const int filters = H5Pget_nfilters(creation.get());
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    char name[64] = "";
    const H5Z_filter_t filter =
        H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &values, nullptr, sizeof name, name, nullptr);
    if (filter >= 0 && H5Zfilter_avail(filter) <= 0) {
      return FileError(Reason::kFileFormat, path,
                       absl::StrCat("dataset ", Quoted(dataset), " is compressed with filter ", filter, " (",
                                    name[0] != 0 ? name : "unnamed", "), which this server does not have"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<DatasetInfo> InfoOf(hid_t dataset_id, const std::string& path, const std::string& dataset) {
  const Handle space(H5Dget_space(dataset_id), H5Sclose);
  const Handle type(H5Dget_type(dataset_id), H5Tclose);
  if (!space.ok() || !type.ok()) {
    return FileError(Reason::kFileFormat, path, absl::StrCat("dataset ", Quoted(dataset), " is damaged"));
  }
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    return FileError(Reason::kInvalidType, path, absl::StrCat("dataset ", Quoted(dataset), " has no shape (null)"));
  }
  DatasetInfo info;
  const auto dtype = NearestDType(type.get());
  if (!dtype) {
    return FileError(Reason::kInvalidType, path,
                     absl::StrCat("dataset ", Quoted(dataset), " holds elements of type ", ClassName(type.get()),
                                  ", expected numbers"));
  }
  info.dtype = *dtype;
  hsize_t sizes[H5S_MAX_RANK] = {};
  const int ndim = H5Sget_simple_extent_dims(space.get(), sizes, nullptr);
  for (int d = 0; d < ndim; ++d) {
    constexpr auto kMost = static_cast<hsize_t>(std::numeric_limits<std::int64_t>::max());
    info.shape.push_back(static_cast<std::int64_t>(std::min(sizes[d], kMost)));
  }
  if (ndim < 0 || !ValidateShape(info.shape).ok()) {
    return FileError(Reason::kFileFormat, path, absl::StrCat("dataset ", Quoted(dataset), " is damaged"));
  }
  return info;
}

}  // namespace

void Quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

absl::Status FileError(Reason reason, const std::string& path, std::string_view what) {
  return Error(reason, absl::StrCat(Quoted(path), ": ", absl::string_view(what.data(), what.size())));
}

absl::StatusOr<std::vector<std::string>> DatasetParts(const std::string& dataset) {
  const absl::string_view inner = dataset.starts_with('/') ? absl::string_view(dataset).substr(1) : dataset;
  std::vector<std::string> parts = absl::StrSplit(inner, '/');
  for (const std::string& part : parts) {
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos) {
      return Error(Reason::kInvalidValue,
                   absl::StrCat("dataset ", Quoted(dataset),
                                ": expected a name, or names of groups and a name with '/' between"));
    }
  }
  return parts;
}

absl::Status CheckFree(hid_t file, const std::string& path, const std::string& dataset) {
  DA_ASSIGN_OR_RETURN(const auto parts, DatasetParts(dataset));
  std::string place;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    absl::StrAppend(&place, i > 0 ? "/" : "", parts[i]);
    if (H5Lexists(file, place.c_str(), H5P_DEFAULT) == 0) {
      return absl::OkStatus();
    }
    if (i + 1 == parts.size()) {
      return FileError(Reason::kDatasetExists, path,
                       absl::StrCat("there is a dataset or group ", Quoted(place), " already"));
    }
    bool external = false;
    const Handle access = WithinFile(external, {});
    const Handle object(H5Oopen(file, place.c_str(), access.get()), H5Oclose);
    if (external) {
      return LeavesFile(path, place, "is reached by an external link");
    }
    if (!object.ok() || H5Iget_type(object.get()) != H5I_GROUP) {
      return FileError(
          Reason::kInvalidValue, path,
          absl::StrCat(Quoted(place), " is not a group, so dataset ", Quoted(dataset), " cannot be made in it"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckReadable(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return FileError(Reason::kInvalidValue, path, "expected the path of a file");
  }
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    const int error = errno;
    const bool missing = error == ENOENT || error == ENOTDIR;
    return FileError(missing ? Reason::kFileNotFound : Reason::kFileAccess, path,
                     missing ? "there is no such file" : std::strerror(error));
  }
  if (!S_ISREG(info.st_mode)) {
    return FileError(Reason::kFileAccess, path,
                     S_ISDIR(info.st_mode) ? "is a folder, expected a file" : "is not a plain file");
  }
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return FileError(Reason::kFileAccess, path, std::strerror(errno));
  }
  close(descriptor);
  return absl::OkStatus();
}

absl::StatusOr<Handle> OpenFile(const std::string& path, const ReadTuning& tuning) {
  DA_RETURN_IF_ERROR(CheckReadable(path));
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_sieve_buf_size(access.get(), tuning.sieve_bytes);
  H5Pset_file_locking(access.get(), true, true);
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file.ok()) {
    return FileError(Reason::kFileFormat, path, "is not an HDF5 file, is damaged, or is being written");
  }
  return file;
}

absl::StatusOr<OpenDataset> OpenForReading(const std::string& path, const std::string& dataset,
                                           const ReadTuning& tuning) {
  Quiet();
  DA_RETURN_IF_ERROR(DatasetParts(dataset).status());
  OpenDataset open;
  DA_ASSIGN_OR_RETURN(open.file, OpenFile(path, tuning));
  DA_ASSIGN_OR_RETURN(open.dataset, OpenObject(open.file.get(), path, dataset, tuning));
  if (!open.dataset.ok()) {
    return FileError(Reason::kFileFormat, path, absl::StrCat("dataset ", Quoted(dataset), " is damaged"));
  }
  DA_RETURN_IF_ERROR(CheckStorage(open.dataset.get(), path, dataset));
  DA_ASSIGN_OR_RETURN(open.info, InfoOf(open.dataset.get(), path, dataset));
  return open;
}

absl::StatusOr<DatasetInfo> InspectDataset(const std::string& path, const std::string& dataset) {
  DA_ASSIGN_OR_RETURN(const OpenDataset open, OpenForReading(path, dataset, {}));
  return open.info;
}

}  // namespace distarray::io
