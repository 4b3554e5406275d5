#include "engine/io/transfer.h"

#include <algorithm>
#include <limits>

#include "engine/io/element_type.h"

namespace distarray::io {
namespace {

/// A reordered box needs as much memory again.
constexpr std::int64_t kMostReorderedBytes = std::int64_t{32} << 20;

std::vector<hsize_t> Sizes(const Shape& shape) { return {shape.begin(), shape.end()}; }

Handle SimpleSpace(const Shape& shape) {
  const auto sizes = Sizes(shape);
  return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
}

/// Local indices of a box in each dimension.
std::vector<std::vector<std::int64_t>> PlacesOf(const std::vector<AxisSelection>& axes, const Box& box) {
  std::vector<std::vector<std::int64_t>> places;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    auto& list = places.emplace_back();
    for (std::int64_t i = box.low[d]; i < box.high[d]; ++i) {
      list.push_back(axes[d].order.empty() ? i : axes[d].order[static_cast<std::size_t>(i)]);
    }
  }
  return places;
}

Shape LocalShape(const std::vector<AxisSelection>& axes) {
  Shape shape;
  for (const AxisSelection& axis : axes) {
    shape.push_back(axis.size);
  }
  return shape;
}

}  // namespace

Transfer::Transfer(const Distribution& distribution, int rank, DType dtype, std::int64_t most_bytes)
    : shape_(distribution.shape()), dtype_(dtype) {
  const auto coordinates = distribution.Coordinates(rank);
  for (std::size_t d = 0; d < shape_.size(); ++d) {
    axes_.push_back(SelectAxis(distribution.dimensions[d], coordinates[d]));
    reordered_ = reordered_ || !axes_.back().order.empty();
  }
  boxes_ = BoxesOf(axes_,
                   std::max<std::int64_t>(
                       (reordered_ ? std::min(most_bytes, kMostReorderedBytes) : most_bytes) / InfoOf(dtype).size, 1));
}

Transfer::Grain Transfer::grain() const {
  constexpr std::int64_t kMany = std::int64_t{1} << 30;
  Grain grain;
  grain.run_bytes = InfoOf(dtype_).size;
  grain.gap_bytes = grain.run_bytes;
  std::int64_t runs = 1;
  bool together = true;  // the dimensions so far are held whole
  for (std::size_t d = axes_.size(); d-- > 0;) {
    const AxisSelection& axis = axes_[d];
    std::int64_t here = 0;
    for (const Slab& slab : axis.slabs) {
      here += slab.count;
    }
    here = std::max<std::int64_t>(here, 1);
    grain.slabs = std::min(grain.slabs * std::clamp<std::int64_t>(std::ssize(axis.slabs), 1, kMany), kMany);
    runs = std::min(runs * std::min(together ? here : axis.size, kMany), kMany);
    if (together) {
      grain.run_bytes = grain.run_bytes * axis.size / here;
      grain.gap_bytes *= shape_[d] / here;
      together = axis.size == shape_[d];
    }
  }
  if (runs <= 1) {
    grain.run_bytes = std::numeric_limits<std::int64_t>::max();
  }
  return grain;
}

Window Transfer::WindowOf(std::int64_t at) const {
  const Box& box = boxes_[static_cast<std::size_t>(at)];
  Window window{box.low, box.shape()};
  for (std::size_t d = 0; d < axes_.size(); ++d) {
    window.start[d] += axes_[d].slabs.front().start;
  }
  return window;
}

Transfer::Spaces Transfer::SpacesOf(hid_t dataset, std::int64_t at, bool dense) const {
  Spaces spaces;
  spaces.file = Handle(H5Dget_space(dataset), H5Sclose);
  if (at >= boxes()) {
    spaces.memory = SimpleSpace({1});
    if (H5Sselect_none(spaces.file.get()) < 0 || H5Sselect_none(spaces.memory.get()) < 0) {
      return {};
    }
    return spaces;
  }
  const Box& box = boxes_[static_cast<std::size_t>(at)];
  if (!axes_.empty() && !SelectBox(spaces.file.get(), axes_, box)) {
    return {};
  }
  if (dense || axes_.empty()) {
    spaces.memory = SimpleSpace({box.size()});
    return spaces;
  }
  spaces.memory = SimpleSpace(LocalShape(axes_));
  const auto low = Sizes(box.low);
  const auto count = Sizes(box.shape());
  if (H5Sselect_hyperslab(spaces.memory.get(), H5S_SELECT_SET, low.data(), nullptr, count.data(), nullptr) < 0) {
    return {};
  }
  return spaces;
}

std::vector<std::byte> Transfer::Buffer(std::int64_t at) const {
  return std::vector<std::byte>(
      static_cast<std::size_t>(at < boxes() ? boxes_[static_cast<std::size_t>(at)].size() * InfoOf(dtype_).size : 0));
}

bool Transfer::WriteDense(hid_t dataset, hid_t properties, std::int64_t at, const std::byte* buffer) const {
  const Handle type = ElementType(dtype_);
  const Spaces spaces = SpacesOf(dataset, at, true);
  // The library wants a buffer even of those who write nothing.
  const std::byte nothing[16] = {};
  return type.ok() && spaces.file.ok() && spaces.memory.ok() &&
         H5Dwrite(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties,
                  buffer == nullptr ? nothing : buffer) >= 0;
}

bool Transfer::ReadDense(hid_t dataset, hid_t properties, std::int64_t at, std::byte* buffer) const {
  const Handle type = ElementType(dtype_);
  const Spaces spaces = SpacesOf(dataset, at, true);
  return type.ok() && spaces.file.ok() && spaces.memory.ok() &&
         H5Dread(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties, buffer) >= 0;
}

bool Transfer::Write(hid_t dataset, hid_t properties, std::int64_t at, const std::byte* block) const {
  if (at >= boxes()) {
    return WriteDense(dataset, properties, at, nullptr);
  }
  if (reordered_) {
    auto ascending = Buffer(at);
    Pack(PlacesOf(axes_, boxes_[static_cast<std::size_t>(at)]), LocalShape(axes_),
         static_cast<std::size_t>(InfoOf(dtype_).size), block, ascending.data());
    return WriteDense(dataset, properties, at, ascending.data());
  }
  const Handle type = ElementType(dtype_);
  const Spaces spaces = SpacesOf(dataset, at, false);
  return type.ok() && spaces.file.ok() && spaces.memory.ok() &&
         H5Dwrite(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties, block) >= 0;
}

bool Transfer::Read(hid_t dataset, hid_t properties, std::int64_t at, std::byte* block) const {
  if (reordered_) {
    auto ascending = Buffer(at);
    if (!ReadDense(dataset, properties, at, ascending.data())) {
      return false;
    }
    Unpack(PlacesOf(axes_, boxes_[static_cast<std::size_t>(at)]), LocalShape(axes_),
           static_cast<std::size_t>(InfoOf(dtype_).size), ascending.data(), block);
    return true;
  }
  const Handle type = ElementType(dtype_);
  const Spaces spaces = SpacesOf(dataset, at, false);
  return type.ok() && spaces.file.ok() && spaces.memory.ok() &&
         H5Dread(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties, block) >= 0;
}

}  // namespace distarray::io
