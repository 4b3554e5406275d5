#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/dtype/dtype.h"

namespace distarray {

/// Where each of `count` values belongs among `size` elements that are sorted (NaNs last): how many of them are less
/// than it, or (`right`) not greater. All of one dtype.
void SearchSorted(DType dtype, const std::byte* sorted, std::int64_t size, const std::byte* values, std::int64_t count,
                  bool right, std::int64_t* places);

}  // namespace distarray
