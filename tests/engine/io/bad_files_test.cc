#include <sys/stat.h>

#include "tests/engine/io/files.h"

namespace distarray::io {
namespace {

Reason InspectReason(const std::string& path, const std::string& dataset) {
  const auto info = InspectDataset(path, dataset);
  if (!info.ok()) {
    UNSCOPED_INFO(info.status().message());
  }
  return ReasonFor(info.status());
}

Reason LoadReason(const std::string& path, const std::string& dataset, const Distribution& distribution) {
  return ReasonFor(LoadAndCompare<double>(path, dataset, distribution));
}

TEST_CASE("files that are none") {
  const TemporaryFolder folder;
  if (Rank() == 0) {
    WriteAll(folder / "text", "no HDF5 file");
    WriteAll(folder / "empty", "");
    mkdir((folder / "folder").c_str(), 0755);
    mkfifo((folder / "pipe").c_str(), 0644);
  }
  Barrier();
  const std::pair<std::string, Reason> table[] = {
      {"none", Reason::kFileNotFound}, {"none/a", Reason::kFileNotFound}, {"text/a", Reason::kFileNotFound},
      {"folder", Reason::kFileAccess}, {"pipe", Reason::kFileAccess},     {"text", Reason::kFileFormat},
      {"empty", Reason::kFileFormat},
  };
  const Distribution rows = Rows({12});
  for (const auto& [name, reason] : table) {
    INFO(name);
    REQUIRE_ON_ALL(InspectReason(folder / name, "x") == reason);
    REQUIRE_ON_ALL(LoadReason(folder / name, "x", rows) == reason);
  }
  REQUIRE_ON_ALL(InspectReason("", "x") == Reason::kInvalidValue);
}

/// A file with what cannot be loaded, made by other means.
void MakeOddities(const std::string& path) {
  const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  const Handle group(H5Gcreate2(file.get(), "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  const hsize_t size[] = {12};
  const Handle space(H5Screate_simple(1, size, nullptr), H5Sclose);
  const auto add = [&](const char* name, hid_t type, hid_t in_space, hid_t creation) {
    const Handle dataset(H5Dcreate2(file.get(), name, type, in_space, H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose);
    REQUIRE(dataset.ok());
  };
  const Handle text(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(text.get(), H5T_VARIABLE);
  add("text", text.get(), space.get(), H5P_DEFAULT);
  const Handle null_space(H5Screate(H5S_NULL), H5Sclose);
  add("null", H5T_NATIVE_DOUBLE, null_space.get(), H5P_DEFAULT);
  const Handle pair(H5Tcreate(H5T_COMPOUND, 16), H5Tclose);
  H5Tinsert(pair.get(), "x", 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(pair.get(), "y", 8, H5T_NATIVE_DOUBLE);
  add("pair", pair.get(), space.get(), H5P_DEFAULT);
  const Handle outside(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_external(outside.get(), "/etc/passwd", 0, 96);
  add("outside", H5T_NATIVE_DOUBLE, space.get(), outside.get());
  const Handle assembled(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_virtual(assembled.get(), space.get(), "other.h5", "x", space.get());
  add("virtual", H5T_NATIVE_DOUBLE, space.get(), assembled.get());
  add("ints", H5T_NATIVE_INT, space.get(), H5P_DEFAULT);
  REQUIRE(H5Lcreate_external("other.h5", "/", file.get(), "external", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  REQUIRE(H5Lcreate_soft("/external/x", file.get(), "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  REQUIRE(H5Lcreate_soft("/nowhere", file.get(), "dangling", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

TEST_CASE("datasets that cannot be loaded, or lead out of the file") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({12});
  REQUIRE_ON_ALL(SaveValues<double>(folder / "other.h5", "x", SaveMode::kWrite, rows).ok());
  if (Rank() == 0) {
    MakeOddities(path);
  }
  Barrier();
  const std::pair<std::string, Reason> table[] = {
      {"missing", Reason::kDatasetNotFound},
      {"group/missing", Reason::kDatasetNotFound},
      {"ints/x", Reason::kDatasetNotFound},
      {"group", Reason::kDatasetNotFound},
      {"dangling", Reason::kDatasetNotFound},
      {"text", Reason::kInvalidType},
      {"null", Reason::kInvalidType},
      {"pair", Reason::kInvalidType},
      {"outside", Reason::kPermissionDenied},
      {"virtual", Reason::kPermissionDenied},
      {"external/x", Reason::kPermissionDenied},
      {"soft", Reason::kPermissionDenied},
  };
  for (const auto& [name, reason] : table) {
    INFO(name);
    REQUIRE_ON_ALL(InspectReason(path, name) == reason);
    REQUIRE_ON_ALL(LoadReason(path, name, rows) == reason);
  }
  REQUIRE_ON_ALL(LoadReason(path, "ints", rows) == Reason::kInvalidValue);
  REQUIRE_ON_ALL(LoadReason(folder / "other.h5", "x", Rows({11})) == Reason::kInvalidValue);
  REQUIRE_ON_ALL(LoadReason(folder / "other.h5", "x", Rows({12, 1})) == Reason::kInvalidValue);
  const auto save = [&](const std::string& dataset) {
    return ReasonFor(SaveValues<double>(path, dataset, SaveMode::kAppend, rows));
  };
  REQUIRE_ON_ALL(save("external/y") == Reason::kPermissionDenied);
  REQUIRE_ON_ALL(save("dangling/y") == Reason::kInvalidValue);
  REQUIRE_ON_ALL(save("external") == Reason::kDatasetExists);
  REQUIRE_ON_ALL(ReasonFor(InspectDataset(folder / "other.h5", "y").status()) == Reason::kDatasetNotFound);
}

TEST_CASE("files cut off") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({4096});
  REQUIRE_ON_ALL(SaveValues<double>(path, "x", SaveMode::kWrite, rows).ok());
  const std::string whole = ReadAll(path);
  Barrier();
  for (const std::size_t kept : {std::size_t{100}, std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
    if (Rank() == 0) {
      WriteAll(folder / "cut.h5", whole.substr(0, kept));
    }
    Barrier();
    INFO(kept);
    const Reason reason = LoadReason(folder / "cut.h5", "x", rows);
    REQUIRE_ON_ALL(reason == Reason::kFileFormat || reason == Reason::kIoFailed);
    Barrier();
  }
}

}  // namespace
}  // namespace distarray::io
