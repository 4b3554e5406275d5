#pragma once

#include <cstdint>
#include <vector>

#include "engine/distribution/distribution.h"

namespace distarray {

/// A part of a factor b of a matrix product, to be passed round: rows `k` to `k + depth` and columns `n` to
/// `n + columns` of one of its matrices. Where it lies in its owner's block, as stored:
struct Panel {
  int owner = 0;            // engine
  std::int64_t matrix = 0;  // of the batch
  std::int64_t k = 0;
  std::int64_t depth = 0;
  std::int64_t n = 0;
  std::int64_t columns = 0;
  std::int64_t offset = 0;  // of its first element in the block, elements
  std::int64_t stride = 0;  // of the block's rows, elements
  std::int64_t lines = 0;   // rows as stored, of `length` elements each
  std::int64_t length = 0;

  bool contiguous() const { return lines <= 1 || length == stride; }
};

/// Cuts b, dealt out in blocks of its last two dimensions only, into panels of at most about kPanelBytes. In ascending
/// order of matrix, k and n, so that every column begins with k = 0. `transposed`: the last dimension is k.
inline constexpr std::int64_t kPanelBytes = std::int64_t{16} << 20;
std::vector<Panel> CutPanels(const Distribution& b, bool transposed, int element_bytes);

}  // namespace distarray
