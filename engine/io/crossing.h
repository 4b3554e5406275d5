#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/io/selection.h"

namespace distarray::io {

/// A box of a dataset's indices.
struct Window {
  Shape start;
  Shape shape;
};

/// What a process's block and a window have in common: in each dimension the local indices and, beside them, the
/// positions in the window; ascending in global index, so that all processes see the same order.
struct Crossing {
  std::vector<std::vector<std::int64_t>> local;
  std::vector<std::vector<std::int64_t>> inside;

  std::int64_t size() const;
};
Crossing Cross(const std::vector<AxisSelection>& axes, const Window& window);

/// Copies the common elements, C order, to or from a dense buffer that holds nothing else. `whole` is the dense C-order
/// block (with `places` = crossing.local) or window (crossing.inside) of this shape.
void Pack(const std::vector<std::vector<std::int64_t>>& places, const Shape& shape, std::size_t element_size,
          const std::byte* whole, std::byte* packed);
void Unpack(const std::vector<std::vector<std::int64_t>>& places, const Shape& shape, std::size_t element_size,
            const std::byte* packed, std::byte* whole);

}  // namespace distarray::io
