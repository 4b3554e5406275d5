#include "engine/io/exchange.h"

#include <algorithm>

#include "engine/io/agree.h"

namespace distarray::io {
namespace {

constexpr std::int64_t kWindowBytes = std::int64_t{32} << 20;
/// MPI_Alltoallv counts bytes in int, over all ranks together.
constexpr std::int64_t kMostExchangedBytes = std::int64_t{1} << 30;
/// Shorter contiguous runs in the file than this are exchanged first.
constexpr std::int64_t kShortRunBytes = 16 << 10;

std::vector<AxisSelection> AxesOf(const Distribution& distribution, int rank) {
  std::vector<AxisSelection> axes;
  const auto coordinates = distribution.Coordinates(rank);
  for (std::size_t d = 0; d < coordinates.size(); ++d) {
    axes.push_back(SelectAxis(distribution.dimensions[d], coordinates[d]));
  }
  return axes;
}

/// Blocks of the first dimension that is long enough, else of the longest: contiguous in the file, or nearly.
Distribution WindowLayout(const Shape& shape, int ranks) {
  Distribution layout = SingleTarget(shape, 0);
  layout.targets.resize(static_cast<std::size_t>(ranks));
  auto longest = std::find_if(shape.begin(), shape.end(), [ranks](std::int64_t size) { return size >= 4 * ranks; });
  if (longest == shape.end()) {
    longest = std::max_element(shape.begin(), shape.end());
  }
  layout.dimensions[static_cast<std::size_t>(longest - shape.begin())] = DimensionMap::Block(*longest, ranks);
  return layout;
}

Shape ShapeOf(const std::vector<AxisSelection>& axes) {
  Shape shape;
  for (const AxisSelection& axis : axes) {
    shape.push_back(axis.size);
  }
  return shape;
}

/// Bytes for each rank, one part after the other.
struct Parts {
  std::vector<int> counts;
  std::vector<int> offsets;
  std::vector<std::byte> bytes;

  explicit Parts(const std::vector<std::int64_t>& sizes) {
    std::int64_t total = 0;
    for (const std::int64_t size : sizes) {
      counts.push_back(static_cast<int>(size));
      offsets.push_back(static_cast<int>(total));
      total += size;
    }
    bytes.resize(static_cast<std::size_t>(total));
  }
  std::byte* at(std::size_t rank) { return bytes.data() + offsets[rank]; }
};

}  // namespace

bool Exchange::Pays(MPI_Comm comm, const Transfer& direct) {
  int scattered = direct.boxes() > 0 && direct.grain().run_bytes < kShortRunBytes ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &scattered, 1, MPI_INT, MPI_MAX, comm);
  return scattered != 0;
}

Exchange::Exchange(MPI_Comm comm, const Distribution& distribution, DType dtype)
    : comm_(comm), element_size_(static_cast<std::size_t>(InfoOf(dtype).size)), rank_(RankIn(comm)) {
  const int ranks = RanksOf(comm);
  const Distribution layout = WindowLayout(distribution.shape(), ranks);
  for (int rank = 0; rank < ranks; ++rank) {
    axes_.push_back(AxesOf(distribution, rank));
    windows_.emplace_back(layout, rank, dtype, std::min(kWindowBytes, kMostExchangedBytes / ranks));
    rounds_ = std::max(rounds_, windows_.back().boxes());
  }
}

bool Exchange::Write(hid_t dataset, hid_t properties, std::int64_t round, const std::byte* block) const {
  const auto mine = static_cast<std::size_t>(rank_);
  const auto size = static_cast<std::int64_t>(element_size_);
  std::vector<Crossing> given(axes_.size());  // of my block with each rank's window
  std::vector<Crossing> taken(axes_.size());  // of each rank's block with my window
  std::vector<std::int64_t> given_bytes(axes_.size(), 0);
  std::vector<std::int64_t> taken_bytes(axes_.size(), 0);
  Window window;
  for (std::size_t rank = 0; rank < axes_.size(); ++rank) {
    if (round < windows_[rank].boxes()) {
      given[rank] = Cross(axes_[mine], windows_[rank].WindowOf(round));
      given_bytes[rank] = given[rank].size() * size;
    }
    if (round < windows_[mine].boxes()) {
      window = windows_[mine].WindowOf(round);
      taken[rank] = Cross(axes_[rank], window);
      taken_bytes[rank] = taken[rank].size() * size;
    }
  }
  Parts out(given_bytes);
  Parts in(taken_bytes);
  const Shape local_shape = ShapeOf(axes_[mine]);
  for (std::size_t rank = 0; rank < axes_.size(); ++rank) {
    if (given_bytes[rank] > 0) {
      Pack(given[rank].local, local_shape, element_size_, block, out.at(rank));
    }
  }
  MPI_Alltoallv(out.bytes.data(), out.counts.data(), out.offsets.data(), MPI_BYTE, in.bytes.data(), in.counts.data(),
                in.offsets.data(), MPI_BYTE, comm_);
  std::vector<std::byte> buffer(in.bytes.size());
  for (std::size_t rank = 0; rank < axes_.size(); ++rank) {
    if (taken_bytes[rank] > 0) {
      Unpack(taken[rank].inside, window.shape, element_size_, in.at(rank), buffer.data());
    }
  }
  return windows_[mine].WriteDense(dataset, properties, round, buffer.empty() ? nullptr : buffer.data());
}

bool ReadScattered(hid_t dataset, const Distribution& distribution, int rank, DType dtype, std::byte* block) {
  const auto axes = AxesOf(distribution, rank);
  const Shape local_shape = ShapeOf(axes);
  const auto size = static_cast<std::size_t>(InfoOf(dtype).size);
  const Transfer windows(SingleTarget(distribution.shape(), 0), 0, dtype, kWindowBytes);
  std::vector<std::byte> buffer;
  std::vector<std::byte> packed;
  for (std::int64_t at = 0; at < windows.boxes(); ++at) {
    const Window window = windows.WindowOf(at);
    const Crossing crossing = Cross(axes, window);
    if (crossing.size() == 0) {
      continue;
    }
    std::int64_t elements = 1;
    for (const std::int64_t extent : window.shape) {
      elements *= extent;
    }
    buffer.resize(static_cast<std::size_t>(elements) * size);
    packed.resize(static_cast<std::size_t>(crossing.size()) * size);
    if (!windows.ReadDense(dataset, H5P_DEFAULT, at, buffer.data())) {
      return false;
    }
    Pack(crossing.inside, window.shape, size, buffer.data(), packed.data());
    Unpack(crossing.local, local_shape, size, packed.data(), block);
  }
  return true;
}

}  // namespace distarray::io
