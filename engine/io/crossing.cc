#include "engine/io/crossing.h"

#include <algorithm>
#include <cstring>

namespace distarray::io {
namespace {

/// How many of an axis's indices are less than `index`.
std::int64_t CountBelow(const AxisSelection& axis, std::int64_t index) {
  const auto after = std::partition_point(axis.slabs.begin(), axis.slabs.end(),
                                          [index](const Slab& slab) { return slab.start < index; });
  if (after == axis.slabs.begin()) {
    return 0;
  }
  const Slab& slab = *(after - 1);
  const std::int64_t blocks = (index - slab.start) / slab.stride;
  if (blocks >= slab.count) {
    return slab.first + slab.count * slab.block;
  }
  return slab.first + blocks * slab.block + std::min((index - slab.start) % slab.stride, slab.block);
}

/// Calls copy(packed element, element of the whole) for each.
template <typename Copy>
void ForEach(const std::vector<std::vector<std::int64_t>>& places, const Shape& shape, const Copy& copy) {
  const std::size_t ndim = places.size();
  for (const auto& list : places) {
    if (list.empty()) {
      return;
    }
  }
  if (ndim == 0) {
    copy(0, 0);
    return;
  }
  std::vector<std::int64_t> strides(ndim, 1);
  for (std::size_t d = ndim; d-- > 1;) {
    strides[d - 1] = strides[d] * shape[d];
  }
  std::vector<std::size_t> at(ndim, 0);
  for (std::int64_t packed = 0;;) {
    std::int64_t row = 0;
    for (std::size_t d = 0; d + 1 < ndim; ++d) {
      row += places[d][at[d]] * strides[d];
    }
    for (const std::int64_t place : places[ndim - 1]) {
      copy(packed++, row + place);
    }
    std::size_t d = ndim - 1;
    while (d > 0 && ++at[d - 1] == places[d - 1].size()) {
      at[--d] = 0;
    }
    if (d == 0) {
      return;
    }
  }
}

/// Calls body.template operator()<size>() with the element size as a constant, so that copies are single moves.
template <typename Body>
void WithSize(std::size_t element_size, const Body& body) {
  switch (element_size) {
    case 1:
      return body.template operator()<1>();
    case 2:
      return body.template operator()<2>();
    case 4:
      return body.template operator()<4>();
    case 8:
      return body.template operator()<8>();
    default:
      return body.template operator()<16>();
  }
}

}  // namespace

std::int64_t Crossing::size() const {
  std::int64_t count = 1;
  for (const auto& list : local) {
    count *= static_cast<std::int64_t>(list.size());
  }
  return count;
}

Crossing Cross(const std::vector<AxisSelection>& axes, const Window& window) {
  Crossing crossing;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    const AxisSelection& axis = axes[d];
    auto& local = crossing.local.emplace_back();
    auto& inside = crossing.inside.emplace_back();
    const std::int64_t begin = CountBelow(axis, window.start[d]);
    const std::int64_t end = CountBelow(axis, window.start[d] + window.shape[d]);
    local.reserve(static_cast<std::size_t>(end - begin));
    inside.reserve(static_cast<std::size_t>(end - begin));
    auto slab = std::partition_point(axis.slabs.begin(), axis.slabs.end(), [begin](const Slab& each) {
      return each.first + each.count * each.block <= begin;
    });
    for (std::int64_t i = begin; i < end; ++i) {
      if (i - slab->first == slab->count * slab->block) {
        ++slab;
      }
      const std::int64_t within = i - slab->first;
      local.push_back(axis.order.empty() ? i : axis.order[static_cast<std::size_t>(i)]);
      inside.push_back(slab->start + within / slab->block * slab->stride + within % slab->block - window.start[d]);
    }
  }
  return crossing;
}

void Pack(const std::vector<std::vector<std::int64_t>>& places, const Shape& shape, std::size_t element_size,
          const std::byte* whole, std::byte* packed) {
  WithSize(element_size, [&]<std::int64_t kSize>() {
    ForEach(places, shape,
            [=](std::int64_t to, std::int64_t from) { std::memcpy(packed + to * kSize, whole + from * kSize, kSize); });
  });
}

void Unpack(const std::vector<std::vector<std::int64_t>>& places, const Shape& shape, std::size_t element_size,
            const std::byte* packed, std::byte* whole) {
  WithSize(element_size, [&]<std::int64_t kSize>() {
    ForEach(places, shape,
            [=](std::int64_t from, std::int64_t to) { std::memcpy(whole + to * kSize, packed + from * kSize, kSize); });
  });
}

}  // namespace distarray::io
