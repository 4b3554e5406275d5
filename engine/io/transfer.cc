#include "engine/io/transfer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "engine/io/element_type.h"

namespace distarray::io {
namespace {

/// A reordered box needs as much memory again.
constexpr std::int64_t kMostReorderedBytes = std::int64_t{32} << 20;

std::int64_t LocalAt(const AxisSelection& axis, std::int64_t position) {
  return axis.order.empty() ? position : axis.order[static_cast<std::size_t>(position)];
}

/// Calls copy(position in the buffer, position in the block) for each element of a box, in elements.
template <typename Copy>
void ForEachElement(const std::vector<AxisSelection>& axes, const Box& box, const Copy& copy) {
  const std::size_t ndim = axes.size();
  Shape at = box.low;
  std::vector<std::int64_t> strides(ndim, 1);
  for (std::size_t d = ndim; d-- > 1;) {
    strides[d - 1] = strides[d] * axes[d].size;
  }
  for (std::int64_t in_buffer = 0;;) {
    std::int64_t row = 0;
    for (std::size_t d = 0; d + 1 < ndim; ++d) {
      row += LocalAt(axes[d], at[d]) * strides[d];
    }
    for (std::int64_t i = box.low[ndim - 1]; i < box.high[ndim - 1]; ++i) {
      copy(in_buffer++, row + LocalAt(axes[ndim - 1], i));
    }
    std::size_t d = ndim - 1;
    while (d > 0 && ++at[d - 1] == box.high[d - 1]) {
      at[d - 1] = box.low[d - 1];
      --d;
    }
    if (d == 0) {
      return;
    }
  }
}

std::vector<hsize_t> Sizes(const Shape& shape) { return {shape.begin(), shape.end()}; }

Handle SimpleSpace(const Shape& shape) {
  const auto sizes = Sizes(shape);
  return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
}

}  // namespace

void GatherBox(const std::vector<AxisSelection>& axes, const Box& box, std::size_t element_size, const std::byte* block,
               std::byte* buffer) {
  ForEachElement(axes, box, [=](std::int64_t in_buffer, std::int64_t in_block) {
    std::memcpy(buffer + in_buffer * static_cast<std::int64_t>(element_size),
                block + in_block * static_cast<std::int64_t>(element_size), element_size);
  });
}

void ScatterBox(const std::vector<AxisSelection>& axes, const Box& box, std::size_t element_size,
                const std::byte* buffer, std::byte* block) {
  ForEachElement(axes, box, [=](std::int64_t in_buffer, std::int64_t in_block) {
    std::memcpy(block + in_block * static_cast<std::int64_t>(element_size),
                buffer + in_buffer * static_cast<std::int64_t>(element_size), element_size);
  });
}

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

std::int64_t Transfer::gap_bytes() const {
  std::int64_t bytes = InfoOf(dtype_).size;
  for (std::size_t d = axes_.size(); d-- > 0;) {
    const AxisSelection& axis = axes_[d];
    if (axis.size > 0 && axis.size != shape_[d]) {
      const bool one_run = axis.slabs.size() == 1 && axis.slabs[0].count == 1;
      return bytes * (one_run ? shape_[d] : shape_[d] / axis.size);
    }
    bytes *= shape_[d];
  }
  return bytes;
}

Transfer::Spaces Transfer::SpacesOf(hid_t dataset, std::int64_t at) const {
  Spaces spaces;
  spaces.file = Handle(H5Dget_space(dataset), H5Sclose);
  if (at >= boxes()) {
    // A dataspace without dimensions cannot be copied here: of a number, only the one process there is takes part.
    spaces.memory = Handle(H5Screate_simple(1, Sizes({1}).data(), nullptr), H5Sclose);
    if (H5Sselect_none(spaces.file.get()) < 0 || H5Sselect_none(spaces.memory.get()) < 0) {
      return {};
    }
    return spaces;
  }
  const Box& box = boxes_[static_cast<std::size_t>(at)];
  if (axes_.empty()) {
    spaces.memory = Handle(H5Screate(H5S_SCALAR), H5Sclose);
    return spaces;
  }
  if (!SelectBox(spaces.file.get(), axes_, box)) {
    return {};
  }
  if (reordered_) {
    spaces.memory = SimpleSpace({box.size()});
    return spaces;
  }
  Shape local;
  for (const AxisSelection& axis : axes_) {
    local.push_back(axis.size);
  }
  spaces.memory = SimpleSpace(local);
  const auto low = Sizes(box.low);
  const auto count = Sizes(box.shape());
  if (H5Sselect_hyperslab(spaces.memory.get(), H5S_SELECT_SET, low.data(), nullptr, count.data(), nullptr) < 0) {
    return {};
  }
  return spaces;
}

bool Transfer::Write(hid_t dataset, hid_t properties, std::int64_t at, const std::byte* block) const {
  const Handle type = ElementType(dtype_);
  const Spaces spaces = SpacesOf(dataset, at);
  if (!type.ok() || !spaces.file.ok() || !spaces.memory.ok()) {
    return false;
  }
  std::unique_ptr<std::byte[]> ascending;
  const void* from = block;
  if (reordered_ && at < boxes()) {
    const Box& box = boxes_[static_cast<std::size_t>(at)];
    const auto element_size = static_cast<std::size_t>(InfoOf(dtype_).size);
    ascending = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(box.size()) * element_size);
    GatherBox(axes_, box, element_size, block, ascending.get());
    from = ascending.get();
  }
  // The library wants a buffer even of those who write nothing.
  const std::byte nothing[16] = {};
  return H5Dwrite(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties,
                  from == nullptr ? nothing : from) >= 0;
}

bool Transfer::Read(hid_t dataset, hid_t properties, std::int64_t at, std::byte* block) const {
  const Handle type = ElementType(dtype_);
  const Spaces spaces = SpacesOf(dataset, at);
  if (!type.ok() || !spaces.file.ok() || !spaces.memory.ok()) {
    return false;
  }
  if (!reordered_) {
    return H5Dread(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties, block) >= 0;
  }
  const Box& box = boxes_[static_cast<std::size_t>(at)];
  const auto element_size = static_cast<std::size_t>(InfoOf(dtype_).size);
  const auto ascending =
      std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(box.size()) * element_size);
  if (H5Dread(dataset, type.get(), spaces.memory.get(), spaces.file.get(), properties, ascending.get()) < 0) {
    return false;
  }
  ScatterBox(axes_, box, element_size, ascending.get(), block);
  return true;
}

}  // namespace distarray::io
