#pragma once

#include <mpi.h>

#include <algorithm>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/io/agree.h"
#include "engine/io/dataset.h"
#include "engine/io/hdf5.h"
#include "tests/support/mpi_test.h"

namespace distarray::io {

inline int Rank() { return RankIn(MPI_COMM_WORLD); }
inline int Ranks() { return RanksOf(MPI_COMM_WORLD); }
inline void Barrier() { MPI_Barrier(MPI_COMM_WORLD); }

/// A folder that all ranks see, gone at the end. Collective.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path;
    if (Rank() == 0) {
      path = (std::filesystem::temp_directory_path() / "io_test_XXXXXX").string();
      if (mkdtemp(path.data()) == nullptr) {
        path.clear();
      }
    }
    path_ = FromFirst(MPI_COMM_WORLD, path);
  }
  ~TemporaryFolder() {
    Barrier();
    if (Rank() == 0) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  /// Names in it, sorted: to see that nothing was left.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_;
};

inline Reason ReasonFor(const absl::Status& status) { return status.ok() ? Reason::kUnspecified : ReasonOf(status); }

/// Element of an array at a C-order global position: distinct, exact in each type (bool alternates irregularly).
template <typename T>
T ValueAt(std::int64_t position) {
  if constexpr (std::is_same_v<T, bool>) {
    return position % 3 == 1;
  } else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
    using Real = typename T::value_type;
    return T(static_cast<Real>(position), static_cast<Real>(-position - 1));
  } else {
    return static_cast<T>(position + 1);
  }
}

/// C-order global positions of a rank's block, in its local order.
inline std::vector<std::int64_t> GlobalPositions(const Distribution& distribution, int rank) {
  const auto coordinates = distribution.Coordinates(rank);
  std::vector<std::int64_t> positions = {0};
  for (std::size_t d = 0; d < distribution.dimensions.size(); ++d) {
    const DimensionMap& map = distribution.dimensions[d];
    std::vector<std::int64_t> longer;
    for (const std::int64_t position : positions) {
      for (std::int64_t i = 0; i < map.LocalSize(coordinates[d]); ++i) {
        longer.push_back(position * map.size + map.GlobalIndex(coordinates[d], i));
      }
    }
    positions = std::move(longer);
  }
  return positions;
}

/// A rank's block of the array of ValueAt.
template <typename T>
std::vector<std::byte> BlockOf(const Distribution& distribution, int rank) {
  std::vector<std::byte> bytes;
  for (const std::int64_t position : GlobalPositions(distribution, rank)) {
    const T value = ValueAt<T>(position);
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof(T));
  }
  return bytes;
}

/// A distribution over the first `processes` ranks, as the communicator of those.
struct Group {
  MPI_Comm comm = MPI_COMM_NULL;  // null for the ranks that have no part
  explicit Group(const Distribution& distribution) {
    const bool in = Rank() < static_cast<int>(distribution.targets.size());
    MPI_Comm_split(MPI_COMM_WORLD, in ? 0 : MPI_UNDEFINED, Rank(), &comm);
  }
  ~Group() {
    if (comm != MPI_COMM_NULL) {
      MPI_Comm_free(&comm);
    }
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
};

/// Saves the array of ValueAt. Collective over the world; ranks without part return OK.
template <typename T>
absl::Status SaveValues(const std::string& path, const std::string& dataset, SaveMode mode,
                        const Distribution& distribution) {
  const Group group(distribution);
  if (group.comm == MPI_COMM_NULL) {
    return absl::OkStatus();
  }
  const auto block = BlockOf<T>(distribution, Rank());
  return SaveDataset(group.comm, path, dataset, mode, distribution, kDTypeOf<T>, block.data());
}

/// Loads a dataset and compares it with ValueAt. Collective over the world.
template <typename T>
absl::Status LoadAndCompare(const std::string& path, const std::string& dataset, const Distribution& distribution) {
  const Group group(distribution);
  if (group.comm == MPI_COMM_NULL) {
    return absl::OkStatus();
  }
  const auto expected = BlockOf<T>(distribution, Rank());
  std::vector<std::byte> got(expected.size(), std::byte{0xAA});
  DA_RETURN_IF_ERROR(LoadDataset(group.comm, path, dataset, distribution, kDTypeOf<T>, got.data()));
  return got == expected ? absl::OkStatus() : absl::DataLossError("other elements");
}

/// Regular blocks of the first dimension over all ranks.
inline Distribution Rows(const Shape& shape) {
  std::vector<int> targets;
  for (int rank = 0; rank < Ranks(); ++rank) {
    targets.push_back(rank);
  }
  return *MakeDistribution(shape, {}, targets, Ranks());
}

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace distarray::io
