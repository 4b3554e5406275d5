#include <numeric>

#include "tests/engine/distribution/maps.h"
#include "tests/engine/io/files.h"

namespace distarray::io {
namespace {

/// How a dataset is made by others. Shape 40 x 6, element i is i + 1 (ValueAt).
struct Foreign {
  std::string name;
  hid_t type;
  bool chunked;
  bool compressed;
  DType nearest;
};

constexpr hsize_t kRows = 40;
constexpr hsize_t kColumns = 6;

void Make(hid_t file, const Foreign& foreign) {
  std::vector<double> values(kRows * kColumns);
  std::iota(values.begin(), values.end(), 1.0);
  const hsize_t sizes[] = {kRows, kColumns};
  const hsize_t chunk[] = {7, 4};
  const Handle space(H5Screate_simple(2, sizes, nullptr), H5Sclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (foreign.chunked) {
    H5Pset_chunk(creation.get(), 2, chunk);
  }
  if (foreign.compressed) {
    H5Pset_shuffle(creation.get());
    H5Pset_deflate(creation.get(), 4);
    H5Pset_fletcher32(creation.get());
  }
  const Handle dataset(
      H5Dcreate2(file, foreign.name.c_str(), foreign.type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      H5Dclose);
  REQUIRE(dataset.ok());
  REQUIRE(H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
}

/// IEEE half precision, little-endian, as NumPy's '<f2'.
Handle Half() {
  Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  H5Tset_fields(type.get(), 15, 10, 5, 0, 10);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), 15);
  return type;
}

absl::Status Compare(const std::string& path, const Foreign& foreign, const Distribution& distribution) {
  return Visit(foreign.nearest, [&]<typename T>() { return LoadAndCompare<T>(path, foreign.name, distribution); });
}

TEST_CASE("files of others: chunked, compressed, of any byte order and width") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Handle half = Half();
  const Foreign table[] = {
      {"plain", H5T_IEEE_F64LE, false, false, DType::kFloat64},
      {"chunked", H5T_IEEE_F64LE, true, false, DType::kFloat64},
      {"gzip", H5T_IEEE_F64LE, true, true, DType::kFloat64},
      {"gzip_big_endian", H5T_IEEE_F32BE, true, true, DType::kFloat32},
      {"big_endian", H5T_IEEE_F64BE, false, false, DType::kFloat64},
      {"half", half.get(), true, false, DType::kFloat32},
      {"long_double", H5T_NATIVE_LDOUBLE, false, false, DType::kFloat64},
      {"int16_big", H5T_STD_I16BE, true, true, DType::kInt16},
      {"uint32_big", H5T_STD_U32BE, false, false, DType::kUInt32},
      {"int64", H5T_STD_I64LE, true, true, DType::kInt64},
      {"uint8", H5T_STD_U8LE, false, false, DType::kUInt8},
  };
  if (Rank() == 0) {
    const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    for (const Foreign& foreign : table) {
      Make(file.get(), foreign);
    }
  }
  Barrier();
  const Distribution rows = Rows({kRows, kColumns});
  std::vector<int> targets(static_cast<std::size_t>(Ranks()));
  std::iota(targets.begin(), targets.end(), 0);
  const std::vector<Distribution> all = {
      rows,
      {{DimensionMap::Cyclic(kRows, Ranks()), DimensionMap::Whole(kColumns)}, targets},
      {{DimensionMap::Cyclic(kRows, Ranks(), 3), DimensionMap::Whole(kColumns)}, targets},
      {{DimensionMap::Whole(kRows), DimensionMap::Block(kColumns, Ranks())}, targets},
      {{Scrambled(kRows, Ranks()), DimensionMap::Whole(kColumns)}, targets},
  };
  for (const Foreign& foreign : table) {
    INFO(foreign.name);
    REQUIRE_ON_ALL(InspectDataset(path, foreign.name)->dtype == foreign.nearest);
    for (const Distribution& distribution : all) {
      const absl::Status status = Compare(path, foreign, distribution);
      INFO(status.message());
      REQUIRE_ON_ALL(status.ok());
    }
  }
}

TEST_CASE("bool and complex are h5py's") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({12});
  REQUIRE_ON_ALL(SaveValues<bool>(path, "b", SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(SaveValues<std::complex<float>>(path, "c", SaveMode::kAppend, rows).ok());
  {
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Handle b(H5Dopen2(file.get(), "b", H5P_DEFAULT), H5Dclose);
    const Handle b_type(H5Dget_type(b.get()), H5Tclose);
    CHECK(H5Tget_class(b_type.get()) == H5T_ENUM);
    CHECK(H5Tget_size(b_type.get()) == 1);
    signed char value = -1;
    CHECK(H5Tenum_valueof(b_type.get(), "TRUE", &value) >= 0);
    CHECK(value == 1);
    CHECK(H5Tenum_valueof(b_type.get(), "FALSE", &value) >= 0);
    CHECK(value == 0);
    const Handle c(H5Dopen2(file.get(), "c", H5P_DEFAULT), H5Dclose);
    const Handle c_type(H5Dget_type(c.get()), H5Tclose);
    CHECK(H5Tget_class(c_type.get()) == H5T_COMPOUND);
    CHECK(H5Tget_member_index(c_type.get(), "r") == 0);
    CHECK(H5Tget_member_index(c_type.get(), "i") == 1);
    CHECK(H5Tget_size(c_type.get()) == 8);
  }
  Barrier();
  REQUIRE_ON_ALL(LoadAndCompare<bool>(path, "b", rows).ok());
}

TEST_CASE("links within the file are followed") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  const Distribution rows = Rows({12});
  REQUIRE_ON_ALL(SaveValues<double>(path, "group/x", SaveMode::kWrite, rows).ok());
  if (Rank() == 0) {
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    REQUIRE(H5Lcreate_soft("/group", file.get(), "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  }
  Barrier();
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "soft/x", rows).ok());
  REQUIRE_ON_ALL(SaveValues<double>(path, "soft/y", SaveMode::kAppend, rows).ok());
  REQUIRE_ON_ALL(LoadAndCompare<double>(path, "group/y", rows).ok());
}

}  // namespace
}  // namespace distarray::io
