#include "engine/linear_algebra/panels.h"

#include <algorithm>
#include <tuple>

namespace distarray {
namespace {

constexpr std::int64_t kColumns = 4096;
constexpr std::int64_t kDepth = 512;

struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

Range RangeOf(const DimensionMap& map, std::int64_t process) {
  if (map.kind == DimensionMap::Kind::kBlock) {
    return {map.bounds[static_cast<std::size_t>(process)], map.bounds[static_cast<std::size_t>(process) + 1]};
  }
  return {0, map.size};
}

/// A length of pieces of about `wished` that differ little.
std::int64_t EvenPiece(std::int64_t whole, std::int64_t wished) {
  const std::int64_t pieces = (whole + wished - 1) / wished;
  return pieces <= 1 ? whole : (whole + pieces - 1) / pieces;
}

}  // namespace

std::vector<Panel> CutPanels(const Distribution& b, bool transposed, int element_bytes) {
  const std::size_t ndim = b.dimensions.size();
  std::int64_t matrices = 1;
  for (std::size_t d = 0; d + 2 < ndim; ++d) {
    matrices *= b.dimensions[d].size;
  }
  std::vector<Panel> panels;
  for (int rank = 0; rank < static_cast<int>(b.targets.size()); ++rank) {
    const auto coordinates = b.Coordinates(rank);
    const Range lines = RangeOf(b.dimensions[ndim - 2], coordinates[ndim - 2]);
    const Range across = RangeOf(b.dimensions[ndim - 1], coordinates[ndim - 1]);
    const Range depth = transposed ? across : lines;
    const Range columns = transposed ? lines : across;
    const std::int64_t stride = across.end - across.begin;
    const std::int64_t size = stride * (lines.end - lines.begin);
    if (size == 0) {
      continue;
    }
    const std::int64_t n_piece = EvenPiece(columns.end - columns.begin, kColumns);
    // In multiples of kDepth: where products are cut does not depend on how wide the blocks are.
    const std::int64_t k_piece = std::max<std::int64_t>(kPanelBytes / element_bytes / n_piece / kDepth, 1) * kDepth;
    for (std::int64_t matrix = 0; matrix < matrices; ++matrix) {
      for (std::int64_t k = depth.begin; k < depth.end; k += k_piece) {
        for (std::int64_t n = columns.begin; n < columns.end; n += n_piece) {
          Panel panel{.owner = b.targets[static_cast<std::size_t>(rank)],
                      .matrix = matrix,
                      .k = k,
                      .depth = std::min(k_piece, depth.end - k),
                      .n = n,
                      .columns = std::min(n_piece, columns.end - n),
                      .stride = stride};
          const std::int64_t line = transposed ? n - columns.begin : k - depth.begin;
          const std::int64_t column = transposed ? k - depth.begin : n - columns.begin;
          panel.offset = matrix * size + line * stride + column;
          panel.lines = transposed ? panel.columns : panel.depth;
          panel.length = transposed ? panel.depth : panel.columns;
          panels.push_back(panel);
        }
      }
    }
  }
  std::stable_sort(panels.begin(), panels.end(), [](const Panel& x, const Panel& y) {
    return std::tie(x.matrix, x.k, x.n) < std::tie(y.matrix, y.k, y.n);
  });
  return panels;
}

}  // namespace distarray
