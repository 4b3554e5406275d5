#include "engine/io/transfer.h"

#include <numeric>

#include "engine/io/element_type.h"
#include "tests/engine/distribution/maps.h"
#include "tests/engine/io/files.h"

namespace distarray::io {
namespace {

/// A dataset in a file in memory.
struct InMemory {
  explicit InMemory(const Shape& shape) {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_core(access.get(), 1 << 16, false);
    file = Handle(H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
    const std::vector<hsize_t> sizes(shape.begin(), shape.end());
    const Handle space(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
    dataset = Handle(H5Dcreate2(file.get(), "x", H5T_NATIVE_INT, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                     H5Dclose);
  }
  Handle file;
  Handle dataset;
};

/// Writes all ranks' blocks in boxes of few bytes, reads them back; how many boxes it took, or -1 if something is
/// wrong.
std::int64_t Boxes(const Distribution& distribution, std::int64_t most_bytes) {
  const Shape shape = distribution.shape();
  const InMemory in_memory(shape);
  std::int64_t boxes = 0;
  for (int rank = 0; rank < static_cast<int>(distribution.targets.size()); ++rank) {
    const Transfer transfer(distribution, rank, DType::kInt32, most_bytes);
    const auto block = BlockOf<std::int32_t>(distribution, rank);
    for (std::int64_t at = 0; at <= transfer.boxes(); ++at, ++boxes) {
      if (!transfer.Write(in_memory.dataset.get(), H5P_DEFAULT, at, block.data())) {
        return -1;
      }
    }
  }
  std::vector<std::int32_t> expected(static_cast<std::size_t>(distribution.size()));
  std::iota(expected.begin(), expected.end(), 1);
  std::vector<std::int32_t> got(expected.size());
  H5Dread(in_memory.dataset.get(), H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, got.data());
  if (got != expected) {
    return -1;
  }
  for (int rank = 0; rank < static_cast<int>(distribution.targets.size()); ++rank) {
    const Transfer transfer(distribution, rank, DType::kInt32, most_bytes);
    const auto block = BlockOf<std::int32_t>(distribution, rank);
    std::vector<std::byte> read(block.size());
    for (std::int64_t at = 0; at < transfer.boxes(); ++at) {
      if (!transfer.Read(in_memory.dataset.get(), H5P_DEFAULT, at, read.data())) {
        return -1;
      }
    }
    if (read != block) {
      return -1;
    }
  }
  return boxes;
}

TEST_CASE("blocks are transferred in boxes of any size") {
  for (const DimensionMap& first : MapsOf(13)) {
    for (const DimensionMap& second : {DimensionMap::Whole(7), DimensionMap::Cyclic(7, 2, 2), Scrambled(7, 2)}) {
      Distribution distribution{{first, second}, {}};
      distribution.targets.resize(static_cast<std::size_t>(first.grid_size * second.grid_size));
      std::iota(distribution.targets.begin(), distribution.targets.end(), 0);
      INFO(Describe(first) << " / " << Describe(second));
      const std::int64_t whole = Boxes(distribution, 1 << 20);
      const std::int64_t pieces = Boxes(distribution, 24);
      REQUIRE(whole > 0);
      REQUIRE(pieces >= whole + 91 / 6 - 2 * static_cast<std::int64_t>(distribution.targets.size()));
      REQUIRE(Boxes(distribution, 1) == 91 + static_cast<std::int64_t>(distribution.targets.size()));
    }
  }
}

TEST_CASE("scattered indices are selected in portions") {
  DimensionMap::IndexLists lists(2);
  for (std::int64_t i = 0; i < 6000; ++i) {
    lists[static_cast<std::size_t>((i * i / 7 + i / 3) % 2)].push_back(i);
  }
  const Distribution distribution{{DimensionMap::Unstructured(std::move(lists)), DimensionMap::Whole(2)}, {0, 1}};
  CHECK(Boxes(distribution, 1 << 20) > 2 + 2);
}

TEST_CASE("a huge block is cut, not walked over") {
  const std::int64_t size = std::int64_t{1} << 33;
  const Distribution distribution{{DimensionMap::Cyclic(4, 2), DimensionMap::Whole(size)}, {0, 1}};
  const Transfer transfer(distribution, 1, DType::kFloat64);
  CHECK(transfer.boxes() == 2 * (size * 8 / Transfer::kMostBytes));
}

}  // namespace
}  // namespace distarray::io
